"""Recognise a format by its bytes, never by its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gate.archive.unpack import packing, peek

TAR_BLOCK = 512
_OCTAL = re.compile(rb"[ \0]*[0-7]{1,7}[ \0]*")


@dataclass(frozen=True, slots=True)
class Magic:
    """Bytes at an offset that name a format."""

    name: str
    offset: int
    bytes: bytes


CLOSED = (
    # Containers that gate knows by sight and cannot open: each is a Gap `unsupported`.
    Magic("7z", 0, b"7z\xbc\xaf\x27\x1c"),
    Magic("rar", 0, b"Rar!\x1a\x07"),
    Magic("cab", 0, b"MSCF\0\0\0\0"),
    Magic("zstd", 0, b"\x28\xb5\x2f\xfd"),
    Magic("lz4", 0, b"\x04\x22\x4d\x18"),
    Magic("ar", 0, b"!<arch>\n"),
    Magic("cpio", 0, b"070701"),
    Magic("xar", 0, b"xar!"),
    Magic("squashfs", 0, b"hsqs"),
    Magic("iso9660", 0x8001, b"CD001"),
    Magic("compress", 0, b"\x1f\x9d"),
    Magic("lzip", 0, b"LZIP"),
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
    """A first header block with the right checksum (POSIX.1-2017 pax, ustar Interchange Format), v7 as well."""
    if len(head) < TAR_BLOCK or not _OCTAL.fullmatch(head, 148, 156) or head[:1] == b"\0":
        return False
    block = head[:TAR_BLOCK]
    return tar_checksum(block) == int(block[148:156].strip(b" \0"), 8)


def tar_checksum(block: bytes) -> int:
    """Sum of a header's bytes with its checksum field read as spaces."""
    return sum(block[:148]) + 8 * 32 + sum(block[156:TAR_BLOCK])


CLOSED_FIRST = frozenset(magic.bytes[:1] for magic in CLOSED if not magic.offset)
"""First bytes: most members are told apart by one look-up."""
CLOSED_LATER = min(magic.offset for magic in CLOSED if magic.offset)
"""A shorter member cannot be one of the others."""


def _magic(table: tuple[Magic, ...], head: bytes) -> str | None:
    return next((m.name for m in table if head.startswith(m.bytes, m.offset)), None)


def closed(head: bytes) -> str | None:
    """The name of a container that cannot be opened here."""
    return _magic(CLOSED, head)


def container(head: bytes) -> str | None:
    """`zip`, `tar`, or the name of a compressed stream: what the walker looks into."""
    if is_zip(head):
        return "zip"
    if is_tar(head):
        return "tar"
    stream = packing(head)
    return stream.name if stream else None


def packed_tar(head: bytes) -> bool:
    """Whether a compressed stream holds a tar, in which case the two are one level."""
    stream = packing(head)
    return stream is not None and is_tar(peek(stream, head))


def _is_safetensors(head: bytes) -> bool:
    return head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000  # MAX_HEADER_SIZE


_READERS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("safetensors", _is_safetensors),
    ("pickle", lambda head: head[:1] == b"\x80" and 0 < head[1:2][0] <= 5 if len(head) > 1 else False),
)


def recognise(head: bytes) -> str | None:
    """The format of a bare file; None when nobody could say what it is."""
    kind = container(head)
    if kind is not None:
        return f"tar.{kind}" if packed_tar(head) else kind
    return _magic(KNOWN, head) or next((name for name, fits in _READERS if fits(head)), None)
