"""gate db serve."""

from __future__ import annotations

from typing import Annotated

import typer

from gate.cli.db_move import Path


def serve(
    db: Path = "",
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="0: any that is free.")] = 8998,
    expose: Annotated[bool, typer.Option("--expose", help="Let other machines ask, without TLS.")] = False,
) -> None:
    """Answer as osv.dev does, from the data base: /v1/query, /v1/querybatch and /v1/vulns/ID; until interrupted.

    pip-audit -s osv --osv-url http://127.0.0.1:8998/v1/query asks it.
    """
    from gate.advisories.server import Server, refuse_remote
    from gate.cli import db_told, emit
    from gate.core.errors import NotExamined

    refuse_remote(host, expose=expose)
    try:
        server = Server(db_told.place(db), host, port)
    except NotExamined as error:
        db_told.warn(f"{error}; run `gate db update` or `gate db import`")
        raise typer.Exit(3) from error
    try:
        emit.write_stdout(f"{server.url}/v1/query\n")
        server.serve_forever()
    except KeyboardInterrupt:
        pass  # the way to end it
    finally:
        server.server_close()
