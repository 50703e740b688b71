"""Recognise a format by its bytes, never by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from zlib import adler32

from gate.archive.unpack import BEGINNINGS, BY_NAME, may_be_lzma, packing, peek

TAR_BLOCK = 512
_BEGINNINGS = BEGINNINGS | {b"P"}
"""First bytes of what the walker looks into, tar apart."""
_DIGITS = frozenset(b"01234567+- \t\n\v\f\r\x1c\x1d\x1e\x1f\0\x80\xff")
"""How a checksum field can begin for any reader."""
_LIKE = 104
"""Bytes of the longest `Magic.like`: a cpio header without its magic number."""
_ASCII = bytes(range(128))
_NUMBERS = ((100, 108), (108, 116), (116, 124), (124, 136), (136, 148), (329, 337), (337, 345))
"""Mode, owner, group, size, time, device: where the checksum is an empty field, all of them must make sense."""


@dataclass(frozen=True, slots=True)
class Magic:
    """Bytes at an offset that name a format; where they are few, `like` is what follows them (a regular expression)."""

    name: str
    offset: int
    bytes: bytes
    like: str = ""


def _fits(magic: Magic, head: bytes) -> bool:
    if not head.startswith(magic.bytes, magic.offset):
        return False
    following = head[magic.offset + len(magic.bytes) :][:_LIKE].decode("latin-1")
    return not magic.like or re.match(magic.like, following) is not None


CLOSED = (
    # Containers that gate knows by sight and cannot open: each is a Gap `unsupported`.
    Magic("7z", 0, b"7z\xbc\xaf\x27\x1c"),
    Magic("rar", 0, b"Rar!\x1a\x07"),
    Magic("cab", 0, b"MSCF\0\0\0\0"),
    *(Magic("zstd of 2015 and 2016", 0, bytes((first,)) + b"\xb5\x2f\xfd") for first in (0x1E, *range(0x22, 0x28))),
    Magic("lz4 of 2013", 0, b"\x02\x21\x4c\x18"),
    Magic("lzop", 0, b"\x89LZO\0\r\n\x1a\n"),
    Magic("xar", 0, b"xar!"),
    Magic("squashfs", 0, b"hsqs"),
    Magic("iso9660", 0x8001, b"CD001"),
    Magic("compress", 0, b"\x1f\x9d", r"[\x09-\x10\x89-\x90]"),  # 9 to 16 bits a code
    Magic("lzip", 0, b"LZIP", r"[\0\1]"),
    Magic("lrzip", 0, b"LRZI", r"\0"),
    Magic(
        "ar", 0, b"!<arch>\n", r"(?!/|__\.SYMDEF|#1/)"
    ),  # a .deb too; with a table of symbols first: a static library
    Magic("cpio", 0, b"070701", r"[0-9A-Fa-f]{104}"),
    Magic("cpio", 0, b"070702", r"[0-9A-Fa-f]{104}"),
    Magic("cpio", 0, b"070707", r"[0-7]{70}"),
    Magic("rpm", 0, b"\xed\xab\xee\xdb"),
    Magic("wim", 0, b"MSWIM\0\0\0"),
    Magic("zpaq", 0, b"7kSt"),
    Magic("snappy", 0, b"\xff\x06\0\0sNaPpY"),
)
KNOWN = (
    # Files that are a model or a part of one by themselves, so that a bare file is a subject too.
    Magic("gguf", 0, b"GGUF"),
    Magic("hdf5", 0, b"\x89HDF\r\n\x1a\n"),
    Magic("npy", 0, b"\x93NUMPY"),
    Magic("tflite", 4, b"TFL3"),
    Magic("elf", 0, b"\x7fELF"),
)
LAYOUTS = (
    # What an archive is, by a member that makes it so; the first that is there wins.
    ("torchserve", "MAR-INF/MANIFEST.json"),
    ("mlflow", "MLmodel"),
    ("oci-layout", "oci-layout"),
    ("bentoml", "bento.yaml"),
    ("keras", "model.weights.h5"),
    ("saved-model", "saved_model.pb"),
    ("hugging-face", "config.json"),
)


def is_zip(head: bytes) -> bool:
    """A local file header, or the end record of an empty archive (APPNOTE.TXT 6.3.10, 4.3.7 and 4.3.16)."""
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def is_tar(head: bytes) -> bool:
    """A first header block with the right checksum (POSIX.1-2017 pax, ustar Interchange Format), v7 as well.

    As generous as Python's tarfile and GNU tar together, which also take the sum of signed bytes and other spellings of
    the number: what one of them opens must not pass for a plain file here.
    """
    if len(head) < TAR_BLOCK or head[148] not in _DIGITS:
        return False
    number = _number(head[148:156])
    if number is None:
        return False
    fields = head[:148] + head[156:TAR_BLOCK]
    total = _sum(fields[:252]) + _sum(fields[252:]) + 8 * 32  # the field itself counts as spaces
    if number != total and number != total - 256 * len(fields.translate(None, _ASCII)):
        return False
    return number != 0 or all(_number(head[i:j]) is not None for i, j in _NUMBERS)


def _sum(data: bytes) -> int:
    """Of at most 256 bytes: the lower half of Adler-32 is their sum and 1, modulo 65,521, in a tenth of the time."""
    return (adler32(data) & 0xFFFF) - 1


def _number(field: bytes) -> int | None:
    """As tarfile reads a number; None where it raises an error."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field, "big", signed=True) if field[0] == 0xFF else int.from_bytes(field[1:], "big")
    try:
        return int(field.lstrip(b"\0").partition(b"\0")[0].decode("ascii").strip() or "0", 8)
    except ValueError:
        return None


