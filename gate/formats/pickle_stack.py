"""The unpickler's stack, marks, memo and containers over abstract values; exact, so that no desync hides a call."""

from __future__ import annotations

from collections.abc import Callable

from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.pickle_literals import PUTS, Literals
from gate.formats.pickle_strings import Broken
from gate.formats.pickle_tape import Tape
from gate.formats.pickle_values import ITEMS, LIST, Dict, Record, Value
from gate.formats.pickle_words import Oddity, Use

LIVE = 16_000_000
"""Values on the stack and in the memo at one time: about 1 GB; CPython needs more for the same pickle."""

OPCODES = {
    b"(": "mark", b".": "stop", b"0": "pop", b"1": "pop_mark", b"2": "dup", b"F": "float", b"I": "int",
    b"J": "binint", b"K": "binint1", b"L": "long", b"M": "binint2", b"N": "none", b"P": "persid", b"Q": "binpersid",
    b"R": "reduce", b"S": "string", b"T": "string4", b"U": "short_string", b"V": "unicode", b"X": "text4",
    b"a": "append", b"b": "build", b"c": "global", b"d": "dict", b"}": "empty_dict", b"e": "appends", b"g": "get",
    b"h": "binget", b"i": "inst", b"j": "long_binget", b"l": "list", b"]": "empty_list", b"o": "obj", b"p": "put",
    b"q": "binput", b"r": "long_binput", b"s": "setitem", b"t": "tuple", b")": "empty_tuple", b"u": "setitems",
    b"G": "binfloat", b"\x80": "proto", b"\x81": "newobj", b"\x82": "ext1", b"\x83": "ext2", b"\x84": "ext4",
    b"\x85": "tuple1", b"\x86": "tuple2", b"\x87": "tuple3", b"\x88": "true", b"\x89": "false", b"\x8a": "long1",
    b"\x8b": "long4", b"B": "bytes4", b"C": "short_bytes", b"\x8c": "short_text", b"\x8d": "text8", b"\x8e": "bytes8",
    b"\x8f": "empty_list", b"\x90": "additems", b"\x91": "frozenset", b"\x92": "newobj_ex", b"\x93": "stack_global",
    b"\x94": "memoize", b"\x95": "frame", b"\x96": "bytearray", b"\x97": "buffer", b"\x98": "readonly",
}  # fmt: skip
"""The 68 opcodes of protocols 0 to 5 (CPython, Lib/pickletools.py) and the method `op_...` of each."""


class Stopped(Exception):
    """The STOP opcode; `end` is the offset after it."""

    def __init__(self, end: int) -> None:
        super().__init__()
        self.end = end


class Stack(Literals):
    """Stack, marks, memo and containers of one stream."""

    __slots__ = (
        *("expected", "header", "memo", "meta", "outer", "proto", "puts", "sparse", "start", "table", "value"),
    )

    def __init__(self, tape: Tape, record: Record) -> None:
        super().__init__(tape, record)
        self.value: Value = None
        self.start = self.puts = self.outer = self.proto = 0
        self.header = False
        self.meta: list[list[Value]] = []
        self.memo: list[Value] = []
        self.sparse: dict[int, Value] | None = None
        self.expected = 0
        self.table: list[Callable[[int], int]] = [self.op_unknown] * 256
        for code, name in OPCODES.items():
            self.table[code[0]] = getattr(self, "op_" + name)

    def check(self) -> None:
        """Raise NotExamined when more is held at one time than memory is worth."""
        live = len(self.stack) + self.outer + len(self.memo) + len(self.meta) + len(self.sparse or ())
        if live > LIVE:
            raise NotExamined(GapReason.BUDGET, f"more than {LIVE} values at one time")

    # The stack.

    def op_unknown(self, pos: int) -> int:
        raise Broken("a byte that is no opcode")

    def op_mark(self, pos: int) -> int:
        self.meta.append(self.stack)
        self.outer += len(self.stack)
        self.stack = []
        self.push = self.stack.append
        self.moved = True
        if pos < len(self.buf) and self.buf[pos] in PUTS:
            self.fetched(pos)
        return pos

    def marked(self) -> list[Value]:
        """Everything above the last mark, which is taken away."""
        items, self.stack = self.stack, self.meta.pop()
        self.outer -= len(self.stack)
        self.moved = True
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
            self.header = self.buf[pos] > 1
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
        if self.sparse is None:
            if key == len(self.memo):
                self.memo.append(value)
                self.puts += 1
                return
            self.sparse = dict(enumerate(self.memo))
            self.expected = len(self.memo)
            self.table[0x94] = self._memoize_sparse
            self.memo = []
            self.moved = True
        if key != self.expected and not (key == 1 and not self.sparse):
            self.record.odd(Oddity.MEMO_ORDER, at)
        else:
            self.puts += 1
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
        end = self.buf.find(b"\n", pos)
        digits = self.buf[pos:end]
        if end < 0 or not digits.isdigit():
            return self._get(*self._key(pos))
        return self._get(int(digits), end + 1)

    def op_binget(self, pos: int) -> int:
        return self._get(self.buf[pos], pos + 1)

    def op_long_binget(self, pos: int) -> int:
        return self._get(self.count(pos, 4), pos + 4)

    def op_put(self, pos: int) -> int:
        at = self.base + pos - 1
        end = self.buf.find(b"\n", pos)
        digits = self.buf[pos:end]
        key, pos = self._key(pos) if end < 0 or not digits.isdigit() else (int(digits), end + 1)
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
        if self.stack[-1] is not LIST:
            self.into(Use.APPEND, [], pos)
        return pos

    def into(self, use: Use, items: list[Value], pos: int) -> None:
        """Items go into the value on top of the stack."""
        raise NotImplementedError

    def op_appends(self, pos: int) -> int:
        items = self.marked()
        self.into(Use.APPEND, items, pos)
        return pos

    op_additems = op_appends

    def op_setitem(self, pos: int) -> int:
        stack = self.stack
        value, key, target = stack.pop(), stack.pop(), stack[-1]
        if type(target) is Dict:
            target.set(key, value)
        else:
            self.into(Use.SETITEM, [key, value], pos)
        return pos

    def op_setitems(self, pos: int) -> int:
        items = self.marked()
        if len(items) % 2:
            raise Broken("a key without a value")
        self.into(Use.SETITEM, items, pos)
        return pos
