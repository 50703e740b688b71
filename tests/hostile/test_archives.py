"""Archives that are made to cost: each ends in bounded time and memory, says where, and hides nothing."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import time
import zipfile

import pytest

from fixtures.archive import bombs, streams, tars, zips
from fixtures.archive.samples import EVIL, PICKLE, TEXT
from fixtures.archive.zips import Item, build
from gate.archive.member import Need
from gate.core.limits import Limits
from tests.conftest import ROOT
from tests.walking import look

MIB = 2**20
TIGHT = Limits(expansion_floor_bytes=8 * MIB, expansion_ratio=20)


def seconds(call):
    start = time.process_time()
    result = call()
    return result, time.process_time() - start


def ignore(_):
    return None


ZEROS = bytes(16 * MIB)
PACKED = zips.deflate(ZEROS[: 2 * MIB])
BOMBS = {
    "flat": build([Item(b"before.pkl", PICKLE), Item(b"bomb", ZEROS, 8), Item(b"after.pkl", PICKLE)]),
    "many": build(
        [Item(b"before.pkl", PICKLE), *(Item(b"%d" % i, ZEROS[: 2 * MIB], 8, packed=PACKED) for i in range(30))]
    ),
    "quoted": build([Item(b"before.pkl", PICKLE), Item(b"q.zip", bombs.quoted(200, MIB))]),
    "shared": build([Item(b"before.pkl", PICKLE), Item(b"s.zip", bombs.shared(2000, ZEROS[:MIB]))]),
    "nested": build([Item(b"before.pkl", PICKLE), Item(b"n.zip", bombs.bomb(10, 4, 2 * MIB), 8)]),
    "gzip": tars.simple({"before.pkl": PICKLE, "b.gz": streams.gz(ZEROS)}),
    "bzip2": tars.simple({"before.pkl": PICKLE, "b.bz2": bz2.compress(ZEROS)}),
    "xz": tars.simple({"before.pkl": PICKLE, "b.xz": lzma.compress(ZEROS)}),
    "tar.gz": streams.gz(tars.simple({"before.pkl": PICKLE, "bomb": ZEROS})),
    "gzip in gzip": tars.simple({"before.pkl": PICKLE, "b.gz": streams.gz(streams.gz(ZEROS))}),
    "behind the end": streams.gz(tars.simple({"before.pkl": PICKLE}) + ZEROS),
}


@pytest.mark.parametrize("need", [Need.HEAD, Need.SEEK])
@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_is_a_budget_gap_and_what_stood_before_it_was_seen(name, need):
    walked, spent = seconds(lambda: look(BOMBS[name], TIGHT, need, each=ignore))
    assert "budget" in walked.reasons
    assert "before.pkl" in walked.members
    assert walked.digest is None or ("", "budget") in walked.gaps
    assert spent < 3


def test_what_stands_behind_a_bomb_is_named():
    walked = look(BOMBS["flat"], TIGHT, Need.HEAD, each=ignore)
    assert ("bomb", "budget") in walked.gaps and ("after.pkl", "budget") in walked.gaps


SCRIPT = """
import resource, sys
from gate.archive.member import Need
from tests.walking import look
data = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
walked = look(data, need=Need[sys.argv[1]], each=lambda member: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, sorted(walked.reasons), len(walked.members))
"""


def grown(data, need="HEAD"):
    """KiB of memory that a walk adds to a fresh process, and the reasons of its gaps."""
    command = [sys.executable, "-c", SCRIPT, need]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=data, capture_output=True, cwd=ROOT, env=environment, check=True)
    kib, _, rest = done.stdout.decode().partition(" ")
    return int(kib), rest


def test_42_kilobytes_that_would_be_terabytes_end_within_the_default_budget():
    bomb = bombs.bomb(16, 5, 64 * MIB)
    assert len(bomb) < 42_000
    kib, said = grown(bomb)
    assert "budget" in said
    assert kib < 48 * 1024


def test_a_bomb_that_somebody_reads_goes_to_disk_not_to_memory():
    kib, said = grown(build([Item(b"bomb", bytes(60 * MIB), 8)]), "SEEK")
    assert "[]" in said
    assert kib < 48 * 1024


def test_ten_thousand_levels_are_too_deep_at_once():
    for data in (tars.nested(10_000), bombs.nested(EVIL, 500)):
        walked, spent = seconds(lambda data=data: look(data, each=ignore))
        assert walked.reasons == {"too-deep"} and len(walked.members) == 9
        assert spent < 3


def test_a_thousand_layers_of_gzip_are_too_deep():
    data = TEXT
    for _ in range(1000):
        data = gzip.compress(data, 1, mtime=0)
    assert look(data).reasons == {"too-deep"}


def quine():
    """A zip that holds itself would need a fixed point of DEFLATE; a file that holds its own first half will do."""
    inner = EVIL
    for _ in range(12):
        inner = build([Item(b"r/r.zip", inner), Item(b"copy.zip", inner, 8)])
    return inner


def test_doubling_archives_end_at_the_depth_limit():
    walked, spent = seconds(lambda: look(quine(), each=ignore))
    assert walked.reasons == {"too-deep"} and len(walked.gaps) == 2**8
    assert spent < 5


@pytest.mark.parametrize(
    "data",
    [
        zips.many(8_000),
        tars.many(8_000),
        streams.gz(tars.many(8_000), 1),
        bombs.shared(8_000, b"x"),
        build([Item(b"d%d/" % i) for i in range(8_000)]),
        build([Item(b"same", b"") for _ in range(8_000)]),
        tars.build(*(tars.header(b"l%d" % i, 0, b"2", b"t") for i in range(8_000))),
        tars.build(*(tars.pax({b"comment": b"c"}, b"g") for _ in range(8_000))),
    ],
    ids=["zip", "tar", "tar.gz", "shared", "folders", "same name", "links", "global headers"],
)
def test_many_entries_take_linear_time(data):
    _, spent = seconds(lambda: look(data, need=Need.HEAD, each=ignore))
    assert spent < 6


def test_a_table_without_end_is_given_up():
    """Folders bring no bytes and no members, and a packed tar of them is tiny."""
    data = streams.gz(tars.build(*(tars.header(b"d", 0, b"5") for _ in range(3000))))
    assert look(data, Limits(members=500)).gaps == [("", "too-many")]


def test_long_names_do_not_fill_the_memory():
    """A pax header may name each of thousands of entries with a megabyte that packs to nothing."""
    head = tars.pax({b"path": b"n" * 1_000_000}) + tars.header()
    data = streams.gz(tars.build(*([head] * 100)))
    kib, said = grown(data)
    assert kib < 32 * 1024
    assert "101" in said


def test_huge_pax_headers_are_damage():
    assert look(tars.build(tars.pax({b"path": b"n" * 2_000_000}), tars.member())).gaps == [("", "corrupt")]


@pytest.mark.parametrize("field", ["packed", "size", "offset", "start", "directory"])
def test_sizes_of_2_to_the_64_are_only_numbers(field):
    big = 2**64 - 1
    if field == "start":
        data = build([Item(b"a", TEXT)], zip64=True)
        at = data.rfind(b"PK\x06\x06")
        data = data[: at + 48] + big.to_bytes(8, "little") + data[at + 56 :]
    elif field == "directory":
        data = build([Item(b"a", TEXT)], zip64=True)
        at = data.rfind(b"PK\x06\x06")
        data = data[: at + 40] + big.to_bytes(8, "little") + data[at + 48 :]
    else:
        item = Item(b"a", TEXT, central={field: 2**32 - 1, "extra": zips.zip64_extra(big)})
        data = build([item, Item(b"b", TEXT)])
    walked = look(data)
    assert "corrupt" in walked.reasons


def test_a_sparse_file_of_a_terabyte_is_its_few_bytes():
    walked, spent = seconds(lambda: look(tars.build(tars.sparse(b"s", TEXT, 2**40), tars.member(b"b", TEXT))))
    assert walked.gaps == [("s", "unsupported")] and walked.members["b"] == TEXT
    assert spent < 1


def test_time_that_is_over_is_a_gap_for_each_further_member():
    def slow(member):
        if member.path == "d0/f3":
            time.sleep(0.4)

    walked = look(zips.many(200, bytes(5000)), Limits(seconds=0.3), each=slow)
    assert "timed-out" in walked.reasons
    assert "d0/f3" in walked.members and len(walked.members) < 200


def test_damage_is_found_byte_by_byte_without_taking_for_ever():
    packed = zips.deflate(os.urandom(250_000))
    bad = packed[:-9] + b"\xff" * 9
    data = build([Item(b"%d" % i, b"", 8, packed=bad) for i in range(4)])
    walked, spent = seconds(lambda: look(data))
    assert len(walked.gaps) == 4
    assert spent < 4


def test_compressed_streams_in_a_row_take_linear_time():
    data = tars.simple({"a.gz": gzip.compress(b"", mtime=0) * 8_000})
    _, spent = seconds(lambda: look(data))
    assert spent < 4


def test_a_zip_made_by_python_with_everything_it_can_do():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", allowZip64=True) as archive:
        archive.writestr("stored", TEXT)
        archive.writestr("deflated", TEXT * 100, zipfile.ZIP_DEFLATED)
        archive.mkdir("folder")
        with archive.open("streamed", "w", force_zip64=True) as member:
            member.write(TEXT)
        archive.comment = b"comment"
    walked = look(out.getvalue())
    assert walked.clean and walked.members["streamed"] == TEXT
