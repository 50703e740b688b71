"""A data base of advisories in one file, to be carried to where there is no network, and who vouches for it.

A zip of two members, neither compressed again:

    advisories.sigstore.json   the statement below in a DSSE envelope in a Sigstore bundle; or, where nobody signed,
    advisories.statement.json  the statement alone
    advisories.zip             the records in the layout of OSV's all.zip, which any other tool reads as well

    {"_type": "https://in-toto.io/Statement/v1",
     "subject": [{"name": "advisories.zip", "digest": {"sha256": "..."}}],
     "predicateType": "<base>/advisories/v1",
     "predicate": {"source": "all.zip", "url": "https://...", "label": "", "fetched": "2026-11-20T08:00:00Z",
                   "dataTime": "2026-11-20T07:30:00Z", "records": 25000, "tool": {"name": "gate", "version": "..."}}}

Records and not the file of SQLite travel, so that gates of different versions understand each other. A signer needs the
role `evidence`. When the feed was fetched is what the statement says: carrying it does not make it younger.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from gate import __version__
from gate.adapters.signer import Signer
from gate.advisories.database import Database
from gate.advisories.feed import LIMITS
from gate.advisories.importing import Origin
from gate.archive import zip
from gate.archive.budget import Budget
from gate.archive.member import Entry, Remark
from gate.archive.source import BLOCK, Source, Window
from gate.attest.envelope import bundle, sign
from gate.attest.uris import BASE
from gate.core.canonical import canonical
from gate.core.errors import FormatError, NotExamined, UsageError
from gate.core.report import Json
from gate.core.waivers import INSTANT
from gate.formats.dsse import STATEMENT, Envelope, Statement, statement
from gate.formats.sigstore_bundle import Bundle, signature
from gate.trust.reasons import TEXT, Status
from gate.trust.verify import Artifact, Verification
from gate.trust.words import Trust

ADVISORIES = f"{BASE}/advisories/v1"
ROLE = "evidence"
RECORDS, SIGNED, UNSIGNED = "advisories.zip", "advisories.sigstore.json", "advisories.statement.json"
_STATEMENT_BYTES = 2**20
_THEN = (1980, 1, 1, 0, 0, 0)
"""The time of every member: equal data bases give equal files."""


def write(database: Database, into: IO[bytes], signer: Signer | None) -> None:
    """Write the data base as a bundle; NotExamined where it is damaged, OSError where the disk is full."""
    with tempfile.TemporaryFile() as records:
        with zipfile.ZipFile(records, "w", zipfile.ZIP_DEFLATED) as inner:
            for own, text in database.records():
                inner.writestr(_member(f"{own}.json", zipfile.ZIP_DEFLATED), text)
        records.seek(0)
        said = _statement(database, hashlib.file_digest(records, "sha256").hexdigest())
        with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as outer:
            if signer is None:
                outer.writestr(_member(UNSIGNED, zipfile.ZIP_STORED), said)
            else:
                outer.writestr(_member(SIGNED, zipfile.ZIP_STORED), bundle(sign(said, signer), signer))
            records.seek(0)
            with outer.open(_member(RECORDS, zipfile.ZIP_STORED), "w", force_zip64=True) as member:
                while block := records.read(BLOCK):
                    member.write(block)


def _member(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _THEN)
    info.compress_type, info.external_attr = method, 0o644 << 16
    return info


def _statement(database: Database, digest: str) -> bytes:
    facts = database.facts
    predicate: dict[str, Json] = {
        "source": facts.source,
        "url": facts.url,
        "label": facts.label,
        "fetched": facts.fetched,
        "dataTime": facts.data_time,
        "records": facts.records,
        "tool": {"name": "gate", "version": __version__},
    }
    subject: list[Json] = [{"name": RECORDS, "digest": {"sha256": digest}}]
    return canonical({"_type": STATEMENT, "subject": subject, "predicateType": ADVISORIES, "predicate": predicate})


# -- the way in -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Carried:
    """What a bundle holds: the records as a file, and where they are from; without a signer where nobody signed."""

    path: str
    origin: Origin


def is_bundle(path: str) -> bool:
    """Whether a file is such a bundle, by its first member; anything else, and what is not there, is none."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a named pipe would wait for whoever writes into it
            return False
        with open(path, "rb") as file:
            head = file.read(30 + len(SIGNED) + len(UNSIGNED))
    except OSError:
        return False
    return head.startswith(b"PK\x03\x04") and head[30:].startswith((SIGNED.encode(), UNSIGNED.encode()))


