"""--trust: who may sign what, read from trust.yaml."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from gate.adapters import keys
from gate.core.errors import FormatError, NotExamined, UsageError
from gate.core.report import Json
from gate.formats.bounded import YAML_BYTES, parse_yaml
from gate.formats.dsse import json_object
from gate.trust.words import ANY, ROLES, GitHub, Identity, Key, Signer, Trust, TrustedRoot, Verifier

T = TypeVar("T")
Load = Callable[[str], bytes]
_ROWS = 1000
"""Entries of one list: every signature is tried against every key."""
_ROOT = "application/vnd.dev.sigstore.trustedroot"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")
_WORKFLOW = re.compile(r"[A-Za-z0-9._-]+\.ya?ml")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
"""RFC 3339, section 5.6."""
_SIGNER = ("roles", "stages", "environments", "not_before", "not_after", "revoked")


class _TrustError(Exception):
    """What is wrong, and the keys that lead there; each layer puts its own in front."""

    def __init__(self, what: str, *path: str) -> None:
        super().__init__(what)
        self.path = path


def read_trust(data: bytes, name: str, load: Load) -> Trust:
    """The trust of a YAML file called `name`; `load` gives the bytes of a file relative to it.

    docs/trust.md shows one, gate/trust/schema.json describes it. Raises UsageError with the path to the wrong value; an
    OSError of `load` becomes one as well.
    """
    try:
        return _trust(_parse(data), hashlib.sha256(data).hexdigest(), load)
    except _TrustError as error:
        raise UsageError(f"{' > '.join((name, *error.path))}: {error}") from None


def _parse(data: bytes) -> Json:
    if len(data) > YAML_BYTES:
        raise _TrustError(f"is larger than {YAML_BYTES} bytes")
    try:
        document = parse_yaml(data)
    except NotExamined as error:
        raise _TrustError(f"is not usable YAML: {error}") from error
    if document.repeated:
        raise _TrustError("stands twice in one mapping", document.repeated[0])
    return document.value


def _trust(value: Json, digest: str, load: Load) -> Trust:
    row = _mapping(value, ("version",), ("roots", "keys", "identities", "verifiers"))
    if row["version"] != 1 or isinstance(row["version"], bool):
        raise _TrustError("must be 1", "version")
    trust = Trust(
        digest,
        _rows(row, "roots", lambda item: _root(item, load)),
        _rows(row, "keys", lambda item: _key(item, load)),
        _rows(row, "identities", _identity),
        _rows(row, "verifiers", _verifier),
    )
    _check_signers(trust)
    return trust


# -- entries ----------------------------------------------------------------------------------------------------------


def trusted_root(name: str, data: bytes) -> TrustedRoot:
    """A Sigstore trusted root (trusted_root.json), of which only the kind is looked at yet; FormatError for another."""
    try:
        media = json_object(data).get("mediaType")
    except NotExamined as error:
        raise FormatError(f"is no Sigstore trusted root: {error}") from error
    if not isinstance(media, str) or not media.startswith(_ROOT):
        raise FormatError("is no Sigstore trusted root (trusted_root.json)")
    return TrustedRoot(name, hashlib.sha256(data).hexdigest(), data)


def _root(value: Json, load: Load) -> TrustedRoot:
    row = _mapping(value, ("name", "file"), ("sha256",))
    data = _file(row, load)
    try:
        return trusted_root(_name(row), data)
    except FormatError as error:
        raise _TrustError(str(error), "file") from error


def _key(value: Json, load: Load) -> Key:
    row = _mapping(value, ("name", "file"), ("sha256", *_SIGNER))
    data = _file(row, load)
    try:
        public = keys.read(data)
    except NotExamined as error:
        raise _TrustError(str(error), "file") from error
    return Key(_signer(row), public, hashlib.sha256(data).hexdigest())


def _identity(value: Json) -> Identity:
    kinds = ("identity", "matches", "github")
    row = _mapping(value, ("name", "issuer"), (*kinds, *_SIGNER))
    if sum(kind in row for kind in kinds) != 1:
        raise _TrustError(f"needs exactly one of {', '.join(kinds)}")
    return Identity(
        _signer(row),
        issuer=_text(row, "issuer"),
        identity=_text(row, "identity") if "identity" in row else "",
        matches=_pattern(row) if "matches" in row else "",
        github=_within("github", _github, row["github"]) if "github" in row else None,
    )


def _pattern(row: Mapping[str, Json]) -> str:
    pattern = _text(row, "matches")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise _TrustError(f"is not a regular expression: {error}", "matches") from error
    return pattern


def _github(value: Json) -> GitHub:
    row = _mapping(value, ("repository", "workflow"), ("ref",))
    repository, workflow = _text(row, "repository"), _text(row, "workflow")
    if not _REPOSITORY.fullmatch(repository):
        raise _TrustError("must be OWNER/NAME", "repository")
    if not _WORKFLOW.fullmatch(workflow):
        raise _TrustError("must be the name of a file in .github/workflows", "workflow")
    return GitHub(repository, workflow, _text(row, "ref") if "ref" in row else ANY)


def _verifier(value: Json) -> Verifier:
    row = _mapping(value, ("id", "signers"), ())
    return Verifier(_text(row, "id"), _names(row, "signers"))


def _signer(row: Mapping[str, Json]) -> Signer:
    roles = _names(row, "roles", ("model",))
    for role in roles:
        if role not in ROLES:
            raise _TrustError(f"{role} is no role; there are {', '.join(ROLES)}", "roles")
    if {"model", "verifier"} <= set(roles):
        # Who accepts a key for models accepts everything that it signs, a verdict FAILED as well.
        raise _TrustError("model and verifier must not be one signer: give verdicts a key of their own", "roles")
    times = {key: _time(row, key) for key in ("not_before", "not_after", "revoked")}
    if times["not_before"] and times["not_after"] and times["not_before"] >= times["not_after"]:
        raise _TrustError("must be after not_before", "not_after")
    return Signer(_name(row), roles, _names(row, "stages", (ANY,)), _names(row, "environments", (ANY,)), **times)


# -- across entries ---------------------------------------------------------------------------------------------------


def _check_signers(trust: Trust) -> None:
    """One name, key or identity is one signer, so that the rules about roles hold for everybody."""
    if not trust.keys and not trust.identities:
        raise _TrustError("names no signer: nothing could ever be trusted; give keys or identities")
    signers = [*(key.signer for key in trust.keys), *(identity.signer for identity in trust.identities)]
    _once("the name", [signer.name for signer in signers])
    _once("the key", [key.public.sha256 for key in trust.keys])
    _once("the identity", [replace(identity, signer=signers[0]) for identity in trust.identities])
    _once("the root", [root.name for root in trust.roots])
    _once("the verifier", [verifier.id for verifier in trust.verifiers])
    roles = {signer.name: signer.roles for signer in signers}
    for number, verifier in enumerate(trust.verifiers, 1):
        for name in verifier.signers:
            if "verifier" not in roles.get(name, ()):
                raise _TrustError(f"{name} is no signer with the role verifier", "verifiers", str(number), "signers")


def _once(what: str, values: Sequence[object]) -> None:
    for number, value in enumerate(values):
        if value in values[:number]:
            said = f" {value}" if isinstance(value, str) else ""
            raise _TrustError(f"{what}{said} stands twice")


# -- values -----------------------------------------------------------------------------------------------------------


def _rows(row: Mapping[str, Json], key: str, read: Callable[[Json], T]) -> tuple[T, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or len(value) > _ROWS:
        raise _TrustError(f"must be a list of at most {_ROWS}", key)
    return tuple(_within(key, partial(_within, str(number), read), item) for number, item in enumerate(value, 1))


def _within(key: str, read: Callable[[Json], T], value: Json) -> T:
    try:
        return read(value)
    except _TrustError as error:
        raise _TrustError(str(error), key, *error.path) from error


def _mapping(value: Json, needed: tuple[str, ...], optional: tuple[str, ...]) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise _TrustError("must be a mapping")
    for key in value:
        if key not in needed and key not in optional:
            raise _TrustError(f"is unknown; known: {', '.join((*needed, *optional))}", str(key))
    for key in needed:
        if key not in value:
            raise _TrustError("is missing", key)
    return value


def _text(row: Mapping[str, Json], key: str) -> str:
    value = row[key]
    if not isinstance(value, str) or not value.strip():
        raise _TrustError("must be text that is not empty (in quotes, if it looks like a number)", key)
    return value


def _name(row: Mapping[str, Json]) -> str:
    name = _text(row, "name")
    if not _NAME.fullmatch(name):
        raise _TrustError("must be of letters, digits and . _ @ - (at most 100)", "name")
    return name


def _names(row: Mapping[str, Json], key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    value = row.get(key, list(default))
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise _TrustError("must be a list of names that is not empty", key)
    return tuple(dict.fromkeys(str(item) for item in value))


def _time(row: Mapping[str, Json], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        pass
    raise _TrustError("must be an RFC 3339 time with a zone, as 2026-11-21T10:00:00Z", key)


def _file(row: Mapping[str, Json], load: Load) -> bytes:
    name = _text(row, "file")
    try:
        data = load(name)
    except OSError as error:
        raise _TrustError(f"{name} cannot be read: {error.strerror}", "file") from error
    if "sha256" in row:
        expected = _text(row, "sha256")
        if not _SHA256.fullmatch(expected):
            raise _TrustError("must be 64 lower-case hex digits", "sha256")
        if expected != hashlib.sha256(data).hexdigest():
            raise _TrustError(f"is not that of {name}, which has {hashlib.sha256(data).hexdigest()}", "sha256")
    return data
