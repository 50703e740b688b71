"""The media type of a member by its first bytes: registered ones, else the name that tools of the field use.

https://www.iana.org/assignments/media-types/media-types.xhtml
"""

from __future__ import annotations

import re

from gate.archive.sniff import Magic, is_tar

UNKNOWN = "application/octet-stream"
EMPTY = "application/x-empty"
"""What libmagic calls a file without a byte."""
_TABLE = (
    Magic("application/zip", 0, b"PK\x03\x04"),
    Magic("application/zip", 0, b"PK\x05\x06"),
    Magic("application/gzip", 0, b"\x1f\x8b"),
    Magic("application/zstd", 0, b"\x28\xb5\x2f\xfd"),
    Magic("application/x-bzip2", 0, b"BZh"),
    Magic("application/x-xz", 0, b"\xfd7zXZ\0"),
    Magic("application/x-lz4", 0, b"\x04\x22\x4d\x18"),
    Magic("application/x-7z-compressed", 0, b"7z\xbc\xaf\x27\x1c"),
    Magic("application/vnd.rar", 0, b"Rar!\x1a\x07"),
    Magic("application/x-gguf", 0, b"GGUF"),
    Magic("application/x-hdf5", 0, b"\x89HDF\r\n\x1a\n"),
    Magic("application/x-npy", 0, b"\x93NUMPY"),
    Magic("application/x-tflite", 4, b"TFL3"),
    Magic("application/x-executorch", 4, b"ET12"),
    Magic("application/x-catboost", 0, b"CBM1"),
    Magic("application/vnd.apache.parquet", 0, b"PAR1"),
    Magic("application/vnd.apache.arrow.file", 0, b"ARROW1\0\0"),
    Magic("application/vnd.sqlite3", 0, b"SQLite format 3\0"),
    Magic("application/x-elf", 0, b"\x7fELF"),
    Magic("application/vnd.microsoft.portable-executable", 0, b"MZ"),
    Magic("application/x-mach-binary", 0, b"\xcf\xfa\xed\xfe"),
    Magic("application/x-mach-binary", 0, b"\xce\xfa\xed\xfe"),
    Magic("application/java-vm", 0, b"\xca\xfe\xba\xbe"),
    Magic("application/wasm", 0, b"\0asm"),
    Magic("application/x-archive", 0, b"!<arch>\n"),
    Magic("application/pdf", 0, b"%PDF-"),
    Magic("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    Magic("image/jpeg", 0, b"\xff\xd8\xff"),
    Magic("image/gif", 0, b"GIF8"),
    Magic("image/webp", 8, b"WEBP"),
    Magic("audio/vnd.wave", 8, b"WAVE"),
    Magic("application/xml", 0, b"<?xml"),
)
_BY_FIRST: dict[int, tuple[Magic, ...]] = {
    first: tuple(magic for magic in _TABLE if not magic.offset and magic.bytes[0] == first)
    for first in {magic.bytes[0] for magic in _TABLE if not magic.offset}
}
_LATER = tuple(magic for magic in _TABLE if magic.offset)
_TEXT_BYTES = 1024
"""How much of a file is looked at to tell text from the rest."""
_CONTROL = bytes(c for c in (*range(0x20), 0x7F) if c not in b"\t\n\v\f\r\b\x1b")
_JSON = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]0-9-])")
_SAFETENSORS = re.compile(rb"\{\s*[\"}]")
_PICKLE = re.compile(rb"\x80[\x02-\x05]")


def media_type(head: bytes) -> str:
    """Judged by bytes, never by a name; `application/octet-stream` where nobody could say."""
    if not head:
        return EMPTY
    for magic in _BY_FIRST.get(head[0], ()):
        if head.startswith(magic.bytes):
            return magic.name
    if _is_text(head):
        return "application/json" if _JSON.match(head) else "text/plain"
    return _binary(head)


def _binary(head: bytes) -> str:
    for magic in _LATER:
        if head.startswith(magic.bytes, magic.offset):
            return magic.name
    if _PICKLE.match(head):
        return "application/x-python-pickle"
    if _SAFETENSORS.match(head, 8) and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000:  # MAX_HEADER_SIZE
        return "application/x-safetensors"
    return "application/x-tar" if is_tar(head) else UNKNOWN


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters; the last character may be cut."""
    sample = head[:_TEXT_BYTES]
    if sample.translate(None, _CONTROL) != sample:
        return False
    if sample.isascii():
        return True
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return (
            len(head) > _TEXT_BYTES - 1 and error.start > len(sample) - 4 and error.reason == "unexpected end of data"
        )
    return True
