"""gate db."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gate.advisories.database import About

app = typer.Typer(help="The data base of public advisories.", no_args_is_help=True, rich_markup_mode=None)

_Path = Annotated[
    str, typer.Option("--db", metavar="PATH", help="The data base; default: $GATE_DB, else in your data folder.")
]


@app.command("import")
def import_(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="An all.zip of OSV, or a folder of OSV records (JSON).")],
    db: _Path = "",
    force: Annotated[
        bool, typer.Option("--force", help="Even if it is older or much smaller than the old one.")
    ] = False,
) -> None:
    """Make the data base of advisories from a feed; the old one stays until the new one is complete."""
    import time

    from gate.advisories.importing import import_feed
    from gate.cli import emit

    path = _place(db)
    done = import_feed(feed, path, now=time.time(), force=force)
    if done.about.refused:
        _warn(f"{done.about.refused} records cannot be read and are not in it, as", *done.refused)
    left = f"; left out: {done.withdrawn} withdrawn, {done.elsewhere} about other ecosystems"
    emit.write_stdout(_told(path, done.about, time.time()) + f"imported from {done.about.source}{left}\n")


@app.command("status")
def status(
    db: _Path = "",
    format_: Annotated[str, typer.Option("-f", "--format", metavar="FORMAT", help="text or json.")] = "text",
) -> None:
    """Say which data base there is and how old it is; exit 3 when there is none that can be used."""
    import json
    import time

    from gate.advisories.database import open_database
    from gate.cli import emit
    from gate.core.errors import NotExamined, UsageError

    if format_ not in ("text", "json"):
        raise UsageError(f"-f {format_}: no such format; there are json, text")
    path = _place(db)
    try:
        with open_database(path) as database:
            about = database.about
    except NotExamined as error:
        if format_ == "json":
            emit.write_stdout(json.dumps({"path": path, "state": "unavailable", "detail": str(error)}, indent=1) + "\n")
        _warn(f"{error}; run `gate db import`")
        raise typer.Exit(3) from error
    now = time.time()
    emit.write_stdout(
        json.dumps(_document(path, about, now), indent=1) + "\n" if format_ == "json" else _told(path, about, now)
    )


def _warn(*lines: str) -> None:
    import sys

    from gate.core.text import printable

    for line in lines:
        print(f"gate: {printable(line, 2000)}", file=sys.stderr)


def _place(db: str) -> str:
    from gate.advisories import place
    from gate.core.errors import UsageError

    path = db or place.default()
    if not path:
        raise UsageError("there is no home folder that could hold the data base; give --db PATH or set GATE_DB")
    return path


def _document(path: str, about: About, now: float) -> dict[str, object]:
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
        "packages": about.packages,
        "kinds": dict(about.kinds),
        "source": about.source,
        "label": about.label,
    }


def _told(path: str, about: About, now: float) -> str:
    from gate.core.text import printable

    kinds = ", ".join(f"{number} {name}" for name, number in about.kinds)
    lines = [
        ("data base", printable(path)),
        ("digest", f"sha256:{about.digest}"),
        ("newest record", f"{about.data_time}, {_age(about.data_time, now)} ago"),
        ("fetched", f"{about.fetched}, {_age(about.fetched, now)} ago"),
        ("records", f"{about.records} ({kinds}) about {about.packages} packages"),
    ]
    if about.refused:
        lines.append(("refused", f"{about.refused} records of the feed could not be read"))
    if about.label:
        lines.insert(0, ("WARNING", about.label))
    return "".join(f"{name:13}  {text}\n" for name, text in lines)


def _hours(stamp: str, now: float) -> int:
    import datetime as dt

    return int((now - dt.datetime.fromisoformat(stamp).timestamp()) // 3600)


def _age(stamp: str, now: float) -> str:
    hours = max(_hours(stamp, now), 0)
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"
