"""Archives with bytes changed at random: whatever comes of it is a finding or a gap, soon.

Seeded, and each mutant by its number, so that a failure can be had again: mutant(n). It goes on for
GATE_FUZZ_SECONDS, 3 if nobody says otherwise.
"""

from __future__ import annotations

import os
import time
from random import Random

from fixtures.archive import hostile_names, hostile_zips, producers
from fixtures.archive.samples import DIFFERENT, SOUND
from gate.core.limits import Limits
from tests.walking import look

SECONDS = float(os.environ.get("GATE_FUZZ_SECONDS", "3"))
SEED = 20261121
SLOWEST = 10.0
"""Seconds that a mutant may take on a machine that does something else as well."""
LIMITS = Limits(expansion_floor_bytes=2**22, expansion_ratio=50, depth=4, members=2000, seconds=20)
SAMPLES = {
    **SOUND,
    **DIFFERENT,
    **{name: sample.data for name, sample in hostile_zips.ALL.items()},
    **producers.SILENT,
    "names": hostile_names.archive(list(dict.fromkeys(name for name, _ in hostile_names.NAMES.values()))),
}
"""Add what else is an archive here."""
NAMES = sorted(SAMPLES)
VALUES = [b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff" * 8, b"PK\x03\x04", b"PK\x05\x06"]


def mutant(n: int) -> bytes:
    """The n-th mutant."""
    random = Random(f"{SEED}:{n}")
    data = bytearray(SAMPLES[random.choice(NAMES)][: 2**18])
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << random.randrange(8)
            case 1:
                value = random.choice(VALUES)
                data[at : at + len(value)] = value
            case 2:
                del data[at : at + random.randrange(64)]
            case 3:
                data[at:at] = random.randbytes(random.randrange(16))
            case 4:
                other = SAMPLES[random.choice(NAMES)]
                start = random.randrange(len(other) + 1)
                data[at:at] = other[start : start + random.randrange(512)]
            case _:
                start = random.randrange(len(data) + 1)
                data[at:at] = data[start : start + random.randrange(128)]
    return bytes(data)


def test_no_mutant_raises_or_takes_for_ever():
    end, n, slowest = time.monotonic() + SECONDS, 0, 0.0
    while time.monotonic() < end:
        start = time.monotonic()
        try:
            look(mutant(n), LIMITS)
        except Exception as error:
            raise AssertionError(f"mutant({n}) of seed {SEED}: {error!r}") from error
        slowest = max(slowest, time.monotonic() - start)
        assert slowest < SLOWEST, f"mutant({n}) of seed {SEED} took {slowest:.1f} s"
        n += 1
    assert n > 20


def test_a_mutant_is_the_same_every_time():
    assert [mutant(n) for n in range(20)] == [mutant(n) for n in range(20)]
