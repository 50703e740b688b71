"""The header of a GGUF file with digests of what gate.formats.gguf keeps no value of: vocabularies and long texts."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from gate.archive.source import Source
from gate.formats.gguf import HEADER, ITEMS, TEXT, Entry, Gguf, _Header
from gate.formats.pages import LARGEST, Pages


def read_gguf_digests(source: Source) -> Gguf:
    """As read_gguf; an array of more than ITEMS items and a text of more than TEXT bytes have one item, their digest.

    Read forward; raises as read_gguf.
    """
    return _Digesting(Pages(source, "GGUF")).read()


class _Digesting(_Header):
    """Hashes what the reader jumps over, as long as `_sha256` is there."""

    _sha256: hashlib._Hash | None = None

    def _skip(self, n: int) -> None:
        at, end = self._at, self._at + n
        if self._sha256 is not None and end <= min(self._pages.size, HEADER):
            while at < end:
                block = self._pages.upto(at, min(end - at, LARGEST))
                self._sha256.update(block)
                at += len(block)
        super()._skip(n)

    def _items(self, kind: int, length: int) -> tuple[str, ...]:
        if length <= ITEMS:
            return super()._items(kind, length)
        self._sha256 = hashlib.sha256()
        super()._items(kind, length)
        return (self._done(),)

    def _text(self, key: str) -> Entry:
        self._sha256 = hashlib.sha256()
        entry = super()._text(key)
        digest = self._done()
        return replace(entry, items=(digest,)) if entry.length > TEXT else entry

    def _done(self) -> str:
        assert self._sha256 is not None
        digest, self._sha256 = self._sha256.hexdigest(), None
        return f"sha256:{digest[:16]}"
