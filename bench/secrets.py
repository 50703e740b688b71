"""What searching for credentials costs: python bench/secrets.py

Megabytes a second of processor time over clean texts and texts full of credentials, beside a pass of sha256 over the
same bytes and detect-secrets over a part of them; the best of several runs that take turns.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from bench._measure import quiet
from fixtures.pii import quiet as numbers
from fixtures.secrets import places
from gate.adapters.anchors import spots
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.limits import Limits
from gate.formats.content import Missed, Piece
from gate.formats.content_text import window_pieces
from gate.formats.secrets_tally import Tally
from gate.formats.text import read_text

SIZE = 8 * 2**20
PART = 2**15
"""Bytes that detect-secrets gets."""
ROUNDS = 3


def _source() -> bytes:
    """The standard library's own modules."""
    folder, parts, size = os.path.dirname(os.__file__), [], 0
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py") and size < SIZE:
            with open(os.path.join(folder, name), "rb") as file:
                parts.append(file.read())
                size += len(parts[-1])
    return b"".join(parts)


def _search(data: bytes) -> int:
    budget = Budget(Limits())
    budget.admit(len(data))
    tally = Tally(spots)
    for piece in window_pieces(read_text(Memory(data, budget))):
        assert isinstance(piece, Piece) and not isinstance(piece, Missed)
        tally.search(piece)
    return sum(tally.counts.values())


def _theirs(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".txt") as file, default_settings() as settings:
        settings.disable_filters("detect_secrets.filters.common.is_ignored_due_to_verification_policies")
        file.write(data)
        file.flush()
        SecretsCollection().scan_file(file.name)


def _once(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """One line a text."""
    print(quiet())
    filled = "".join(f"{text.decode()}\n{'nothing to see here ' * 40}\n" for *_, text in places.injected(600)).encode()
    texts = {
        "Python source": _source(),
        "tokenizer.json": numbers.tokenizer(200_000),
        "lock file": numbers.lock(20_000),
        "credentials, one in 1.2 KB": filled,
        "nothing but tokens": places.many(4000).encode() * 20,
    }
    _search(b"warm up")
    for name, text in texts.items():
        data = (text * (SIZE // len(text) + 1))[:SIZE]
        ours = peer = digest = float("inf")
        for _ in range(ROUNDS):
            ours = min(ours, _once(lambda: _search(data)))
            digest = min(digest, _once(lambda: hashlib.sha256(data)))
            peer = min(peer, _once(lambda: _theirs(data[:PART])))
        per, theirs = ours / SIZE, peer / PART
        print(
            f"{name:28} {1 / per / 1e6:7.1f} MB/s   {per / (digest / SIZE):6.1f} x sha256   "
            f"detect-secrets {1 / theirs / 1e6:6.2f} MB/s, {theirs / per:6.0f} x slower"
        )


if __name__ == "__main__":
    main()
