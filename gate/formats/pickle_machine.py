"""The machine that runs one stream: imports and calls are noted, none is made."""

from __future__ import annotations

from gate.formats.pickle_calls import Calls
from gate.formats.pickle_host import Host
from gate.formats.pickle_strings import Broken
from gate.formats.pickle_tape import Tape
from gate.formats.pickle_values import LIST, Dict, Instance, Record, Value

BATCH = 4096
"""Opcodes between two looks at the budget."""
GLANCE = 512
"""Bytes whose newlines tell whether the opcodes ahead are those of protocol 0, which end in one."""
LINES = GLANCE // 32
_SMALL = frozenset((b"0", b"00", b"01"))
"""Zero, and how protocol 0 writes False and True."""
_EMPTY = frozenset((b"d", b"l"))
_PUTS = frozenset((b"p", b"q", b"r", b"\x94"))


class Machine(Calls):
    """Runs one stream.

    The opcodes that make up most of a large pickle are run in two loops here, all others by their handler: a call costs
    more than the work. Which loop runs is a matter of speed alone. What a handler may change is looked up again after
    it said so (`moved`).
    """

    __slots__ = ("at", "ops")

    def __init__(self, tape: Tape, record: Record, stream: int, host: Host) -> None:
        super().__init__(tape, record, stream, host)
        self.at = self.ops = 0

    def run(self, start: int) -> None:
        """Run from offset `start` until it raises Stopped, Broken, or NotExamined for a budget."""
        self.start = start
        self.resume(self.load(start))

    def resume(self, pos: int) -> None:
        """Go on at position `pos`."""
        try:
            while True:
                text = self.buf.count(b"\n", pos, pos + GLANCE) > LINES
                pos = self._lines(pos) if text else self._codes(pos)
        except (IndexError, KeyError):
            raise Broken("takes a value that is not there") from None

    def _codes(self, pos: int) -> int:  # noqa: PLR0912, PLR0915 - a branch an opcode
        """One batch of opcodes, those of protocols 1 to 5 here."""
        table, base, done, batch = self.table, self.base, -1, iter(range(BATCH))
        meta = self.meta
        try:
            while True:
                self.moved = False
                buf, base, limit, stack, push = self.buf, self.base, self.limit, self.stack, self.push
                dense = self.sparse is None
                memo: list[Value] | dict[int, Value] = self.memo if self.sparse is None else self.sparse
                file = self.memo.append
                for done in batch:  # noqa: B007 - the count of an unfinished batch
                    if pos >= limit:
                        pos = self.edge(pos)
                        break
                    code = buf[pos]
                    if code < 0x50:
                        if code == 0x4B:  # BININT1
                            push(buf[pos + 1])
                            pos += 2
                            continue
                        if code == 0x4D:  # BININT2
                            push(buf[pos + 1] | buf[pos + 2] << 8)
                            pos += 3
                            continue
                        if code == 0x28:  # MARK
                            meta.append(stack)
                            self.outer += len(stack)
                            self.stack = stack = []
                            self.push = push = stack.append
                            pos += 1
                            if buf[pos : pos + 1] in _PUTS:
                                self.fetched(pos)
                            continue
                        if code == 0x4E:  # NONE
                            push(None)
                            pos += 1
                            continue
                        if code == 0x47:  # BINFLOAT
                            push(0.0)
                            pos += 9
                            continue
                    elif code == 0x68:  # BINGET
                        push(memo[buf[pos + 1]])
                        pos += 2
                        if buf[pos : pos + 1] in _PUTS:
                            self.fetched(pos)
                        continue
                    elif code == 0x94 and dense:  # MEMOIZE
                        file(stack[-1])
                        pos += 1
                        continue
                    elif (
                        code == 0x72 and dense and buf[pos + 1 : pos + 5] == len(memo).to_bytes(4, "little")
                    ):  # LONG_BINPUT, in order
                        file(stack[-1])
                        self.puts += 1
                        pos += 5
                        continue
                    elif code == 0x65 and meta and meta[-1] and meta[-1][-1] is LIST:  # APPENDS
                        self.stack = stack = meta.pop()
                        self.push = push = stack.append
                        self.outer -= len(stack)
                        pos += 1
                        continue
                    pos = table[code](pos + 1)
                    if self.moved:
                        break
                else:
                    return pos
        finally:
            self._left(base + pos, done + 1)

    def _lines(self, pos: int) -> int:  # noqa: PLR0912, PLR0915 - a branch an opcode
        """One batch of opcodes, those of protocol 0 here, pairs that its pickler writes in one step."""
        table, base, done, batch = self.table, self.base, -1, iter(range(BATCH))
        pairs = 0
        meta = self.meta
        try:
            while True:
                self.moved = False
                buf, base, limit, stack, push = self.buf, self.base, self.limit, self.stack, self.push
                find, memo, dense = buf.find, self.memo, self.sparse is None
                for done in batch:  # noqa: B007 - the count of an unfinished batch
                    if pos >= limit:
                        pos = self.edge(pos)
                        break
                    code = buf[pos]
                    if code == 0x49:  # INT
                        end = find(b"\n", pos)
                        digits = buf[pos + 1 : end]
                        if 0 < end < pos + 20 and digits.isdigit() and (digits[0] != 0x30 or digits in _SMALL):
                            pos = end + 1
                            follows = buf[pos : pos + 1]
                            if follows == b"a" and stack[-1] is LIST:  # APPEND
                                pos += 1
                                pairs += 1
                            elif follows == b"s" and type(stack[-2]) is Dict:  # SETITEM
                                stack[-2].set(stack.pop(), int(digits))
                                pos += 1
                                pairs += 1
                            else:
                                push(int(digits))
                            continue
                    elif code == 0x67 and dense:  # GET
                        end = find(b"\n", pos)
                        digits = buf[pos + 1 : end]
                        if digits.isdigit() and end > 0:
                            push(memo[int(digits)])
                            pos = end + 1
                            if buf[pos : pos + 1] in _PUTS:
                                self.fetched(pos)
                            continue
                    elif code == 0x28:  # MARK
                        follows = buf[pos + 1 : pos + 2]
                        if follows in _EMPTY:
                            push(Dict() if follows == b"d" else LIST)
                            pos += 2
                            pairs += 1
                            continue
                        meta.append(stack)
                        self.outer += len(stack)
                        self.stack = stack = []
                        self.push = push = stack.append
                        pos += 1
                        if follows in _PUTS:
                            self.fetched(pos)
                        continue
                    elif code == 0x70 and dense:  # PUT
                        end = find(b"\n", pos)
                        if buf[pos + 1 : end] == b"%d" % len(memo) and end > 0:
                            memo.append(stack[-1])
                            self.puts += 1
                            pos = end + 1
                            continue
                    elif code == 0x73 and type(target := stack[-3]) is Dict:  # SETITEM
                        target.set(stack[-2], stack[-1])
                        del stack[-2:]
                        pos += 1
                        continue
                    elif code == 0x61 and stack[-2] is LIST:  # APPEND
                        del stack[-1]
                        pos += 1
                        continue
                    elif code == 0x4E:  # NONE
                        push(None)
                        pos += 1
                        continue
                    pos = table[code](pos + 1)
                    if self.moved:
                        break
                else:
                    return pos
        finally:
            self._left(base + pos, done + 1 + pairs)

    def built(self, wrapper: Instance, pos: int) -> int:
        return self.host.built(self, wrapper, pos)

    def _left(self, at: int, ops: int) -> None:
        self.at = min(at, self.tape.size)
        self.ops += ops
        self.check()
        self.host.spend(ops)

    def fork(self, record: Record, host: Host) -> Machine:
        """A machine in the same state that notes what it does in another record, for another host."""
        other = Machine(self.tape, record, self.stream, host)
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
