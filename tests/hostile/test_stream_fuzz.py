"""Mutated tars and streams: never an error that is not ours, never more than the budget, never for ever."""

from __future__ import annotations

import os
import random
import time

import pytest

from fixtures.archive import streams, tars
from fixtures.archive.samples import SOUND, TEXT
from fixtures.archive.tar_samples import QUIET, STREAMS, TARS
from gate.archive.member import Need
from gate.core.limits import Limits
from tests.walking import look, opened

SECONDS = float(os.environ.get("GATE_FUZZ_SECONDS", "4"))
LIMITS = Limits(expansion_floor_bytes=2**24, expansion_ratio=50, members=3000, seconds=20)
BASES = [
    *(sample.data for sample in TARS.values()),
    *(sample.data for sample in STREAMS.values()),
    *QUIET.values(),
    *(data for name, data in SOUND.items() if "zip" not in name or "gzip" in name),
    *(pack(tars.build(tars.pax({b"path": b"p" * 120, b"size": b"12"}), tars.member(b"p", TEXT), tars.sparse(b"s", TEXT, 99, 2)))
      for pack in streams.PACK.values()),
]  # fmt: skip
INTERESTING = [
    b"",
    b"\0",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"7777777",
    b"\0" * 512,
    tars.header(b"z", 512),
    tars.END,
    streams.SKIPPABLE,
]


def mutant(rng):
    data = bytearray(rng.choice(BASES))
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(7):
            case 0 if at < len(data):
                data[at] = rng.randrange(256)
            case 1:
                data[at:at] = rng.choice(INTERESTING)
            case 2:
                del data[at : at + rng.choice((1, 4, 512, 1024))]
            case 3:
                data[at : at + 12] = rng.choice(INTERESTING)[:12]
            case 4:
                data += rng.choice(BASES)[:4096]
            case 5:  # a header that is right again after what was done to it
                start = at // 512 * 512
                if start + 512 <= len(data):
                    data[start + 148 : start + 156] = b" " * 8
                    data[start + 148 : start + 156] = b"%06o\0 " % sum(data[start : start + 512])
            case _ if len(data) > 600:
                start = rng.randrange(len(data) // 512) * 512
                data[start + 124 : start + 136] = rng.choice(
                    (b"%011o\0" % rng.randrange(4000), b"\xff" * 12, b"\x80" + bytes(11))
                )
    return bytes(data)


def test_mutants_are_walked_within_their_budget():
    rng, end, count = random.Random(6), time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        data, need = mutant(rng), rng.choice(list(Need))
        start = time.process_time()
        walked = look(data, LIMITS, need, each=lambda member: None)
        assert time.process_time() - start < 3, data.hex()
        assert len(walked.members) <= LIMITS.members + 1
        assert all(rule.startswith("archive.") for _, rule in walked.findings)
        count += 1
    assert count > 20 * SECONDS


def test_a_second_look_at_a_mutant_gives_what_the_walk_gave():
    rng = random.Random(7)
    for _ in range(150):
        data = mutant(rng)
        with opened(data, LIMITS) as archive:
            for _ in archive.children(lambda _: Need.HEAD):
                pass
            rows = [row for row in archive.inventory() if row.sha256][:5]
            for row in rows:
                try:
                    assert archive.open(row.path).size == row.size
                except Exception as error:
                    assert hasattr(error, "reason"), (row, data.hex())


@pytest.mark.parametrize("name", sorted(streams.PACK))
def test_a_stream_that_is_cut_anywhere_is_said_to_be(name):
    packed = streams.PACK[name](os.urandom(50) + TEXT * 30)
    for at in range(90, len(packed) - 1, 3):
        assert not look(packed[:at]).clean, at
