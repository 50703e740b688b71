"""Budget: the running account of one scan over its Limits."""

from __future__ import annotations

import shutil
import tempfile
import time
from typing import NamedTuple, Protocol

from gate.core.errors import Spent
from gate.core.gap import GapReason
from gate.core.limits import Limits

_CALM = 2**17
"""Bytes that may be read between two looks at the clock, which costs as much as a small read does."""
_READ = _CALM // 64
"""What a read counts at least: a clock that is looked at every 64 reads is never late."""


class Pulse(Protocol):
    """Where a worker shows when it last made progress (time.monotonic seconds; 0 while it is idle), and how far it is.

    `read`: bytes read or unpacked up to then, by all workers as far as this one knows.
    """

    value: float
    read: int


class _Still:
    __slots__ = ("read", "value")

    def __init__(self) -> None:
        self.value, self.read = 0.0, 0


class Account(NamedTuple):
    """Bytes of input, bytes read or unpacked, members, bytes spooled."""

    input: int = 0
    bytes: int = 0
    members: int = 0
    spooled: int = 0

    def plus(self, other: Account) -> Account:
        return Account(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: Account) -> Account:
        return Account(*(a - b for a, b in zip(self, other, strict=True)))


class Budget:
    """Bytes, members and seconds spent so far; one account for all levels of nesting.

    Every method raises Spent once its bound is passed.
    """

    __slots__ = (
        "_calm", "_spool_cap",
        "bombed", "bytes", "cap", "deadline", "input", "limits", "lines", "members", "pulse", "spooled",
    )  # fmt: skip

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.input = 0
        self.cap = 0
        """Bytes that may be read or unpacked in all."""
        self.bytes = 0
        self.members = 0
        self.lines = 0
        self.spooled = 0
        self.deadline = time.monotonic() + limits.seconds
        self.pulse: Pulse = _Still()
        self.bombed = False
        """Whether bomb() was asked once the answer was yes: one finding says it."""
        self._calm = 0
        self._spool_cap = -1
        self.admit(0)

    def admit(self, n: int) -> None:
        """`n` more bytes of input: the cap grows with what was handed in."""
        limits = self.limits
        self.input += n
        self.cap = min(max(limits.total_bytes, limits.total_factor * self.input), self._ratio())

    def _ratio(self) -> int:
        return max(self.limits.expansion_floor_bytes, self.limits.expansion_ratio * self.input)

    def bomb(self) -> bool:
        """Whether more was unpacked than the input is worth, and nobody has said so yet."""
        if self.bombed or self.bytes <= self._ratio():
            return False
        self.bombed = True
        return True

    def member(self) -> None:
        """One more member."""
        self.members += 1
        if self.members > self.limits.members:
            raise Spent(GapReason.TOO_MANY, f"more than {self.limits.members} members")
        self._calm -= _READ
        if self._calm < 0:
            self.tick()

    def listed(self) -> None:
        """One more line of a container's table, be it a member, a folder or a remark.

        Members beyond the limit are each a Gap; a table with as many again is given up.
        """
        self.lines += 1
        if self.lines > 2 * self.limits.members:
            raise Spent(GapReason.TOO_MANY, f"more than {2 * self.limits.members} entries; the rest was not listed")

    def spend(self, n: int) -> None:
        """`n` bytes were read or inflated."""
        self.bytes += n
        if self.bytes > self.cap:
            raise Spent(GapReason.BUDGET, f"more than {self.cap} bytes read or unpacked from {self.input} of input")
        self._calm -= n + _READ
        if self._calm < 0:
            self.tick()

    def spool(self, n: int) -> None:
        """`n` bytes go to the temporary folder."""
        if self._spool_cap < 0:
            free = shutil.disk_usage(tempfile.gettempdir()).free
            self._spool_cap = min(self.limits.spool_bytes, free // 2)
        self.spooled += n
        if self.spooled > self._spool_cap:
            raise Spent(GapReason.BUDGET, f"more than {self._spool_cap} bytes would have to be unpacked to disk")

    def account(self) -> Account:
        """What was spent so far."""
        return Account(self.input, self.bytes, self.members, self.spooled)

    def restore(self, account: Account) -> None:
        """Go on from an account that several workers share."""
        self.input, self.bytes, self.members, self.spooled = account
        self.admit(0)

    def tick(self) -> None:
        """A sign of life from a loop: resets the wall time of the member, checks that of the scan."""
        self._calm = _CALM
        self.pulse.value = now = time.monotonic()
        self.pulse.read = self.bytes
        if now > self.deadline:
            raise Spent(GapReason.TIMED_OUT, f"more than {self.limits.seconds:g} seconds")
