from __future__ import annotations

import errno
import io
import json
import os
import sqlite3
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.advisories.build import NEWEST, affects, feed, record, small
from gate.advisories import importing, replacing
from gate.advisories.database import open_database
from gate.advisories.feed import LIMITS
from gate.advisories.importing import import_feed
from gate.core.errors import OutOfSpace, UsageError
from tests.advisories.model import NOW


@pytest.fixture
def target(tmp_path):
    return str(tmp_path / "to" / "db.sqlite")


@pytest.fixture
def load(tmp_path, target):
    """load(bytes) -> what the import says; the data base is at `target`."""

    def run(data, **options):
        path = tmp_path / "feed.zip"
        path.write_bytes(data)
        os.utime(path, (NOW - 3600, NOW - 3600))
        return import_feed(str(path), target, **{"now": NOW, **options})

    return run


def many(n, modified=NEWEST):
    return feed(*(record(f"X-{i}", affects(f"p{i}", "introduced 0"), modified=modified) for i in range(n)))


def left_over(target):
    return [name for name in os.listdir(os.path.dirname(target)) if name != os.path.basename(target)]


def test_an_import_says_what_it_holds_and_how_old_it_is(load):
    about = load(small()).about
    assert (about.data_time, about.fetched) == (NEWEST, "2026-03-01T23:00:00Z")
    assert (about.records, about.packages, about.refused) == (4, 3, 0)
    assert about.kinds == (("GHSA", 1), ("MAL", 1), ("PYSEC", 2))
    assert (about.source, about.label) == ("feed.zip", "")


def test_the_same_feed_gives_the_same_bytes_in_whatever_order_it_comes(load, target):
    records = [record(f"X-{i}", affects(f"p{i % 7}", "introduced 0"), aliases=["Y-1"]) for i in range(50)]
    load(feed(*records))
    first = Path(target).read_bytes()
    load(feed(*reversed(records)))
    assert Path(target).read_bytes() == first


def test_a_folder_is_a_feed_too_down_to_its_last_folder(tmp_path, target):
    deep = tmp_path / "feed" / "2026" / "01"
    deep.mkdir(parents=True)
    (deep / "X-1.json").write_text(json.dumps(record("X-1", affects("a", "introduced 0"))))
    (tmp_path / "feed" / "README.md").write_text("not a record")
    os.utime(deep / "X-1.json", (NOW - 7200, NOW - 7200))
    about = import_feed(str(tmp_path / "feed"), target, now=NOW).about
    assert (about.records, about.source, about.fetched) == (1, "feed", "2026-03-01T22:00:00Z")


def test_a_folder_s_links_are_not_followed(tmp_path, target):
    folder = tmp_path / "feed"
    folder.mkdir()
    (tmp_path / "secret.json").write_text(json.dumps(record("X-2", affects("b", "introduced 0"))))
    (folder / "X-1.json").write_text(json.dumps(record("X-1", affects("a", "introduced 0"))))
    (folder / "X-2.json").symlink_to("../secret.json")
    os.mkfifo(folder / "X-3.json")
    done = import_feed(str(folder), target, now=NOW)
    assert (done.about.records, done.about.refused) == (1, 2)


def test_withdrawn_records_and_other_ecosystems_are_left_out_and_counted(load):
    npm = {**affects("left", "introduced 0"), "package": {"ecosystem": "npm", "name": "left"}}
    gone = record("X-2", affects("b", "introduced 0"), withdrawn="2026-01-01T00:00:00Z")
    done = load(
        feed(record("X-1", affects("a", "introduced 0")), gone, record("X-3", npm, modified="2026-03-01T12:00:00Z"))
    )
    assert (done.about.records, done.withdrawn, done.elsewhere, done.about.data_time) == (1, 1, 1, NEWEST)


def test_records_that_cannot_be_read_are_counted_and_the_first_ones_named(load):
    bad = {f"bad-{i}\x1b[31m.json": b"{" for i in range(9)}
    good = {"X-1.json": json.dumps(record("X-1", affects("a", "introduced 0"))).encode(), "README": b"no record"}
    done = load(zipped_raw({**bad, **good}))
    assert (done.about.records, done.about.refused, len(done.refused)) == (1, 9, 5)
    assert done.refused[0].startswith("bad-0") and "\x1b" not in done.refused[0]


def test_of_two_records_with_one_id_the_later_one_holds_whatever_their_order(load, target):
    old = record("X-1", affects("a", "introduced 0"), affects("b", "introduced 0"), modified="2026-01-01T00:00:00Z")
    new = record("X-1", affects("a", "introduced 0", "fixed 1"))
    gone = record("X-1", affects("a", "introduced 0"), withdrawn=NEWEST, modified="2026-03-01T00:00:01Z")
    for records in ((old, new), (new, old)):
        assert load(feed(*records), force=True).about.packages == 1
        with open_database(target) as database:
            assert database._entries("a")[0].fixes and not database._entries("b")
    other = record("X-2", affects("c", "introduced 0"))
    assert load(feed(gone, new, other), force=True).about.kinds == (("X", 1),)


