import hashlib
import os

import pytest

from fixtures.archive import streams, tars, zips
from fixtures.archive.samples import EVIL, PICKLE, SOUND, TENSORS, TEXT
from gate.archive.archive import Archive
from gate.archive.member import Member, Need
from gate.archive.source import whole
from gate.core.errors import NotExamined
from gate.core.limits import Limits
from gate.sources import open_target
from tests.walking import look, opened


def walk(archive):
    return [item for item in archive.children(lambda _: Need.HEAD) if isinstance(item, Member)]


DEEP = zips.simple(
    {
        "t.tar.gz": streams.gz(tars.simple({"z.zip": zips.simple({"s": TEXT, "big": bytes(70_000)}), "b": b"2"})),
        "d.zip": zips.simple({"x": TEXT, "y.gz": streams.gz(PICKLE)}),
        "p.bin": TENSORS + EVIL,
    },
    zips.DEFLATED,
)


@pytest.mark.parametrize("limits", [Limits(), Limits(memory_bytes=100)], ids=["memory", "spooled"])
@pytest.mark.parametrize("name", [*sorted(SOUND), "deep"])
def test_a_second_look_gives_the_bytes_of_the_walk_at_every_nesting(name, limits):
    data = SOUND.get(name, DEEP)
    expected = {path: found for path, found in look(data).members.items() if path}
    with opened(data, limits) as archive:
        walk(archive)
        for path in (*expected, *reversed(expected)):
            assert whole(archive.open(path), 2**20) == expected[path]
        assert whole(archive.open(""), 2**20) == data


def test_a_second_look_at_all_readings_of_a_file():
    data = tars.simple({"good": TEXT}) + EVIL
    with opened(data) as archive:
        walk(archive)
        assert whole(archive.open("good"), 99) == TEXT
        assert whole(archive.open("evil.pkl"), 99) == PICKLE


def test_a_second_look_in_a_folder(tmp_path):
    (tmp_path / "a#.zip").write_bytes(DEEP)
    with opened(tmp_path) as archive:
        walk(archive)
        assert whole(archive.open("a%23.zip!/d.zip!/x"), 99) == TEXT


def test_a_window_lives_while_its_container_is_held():
    """The container is a spool that must not be closed under a member that is a part of it."""
    data = zips.simple({"n.zip": zips.simple({"a": TEXT, "b": bytes(9000)})}, zips.DEFLATED)
    with opened(data, Limits(memory_bytes=100)) as archive:
        walk(archive)
        archive.open("n.zip!/a")
        spooled = archive.budget.spooled
        source = archive.open("n.zip!/b")
        assert archive.budget.spooled == spooled > 0  # nor is it unpacked again for its next member
        assert archive.open("n.zip!/b").read_at(0, 3) == source.read_at(0, 3) == bytes(3)


@pytest.mark.parametrize("path", ["x", "d.zip!/nothing", "d.zip!/x!/y", "t.tar.gz!/z.zip!/s#2"])
def test_a_second_look_at_nothing_is_unreadable(path):
    with opened(DEEP) as archive:
        walk(archive)
        with pytest.raises(NotExamined) as error:
            archive.open(path)
        assert error.value.reason == "unreadable"


def test_a_wrong_checksum_does_not_prevent_a_second_look():
    with opened(zips.build([zips.Item(b"a", TEXT, crc=1)])) as archive:
        walk(archive)
        assert whole(archive.open("a"), 99) == TEXT


@pytest.mark.parametrize("path", ["a.txt", "d/b.bin"])
def test_a_second_look_says_when_the_file_was_altered(make, path):
    for name in ("zip", "deflated"):
        file = make(SOUND[name])
        with opened(file) as archive:
            walk(archive)
            data = bytearray(SOUND[name])
            at = data.index(path.encode()) + len(path)
            data[at : at + 2] = b"\xff\xff"
            file.write_bytes(bytes(data))
            with pytest.raises(NotExamined) as error:
                archive.open(path)
            assert error.value.reason == "changed"
            assert [str(gap.reason) for gap in archive.changed()] == ["changed"]


def test_a_second_look_at_a_tar_that_became_shorter(make):
    file = make(tars.simple({"a": TEXT, "b": TEXT}))
    with opened(file) as archive:
        walk(archive)
        file.write_bytes(tars.build(tars.member(b"a", TEXT)).ljust(file.stat().st_size, b"\0"))
        with pytest.raises(NotExamined) as error:
            archive.open("b")
        assert error.value.reason == "changed"


