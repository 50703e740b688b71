"""Whatever the fields of a zip say: nothing raises, no more is read than allowed, and silence means that zipfile agrees."""

from __future__ import annotations

import io
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.archive import hostile_zips, producers
from fixtures.archive.packings import METHODS, packed
from fixtures.archive.zips import FULL16, FULL32, Item, build
from gate.archive.member import Member, Need
from gate.archive.paths import encode
from gate.core.limits import Limits
from tests.walking import look, opened

TEXT = b"hello model\n"
NUMBERS = st.sampled_from([0, 1, 8, 12, 31, 47, 99, 2**31, FULL32])
FIELDS = st.dictionaries(
    st.sampled_from(["flags", "method", "crc", "packed", "size", "offset", "extra", "name", "disk"]),
    NUMBERS, max_size=2,
)  # fmt: skip


def _fitting(fields):
    """Numbers of 16 bits where there is no more room, bytes where there are bytes."""
    made = {}
    for name, value in fields.items():
        if name in ("flags", "method", "disk"):
            made[name] = value & FULL16
        elif name in ("extra", "name"):
            made[name] = bytes((value & 0xFF,)) * (value & 7)
        else:
            made[name] = value
    return made


def seldom(usual, *odd):
    """Mostly the usual, so that many archives have nothing about which anything could be said."""
    return st.integers(0, 15).flatmap(lambda n: st.sampled_from(odd) if n == 0 else st.just(usual))


@st.composite
def items(draw, number=0):
    name = draw(seldom(b"d%d/file" % number, b"a", b"A", b"d/", b"../x", b"a\\b", b"\xc3\xa9", b"", b"a/b"))
    data = draw(st.sampled_from([b"", TEXT, TEXT * 300]))
    method = draw(st.sampled_from(sorted(METHODS.values())))
    item = packed(method, name, data)
    return Item(
        name, data, method, draw(seldom(item.flags, 1, 8, 0x800, 0x20)), item.body,
        descriptor=draw(seldom(method != 0, method == 0)), mode=draw(seldom(0o100644, 0o40755, 0o120777)),
        local=_fitting(draw(FIELDS)) if draw(seldom(False, True)) else {},
        central=_fitting(draw(FIELDS)) if draw(seldom(False, True)) else {},
    )  # fmt: skip


@st.composite
def archives(draw):
    return build(
        [draw(items(i)) for i in range(draw(st.integers(0, 3)))],
        prefix=draw(seldom(b"", b"MZ", TEXT)),
        adjusted=draw(st.booleans()),
        comment=draw(seldom(b"text", b"", b"\0\1")),
        trailing=draw(seldom(b"", b"\0" * 9, TEXT)),
        zip64=draw(st.booleans()),
        count=draw(seldom(None, 0, 1, 9)),
        unlisted=[draw(items(9))] if draw(seldom(False, True)) else [],
    )


@st.composite
def mutants(draw):
    """A sound archive with a few bytes changed, left out or put in."""
    sound = [*producers.SILENT.values(), build([packed(method, b"a", TEXT) for method in (0, 8)])]
    data = bytearray(draw(st.sampled_from(sound)))
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        data[at : at + draw(seldom(1, 0, 2))] = draw(st.binary(min_size=1, max_size=1))
    return bytes(data)


def zipfile_sees(data):
    """Names and bytes of all files, as the standard library reads them; None where it knows less than gate does."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                try:
                    found[info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")] = archive.read(
                        info
                    )
                except NotImplementedError:  # a method of later versions, or a version that it does not know
                    return None
    return found


def agree(data):
    walked = look(data, Limits(seconds=20))
    if not walked.clean or walked.formats != "zip":
        return
    known = zipfile_sees(data)
    if known is not None:
        outer = {path: content for path, content in walked.members.items() if path and "!/" not in path}
        assert outer == {encode(name): content for name, content in known.items()}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(archives())
def test_silence_about_any_fields_means_that_zipfile_sees_the_same(data):
    agree(data)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(mutants())
def test_silence_about_changed_bytes_means_that_zipfile_sees_the_same(data):
    agree(data)


def test_what_honest_tools_write_is_what_zipfile_sees():
    seen = [zipfile_sees(data) for data in producers.SILENT.values()]
    assert sum(found is not None for found in seen) == len(seen)
    for data in producers.SILENT.values():
        agree(data)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(archives(), st.integers(100, 5000))
def test_no_more_is_read_than_the_budget_allows(data, cap):
    limits = Limits(expansion_floor_bytes=cap, expansion_ratio=1, seconds=20)
    with opened(data, limits) as archive:
        read = sum(
            member.size
            for member in archive.children(lambda _: Need.SEEK)
            if isinstance(member, Member) and member.sha256
        )
        assert read <= archive.budget.cap


@settings(max_examples=100, deadline=None, derandomize=True)
@given(archives())
def test_paths_are_unique_and_the_listing_is_the_same_for_every_worker(data):
    def paths(mine):
        with opened(data, Limits(seconds=20)) as archive:
            found = archive.children(lambda _: Need.HEAD, mine)
            return [member.path for member in found if isinstance(member, Member)]

    together = paths(None)
    assert len(set(together)) == len(together)
    assert sorted(together) == sorted(paths(lambda i: i % 2 == 0) + paths(lambda i: i % 2 != 0))


def test_the_samples_are_read_within_any_budget():
    for sample in hostile_zips.ALL.values():
        look(sample.data, Limits(expansion_floor_bytes=1, expansion_ratio=1, seconds=20))
