import io
import struct
import zipfile

import pytest

from fixtures.archive import zips
from fixtures.archive.samples import DIFFERENT, EVIL, TEXT
from fixtures.archive.zips import FULL16, FULL32, Item, build, end_record
from gate.archive import zip_end
from gate.core.errors import FormatError

ONE = build([Item(b"a", TEXT)])
LARGE = build([Item(b"a", TEXT)], zip64=True)
RECORD64 = LARGE.rfind(b"PK\x06\x06")
LOCATOR = LARGE.rfind(b"PK\x06\x07")


def rules(directory):
    return list(dict.fromkeys(remark.rule.removeprefix("archive.") for remark in directory.remarks))


@pytest.mark.parametrize(
    "data", [ONE, LARGE, build([]), build([], zip64=True), build([Item(b"a")], comment=b"c" * FULL16)]
)
def test_an_ordinary_end_has_no_remarks(source, data):
    found = zip_end.find(source(data))
    assert (rules(found), found.shift) == ([], 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"#!prefix" + ONE, ["data-before-zip"]),
        (b"#!prefix" + LARGE, ["data-before-zip"]),
        (build([Item(b"a", TEXT)], prefix=b"#!prefix", adjusted=True), ["data-before-zip"]),
        (ONE + b"trailing", ["trailing-data"]),
        (ONE + bytes(2**16), []),
        (ONE + bytes(100) + b"x", ["trailing-data"]),
        (ONE[:-2] + b"\x05\x00\x80\x04cos", ["trailing-data"]),
        (ONE[:-2] + b"\x05\x00hello", []),
        (ONE[:-22] + end_record(1, 47, 43, ONE), ["ambiguous-directory", "data-before-zip"]),
        (ONE[:-22] + end_record(1, 47, 43, end_record(1, 47, 43)), ["ambiguous-directory", "data-before-zip"]),
        (DIFFERENT["zip64 and plain end record differ"], ["ambiguous-directory"]),
        (DIFFERENT["absolute and relative directory"], ["ambiguous-directory", "data-before-zip"]),
    ],
)
def test_what_readers_disagree_about_is_remarked_upon(source, data, said):
    assert rules(zip_end.find(source(data))) == said


def test_the_last_end_record_counts_as_it_does_for_python_and_pytorch(source):
    data = ONE[:-22] + end_record(1, 47, 43, EVIL)
    assert zip_end.find(source(data)).start == data.rfind(b"PK\x01\x02")
    data = ONE[:-22] + end_record(1, 47, 43, EVIL + b"tail")  # and it does not even end where the file does
    assert zip_end.find(source(data)).start == data.rfind(b"PK\x01\x02")


def test_two_zip64_end_records_are_ambiguous(source):
    """One just before the locator, one where it points: readers differ."""
    other = LARGE[RECORD64:LOCATOR]
    data = bytearray(other + LARGE)
    struct.pack_into("<Q", data, len(other) + LOCATOR + 8, 0)
    assert "ambiguous-directory" in rules(zip_end.find(source(bytes(data))))


def test_a_zip64_end_record_elsewhere_is_found_through_its_locator(source):
    data = LARGE[:LOCATOR] + bytes(8) + LARGE[LOCATOR:]
    assert zip_end.find(source(data)).size == 47


def test_a_locator_without_a_record_is_damage(source):
    data = bytearray(LARGE)
    data[RECORD64] = 0
    with pytest.raises(FormatError, match="zip64"):
        zip_end.find(source(bytes(data)))


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", ONE[:-1], ONE[:-22], ONE + bytes(80_000)])
def test_without_an_end_record_it_is_no_zip(source, data):
    with pytest.raises(FormatError, match="no end"):
        zip_end.find(source(data))
    assert not zip_end.is_at_end(source(data))


@pytest.mark.parametrize(("count", "size", "start"), [(1, 4000, 0), (FULL16, FULL32, FULL32)])
def test_a_directory_that_does_not_fit_is_damage(source, count, size, start):
    with pytest.raises(FormatError, match="does not fit"):
        zip_end.find(source(ONE[:-22] + end_record(count, size, start)))


def test_a_directory_before_its_place_is_taken_as_python_takes_it(source):
    data = TEXT + ONE[:-22] + end_record(1, 47, 43 + 7 + len(TEXT))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["a"]
    found = zip_end.find(source(data))
    assert (found.start, found.shift) == (43 + len(TEXT), -7)
    assert rules(found) == ["ambiguous-directory", "data-before-zip"]
    assert zip_end.is_at_end(source(data))


def test_a_file_is_a_zip_by_its_end_when_there_is_a_directory(source):
    assert zip_end.is_at_end(source(b"anything" + ONE))
    assert zip_end.is_at_end(source(b"anything" + build([Item(b"a")], count=0)))
    assert not zip_end.is_at_end(source(b"the bytes PK\x05\x06 in a text about zips and so on"))
    assert not zip_end.is_at_end(source(build([])))


@pytest.mark.parametrize("junk", [0, 22, 2**16 - 22, 2**16, 2**16 + 22, 2**16 + 4096])
def test_an_end_record_is_found_as_far_from_the_end_as_any_loader_looks(source, junk):
    assert zip_end.is_at_end(source(b"pickle" + ONE + bytes(junk)))


def test_a_tail_alone_tells_whether_an_end_record_makes_sense():
    assert zip_end.is_likely(ONE[-30:], len(ONE))
    assert zip_end.is_likely(LARGE[-30:], len(LARGE))
    assert not zip_end.is_likely(b"PK\x05\x06" + b"text " * 8, 10_000)
    assert not zip_end.is_likely(b"PK\x05\x06", 10_000)
    assert not zip_end.is_likely(build([]), 22)


def test_the_extent_of_a_zip_leaves_out_what_stands_around_it(source):
    data = b"before" + zips.simple({"a": TEXT}) + b"behind"
    assert zip_end.extent(source(data)) == (6, len(data) - 6)
