"""Hard links of a tar: other names of entries that stand before them, with the same bytes."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from functools import partial

from gate.archive.member import Entry, Refusal
from gate.archive.tape import Tape
from gate.core.errors import FormatError
from gate.core.gap import GapReason

_FILES = 2**19
"""Files of one tar that a link is looked for among; base images have 10^5, and each costs 24 bytes."""
_HELD = 2**23
"""Bytes of a file that is kept for all of its names."""
_BEYOND = 2**63
"""No file has as many bytes, and an array holds no more."""
_AGAIN = 64
"""Times that a packed tar is unpacked once more for one name of a larger file."""
_FULL = Refusal(GapReason.TOO_MANY, f"tar: a hard link, and only the first {_FILES} files are looked up")
_LARGE = Refusal(GapReason.BUDGET, "tar: a hard link to a large file that has too many names to be read for each")
_LOST = Refusal(GapReason.CORRUPT, "tar: a hard link to a file that cannot be read again")


class Links:
    """Where each file lies, and the links that wait for theirs: a stream has gone by when its link is met."""

    def __init__(self) -> None:
        self._keys, self._places = array("q"), array("Q")
        self._looked = 0
        self._nth: dict[int, int] = {}
        """By the hash of a name, filled when a link asks; hashes of bytes are keyed: nobody can make two meet."""
        self._waiting: dict[tuple[int, int], list[Entry]] = {}

    def file(self, name: bytes, at: int, size: int) -> None:
        """A file of this name has its `size` bytes at byte `at`."""
        if len(self._keys) < _FILES:
            self._keys.append(hash(name.removeprefix(b"./")))
            self._places.extend((min(at, _BEYOND), min(size, _BEYOND)))

    def resolve(self, entry: Entry, target: bytes, tape: Tape) -> bool:
        """Give a link the bytes of the file that `target` names; False where it has to wait for linked()."""
        for i in range(self._looked, len(self._keys)):
            self._nth[self._keys[i]] = i
        self._looked = len(self._keys)
        nth = self._nth.get(hash(target.removeprefix(b"./")))
        if nth is None:
            entry.refusal = _FULL if len(self._keys) >= _FILES else entry.refusal
            return True
        at, size = self._places[2 * nth : 2 * nth + 2]
        self.file(entry.name, at, size)
        entry.folder, entry.size = False, size
        entry.window = tape.window_at(at, size)
        if entry.window is None:
            self._waiting.setdefault((at, size), []).append(entry)
        return entry.window is not None

    def linked(self, reopen: Callable[[], Tape] | None) -> Iterator[Entry]:
        """The links that waited; the stream is read once more for all of them."""
        waiting, self._waiting = self._waiting, {}
        tape = reopen() if waiting and reopen is not None else None
        left = _AGAIN
        for (at, size), entries in sorted(waiting.items(), key=lambda item: item[0]):
            held = len(entries) > 1 and size <= _HELD
            try:
                if tape is None or reopen is None:
                    raise FormatError("tar: a stream that cannot be read again")
                tape.skip_to(at)
                data = tape.take(size) if held else b""
            except FormatError:
                tape = None
                for entry in entries:
                    entry.refusal = _LOST
                yield from entries
                continue
            for nth, entry in enumerate(entries):
                entry.again = held
                if held:
                    entry.stream = partial(_once, data)
                elif not nth:
                    entry.stream = partial(tape.blocks, size)
                elif left:
                    left -= 1
                    entry.stream = partial(_from, reopen, at, size)
                else:
                    entry.refusal = _LARGE
                yield entry


def _once(data: bytes) -> Iterator[bytes]:
    yield data


def _from(reopen: Callable[[], Tape], at: int, size: int) -> Iterator[bytes]:
    tape = reopen()
    tape.skip_to(at)
    yield from tape.blocks(size)
