"""Which judge a member's first bytes ask for, and how it wants to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gate.archive.member import Member, Need
from gate.formats.concern import Concern
from gate.formats.gguf import read_gguf
from gate.formats.onnx import read_onnx
from gate.formats.text import is_text
from gate.loading import configuration, gguf, onnx


@dataclass(frozen=True, slots=True)
class Judge:
    """How it reads a member, and what it thinks of it; raises NotExamined for what it cannot read."""

    need: Need
    concerns: Callable[[Member], Iterable[Concern]]


BY_FORMAT: Final = {
    # Names in rules/data/serialization/formats.yaml, which says how each begins.
    "onnx": Judge(Need.STREAM, lambda member: onnx.concerns(member.read(read_onnx))),
    "gguf": Judge(Need.STREAM, lambda member: gguf.concerns(member.read(read_gguf))),
}
BY_NAME: Final = (
    # Text has no magic number: a loader takes these by their names.
    ((".jinja", ".jinja2", ".j2"), Judge(Need.STREAM, lambda member: member.read(configuration.template))),
    ((".json",), Judge(Need.STREAM, lambda member: member.read(configuration.json_concerns))),
    ((".yaml", ".yml", "MLmodel"), Judge(Need.STREAM, lambda member: member.read(configuration.yaml_concerns))),
)


def by_name(member: Member) -> Iterator[Judge]:
    """The judge of a text of this name."""
    for suffixes, judge in BY_NAME:
        if member.name.endswith(suffixes) and is_text(member.head):
            yield judge
