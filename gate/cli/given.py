"""What the user gives a scan besides the archive: read once, and recorded by digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence

from gate.cli.chosen import recorded_choice
from gate.cli.files import SMALL, read_file, refuse_inside
from gate.cli.trust_file import trust_file
from gate.core.attachment import Attachment
from gate.core.errors import FormatError, NotExamined, UsageError
from gate.core.limits import Limits
from gate.core.report import Json
from gate.declared.expected import DIR_HASH, Expectation, expectation
from gate.formats.allowed import Allowed, read_allowed
from gate.formats.personal_choice import SHIPPED, Choice
from gate.inspectors import Inputs
from gate.targets.profile import Profile

KEY_BYTES = 32
"""RFC 2104, section 3: a key of HMAC shorter than the digest weakens it."""


def given(
    targets: Sequence[str],
    limits: Limits,
    *,
    db: str,
    profiles: Sequence[str],
    trust: str,
    signatures: Sequence[str],
    pii_allow: str,
    mask_key: str,
    effective_time: str,
    personal: Choice = SHIPPED,
) -> tuple[Inputs, dict[str, Json]]:
    """The inputs of the inspectors, and what the decision records about them.

    Raises UsageError for a file that is missing, malformed, or inside a target.
    """
    refuse_inside(targets, (db, trust, pii_allow, mask_key, *profiles))
    advisories, about = _advisories(db)
    read = tuple(_profile(file) for file in profiles)
    _unique(read)
    trusted = trust_file(targets, trust) if trust else None
    attached = attachments(signatures, limits)
    recorded: dict[str, Json] = {
        "advisories": about,
        "profiles": [{"name": profile.name, "digest": {"sha256": profile.digest}} for profile in read],
        "trust": {"digest": {"sha256": trusted.digest}} if trusted else None,
        **({"mask_key": True} if mask_key else {}),
        **recorded_choice(personal),
    }
    key = _mask_key(mask_key) if mask_key else b""
    allowed = None
    if pii_allow:
        allowed, digest = _allowed(pii_allow, key)
        recorded["pii_allow"] = {"digest": {"sha256": digest}}
    made = Inputs(effective_time, advisories, read, trusted, attached, None, allowed, key, personal)
    return made, recorded


def _allowed(file: str, key: bytes) -> tuple[Allowed, str]:
    """The values that may be there, and the digest of their list."""
    data = read_file(file, "--pii-allow", SMALL)
    try:
        return read_allowed(data, key), hashlib.sha256(data).hexdigest()
    except FormatError as error:
        raise UsageError(f"--pii-allow {file}: {error}") from None


def _mask_key(file: str) -> bytes:
    """The secret of the keyed hashes. That there is one is recorded, not its digest: a weak one could be guessed."""
    key = read_file(file, "--mask-key", SMALL)
    if len(key) < KEY_BYTES:
        raise UsageError(
            f"--mask-key {file}: has fewer than {KEY_BYTES} bytes; make one with `openssl rand {KEY_BYTES}`"
        )
    return key


def attachments(files: Sequence[str], limits: Limits) -> tuple[Attachment, ...]:
    """The files of --signature; UsageError for one that cannot be read."""
    return tuple(
        Attachment(os.path.basename(file), read_file(file, "--signature", limits.signature_bytes)) for file in files
    )


def expectations(targets: Sequence[str], digests: Sequence[str]) -> tuple[Expectation, ...]:
    """What --expect-digest says of each target, nothing where it is not given.

    UsageError for a digest that is none, that its target cannot have, or that belongs to no target.
    """
    option = "--expect-digest"
    if digests and len(digests) != len(targets):
        raise UsageError(f"{option}: {len(digests)} digests for {len(targets)} targets; give one for each, in order")
    expected = tuple(expectation(text, option) for text in digests)
    for target, (algorithm, _) in zip(targets, expected, strict=False):
        folder = target != "-" and os.path.isdir(target)
        if folder and algorithm not in ("sha256", DIR_HASH):
            raise UsageError(f"{option} {algorithm}: a folder has a {DIR_HASH} only; write it as {DIR_HASH}:HEX")
        if not folder and algorithm == DIR_HASH:
            raise UsageError(f"{option} {algorithm}: {target} is no folder; write its digest as sha256:HEX")
    return expected


def _advisories(db: str) -> tuple[str | None, Json]:
    """The path of the data base, and what is in it; one that cannot be read is left to the inspector to complain of."""
    from gate.advisories.database import open_database
    from gate.advisories.place import default

    if db and not os.path.isfile(db):
        raise UsageError(f"--db {db}: no such file; make it with `gate db import`")
    path = db or default()
    if not path or not os.path.exists(path):
        return None, {}
    try:
        with open_database(path) as database:
            about = database.about
    except NotExamined:
        return path, {}
    return path, {
        "digest": {"sha256": about.digest},
        "data_time": about.data_time,
        "fetched": about.fetched,
        "label": about.label,
    }


def _profile(file: str) -> Profile:
    from gate.targets.profile import read_profile

    return read_profile(read_file(file, "--profile", SMALL), file)


def _unique(profiles: Iterable[Profile]) -> None:
    names: set[str] = set()
    for profile in profiles:
        if profile.name in names:
            raise UsageError(f"--profile: two profiles are called {profile.name}; findings could not tell them apart")
        names.add(profile.name)
