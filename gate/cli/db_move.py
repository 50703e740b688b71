"""gate db update, import and export: advisories in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gate.advisories.importing import Imported, Origin

Path = Annotated[
    str, typer.Option("--db", metavar="PATH", help="The data base; default: $GATE_DB, else in your data folder.")
]
_Force = Annotated[bool, typer.Option("--force", help="Even if it is older or much smaller than the old one.")]
_Trust = Annotated[str, typer.Option("--trust", metavar="FILE", help="Whose bundles count (trust.yaml).")]
_Unsigned = Annotated[bool, typer.Option("--allow-unsigned", help="Take a bundle that nobody vouches for.")]


def update(
    db: Path = "",
    url: Annotated[str, typer.Option(metavar="URL", help="An all.zip, or a bundle; default: OSV's for PyPI.")] = "",
    ca: Annotated[str, typer.Option(metavar="FILE", help="Certificates to trust instead of the system's (PEM).")] = "",
    proxy: Annotated[str, typer.Option(metavar="URL", help="The proxy; default: what HTTPS_PROXY says.")] = "",
    trust: _Trust = "",
    allow_unsigned: _Unsigned = False,
    force: _Force = False,
) -> None:
    """Fetch the advisories and make the data base of them; exit 3 when the server gives none.

    What the server says is unchanged is not fetched again.
    """
    import os
    import tempfile
    import time

    from gate.adapters.download import fetch, public
    from gate.advisories.database import open_database
    from gate.advisories.feed import default_url, utc
    from gate.advisories.importing import Origin
    from gate.advisories.replacing import renew
    from gate.cli import db_told, emit
    from gate.core.errors import NotExamined, ServiceFailed, UsageError

    url, path = url or default_url(), db_told.place(db)
    if ca and not os.path.exists(ca):
        raise UsageError(f"--ca {ca}: no such file")
    etag = last_modified = ""
    try:
        with open_database(path) as database:
            if database.facts.url == public(url) and not (force or trust):
                etag, last_modified = database.facts.etag, database.facts.last_modified
    except NotExamined:
        pass  # there is none yet, or it is to be replaced
    now = time.time()
    with tempfile.NamedTemporaryFile(prefix="gate-", suffix=".zip") as file:
        try:
            got = fetch(url, file.file, etag=etag, last_modified=last_modified, ca=ca, proxy=proxy)
        except ServiceFailed as error:
            db_told.warn(str(error))
            raise typer.Exit(3) from error
        file.flush()
        if got.unchanged:
            renew(path, utc(now), got.etag or etag, got.last_modified or last_modified)
            with open_database(path) as database:
                emit.write_stdout(db_told.text(path, database.about, now) + "unchanged\n")
            return
        origin = Origin(now, os.path.basename(public(url)), "", public(url), got.etag, got.last_modified)
        _tell(path, _bring([file.name], path, origin, trust, allow_unsigned, force))


def import_(
    feed: Annotated[
        list[str],
        typer.Argument(
            metavar="FEED...",
            help="An all.zip of OSV, a bundle, a folder of OSV records, or a checkout of GitHub's or PyPI's data base.",
        ),
    ],
    db: Path = "",
    trust: _Trust = "",
    allow_unsigned: _Unsigned = False,
    force: _Force = False,
) -> None:
    """Make the data base of advisories from a feed, or several; the old one stays until the new one is complete."""
    from gate.cli import db_told

    path = db_told.place(db)
    _tell(path, _bring(feed, path, None, trust, allow_unsigned, force))


def export(
    output: Annotated[str, typer.Option("-o", "--output", metavar="FILE", help="The bundle.")],
    db: Path = "",
    sign_key: Annotated[str, typer.Option(metavar="FILE", help="Private key (PEM) that vouches for it.")] = "",
    key_password_file: Annotated[str, typer.Option(metavar="FILE", help="Password of the key.")] = "",
) -> None:
    """Write the data base into one file, signed, to be imported where there is no network."""
    import os

    from gate.advisories.database import open_database
    from gate.advisories.replacing import put, scratch, sync, translated
    from gate.attest.advisory_bundle import write
    from gate.cli import db_told
    from gate.cli.signing import load
    from gate.core.errors import NotExamined, UsageError

    if key_password_file and not sign_key:
        raise UsageError("--key-password-file needs --sign-key")
    path = db_told.place(db)
    if os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
        raise UsageError(f"-o {output}: is the data base itself")
    signer = load(sign_key, key_password_file) if sign_key else None
    try:
        with open_database(path) as database, scratch(output) as file, translated(output):
            with open(file, "wb") as stream:
                write(database, stream, signer)
            sync(file)
            put(file, output, keep=False)
    except NotExamined as error:
        db_told.warn(str(error))
        raise typer.Exit(3) from error
    if signer is None:
        db_told.warn(f"{output} is not signed; who imports it must say --allow-unsigned")


def _bring(feeds: list[str], path: str, origin: Origin | None, trust: str, unsigned: bool, force: bool) -> Imported:
    """Import feeds, or the one bundle."""
    import time
    from dataclasses import replace

    from gate.advisories.importing import import_feed
    from gate.attest.advisory_bundle import is_bundle, opened
    from gate.cli.times import moment
    from gate.cli.trust_file import trust_file
    from gate.core.errors import UsageError

    bundles = [feed for feed in feeds if is_bundle(feed)]
    trusted = trust_file((), trust) if trust else None
    if not bundles:
        if trusted is not None:
            raise UsageError(f"{feeds[0]}: is no bundle that could be signed, and --trust asks for one")
        return import_feed(feeds, path, now=time.time(), origin=origin, force=force)
    if len(feeds) > 1:
        raise UsageError(f"{bundles[0]}: a bundle is imported alone")
    with opened(feeds[0], trusted, moment(""), unsigned=unsigned) as carried:
        found = carried.origin
        if origin is not None:  # how the server called it is for the next time; the rest the bundle knows better
            found = replace(found, url=origin.url, etag=origin.etag, last_modified=origin.last_modified)
        return import_feed(carried.path, path, now=time.time(), origin=found, force=force)


def _tell(path: str, done: Imported) -> None:
    import time

    from gate.cli import db_told, emit

    if done.about.refused:
        db_told.warn(f"{done.about.refused} records cannot be read and are not in it, as", *done.refused)
    left = f"; left out: {done.withdrawn} withdrawn, {done.elsewhere} about other ecosystems"
    emit.write_stdout(db_told.text(path, done.about, time.time()) + f"imported from {done.about.source}{left}\n")
