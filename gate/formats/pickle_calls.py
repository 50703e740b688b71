"""The opcodes that import, call and change things: each is noted, none is done."""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

from gate.formats.pickle_host import NAMES, TEXT_NAMES, Host
from gate.formats.pickle_known import KEPT, LOADERS, constructed, encoded, made_by, persistent
from gate.formats.pickle_stack import Stack
from gate.formats.pickle_strings import Broken
from gate.formats.pickle_tape import Tape
from gate.formats.pickle_values import (
    COMPUTED,
    LONG_BYTES,
    PERSISTENT,
    UNKNOWN,
    Blob,
    Dict,
    Global,
    Instance,
    Opaque,
    Record,
    Value,
    patches,
    summary,
)
from gate.formats.pickle_versions import keep, of_state
from gate.formats.pickle_words import Arg, Kind, Oddity, Use

_DEAD = (int, float, str, bytes, tuple, Blob, Dict, type(None))
"""What no unpickler can call."""


class Calls(Stack):
    """A stack whose globals are followed: what is imported, called, made, and given a state or items."""

    __slots__ = ("host", "imports", "stream")

    def __init__(self, tape: Tape, record: Record, stream: int, host: Host) -> None:
        super().__init__(tape, record)
        self.stream, self.host, self.imports = stream, host, 0

    def into(self, use: Use, items: list[Value], pos: int) -> None:
        """A dict keeps them, an instance is used with them, a global is changed by them."""
        target = self.stack[-1]
        kind = type(target)
        if kind is Dict:
            target.add(items)
        elif kind is Instance:
            self._used(target.origin, use, pos, ())
        elif kind is Global:
            self._used(target, Use.PATCH, pos, ())

    # Imports and calls.

    def _used(self, what: Global, use: Use, pos: int, args: tuple[Arg, ...], start: int = -1) -> None:
        if (what.module, what.qualname, use, args) in self.record.uses:
            self.record.acted = self.record.acted or use is not Use.REF
            return
        end = self.base + pos
        opcode = NAMES.get(self.buf[pos - 1]) or TEXT_NAMES.get(use, "")
        self.record.use(what, use, (start if start >= 0 else end - 1, end), self.stream, args, opcode)

    def _names(self, pos: int) -> tuple[str, str, int]:
        module, pos = self.line(pos)
        name, pos = self.line(pos)
        if not module or name is None:
            raise Broken("an import without a name")
        try:
            return module.decode("utf-8"), name.decode("utf-8"), pos
        except UnicodeDecodeError:
            raise Broken("a name that is not UTF-8") from None

    def imported(self, module: str, qualname: str, start: int, pos: int) -> Global:
        """The global that find_class would look up: below protocol 3 the names of Python 2 are mapped.

        Any text may be a name: files are called anything, and a module's `__getattr__` may answer to anything.
        """
        if self.proto < 3:
            mapped = NAME_MAPPING.get((module, qualname))
            module, qualname = mapped or (IMPORT_MAPPING.get(module, module), qualname)
        self.imports += 1
        what = Global(module, qualname, start)
        self._used(what, Use.REF, pos, (), start)
        return what

    def op_global(self, pos: int) -> int:
        start = self.base + pos - 1
        module, name, pos = self._names(pos)
        self.push(self.imported(module, name, start, pos))
        return pos

    def op_stack_global(self, pos: int) -> int:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is str and type(module) is str:
            self.push(self.imported(module, name, self.base + pos - 1, pos))
        elif isinstance(name, int | float | bytes | tuple | Dict | None):
            raise Broken("an import whose name is no text")
        else:
            self.record.odd(Oddity.COMPUTED_NAME, self.base + pos - 1)
            self.push(self.imported(*COMPUTED, self.base + pos - 1, pos))
        return pos

    def op_inst(self, pos: int) -> int:
        start = self.base + pos - 1
        module, name, pos = self._names(pos)
        what = self.imported(module, name, start, pos)
        args = tuple(self.marked())
        self.record.odd(Oddity.OLD_CALL, start)
        self.push(self.call(what, args, Use.CALL, pos))
        return pos

    def op_obj(self, pos: int) -> int:
        items = self.marked()
        what, args = items[0], items[1:]
        self.record.odd(Oddity.OLD_CALL, self.base + pos - 1)
        self.push(self.call(what, tuple(args), Use.CALL, pos))
        return pos

    def op_reduce(self, pos: int) -> int:
        args = self.stack.pop()
        self.stack[-1] = self.call(self.stack[-1], args, Use.CALL, pos)
        return pos

    def op_newobj(self, pos: int) -> int:
        args = self.stack.pop()
        self.stack[-1] = self.call(self.stack[-1], args, Use.NEW, pos)
        return pos

    def op_newobj_ex(self, pos: int) -> int:
        keywords, args = self.stack.pop(), self.stack.pop()
        if type(keywords) is not Dict or keywords.items:
            args = UNKNOWN
        self.stack[-1] = self.call(self.stack[-1], args, Use.NEW, pos)
        return pos

    def call(self, what: Value, args: Value, use: Use, pos: int) -> Value:
        """Note a call and stand in for what it returns."""
        if isinstance(what, _DEAD) or (type(what) is Opaque and what.kind is not Kind.PERSISTENT):
            raise Broken("calls a value that cannot be called")
        listed = tuple(map(summary, args)) if type(args) is tuple else (Arg(Kind.UNKNOWN),)
        made = made_by(what, args) if type(what) is Instance and type(args) is tuple else None
        if made is not None:
            what, args, use = made[0], made[1], Use.NEW
            listed = tuple(map(summary, args))
        if type(what) is not Global:
            origin = what.origin if type(what) is Instance else Global("", "")
            self._used(origin, Use.RECALL, pos, ())
            return Instance(origin)
        pair = (what.module, what.qualname)
        if (
            pair in LOADERS
            and type(args) is tuple
            and args
            and self.host.nested(args[0], self.record, self.base + pos - 1)
        ):
            listed = (Arg(Kind.PICKLE), *listed[1:])
        self._used(what, use, pos, listed)
        made = constructed(pair, args)
        if made is not None:
            what = made[0]
            self._used(what, Use.NEW, pos, tuple(map(summary, made[1])))
        if pair == ("_codecs", "encode") and type(args) is tuple:
            return encoded(what, args)
        if pair == ("builtins", "getattr") and type(args) is tuple and len(args) == 2:
            return self._attribute(what, *args, pos)
        return Instance(what, args if pair in KEPT and type(args) is tuple else None)

    def _attribute(self, what: Global, target: Value, name: Value, pos: int) -> Value:
        """`getattr(global, "name")`: how protocols below 4 write a dotted name."""
        if type(target) is not Global or type(name) is not str:
            return Instance(what)
        self.imports += 1
        dotted = Global(target.module, f"{target.qualname}.{name}", self.base + pos - 1)
        self._used(dotted, Use.REF, pos, ())
        return dotted

    def op_build(self, pos: int) -> int:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is Global:
            self._used(target, Use.PATCH, pos, ())
        elif type(target) is Instance:
            self._used(target.origin, Use.BUILD, pos, ())
            keep(self.record.versions, of_state(target.origin.module, state, (self.base + pos - 1, self.base + pos)))
            if patches(state):
                self.record.odd(Oddity.STATE, self.base + pos - 1)
            if (target.origin.module, target.origin.qualname) in KEPT:
                target.state = state
                if target.origin.qualname == "NumpyArrayWrapper":
                    return self.built(target, pos)
        return pos

    def built(self, wrapper: Instance, pos: int) -> int:
        """An array wrapper got its state: the position after the raw bytes that follow."""
        raise NotImplementedError

    def embedded(self, value: Value) -> None:
        self.host.embedded(value, self.record)

    def _extension(self, pos: int, n: int) -> int:
        at = self.base + pos - 1
        self.record.odd(Oddity.EXTENSION, at)
        what = Global("copyreg", f"<extension {self.count(pos, n)}>", at)
        self.record.use(what, Use.REF, (at, self.base + pos + n), self.stream, (), f"EXT{n}")
        self.push(what)
        return pos + n

    def op_ext1(self, pos: int) -> int:
        return self._extension(pos, 1)

    def op_ext2(self, pos: int) -> int:
        return self._extension(pos, 2)

    def op_ext4(self, pos: int) -> int:
        return self._extension(pos, 4)

    def op_persid(self, pos: int) -> int:
        line, pos = self.line(pos)
        if line is not None and not line.isascii():
            raise Broken("a persistent id that is not ASCII")
        self.push(PERSISTENT)
        return pos

    def op_binpersid(self, pos: int) -> int:
        pid = self.stack[-1]
        self.host.named(pid)
        self.stack[-1] = persistent(pid)
        return pos

    def op_readonly(self, pos: int) -> int:
        self.stack[-1] = LONG_BYTES
        return pos
