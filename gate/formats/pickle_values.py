"""Abstract values: what the stack of a walk holds in place of objects, and the record of how globals are used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final, TypeAlias

from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.pickle_words import Anomaly, Arg, GlobalUse, Kind, Oddity, Use

Value: TypeAlias = Any
"""int, float, bool, None, str, bytes and tuple stand for themselves; the rest are the classes below."""

USES = 20_000
"""Distinct uses that one walk keeps; the largest real pickles have some hundred."""
VARIANTS = 256
"""Distinct argument lists of one global that are kept apart."""
ITEMS = 256
"""Entries of a dict or tuple that are looked at one by one."""
_WORD = re.compile(r"[A-Za-z_][\w.-]{0,79}")


COMPUTED = ("?", "?")
"""The name of a global whose name is computed."""


NAME = re.compile(r"[\w.<>-]+")
"""What a module or attribute can be called: a file name without its suffix; functions have names as <lambda>."""


class Global:
    """An imported name."""

    __slots__ = ("module", "qualname", "start")

    def __init__(self, module: str, qualname: str, start: int = -1) -> None:
        self.module, self.qualname, self.start = module, qualname, start


class Instance:
    """What a call returned. `origin` is the global at the root of it; `args` and `state` where a reader needs them."""

    __slots__ = ("args", "origin", "state")

    def __init__(self, origin: Global, args: Value = None) -> None:
        self.origin, self.args, self.state = origin, args, None


class Dict:
    """A dict: its first keys and values in turn; `hidden` when a special attribute name is among those not kept."""

    __slots__ = ("hidden", "items")

    def __init__(self) -> None:
        self.items: list[Value] = []
        self.hidden = False

    def add(self, pairs: list[Value]) -> None:
        if len(self.items) + len(pairs) <= 2 * ITEMS:
            self.items += pairs
        elif not self.hidden:
            self.hidden = any(map(special, pairs[::2]))

    def set(self, key: Value, value: Value) -> None:
        """One pair."""
        if len(self.items) < 2 * ITEMS:
            self.items += (key, value)
        elif special(key):
            self.hidden = True

    def get(self, key: str) -> Value:
        """The last value for a text key, as a dict would have it; None when there is none."""
        found = None
        for name, value in zip(self.items[::2], self.items[1::2], strict=False):
            if type(name) is str and name == key:
                found = value
        return found


class Blob:
    """Bytes that begin like a pickle: the first of them, the offset in the file, the full length."""

    __slots__ = ("data", "size", "start")

    def __init__(self, data: bytes, start: int, size: int) -> None:
        self.data, self.start, self.size = data, start, size


class Opaque:
    """A value of which only the kind is known."""

    __slots__ = ("kind",)

    def __init__(self, kind: Kind) -> None:
        self.kind = kind


LONG_TEXT: Final = Opaque(Kind.TEXT)
LONG_BYTES: Final = Opaque(Kind.BYTES)
LIST: Final = Opaque(Kind.SEQUENCE)
PERSISTENT: Final = Opaque(Kind.PERSISTENT)
UNKNOWN: Final = Opaque(Kind.UNKNOWN)

_METHODS = frozenset({"extend", "append", "add"})
_DUNDER = """
bases builtins call class closure code defaults del delattr dict file func get getattr getattribute getitem getstate
globals import init init_subclass iter kwdefaults loader missing mro new next path reduce reduce_ex self set setattr
setitem setstate slots spec subclasses subclasshook
"""
_SPECIAL = _METHODS | frozenset(f"__{name}__" for name in _DUNDER.split())


def special(key: Value) -> bool:
    """Whether an attribute of this name changes what later opcodes, or the interpreter, do with the instance.

    The unpickler asks the instance for `__setstate__`, `extend`, `append` and `add`, and `setattr` obeys `__class__`.
    Other double-underscore names only describe: scipy keeps `__doc__` in a state, networkx `__networkx_cache__`.
    """
    if type(key) is str:
        return key in _SPECIAL
    return type(key) is Instance


def patches(state: Value) -> bool:
    """Whether a BUILD with this state sets a special attribute, in the dict or in the slots of the state."""
    parts = state if type(state) is tuple and len(state) == 2 else (state,)
    for part in parts:
        if type(part) is Dict:
            keys = part.items[::2]
            values = part.items[1::2]
            if part.hidden or any(special(k) and not _harmless(k, v) for k, v in zip(keys, values, strict=False)):
                return True
    return False


def _harmless(key: Value, value: Value) -> bool:
    """A plain value under a method's name cannot be called."""
    return key in _METHODS and isinstance(value, int | float | str | bytes | None)