def test_a_record_from_the_future_does_not_make_the_data_fresh(load):
    future = record("X-2", affects("b", "introduced 0"), modified="2999-01-01T00:00:00Z")
    done = load(feed(record("X-1", affects("a", "introduced 0")), future))
    assert (done.about.data_time, done.about.records) == (NEWEST, 2)


def test_a_feed_without_any_time_is_refused(load, target):
    with pytest.raises(UsageError, match="how old"):
        load(feed(record("X-1", affects("a", "introduced 0"), modified=None)))
    assert left_over(target) == [] and not os.path.exists(target)


def test_a_feed_written_in_the_future_was_fetched_now(load):
    assert load(small(), fetched=NOW + 1e9).about.fetched == "2026-03-02T00:00:00Z"


@pytest.mark.parametrize(
    "data",
    [b"", b"text", b"PK\x05\x06" + bytes(18), small()[:-30], feed(), feed({"id": "X-1"}), b"\x1f\x8b" + bytes(100)],
    ids=["empty", "text", "empty zip", "cut off", "no member", "nothing of PyPI", "gzip"],
)
def test_what_is_no_feed_is_refused_and_leaves_nothing(load, target, data):
    with pytest.raises(UsageError, match=r"feed\.zip"):
        load(data)
    assert left_over(target) == [] and not os.path.exists(target)


def test_a_feed_that_is_not_there_or_is_a_device_is_refused(target):
    with pytest.raises(UsageError, match="No such file"):
        import_feed("/nothing/there", target, now=NOW)
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        import_feed("/dev/zero", target, now=NOW)


def test_a_feed_that_is_cut_off_or_older_does_not_replace_the_data_base(load, target):
    load(many(10))
    before = Path(target).read_bytes()
    with pytest.raises(UsageError, match="7 records"):
        load(many(7))
    with pytest.raises(UsageError, match="already knows"):
        load(many(10, modified="2026-02-01T00:00:00Z"))
    assert Path(target).read_bytes() == before and left_over(target) == []
    load(many(8))
    assert load(many(3, modified="2026-02-01T00:00:00Z"), force=True).about.records == 3


def test_something_else_is_replaced_only_when_that_is_said(load, target):
    os.makedirs(os.path.dirname(target))
    Path(target).write_bytes(b"my thesis")
    with pytest.raises(UsageError, match="--force"):
        load(small())
    assert Path(target).read_bytes() == b"my thesis"
    assert load(small(), force=True).about.records == 4


def test_neither_the_feed_nor_what_a_link_points_to_is_replaced(load, tmp_path, target):
    feed_path = tmp_path / "feed.zip"
    feed_path.write_bytes(small())
    with pytest.raises(UsageError, match="another name"):
        import_feed(str(feed_path), str(feed_path), now=NOW, force=True)
    os.makedirs(os.path.dirname(target))
    os.symlink(feed_path, target)
    with pytest.raises(UsageError, match="of its own"):
        load(small(), force=True)
    assert feed_path.read_bytes() == small()


def test_more_about_one_package_than_can_be_read_again_is_refused(load, target, monkeypatch):
    from gate.advisories import layout

    monkeypatch.setattr(layout, "_ROW_BYTES", 2000)
    with pytest.raises(UsageError, match="about one package"):
        load(feed(*(record(f"X-{i}", affects("a", "introduced 0")) for i in range(20))))
    assert left_over(target) == [] and not os.path.exists(target)


def test_a_folder_is_never_replaced(load, target):
    os.makedirs(target)
    with pytest.raises(UsageError, match="not a file of its own"):
        load(small(), force=True)


class Interrupted(BaseException):
    pass


@pytest.mark.parametrize("step", ["sync", "open_database"])
@pytest.mark.parametrize("kind", [Interrupted, KeyboardInterrupt])
def test_an_interrupted_import_leaves_the_old_data_base(load, target, monkeypatch, step, kind):
    load(many(10))
    before = Path(target).read_bytes()

    def interrupt(*args):
        raise kind

    with monkeypatch.context() as patch, pytest.raises(kind):
        patch.setattr(importing, step, interrupt)
        load(many(12))
    assert Path(target).read_bytes() == before and left_over(target) == []


def test_an_interruption_while_records_are_read_leaves_the_old_data_base(load, target, monkeypatch):
    load(many(10))
    before = Path(target).read_bytes()

    def interrupt(data, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(importing, "read", interrupt)
        load(many(12))
    assert Path(target).read_bytes() == before and left_over(target) == []


def test_it_is_on_disk_before_it_gets_its_name(load, target, monkeypatch):
    done = []
    for module in (importing, replacing):
        monkeypatch.setattr(module, "sync", lambda path: done.append(("sync", path)))
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append(("replace", a)), real(a, b)))
    load(small())
    (first, second, third) = done
    assert first == ("sync", second[1]) and second[0] == "replace" and third == ("sync", os.path.dirname(target))


