"""What `gate db` says about a data base, and where it looks for one."""

from __future__ import annotations

import datetime as dt
import sys

from gate.advisories import place as places
from gate.advisories.database import About
from gate.core.errors import UsageError
from gate.core.text import printable


def place(db: str) -> str:
    """The path of the data base; UsageError where nobody says one."""
    path = db or places.default()
    if not path:
        raise UsageError("there is no home folder that could hold the data base; give --db PATH or set GATE_DB")
    return path


def warn(*lines: str) -> None:
    """Lines on standard error."""
    for line in lines:
        print(f"gate: {printable(line, 2000)}", file=sys.stderr)


def document(path: str, about: About, before: About | None, now: float) -> dict[str, object]:
    """What `-f json` prints."""
    return {
        "path": path,
        "state": "ready",
        "digest": {"sha256": about.digest},
        "data_time": about.data_time,
        "data_age_hours": _hours(about.data_time, now),
        "fetched": about.fetched,
        "fetched_age_hours": _hours(about.fetched, now),
        "records": about.records,
        "refused": about.refused,
        "withdrawn": about.withdrawn,
        "packages": about.packages,
        "kinds": dict(about.kinds),
        "source": about.source,
        "url": about.url,
        "signer": about.signer,
        "label": about.label,
        "previous": before
        and {"digest": {"sha256": before.digest}, "data_time": before.data_time, "records": before.records},
    }


def text(path: str, about: About, now: float, before: About | None = None) -> str:
    """What is printed for people, one line a fact."""
    kinds = ", ".join(f"{number} {name}" for name, number in about.kinds)
    lines = [
        ("data base", printable(path)),
        ("digest", f"sha256:{about.digest}"),
        ("newest record", f"{about.data_time}, {_age(about.data_time, now)} ago"),
        ("fetched", f"{about.fetched}, {_age(about.fetched, now)} ago"),
        ("records", f"{about.records} ({kinds}) about {about.packages} packages"),
    ]
    if about.url:
        lines.append(("from", about.url))
    if about.signer:
        lines.append(("signed by", about.signer))
    if about.refused:
        lines.append(("refused", f"{about.refused} records of the feed could not be read"))
    if before:
        lines.append(("before it", f"sha256:{before.digest}, newest record {before.data_time}; `gate db rollback`"))
    if about.label:
        lines.insert(0, ("WARNING", about.label))
    return "".join(f"{name:13}  {said}\n" for name, said in lines)


def _hours(stamp: str, now: float) -> int:
    return int((now - dt.datetime.fromisoformat(stamp).timestamp()) // 3600)


def _age(stamp: str, now: float) -> str:
    hours = max(_hours(stamp, now), 0)
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"
