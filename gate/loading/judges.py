"""Which judge a member's first bytes ask for, and how it wants to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gate.archive.member import Member, Need
from gate.formats.concern import Concern
from gate.formats.gguf import read_gguf
from gate.formats.hdf5 import read_hdf5
from gate.formats.onnx import read_onnx
from gate.formats.text import is_text
from gate.loading import configuration, gguf, keras, onnx


@dataclass(frozen=True, slots=True)
class Judge:
    """How it reads a member, and what it thinks of it; raises NotExamined for what it cannot read."""

    need: Need
    concerns: Callable[[Member], Iterable[Concern]]


_JSON: Final = Judge(Need.STREAM, lambda member: member.read(configuration.json_concerns))
BY_FORMAT: Final = {
    # Names in rules/data/serialization/formats.yaml, which says how each begins.
    "onnx": Judge(Need.STREAM, lambda member: onnx.concerns(member.read(read_onnx))),
    "hdf5": Judge(Need.SEEK, lambda member: keras.file_concerns(member.read(read_hdf5))),
    "json": _JSON,
    "gguf": Judge(Need.STREAM, lambda member: gguf.concerns(member.read(read_gguf))),
}
BY_NAME: Final = (
    # Text has no magic number: a loader takes these by their names.
    ((".jinja", ".jinja2", ".j2"), Judge(Need.STREAM, lambda member: member.read(configuration.template))),
    ((".json",), _JSON),
    ((".yaml", ".yml", "MLmodel"), Judge(Need.STREAM, lambda member: member.read(configuration.yaml_concerns))),
)


_HDF5 = b"\x89HDF\r\n\x1a\n"
_USER_BLOCKS = tuple(512 << i for i in range(7))
"""Where the library looks when a file does not begin as HDF5 (HDF5 File Format Specification, II.A)."""


def by_offset(member: Member) -> Iterator[Judge]:
    """The judge of a file that is HDF5 behind a user block, which may begin like anything else."""
    if any(member.head.startswith(_HDF5, at) for at in _USER_BLOCKS):
        yield BY_FORMAT["hdf5"]


def by_name(member: Member) -> Iterator[Judge]:
    """The judge of a text of this name."""
    for suffixes, judge in BY_NAME:
        if member.name.endswith(suffixes) and is_text(member.head):
            yield judge