def test_a_full_disk_is_said_as_such(load, target, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(importing, "sync", full)
    with pytest.raises(OutOfSpace):
        load(small())
    assert left_over(target) == []


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "feed.zip").write_bytes(small())
    with pytest.raises(UsageError, match="cannot be written"):
        import_feed(str(tmp_path / "feed.zip"), str(tmp_path / "file" / "db.sqlite"), now=NOW)


def zipped_raw(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


GOOD = {"X-1.json": json.dumps(record("X-1", affects("a", "introduced 0"))).encode()}


def test_a_member_that_unpacks_to_more_than_a_record_is_refused_without_unpacking_it_all(load):
    bomb = b'{"id": "X-2", "details": "' + b"a" * (64 * 2**20) + b'"}'
    done = load(zipped_raw({**GOOD, "X-2.json": bomb}))
    assert (done.about.records, done.about.refused) == (1, 1) and "bytes" in done.refused[0]


def test_a_feed_that_unpacks_to_more_than_all_of_osv_is_refused(load):
    from dataclasses import replace

    limits = replace(LIMITS, total_bytes=2**20, expansion_floor_bytes=2**20)
    with pytest.raises(UsageError, match="bytes"):
        load(zipped_raw({**GOOD, **{f"{i}.json": b" " * 2**18 for i in range(9)}}), limits=limits)
    with pytest.raises(UsageError, match="members"):
        load(zipped_raw({f"{i}.json": b" " for i in range(9)}), limits=replace(LIMITS, members=8))


def test_a_wrong_checksum_an_unknown_packing_and_a_password_are_each_one_refused_record(load):
    data = bytearray(
        zipped_raw({"X-1.json": GOOD["X-1.json"], "X-2.json": b'{"id": "X-2", "n": 12345}'}, zipfile.ZIP_STORED)
    )
    at = data.index(b"12345")
    data[at] = ord("9")
    assert load(bytes(data)).about.refused == 1
    packed = zipped_raw({"X-2.json": b"{}"}, zipfile.ZIP_LZMA)
    assert load(merge(zipped_raw(GOOD), packed), force=True).about.refused == 1


def merge(one, other):
    """Two zips as one, members taken over as they are."""
    files = []
    for data in (one, other):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                start = info.header_offset
                n_name, n_extra = struct.unpack_from("<2H", data, start + 26)
                files.append((info, data[start : start + 30 + n_name + n_extra + info.compress_size]))
    body, central = b"", b""
    for info, local in files:
        name = info.filename.encode()
        central += struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 20, info.create_version, info.flag_bits, info.compress_type, 0, 0, info.CRC,
            info.compress_size, info.file_size, len(name), 0, 0, 0, 0, 0, len(body),
        ) + name  # fmt: skip
        body += local
    return (
        body
        + central
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(files), len(files), len(central), len(body), 0)
    )


def test_member_names_are_never_paths(load, tmp_path):
    names = ["../../outside.json", "/etc/x.json", "C:\\x.json", "a\x00b.json", "\u202egnp.json"]
    done = load(
        zipped_raw(
            {name: json.dumps(record(f"X-{i}", affects("a", "introduced 0"))).encode() for i, name in enumerate(names)}
        )
    )
    assert done.about.records >= 4
    assert not (tmp_path.parent / "outside.json").exists()


def test_the_content_is_never_sql(load, target):
    load(feed(record("X-1", affects("a", "introduced 0"), summary="'; DROP TABLE package; --", aliases=["Y-1'--"])))
    with open_database(target) as database:
        assert database._entries("a")[0].summary == "'; DROP TABLE package; --"


def test_only_the_tables_of_the_layout_are_in_the_file(load, target):
    load(small())
    with sqlite3.connect(target) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        (check,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    assert {name for name in names if not name.startswith("sqlite_")} == {
        "about",
        "package",
        "record",
    } and check == "ok"


def test_the_file_can_be_read_by_whom_the_umask_lets(load, target):
    mask = os.umask(0o027)
    try:
        load(small())
    finally:
        os.umask(mask)
    assert os.stat(target).st_mode & 0o777 == 0o640


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_a_damaged_feed_is_imported_in_part_or_refused(tmp_path_factory, data):
    """Whatever happens to its bytes, an import ends in a data base that opens, or in a UsageError that leaves nothing."""
    folder = tmp_path_factory.mktemp("damaged")
    mutant = bytearray(small())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutant) - 1))
        match data.draw(st.sampled_from("xdc")):
            case "x":
                mutant[at] = data.draw(st.integers(0, 255))
            case "d":
                del mutant[at : at + data.draw(st.integers(1, 40))]
            case "c":
                mutant[at:at] = mutant[: data.draw(st.integers(1, 60))]
        if not mutant:
            break
    (folder / "feed.zip").write_bytes(mutant)
    target = str(folder / "to" / "db")
    try:
        done = import_feed(str(folder / "feed.zip"), target, now=NOW)
    except UsageError:
        assert not os.path.exists(target)
    else:
        with open_database(target) as database:
            assert database.facts.records == done.about.records > 0
    assert not os.path.isdir(folder / "to") or left_over(target) == []
