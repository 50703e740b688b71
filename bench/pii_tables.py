"""What a cell of a table costs beside a call of Presidio: python bench/pii_tables.py

Prints the processor time of a cell for SQLite and CSV, and for Parquet with the extra, the child process included, as a
ratio to plain Presidio's analyze() on single cells (the least of three interleaved runs).
"""

from __future__ import annotations

import importlib.util
import os
import random
import resource
import sys
from collections.abc import Callable
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench._measure import quiet
from fixtures.pii import tables
from gate.adapters.personal import read_personal
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.limits import Limits

ROWS = 200_000
COLUMNS = 5
PLAIN = 300
WORDS = ("alpha", "beta", "gamma", "delta", "omega", "sigma")


def grid() -> list[list[str]]:
    """Texts of customers, few of which are personal."""
    draw = random.Random(9)
    rows = [["city", "segment", "comment", "sku", "name"]]
    for i in range(ROWS):
        comment = " ".join(draw.choice(WORDS) for _ in range(6)) + (f" user{i}@example.org" if i % 1000 == 0 else "")
        sku = f"{draw.choice(WORDS).upper()[:3]}-{draw.randrange(15_000):06}"
        rows.append([draw.choice(("Ulm", "Bonn")), f"s{draw.randrange(40)}", comment, sku, f"Ann {draw.choice(WORDS)}"])
    return rows


def parquet(rows: list[list[str]]) -> bytes:
    """The same as one row group."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet as writer  # noqa: PLC0415

    out = pa.BufferOutputStream()
    writer.write_table(pa.table({name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}), out)
    return bytes(out.getvalue())


def presidio() -> Any:
    """AnalyzerEngine with its own recognizers for English, without a model and offline."""
    import tldextract  # noqa: PLC0415
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import NoOpNlpEngine  # noqa: PLC0415
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer  # noqa: PLC0415

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    nlp = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}])
    nlp.load()
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    registry.recognizers = [row for row in registry.recognizers if not isinstance(row, SpacyRecognizer)]
    return AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])


def search(data: bytes) -> None:
    """One member."""
    budget = Budget(Limits())
    budget.admit(len(data))
    read_personal(Memory(data, budget))


def spent() -> float:
    """Seconds of processor time of this process and those that it waited for."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def timed(work: Callable[[], None]) -> float:
    before = spent()
    work()
    return spent() - before


def main() -> None:
    """Measure and print."""
    rows = grid()
    data = {"CSV": "".join(",".join(row) + "\n" for row in rows).encode(), "SQLite": tables.sqlite(rows)}
    if importlib.util.find_spec("pyarrow"):
        data["Parquet"] = parquet(rows)
    draw = random.Random(1)
    cells = [draw.choice(draw.choice(rows)) for _ in range(PLAIN)]
    engine = presidio()

    def plain() -> None:
        for cell in cells:
            engine.analyze(cell, "en")

    best: dict[str, float] = {}
    plain()
    for _ in range(3):
        for name, work, count in (
            ("Presidio", plain, PLAIN),
            *((name, lambda raw=raw: search(raw), ROWS * COLUMNS) for name, raw in data.items()),
        ):
            best[name] = min(best.get(name, 1e9), timed(work) / count)
    print(f"Presidio's analyze(): {best['Presidio'] * 1e6:.0f} us a cell")
    for name in data:
        ratio = best["Presidio"] / best[name]
        print(f"{name}: {best[name] * 1e6:.2f} us a cell (10^6 cells: that many seconds), {ratio:.0f} times faster")
    print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB in this process")


if __name__ == "__main__":
    quiet()
    main()
