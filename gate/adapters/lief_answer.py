"""What the process that parses native libraries says, checked as if the library itself had said it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

T = TypeVar("T")
ITEMS = 4096
"""Entries of one list; the library of PyTorch with the most symbol versions has 60."""
TEXT = 4096
"""Characters of one name, as in a path of Linux."""
_SLICES = 64
_WORD = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Slice:
    """One machine's part of a file, in the numbers of its format.

    `versions` are (library, version, 1 if it may be missing). `hardening` are words for what protects it, `traits` for
    what weakens it. `end` is the offset behind the last byte that its headers speak of, 0 where nobody looked.
    """

    machine: int
    bits: int
    type: str
    soname: str
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    versions: tuple[tuple[str, str, int], ...]
    hardening: tuple[str, ...]
    traits: tuple[str, ...]
    end: int


def parse(data: bytes) -> tuple[Slice, ...]:
    """The parts of a file; FormatError when lief refused it, NotExamined for an answer that is none."""
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError):
        raise _wrong() from None
    if isinstance(value, dict) and value.keys() == {"refused"}:
        raise _refusal(_text(value["refused"]))
    if not isinstance(value, dict) or value.keys() != {"slices"}:
        raise _wrong()
    found = _list(value["slices"], _slice, _SLICES)
    if not found:
        raise _wrong()
    return found


def _refusal(why: str) -> NotExamined:
    if why == "memory":
        return NotExamined(GapReason.TOO_LARGE, "takes more memory to parse than --limit native_memory_bytes allows")
    return FormatError(why)


def _slice(value: object) -> Slice:
    if not isinstance(value, dict) or value.keys() != set(Slice.__slots__):
        raise _wrong()
    return Slice(
        machine=_number(value["machine"]),
        bits=_number(value["bits"]),
        type=_word(value["type"]),
        soname=_text(value["soname"]),
        needed=_list(value["needed"], _text),
        rpath=_list(value["rpath"], _text),
        runpath=_list(value["runpath"], _text),
        versions=_list(value["versions"], _version),
        hardening=_list(value["hardening"], _word, 64),
        traits=_list(value["traits"], _word, 64),
        end=_number(value["end"]),
    )


def _version(value: object) -> tuple[str, str, int]:
    if not isinstance(value, list) or len(value) != 3:
        raise _wrong()
    return _text(value[0]), _text(value[1]), _number(value[2])


def _list(value: object, read: Callable[[object], T], most: int = ITEMS) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise _wrong()
    if len(value) > most:
        raise NotExamined(GapReason.TOO_MANY, f"a list in its headers has {len(value)} entries, more than {most}")
    return tuple(read(item) for item in value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _wrong()
    if len(value) > TEXT:
        raise NotExamined(GapReason.TOO_LARGE, f"a name in its headers has {len(value)} characters, more than {TEXT}")
    return value.encode("utf-8", "backslashreplace").decode()  # JSON can spell half of a surrogate pair


def _word(value: object) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise _wrong()
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**80:
        raise _wrong()
    return value


def _wrong() -> NotExamined:
    return NotExamined(GapReason.CRASHED, "the process that parses native libraries gave no usable answer")
