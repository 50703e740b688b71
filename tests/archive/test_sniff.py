import io
import lzma
import struct
import tarfile

import pytest

from fixtures.archive import streams, tars, zips
from fixtures.archive.samples import SOUND, TENSORS
from gate.archive import sniff
from gate.archive.unpack import BY_NAME


def sum_of(block, signed=False):
    """The checksum of a header whose own field counts as spaces."""
    rest = block[:148] + block[156:512]
    return 256 + sum(b - 256 if signed and b > 127 else b for b in rest)


HIGH = "ünïcödé".encode()
SIGNED = tars.header(HIGH, checksum=b"%06o\0 " % sum_of(tars.header(HIGH), signed=True))
SUM = sum_of(tars.header())


@pytest.mark.parametrize(
    "block",
    [
        tars.header(),
        tars.header(magic=bytes(8)),
        tars.header(b"", kind=b"x") + tars.header(),
        SIGNED,
        tars.header(checksum=b"%07o\0" % SUM),
        tars.header(checksum=b"  %o\0\0" % SUM),
        tars.header(checksum=b"0o%o\0\0" % SUM),
        tars.header(checksum=b"\t+%o\0x" % SUM),
        tars.header(checksum=b"\x80" + SUM.to_bytes(7, "big")),
    ],
)
def test_whatever_tarfile_opens_is_a_tar(block):
    with tarfile.open(fileobj=io.BytesIO(block + tars.END)) as archive:
        archive.next()
    assert sniff.is_tar(block)


def test_a_header_whose_signed_sum_is_zero_needs_no_checksum():
    block = bytearray(tars.header(magic=bytes(8), checksum=bytes(8)))
    block[157:160] = b"\xff\xff\xff"
    while (total := sum_of(block, signed=True)) > 0:
        free = next(i for i in range(160, 512) if not block[i] and not 329 <= i < 345)
        block[free] = 256 - min(total, 128)
    with tarfile.open(fileobj=io.BytesIO(bytes(block) + tars.END)) as archive:
        assert archive.getnames() == ["a.txt"]
    assert sniff.is_tar(bytes(block))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        bytes(512),
        bytes(511),
        tars.header()[:511],
        tars.header(checksum=b"%06o\0 " % (SUM + 1)),
        tars.header(checksum=b"text\0\0\0\0"),
        b"text " * 200,
        bytes(range(256)) * 2,
    ],
)
def test_other_blocks_are_no_tar(head):
    assert not sniff.is_tar(head)


@pytest.mark.parametrize("name", sorted(SOUND))
def test_every_sound_archive_is_recognised(name):
    head = SOUND[name]
    expected = next((kind for kind in ("tar", *BY_NAME) if name.startswith(kind)), "zip")
    if name == "nested-tar":
        expected = "tar"
    if name.startswith("tar.") and name != "tar":
        expected = name.removeprefix("tar.")
        assert sniff.packed_tar(head)
        assert sniff.recognise(head) == name
    else:
        assert sniff.recognise(head) == expected
        assert not sniff.packed_tar(head)
    assert sniff.containers(head) == (expected,)


@pytest.mark.parametrize("dictionary", [None, b"\x01\0\0\0", b"\0\0\0\x80", b"\xff" * 4])
@pytest.mark.parametrize("lc", [0, 3])
def test_an_lzma_file_without_a_magic_number_is_known_by_the_tar_in_it(dictionary, lc):
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 2**20, "lc": lc}]
    packed = lzma.compress(tars.simple({"a": b"1"}), lzma.FORMAT_ALONE, filters=filters)
    packed = packed[:1] + (dictionary or packed[1:5]) + packed[5:]
    assert sniff.recognise(packed) == "tar.lzma"
    assert sniff.containers(packed[:1] + b"\x05\0\0\0" + packed[5:]) == ()


def test_an_array_of_small_numbers_is_no_lzma_file():
    assert sniff.containers(struct.pack("<4I", 1, 2, 3, 0) + bytes(5000)) == ()
    assert sniff.containers(struct.pack("<20I", *range(20))) == ()


def test_a_tar_may_begin_like_another_container():
    assert sniff.containers(tars.header(b"PK\x03\x04")) == ("zip", "tar")
    assert sniff.containers(tars.header(b"\x1f\x8b\x08")) == ("gzip", "tar")
    assert sniff.containers(tars.header(b"BZhang.txt")) == ("tar",)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (TENSORS, "safetensors"),
        (b"\x80\x04N.", "pickle"),
        (b"GGUF\x03\0\0\0", "gguf"),
        (b"\x89HDF\r\n\x1a\n", "hdf5"),
        (b"\x93NUMPY\x01\0", "npy"),
        (b"\0\0\0\0TFL3", "tflite"),
        (b"\x7fELF", "elf"),
        (zips.build([]), "zip"),
        (b"", None),
        (b"plain text", None),
        (b"\x80\x06", None),
        (b"\x80", None),
        (b"\xff" * 8 + b"{", None),
    ],
)
def test_bare_files_are_told_by_their_bytes(head, kind):
    assert sniff.recognise(head) == kind


@pytest.mark.parametrize("magic", sniff.CLOSED, ids=lambda magic: f"{magic.name}-{magic.bytes[:4].hex()}")
def test_containers_that_cannot_be_opened_are_known_by_sight(magic):
    more = {"compress": b"\x90", "lzip": b"\1", "cpio": b"0" * 104, "ar": b"debian-binary"}.get(magic.name, b"")
    assert sniff.closed(bytes(magic.offset) + magic.bytes + more + bytes(40)) == magic.name


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"7z",
        b"text",
        b"070701,a number with a date's look",
        b"LZIP is a program",
        b"!<arch>\n/               1700000000",
        b"\x1f\x9d\xff",
        bytes(70_000),
        streams.gz(b"x"),
        zips.build([]),
    ],
    ids=["empty", "7z", "text", "date", "lzip", "static library", "numbers", "zeros", "gzip", "zip"],
)
def test_nothing_else_is_a_closed_container(head):
    assert sniff.closed(head) is None
