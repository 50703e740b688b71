"""What every call to a server needs: which hosts are this machine, and an end of all patience."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

from gate.core.errors import GateError

T = TypeVar("T")


def loopback(host: str) -> bool:
    """Whether this name or address is this machine; names are not looked up."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def within(seconds: float, ask: Callable[[], T], late: Callable[[], GateError]) -> T:
    """What `ask` returns, or raises as GateError; raises `late()` once the seconds are over.

    A thread, since nothing else bounds a look-up of names and headers that drip in. One that is given up ends with the
    process.
    """
    box: SimpleQueue[tuple[T] | GateError] = SimpleQueue()

    def run() -> None:
        try:
            box.put((ask(),))
        except GateError as error:
            box.put(error)

    threading.Thread(target=run, name="gate-call", daemon=True).start()
    try:
        answer = box.get(timeout=seconds)
    except Empty:
        raise late() from None
    if isinstance(answer, GateError):
        raise answer
    return answer[0]