@contextmanager
def opened(path: str, trust: Trust | None, now: str, *, unsigned: bool = False) -> Iterator[Carried]:
    """The records of a bundle that somebody vouches for whom `trust` knows, in a temporary file; `now` is RFC 3339.

    1. exactly two members, the statement within bounds; 2. the records are copied, and their digest taken from the very
    bytes that were; 3. the signature is one of the statement by a signer with the role, now; 4. the statement is about
    that digest. Nothing of the records is parsed before. With `unsigned` 3. is left out, for signed ones as well when
    there is no trust file. UsageError says what does not hold.
    """
    with open(path, "rb") as file, tempfile.NamedTemporaryFile(prefix="gate-") as copy:
        try:
            said, digest, name = _unpacked(file, copy.file)
            found, signer = _vouched(said, name, digest, trust, now, unsigned=unsigned)
            origin = _origin(found.predicate, signer)
        except NotExamined as error:
            raise UsageError(f"{path}: {error}") from error
        yield Carried(copy.name, origin)


def _unpacked(file: IO[bytes], copy: IO[bytes]) -> tuple[bytes, str, str]:
    """The statement, the digest of the records, which are in `copy` then, and the name of the statement's member."""
    size = os.fstat(file.fileno()).st_size
    budget = Budget(LIMITS)
    members: dict[str, Source] = {}
    for entry in zip.entries(Window(file.fileno(), 0, size, budget)):
        if isinstance(entry, Remark):
            raise FormatError("a bundle that gate did not write: bytes that belong to no member")
        budget.member()
        name = entry.name.decode("ascii", "replace")
        if name not in (SIGNED, UNSIGNED, RECORDS) or name in members:
            raise FormatError("a bundle that gate did not write: it holds something else")
        members[name] = _window(entry)
    statements = [name for name in members if name != RECORDS]
    if RECORDS not in members or len(statements) != 1:
        raise FormatError("a bundle needs the records and one statement")
    said, records, digest = members[statements[0]], members[RECORDS], hashlib.sha256()
    if said.size > _STATEMENT_BYTES:
        raise FormatError(f"its statement has more than {_STATEMENT_BYTES} bytes")
    for at in range(0, records.size, BLOCK):
        block = records.read_at(at, BLOCK)
        digest.update(block)
        copy.write(block)
    copy.flush()
    return said.read_at(0, said.size), digest.hexdigest(), statements[0]


def _window(entry: Entry) -> Source:
    if entry.prepare is not None:
        entry.prepare(entry)
    if entry.refusal is not None or entry.window is None:
        raise FormatError("a bundle that gate did not write: a member is compressed or cannot be read")
    return entry.window


def _vouched(
    said: bytes, name: str, digest: str, trust: Trust | None, now: str, *, unsigned: bool
) -> tuple[Statement, str]:
    """What is said about the records, and who says so; FormatError when nobody may."""
    if name == UNSIGNED or (trust is None and unsigned):
        if not unsigned:
            raise FormatError("nobody signed it; --allow-unsigned takes it nevertheless")
        found = statement(said if name == UNSIGNED else _payload(said))
        if (("sha256", digest),) not in found.subjects:
            raise FormatError("its statement is about other records")
        signer = ""
    else:
        if trust is None:
            raise FormatError("is signed; --trust FILE says whose signature counts")
        outcome = Verification(trust, now, ROLE).verify(signature(said), Artifact({"sha256": digest}))
        if outcome.status is not Status.VERIFIED or outcome.statement is None:
            raise FormatError(f"its signature does not count: {TEXT.get(outcome.reason, 'it is none of a statement')}")
        found, signer = outcome.statement, outcome.signers[0].name
    if found.predicate_type != ADVISORIES:
        raise FormatError("what is signed is not about advisories")
    return found, signer


def _payload(said: bytes) -> bytes:
    signed = signature(said)
    content = signed.content if isinstance(signed, Bundle) else signed
    if not isinstance(content, Envelope):
        raise FormatError("its signature is none of a statement")
    return content.payload


def _origin(predicate: Mapping[str, Json], signer: str) -> Origin:
    """Where the records are from, as the statement has it."""
    texts = {name: predicate.get(name) for name in ("source", "url", "label", "fetched")}
    if not all(isinstance(value, str) for value in texts.values()):
        raise FormatError("its statement does not say where the records are from")
    fetched = str(texts["fetched"])
    if not INSTANT.fullmatch(fetched):
        raise FormatError("its statement does not say when they were fetched")
    try:
        at = datetime.fromisoformat(fetched).timestamp()
    except (ValueError, OverflowError):
        raise FormatError("its statement does not say when they were fetched") from None
    return Origin(at, str(texts["source"]), str(texts["label"]), str(texts["url"]), signer=signer)
