"""Personal data: gate's search against plain Presidio in pieces of 4 KB, CPU time in one process.

    python bench/pii.py

Both have the recognizers of rules/data/pii/registry.yaml; plain Presidio gets 24 KB of each text, gate 1 MB.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.pii import people, quiet
from gate.adapters.presidio import analyzer
from gate.formats.personal import Asked, profile

SIZE, PLAIN, CHUNK, RUNS = 2**20, 24 * 1024, 4096, 3
CELLS = 20_000


def seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def main() -> None:
    rows = tuple(range(len(profile().rows)))
    engine = analyzer()
    from gate.adapters import presidio_engine  # noqa: PLC0415  # analyzer() imports Presidio quietly

    plain = presidio_engine.engine(presidio_engine.recognizers(profile().configuration), presidio_engine.enhancer())
    low = "The model was trained for twelve epochs on rows of the third quarter. " * 40
    texts = {f"low: {name}": data.decode() for name, data in quiet.QUIET.items()}
    texts |= {"low: prose": low, "dense: sentences": people.notes(), "dense: json lines": people.json_lines(200)}
    texts |= {"dense: table as text": people.rows(200)}
    print(f"backend {engine._sieve.patterns.backend}\n{'':22}{'MB/s':>8}{'plain MB/s':>12}{'ratio':>8}")
    for name, text in texts.items():
        large, small = text * (SIZE // len(text) + 1), (text * (PLAIN // len(text) + 1))[:PLAIN]
        pieces = [small[i : i + CHUNK] for i in range(0, len(small), CHUNK)]
        ours = theirs = float("inf")
        for _ in range(RUNS):  # both lambdas run before the next text
            ours = min(ours, seconds(lambda: list(engine.search(large, Asked(rows)))) / len(large))
            theirs = min(
                theirs,
                seconds(lambda: [plain.analyze(one, presidio_engine.LANGUAGE) for one in pieces]) / len(small),
            )
        print(f"{name:22}{1e-6 / ours:8.1f}{1e-6 / theirs:12.3f}{theirs / ours:8.0f}")
    cells = [f"cell {i} of a column" for i in range(CELLS)]
    joined = "\x1e".join(cells)
    ours = min(seconds(lambda: list(engine.search(joined, Asked(rows)))) / CELLS for _ in range(RUNS))
    theirs = seconds(lambda: [plain.analyze(one, presidio_engine.LANGUAGE) for one in cells[:200]]) / 200
    print(f"{'cells of a table':22}{theirs / ours:28.0f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
