"""What every reader of strangers' bytes must stand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from gate.archive.budget import Budget
from gate.archive.source import Memory, Source
from gate.core.errors import NotExamined
from gate.core.limits import Limits


def source(data: bytes) -> Memory:
    return Memory(data, Budget(Limits()))


class Sparse:
    """A large file of zeros with some bytes at its begin and, if given, elsewhere; counts what is read of it."""

    def __init__(self, size: int, *parts: tuple[int, bytes]) -> None:
        self.size, self._parts, self.read = size, parts, 0
        self._budget = Budget(Limits())

    def read_at(self, offset: int, n: int) -> bytes:
        n = max(0, min(n, self.size - offset))
        self.read += n
        assert n <= 2**26, "one read of more than 64 MiB"
        out = bytearray(n)
        for start, data in self._parts:
            low, high = max(start, offset), min(start + len(data), offset + n)
            if low < high:
                out[low - offset : high - offset] = data[low - start : high - start]
        return bytes(out)

    def window(self, offset: int, n: int) -> Source:
        raise AssertionError("not needed here")

    def hold(self, data: bytes) -> Source:
        return Memory(data, self._budget)

    def tick(self) -> None:
        self._budget.tick()

    @property
    def limits(self) -> Limits:
        return self._budget.limits


def mutations(data: bytes, count: int, seed: int = 7) -> Iterator[bytes]:
    """Changed bytes, cut and doubled ranges, and extreme numbers at any place."""
    chance = random.Random(seed)
    for _ in range(count):
        out = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(out) + 1)
            kind = chance.randrange(5)
            if kind == 0 and at < len(out):
                out[at] ^= 1 << chance.randrange(8)
            elif kind == 1 and at < len(out):
                out[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
            elif kind == 2:
                del out[at : at + chance.randint(1, 9)]
            elif kind == 3:
                out[at:at] = out[at : at + chance.randint(1, 40)]
            else:
                out[at : at + 8] = chance.choice((2**63, 2**64 - 1, 2**32, 0)).to_bytes(8, "little")
        yield bytes(out)


def stands(read: Callable[[Source], object], data: bytes, count: int = 300) -> int:
    """Cuts after every byte and random changes give an answer or the typed error, nothing else; how many answers."""
    answers = 0
    step = max(1, len(data) // 2000)
    for changed in (*(data[:i] for i in range(0, len(data), step)), *mutations(data, count)):
        given = Sparse(len(changed), (0, changed))
        try:
            read(given)
        except NotExamined:
            pass
        else:
            answers += 1
        assert given.read <= 64 * len(changed) + 65_536
    return answers
