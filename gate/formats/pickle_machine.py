"""The stack machine of the unpickler over abstract values: stack, marks and memo are exact, nothing is ever imported."""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from typing import Protocol

from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.pickle_literals import Broken, Literals
from gate.formats.pickle_tape import Tape
from gate.formats.pickle_values import (
    ITEMS,
    LIST,
    LONG_BYTES,
    LONG_TEXT,
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
from gate.formats.pickle_words import Arg, Kind, Oddity, Use

BATCH = 4096
LIVE = 16_000_000
"""Values on the stack and in the memo at one time: about 1 GB; CPython needs more for the same pickle."""
_DEAD = (int, float, str, bytes, tuple, Blob, Dict, type(None))
"""What no unpickler can call."""

OPCODES = {
    b"(": "mark", b".": "stop", b"0": "pop", b"1": "pop_mark", b"2": "dup", b"F": "float", b"I": "int", b"J": "binint",
    b"K": "binint1", b"L": "long", b"M": "binint2", b"N": "none", b"P": "persid", b"Q": "binpersid", b"R": "reduce",
    b"S": "string", b"T": "string4", b"U": "short_string", b"V": "unicode", b"X": "text4", b"a": "append", b"b": "build",
    b"c": "global", b"d": "dict", b"}": "empty_dict", b"e": "appends", b"g": "get", b"h": "binget", b"i": "inst",
    b"j": "long_binget", b"l": "list", b"]": "empty_list", b"o": "obj", b"p": "put", b"q": "binput", b"r": "long_binput",
    b"s": "setitem", b"t": "tuple", b")": "empty_tuple", b"u": "setitems", b"G": "binfloat", b"\x80": "proto",
    b"\x81": "newobj", b"\x82": "ext1", b"\x83": "ext2", b"\x84": "ext4", b"\x85": "tuple1", b"\x86": "tuple2",
    b"\x87": "tuple3", b"\x88": "true", b"\x89": "false", b"\x8a": "long1", b"\x8b": "long4", b"B": "bytes4",
    b"C": "short_bytes", b"\x8c": "short_text", b"\x8d": "text8", b"\x8e": "bytes8", b"\x8f": "empty_list",
    b"\x90": "additems", b"\x91": "frozenset", b"\x92": "newobj_ex", b"\x93": "stack_global", b"\x94": "memoize",
    b"\x95": "frame", b"\x96": "bytearray", b"\x97": "buffer", b"\x98": "readonly",
}  # fmt: skip
"""The 68 opcodes of protocols 0 to 5 (CPython, Lib/pickletools.py) and the method `op_...` of each."""


class Stopped(Exception):  # noqa: N818 - the end that a pickle should have
    """The STOP opcode; `end` is the offset after it."""

    def __init__(self, end: int) -> None:
        super().__init__()
        self.end = end


class Host(Protocol):
    """What a machine asks of the walk that runs it."""

    def spend(self, ops: int) -> None:
        """So many opcodes ran; raises NotExamined when a budget is spent."""

    def nested(self, data: Value, record: Record, at: int) -> bool:
        """Walk bytes that a loader is called with at offset `at`; whether they are one pickle to their end."""

    def built(self, machine: Machine, wrapper: Instance, pos: int) -> int:
        """An array wrapper got its state: the position after the raw bytes that follow."""

    def named(self, pid: Value) -> None:
        """A persistent id."""


class Machine(Literals):
    """Runs one stream."""

    __slots__ = ("stream", "host", "start", "at", "value", "proto", "header", "ops", "puts", "imports", "meta", "outer", "memo",
                 "sparse", "expected", "table")  # fmt: skip

    def __init__(self, tape: Tape, record: Record, stream: int, host: Host) -> None:
        super().__init__(tape, record)
        self.stream, self.host = stream, host
        self.value: Value = None
        self.start = self.at = self.ops = self.puts = self.imports = self.outer = 0
        self.proto, self.header = 0, False
        self.meta: list[list[Value]] = []
        self.memo: list[Value] = []
        self.sparse: dict[int, Value] | None = None
        self.expected = 0
        self.table: list[Callable[[int], int]] = [self.op_unknown] * 256
        for code, name in OPCODES.items():
            self.table[code[0]] = getattr(self, "op_" + name)

    def run(self, start: int) -> None:
        """Run from offset `start` until it raises Stopped, Broken, or NotExamined for a budget."""
        self.start = start
        self.resume(self.load(start))

    def fork(self, record: Record) -> Machine:
        """A machine in the same state that notes what it does in another record."""
        other = Machine(self.tape, record, self.stream, self.host)
        other.start, other.proto, other.frame = self.start, self.proto, self.frame
        other.stack = [*self.stack]
        other.push = other.stack.append
        other.meta, other.outer = [[*items] for items in self.meta], self.outer
        other.memo, other.expected = [*self.memo], self.expected
        if self.sparse is not None:
            other.sparse = {**self.sparse}
            other.table[0x94] = other._memoize_sparse
        self.host.spend((len(self.memo) + len(self.sparse or ()) + self.outer) // 16)
        return other

    def resume(self, pos: int) -> None:
        """Go on at position `pos`."""
        table, done = self.table, 0
        try:
            while True:
                for done in range(BATCH):
                    if pos >= self.limit:
                        pos = self.edge(pos)
                    pos = table[self.buf[pos]](pos + 1)
                self._account(BATCH)
                done = 0
        except (IndexError, KeyError):
            raise Broken("takes a value that is not there") from None
        finally:
            self.at = self.base + pos
            self._account(done)

    def _account(self, ops: int) -> None:
        self.ops += ops
        live = len(self.stack) + self.outer + len(self.memo) + len(self.meta) + len(self.sparse or ())
        if live > LIVE:
            raise NotExamined(GapReason.BUDGET, f"more than {LIVE} values at one time")
        self.host.spend(ops)

    # The stack.

    def op_unknown(self, pos: int) -> int:
        raise Broken("a byte that is no opcode")

    def op_mark(self, pos: int) -> int:
        self.meta.append(self.stack)
        self.outer += len(self.stack)
        self.stack = []
        self.push = self.stack.append
        self.fetched(pos)
        return pos

    def marked(self) -> list[Value]:
        """Everything above the last mark, which is taken away."""
        items, self.stack = self.stack, self.meta.pop()
        self.outer -= len(self.stack)
        self.push = self.stack.append
        return items

    def op_stop(self, pos: int) -> int:
        self.value = self.stack.pop()
        raise Stopped(self.base + pos)

    def op_pop(self, pos: int) -> int:
        if self.stack:
            self.stack.pop()
        else:
            self.marked()
        self.fetched(pos)
        return pos

    def op_pop_mark(self, pos: int) -> int:
        self.marked()
        self.fetched(pos)
        return pos

    def op_dup(self, pos: int) -> int:
        self.push(self.stack[-1])
        self.record.odd(Oddity.DUP, self.base + pos - 1)
        return pos

    def op_none(self, pos: int) -> int:
        self.push(None)
        return pos

    def op_true(self, pos: int) -> int:
        self.push(True)
        return pos

    def op_false(self, pos: int) -> int:
        self.push(False)
        return pos

    def op_proto(self, pos: int) -> int:
        at = self.base + pos - 1
        if self.buf[pos] > 5:
            raise Broken(f"protocol {self.buf[pos]}")
        if at != self.start:
            self.record.odd(Oddity.LATE_PROTO, at)
        else:
            self.header = True
        self.proto = self.buf[pos]
        return pos + 1

    # The memo.

    def op_memoize(self, pos: int) -> int:
        self.memo.append(self.stack[-1])
        return pos

    def _memoize_sparse(self, pos: int) -> int:
        assert self.sparse is not None
        self._put(len(self.sparse), self.base + pos - 1)
        return pos

    def _put(self, key: int, at: int) -> None:
        """Python 2's cPickle numbers from 1, all others from 0."""
        value = self.stack[-1]
        self.puts += 1
        if self.sparse is None:
            if key == len(self.memo):
                self.memo.append(value)
                return
            self.sparse = dict(enumerate(self.memo))
            self.expected = len(self.memo)
            self.table[0x94] = self._memoize_sparse
            self.memo = []
        if key != self.expected and not (key == 1 and not self.sparse):
            self.record.odd(Oddity.MEMO_ORDER, at)
        self.expected = key + 1
        self.sparse[key] = value

    def _get(self, key: int, pos: int) -> int:
        self.push(self.memo[key] if self.sparse is None else self.sparse[key])
        self.fetched(pos)
        return pos

    def _key(self, pos: int) -> tuple[int, int]:
        line, pos = self.line(pos)
        try:
            key = int((line or b"").partition(b"\0")[0])
        except ValueError:
            raise Broken("a memo key that is no number") from None
        if key < 0:
            raise Broken("a negative memo key")
        return key, pos

    def op_get(self, pos: int) -> int:
        return self._get(*self._key(pos))

    def op_binget(self, pos: int) -> int:
        return self._get(self.buf[pos], pos + 1)

    def op_long_binget(self, pos: int) -> int:
        return self._get(self.count(pos, 4), pos + 4)

    def op_put(self, pos: int) -> int:
        at = self.base + pos - 1
        key, pos = self._key(pos)
        self._put(key, at)
        return pos

    def op_binput(self, pos: int) -> int:
        self._put(self.buf[pos], self.base + pos - 1)
        return pos + 1

    def op_long_binput(self, pos: int) -> int:
        self._put(self.count(pos, 4), self.base + pos - 1)
        return pos + 4

    # Containers.

    def op_empty_tuple(self, pos: int) -> int:
        self.push(())
        return pos

    def op_tuple1(self, pos: int) -> int:
        self.stack[-1] = (self.stack[-1],)
        return pos

    def op_tuple2(self, pos: int) -> int:
        stack = self.stack
        stack[-2:] = ((stack[-2], stack[-1]),)
        return pos

    def op_tuple3(self, pos: int) -> int:
        stack = self.stack
        stack[-3:] = ((stack[-3], stack[-2], stack[-1]),)
        return pos

    def op_tuple(self, pos: int) -> int:
        items = self.marked()
        self.push(tuple(items) if len(items) <= ITEMS else LIST)
        return pos

    def op_empty_list(self, pos: int) -> int:
        self.push(LIST)
        return pos

    def op_list(self, pos: int) -> int:
        self.marked()
        self.push(LIST)
        return pos

    op_frozenset = op_list

    def op_empty_dict(self, pos: int) -> int:
        self.push(Dict())
        return pos

    def op_dict(self, pos: int) -> int:
        made = Dict()
        made.add(self.marked())
        self.push(made)
        return pos

    def op_append(self, pos: int) -> int:
        self.stack.pop()
        self._into(Use.APPEND, [], pos)
        return pos

    def op_appends(self, pos: int) -> int:
        items = self.marked()
        self._into(Use.APPEND, items, pos)
        return pos

    op_additems = op_appends

    def op_setitem(self, pos: int) -> int:
        value, key = self.stack.pop(), self.stack.pop()
        self._into(Use.SETITEM, [key, value], pos)
        return pos

    def op_setitems(self, pos: int) -> int:
        items = self.marked()
        if len(items) % 2:
            raise Broken("a key without a value")
        self._into(Use.SETITEM, items, pos)
        return pos

    def _into(self, use: Use, items: list[Value], pos: int) -> None:
        target = self.stack[-1]
        kind = type(target)
        if kind is Dict:
            target.add(items)
        elif kind is Instance:
            self._used(target.origin, use, pos, ())
        elif kind is Global:
            self._used(target, Use.PATCH, pos, ())

    # Imports and calls.

    def _used(self, what: Global | None, use: Use, pos: int, args: tuple[Arg, ...], start: int = -1) -> None:
        end = self.base + pos
        self.record.use(what, use, (start if start >= 0 else end - 1, end), self.stream, args)

    def _names(self, pos: int) -> tuple[str, str, int]:
        module, pos = self.line(pos)
        name, pos = self.line(pos)
        if not module or not name:
            raise Broken("an import without a name")
        try:
            return module.decode("utf-8"), name.decode("utf-8"), pos
        except UnicodeDecodeError:
            raise Broken("a name that is not UTF-8") from None

    def imported(self, module: str, qualname: str, start: int, pos: int) -> Global:
        """The global that find_class would look up: below protocol 3 the names of Python 2 are mapped."""
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
            self.push(self.imported("?", "?", self.base + pos - 1, pos))
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
        what, *args = self.marked()
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
        if pair == ("_codecs", "encode") and type(args) is tuple:
            return _encoded(what, args)
        return Instance(what, args if pair in KEPT and type(args) is tuple else None)

    def op_build(self, pos: int) -> int:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is Global:
            self._used(target, Use.PATCH, pos, ())
        elif type(target) is Instance:
            self._used(target.origin, Use.BUILD, pos, ())
            if patches(state):
                self.record.odd(Oddity.STATE, self.base + pos - 1)
            if (target.origin.module, target.origin.qualname) in KEPT:
                target.state = state
                if target.origin.qualname == "NumpyArrayWrapper":
                    return self.host.built(self, target, pos)
        return pos

    def _extension(self, pos: int, n: int) -> int:
        at = self.base + pos - 1
        self.record.odd(Oddity.EXTENSION, at)
        what = Global("copyreg", f"<extension {self.count(pos, n)}>", at)
        self._used(what, Use.REF, pos + n, (), at)
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
        self.host.named(self.stack[-1])
        self.stack[-1] = PERSISTENT
        return pos

    def op_readonly(self, pos: int) -> int:
        self.stack[-1] = LONG_BYTES
        return pos


def _encoded(what: Global, args: tuple[Value, ...]) -> Value:
    """`_codecs.encode(text, "latin1")`: how protocols 0 to 2 write bytes."""
    text = args[0] if args else None
    if type(text) is Blob or text is LONG_TEXT:
        return text if type(text) is Blob else LONG_BYTES
    if type(text) is str and args[1:2] in (("latin1",), ("latin-1",)):
        return text.encode("latin-1", "replace")
    return Instance(what)


LOADERS = frozenset(
    (module, name)
    for modules, names in (
        (
            "pickle _pickle dill dill._dill cloudpickle cloudpickle.cloudpickle pandas.compat.pickle_compat",
            "loads _loads",
        ),
        ("torch.storage torch", "_load_from_bytes"),
        ("numpy._core.numeric numpy.core.numeric", "loads"),
    )
    for module in modules.split()
    for name in names.split()
)
"""Functions that unpickle their first argument."""
KEPT = frozenset(
    (module, name)
    for modules, name in (
        ("joblib.numpy_pickle sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"),
        ("numpy", "dtype"),
    )
    for module in modules.split()
)
"""Classes whose state says how many raw bytes follow: joblib's arrays."""