def _magic(table: Iterable[Magic], head: bytes) -> str | None:
    return next((m.name for m in table if _fits(m, head)), None)


_CLOSED_BY_FIRST = {m.bytes[:1]: [n for n in CLOSED if n.bytes[:1] == m.bytes[:1]] for m in CLOSED if not m.offset}
"""Most members are told apart by one look-up."""
_CLOSED_LATER = [magic for magic in CLOSED if magic.offset]
_LATER = min(magic.offset for magic in _CLOSED_LATER)
"""A member up to this size cannot be one of those."""


def closed(head: bytes) -> str | None:
    """The name of a container that cannot be opened here."""
    first = head[:1]
    found = _magic(_CLOSED_BY_FIRST[first], head) if first in _CLOSED_BY_FIRST else None
    return found or (_magic(_CLOSED_LATER, head) if len(head) > _LATER else None)


def containers(head: bytes) -> tuple[str, ...]:
    """`zip`, `tar`, or the name of a compressed stream: what the walker looks into.

    More than one when readers disagree: the name in a tar header may begin like a zip or a gzip file.
    """
    found: tuple[str, ...] = ()
    if head[:1] in _BEGINNINGS:
        stream = packing(head)
        found = ("zip",) if is_zip(head) else (stream.name,) if stream else ()
    if not found and may_be_lzma(head) and is_tar(peek(BY_NAME["lzma"], head)):  # which tarfile finds out by trying
        found = ("lzma",)
    return (*found, "tar") if is_tar(head) or _behind_zeros(head) else found


def _behind_zeros(head: bytes) -> bool:
    """Whether a tar begins behind empty blocks: readers that ignore end marks go on to it."""
    if head[:1] != b"\0" or head[:TAR_BLOCK].strip(b"\0"):
        return False
    at = (len(head) - len(head.lstrip(b"\0"))) // TAR_BLOCK * TAR_BLOCK
    return is_tar(head[at : at + TAR_BLOCK])


def packed_tar(head: bytes) -> bool:
    """Whether a compressed stream holds a tar, in which case the two are one level."""
    kind = BY_NAME.get(next(iter(containers(head)), ""))
    return kind is not None and is_tar(peek(kind, head))


def _is_safetensors(head: bytes) -> bool:
    return head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000  # MAX_HEADER_SIZE


_READERS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("safetensors", _is_safetensors),
    ("pickle", lambda head: head[:1] == b"\x80" and 0 < head[1:2][0] <= 5 if len(head) > 1 else False),
)


def recognise(head: bytes) -> str | None:
    """The format of a bare file; None when nobody could say what it is."""
    kinds = containers(head)
    if kinds:
        return f"tar.{kinds[0]}" if packed_tar(head) else kinds[0]
    return _magic(KNOWN, head) or next((name for name, fits in _READERS if fits(head)), None)
