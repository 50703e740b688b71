"""Which kind of native code a file is, by its first bytes."""

from __future__ import annotations

import re

ELF, PE, MACHO, AR, FATBIN = "elf", "pe", "macho", "ar", "fatbin"
_ELF = b"\x7fELF"
_FATBIN = b"\x50\xed\x55\xba\x01\0\x10\0"
_AR = (b"!<arch>\n", b"!<thin>\n")
_MACHO = (b"\xfe\xed\xfa\xce", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xcf\xfa\xed\xfe")
_FAT = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
_SLICES = 42
"""A Java class file begins like a universal one; where that has its number of machines, it has a version from 45 on."""
_PE_NAMES = (".dll", ".exe", ".pyd", ".sys")
_DATA = re.compile(
    r"\.(?:safetensors|gguf|onnx|pb|tflite|keras|h5|hdf5|npy|npz|pt|pth|ckpt|pkl|pickle|joblib|msgpack|model|json|ya?ml|toml|txt|md|"
    r"csv|tsv|parquet|jinja|png|jpe?g|gif|wav|pdf)$|(?:model|weights?)[^/]*\.bin$",
    re.IGNORECASE,
)
"""Names that say data: a loader or a person opens them as such, and nobody expects code there."""


def is_data(name: str) -> bool:
    """Whether a file is called like weights, a configuration, a text or a picture."""
    return _DATA.search(name) is not None


def kind(head: bytes, name: str) -> str:
    """ELF, PE, MACHO, AR, FATBIN (a container of CUDA code), or "" for what is no native code.

    MZ alone is two letters: it counts when the PE header stands where it says, or when the file is called like one.
    """
    magic = head[:4]
    if magic == _ELF:
        return ELF
    if magic in _MACHO or (magic in _FAT and 0 < slices(head) <= _SLICES):
        return MACHO
    if head.startswith(_AR):
        return AR
    if head.startswith(_FATBIN):
        return FATBIN
    return PE if magic[:2] == b"MZ" and (_signed(head) or name.lower().endswith(_PE_NAMES)) else ""


def slices(head: bytes) -> int:
    """How many machines a Mach-O file says that it is for."""
    return int.from_bytes(head[4:8]) if head[:4] in _FAT else 1


def _signed(head: bytes) -> bool:
    """https://learn.microsoft.com/windows/win32/debug/pe-format#signature-image-only"""
    at = int.from_bytes(head[0x3C:0x40], "little")
    return len(head) >= 0x40 and head[at : at + 4] == b"PE\0\0"