def summary(value: Value) -> Arg:
    """What one argument is."""
    kind = type(value)
    if kind is str:
        return Arg(Kind.TEXT, value if _WORD.fullmatch(value) else "")
    if kind is Global:
        return Arg(Kind.GLOBAL, f"{value.module}.{value.qualname}")
    if kind is Instance:
        return Arg(Kind.INSTANCE, f"{value.origin.module}.{value.origin.qualname}")
    return _KINDS.get(kind) or Arg(value.kind if kind is Opaque else Kind.UNKNOWN)


_KINDS: dict[type, Arg] = {
    int: Arg(Kind.NUMBER),
    float: Arg(Kind.NUMBER),
    bool: Arg(Kind.NUMBER),
    bytes: Arg(Kind.BYTES),
    Blob: Arg(Kind.BYTES),
    tuple: Arg(Kind.SEQUENCE),
    Dict: Arg(Kind.MAPPING),
    type(None): Arg(Kind.NONE),
}


class Record:
    """The uses and anomalies of one walk, each use once, at its first place."""

    __slots__ = ("_variants", "acted", "anomalies", "uses", "versions")

    def __init__(self) -> None:
        self.uses: dict[tuple[str, str, Use, tuple[Arg, ...] | None], GlobalUse] = {}
        self.anomalies: dict[Oddity, Anomaly] = {}
        self.versions: dict[tuple[str, str], Any] = {}
        self.acted = False
        self._variants: dict[tuple[str, str, Use], int] = {}

    def use(
        self, what: Global, use: Use, span: tuple[int, int], stream: int, args: tuple[Arg, ...], opcode: str
    ) -> None:
        """One use at the bytes `span`; raises NotExamined when there are too many different ones."""
        if use is not Use.REF:
            self.acted = True
        key = (what.module, what.qualname, use, args)
        if key in self.uses:
            return
        short = key[:3]
        count = self._variants[short] = self._variants.get(short, 0) + 1
        listed = args if count <= VARIANTS else None
        if len(self.uses) >= USES:
            raise NotExamined(GapReason.BUDGET, f"more than {USES} different uses of globals")
        self.uses.setdefault((*short, listed), GlobalUse(*short, listed, *span, stream, True, opcode, what.start))

    def odd(self, kind: Oddity, start: int) -> None:
        """One anomaly; only the first of a kind is kept."""
        self.anomalies.setdefault(kind, Anomaly(kind, start))

    def merge(self, other: Record) -> None:
        """Everything that another record holds."""
        for use in other.uses.values():
            self.uses.setdefault((use.module, use.qualname, use.use, use.args), use)
        if len(self.uses) > USES:
            raise NotExamined(GapReason.BUDGET, f"more than {USES} different uses of globals")
        for anomaly in other.anomalies.values():
            self.odd(*anomaly)
        self.versions = {**other.versions, **self.versions}
        self.acted = self.acted or other.acted

    def adopt(self, uses: Iterable[GlobalUse]) -> None:
        """Note what a second reading of the same bytes uses of globals that the first does not import."""
        known = {(use.module, use.qualname) for use in self.uses.values()}
        for use in uses:
            if not use.computed and (use.module, use.qualname) not in known and len(self.uses) < USES:
                key = (use.module, use.qualname, use.use, use.args)
                self.uses[key] = replace(use, certain=False)