def test_second_looks_are_charged(make):
    with opened(
        zips.simple({"a": bytes(50_000)}, 8), Limits(expansion_floor_bytes=200_000, expansion_ratio=1)
    ) as archive:
        walk(archive)
        with pytest.raises(NotExamined) as error:
            for _ in range(10):
                archive.open("a").read_at(0, 50_000)
        assert error.value.reason == "budget"


def test_what_was_held_is_closed(make):
    before = len(os.listdir("/proc/self/fd"))
    with opened(DEEP, Limits(memory_bytes=100)) as archive:
        walk(archive)
        for path in ("t.tar.gz!/z.zip!/s", "d.zip!/x", "p.bin"):
            archive.open(path)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (zips.simple({"MAR-INF/MANIFEST.json": b"{}"}), "torchserve"),
        (streams.gz(tars.simple({"MLmodel": b"", "config.json": b"{}"})), "mlflow"),
        (tars.simple({"oci-layout": b"{}"}), "oci-layout"),
        (zips.simple({"d/MLmodel": b""}), "zip"),
        (streams.gz(tars.simple({"a": b""})), "tar.gzip"),
        (streams.gz(TEXT), "gzip"),
        (TENSORS, "safetensors"),
        (b"#!/bin/sh\n" + EVIL, "zip"),
        (b"plain text", None),
        (b"", None),
    ],
)
def test_the_format_of_the_subject_is_what_makes_it_so(data, kind):
    assert look(data).formats == kind


def test_the_subject_has_its_digest_size_and_name(make):
    file = make(EVIL, name="model.pt")
    with opened(file) as archive:
        archive.sha256 = archive.digest()
        subject = archive.subject()
    assert (subject.name, subject.kind, subject.size) == ("model.pt", "file", len(EVIL))
    assert subject.digest == {"sha256": hashlib.sha256(EVIL).hexdigest()}


def test_a_folder_is_described_by_its_layout_and_dir_hash(tmp_path):
    (tmp_path / "config.json").write_bytes(b"{}")
    with opened(tmp_path) as archive:
        assert archive.digest() == ""
        walk(archive)
        subject = archive.subject()
    assert (subject.kind, subject.format, subject.size) == ("directory", "hugging-face", 2)
    assert set(subject.digest) == {"dirHash"}


@pytest.mark.parametrize(
    ("data", "splits"),
    [
        (zips.build([]), True),
        (tars.simple({"a": b""}), True),
        (streams.gz(tars.simple({"a": b""})), False),
        (TENSORS, False),
        (TENSORS + EVIL, False),
        (tars.simple({"PK\x03\x04": b""}), False),
    ],
)
def test_only_what_can_be_jumped_in_is_split_among_workers(data, splits):
    with opened(data) as archive:
        assert archive.splits() == splits


def test_a_folder_is_split_among_workers(tmp_path):
    with opened(tmp_path) as archive:
        assert archive.splits()


@pytest.mark.parametrize(
    "data", [zips.simple({"a": b"1", "b": b"2", "a!": b"3"}), streams.gz(tars.simple({"a": b"1", "b": b"2"}))]
)
def test_a_lost_entry_stays_in_the_inventory_by_its_path(data):
    with opened(data) as archive:
        assert archive.lost(1) == "b"
        assert [(row.path, row.sha256) for row in archive.inventory()] == [("b", "")]
        assert archive.rows.digest() is None


@pytest.mark.parametrize("data", [EVIL[:-5], EVIL, b""])
def test_a_lost_entry_that_cannot_be_named_is_unread_all_the_same(data):
    with opened(data) as archive:
        assert archive.lost(7) == ""
        assert archive.rows.digest() is None


def test_nothing_is_lost_in_an_account_that_is_spent():
    with opened(EVIL) as archive:
        archive.budget.bytes = archive.budget.cap + 1
        assert archive.lost(0) == ""
        assert archive.subject().format == "zip"  # told outside of the budget


def test_an_unreadable_subject_is_one_gap(make):
    root = open_target(str(make(EVIL)), Limits())
    archive = Archive(root, Limits())
    folder = os.open("/", os.O_RDONLY)
    os.dup2(folder, root.fd)  # a folder, which cannot be read like a file
    os.close(folder)
    for items in (list(archive.whole(lambda _: Need.HEAD)), list(archive.children(lambda _: Need.HEAD))):
        assert [str(item.reason) for item in items] == ["unreadable"]
    archive.close()
