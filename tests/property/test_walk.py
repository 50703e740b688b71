"""Whatever the bytes are: nothing but declared errors, nothing beyond the budget, nothing that another reader sees and we do not."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.archive import streams, tars, zips
from fixtures.archive.samples import DIFFERENT, SOUND
from fixtures.archive.zips import Item
from gate.archive.member import HEAD, Need
from gate.archive.paths import encode, join
from gate.archive.source import BLOCK
from gate.core.limits import Limits
from tests.walking import look, opened

EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True)
TIGHT = Limits(depth=4, members=200, expansion_floor_bytes=2**20, expansion_ratio=20, seconds=20)
SAMPLES = [*SOUND.values(), *DIFFERENT.values()]
needs = st.sampled_from(list(Need))


@st.composite
def mutants(draw):
    """A sample with a few bytes overwritten, cut out, doubled, or with its end cut off."""
    data = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["bit", "byte", "number", "cut", "double", "end"]))
        if kind == "bit" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "byte":
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
        elif kind == "number":
            data[at : at + 4] = draw(st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\x01\0\0\0", b"\0\0\0\x80", b"PK\5\6"]))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 40))]
        elif kind == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 600))]
        else:
            del data[at:]
    return bytes(data)


@EXAMPLES
@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh91AY&SY", b"x\x9c", b"]\0"]),
    needs,
)
def test_random_bytes_raise_nothing(data, begin, need):
    look(begin + data, TIGHT, need)


@settings(EXAMPLES, max_examples=200)
@given(mutants(), needs)
def test_damaged_archives_raise_nothing(data, need):
    look(data, TIGHT, need)


@pytest.mark.parametrize(
    "name", ["zip", "deflated", "descriptors", "zip64", "tar", "tar-pax", "tar.gzip", "gzip", "nested"]
)
def test_an_archive_cut_at_any_byte_raises_nothing_and_is_never_clean(name):
    data = SOUND[name]
    step = max(len(data) // 150, 1)
    for size in range(0, len(data), step):
        walked = look(data[:size], TIGHT)
        if size > 4 and name != "tar" and name != "tar-pax":
            assert not walked.clean or walked.formats is None


@settings(EXAMPLES, max_examples=60)
@given(mutants(), st.integers(1, 3000))
def test_no_more_is_read_than_the_budget_allows(data, cap):
    limits = Limits(expansion_floor_bytes=cap, expansion_ratio=1, total_bytes=cap, total_factor=1, seconds=20)
    real, total = os.pread, 0

    def pread(fd, n, offset):
        nonlocal total
        got = real(fd, n, offset)
        total += len(got)
        return got

    with opened(data, limits) as archive:
        os.pread = pread
        try:
            entries = sum(1 for walk in (archive.whole, archive.children) for _ in walk(lambda _: Need.SEEK))
        finally:
            os.pread = real
        assert total <= archive.budget.cap + BLOCK + HEAD * (entries + 4)
    assert total <= 40 * max(len(data), cap) + 2 * HEAD


def _top(walked):
    return {path: data for path, data in walked.members.items() if path and "!/" not in path}


def _zipped(data):
    """What Python loads from a zip, under our paths."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        return {encode(_raw(info)): archive.read(info) for info in infos}


def _raw(info):
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")


@settings(EXAMPLES, max_examples=200)
@given(mutants())
def test_a_zip_without_findings_is_what_zipfile_loads(data):
    walked = look(data, TIGHT)
    if walked.clean and walked.formats == "zip":
        assert _top(walked) == _zipped(data)


@settings(EXAMPLES, max_examples=200)
@given(mutants())
def test_what_zipfile_loads_is_a_member_or_there_is_a_finding_or_gap(data):
    try:
        loaded = _zipped(data)
    except Exception:  # whatever zipfile does about damaged archives
        return
    walked = look(data, TIGHT)
    assert not walked.clean or loaded.items() <= walked.members.items() or _nested_has(walked, loaded)


def _nested_has(walked, loaded):
    """A zip that is the last member of a tar can be opened from outside as well; its members were seen where they lie."""
    return set(loaded.values()) <= set(walked.members.values())


def _tarred(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        files = [info for info in archive.getmembers() if info.isreg()]
        return {info.name: archive.extractfile(info).read() for info in files}


@settings(EXAMPLES, max_examples=200)
@given(mutants())
def test_what_tarfile_loads_is_a_member_or_there_is_a_finding_or_gap(data):
    try:
        loaded = _tarred(data)
    except Exception:  # whatever tarfile does about damaged archives
        return
    walked = look(data, TIGHT)
    if walked.clean:
        known = {encode(os.fsencode(name)) for name in loaded}
        assert known <= {path.removesuffix("/") for path in walked.members}
        assert set(loaded.values()) <= set(walked.members.values())


names = st.binary(min_size=1, max_size=8) | st.sampled_from(
    [b"a", b"a#2", b"a!/b", b"a!", b"!/", b"%61", b"\xff", b"a/b"]
)


@EXAMPLES
@given(st.lists(names, max_size=8), st.sampled_from([zips.STORED, zips.DEFLATED]))
def test_every_entry_has_a_path_of_its_own(given_names, method):
    walked = look(zips.build(Item(name, b"%d" % i, method) for i, name in enumerate(given_names)), TIGHT)
    files = [i for i, name in enumerate(given_names)]
    assert sorted(_top(walked).values()) == sorted(b"%d" % i for i in files)


@settings(EXAMPLES, max_examples=200)
@given(
    st.lists(st.tuples(names, st.integers(1, 3)), max_size=4), st.lists(st.tuples(names, st.integers(1, 3)), max_size=4)
)
def test_paths_are_injective(one, two):
    def path(parts):
        text = ""
        for name, nth in parts:
            text = join(text, encode(name, nth)) if text else encode(name, nth)
        return text

    assert (path(one) == path(two)) == (one == two)


@settings(EXAMPLES, max_examples=60)
@given(
    st.dictionaries(
        st.text("abc/", min_size=1, max_size=6).filter(lambda n: not n.endswith("/")),
        st.binary(max_size=900),
        max_size=5,
    )
)
def test_tar_zip_and_packed_tar_hold_the_same_members(files):
    expected = {encode(name.encode()): data for name, data in files.items()}
    packed = [pack(tars.simple(files)) for pack in streams.PACK.values()]
    for data in (zips.simple(files), zips.simple(files, zips.DEFLATED), tars.simple(files), *packed):
        assert _top(look(data)) == expected or not files
