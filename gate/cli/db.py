"""gate db: the data base of advisories."""

from __future__ import annotations

from typing import Annotated

import typer

from gate.cli import db_move, db_serve

app = typer.Typer(help="The data base of public advisories.", no_args_is_help=True, rich_markup_mode=None)

_Path = db_move.Path


app.command("update")(db_move.update)
app.command("import")(db_move.import_)
app.command("export")(db_move.export)


@app.command("status")
def status(
    db: _Path = "",
    format_: Annotated[str, typer.Option("-f", "--format", metavar="FORMAT", help="text or json.")] = "text",
) -> None:
    """Say which data base there is and how old it is; exit 3 when there is none that can be used."""
    import json
    import time

    from gate.advisories.database import open_database
    from gate.advisories.replacing import previous
    from gate.cli import db_told, emit
    from gate.core.errors import NotExamined, UsageError

    if format_ not in ("text", "json"):
        raise UsageError(f"-f {format_}: no such format; there are json, text")
    path = db_told.place(db)
    try:
        with open_database(path) as database:
            about = database.about
    except NotExamined as error:
        if format_ == "json":
            emit.write_stdout(json.dumps({"path": path, "state": "unavailable", "detail": str(error)}, indent=1) + "\n")
        db_told.warn(f"{error}; run `gate db update` or `gate db import`")
        raise typer.Exit(3) from error
    try:
        with open_database(previous(path)) as database:
            before = database.about
    except NotExamined:
        before = None
    now = time.time()
    emit.write_stdout(
        json.dumps(db_told.document(path, about, before, now), indent=1) + "\n"
        if format_ == "json"
        else db_told.text(path, about, now, before)
    )


@app.command("rollback")
def rollback(db: _Path = "") -> None:
    """Go back to the data base before the last import; the same again comes back to this one."""
    import time

    from gate.advisories.database import open_database
    from gate.advisories.replacing import restore
    from gate.cli import db_told, emit

    path = db_told.place(db)
    restore(path)
    with open_database(path) as database:
        emit.write_stdout(db_told.text(path, database.about, time.time()))


app.command("serve")(db_serve.serve)
