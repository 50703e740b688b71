"""Trust: who may sign what."""

from __future__ import annotations

from dataclasses import dataclass

from gate.adapters.keys import PublicKey

ANY = "*"
ROLES = ("model", "verifier", "approver", "evidence", "revoker")
"""What a signer may do: sign archives, sign verdicts, approve, sign evidence, revoke."""


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """Authorities and logs of one Sigstore; `sha256` is that of `data`, a trusted_root.json."""

    name: str
    sha256: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who may sign; times are RFC 3339 in UTC with a trailing Z, so they compare as text, "" for none.

    `stages` and `environments` are names or ANY. What was signed at or after `revoked` does not count.
    """

    name: str
    roles: tuple[str, ...] = ("model",)
    stages: tuple[str, ...] = (ANY,)
    environments: tuple[str, ...] = (ANY,)
    not_before: str = ""
    not_after: str = ""
    revoked: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """A signer who is known by a public key; `sha256` is that of the PEM file."""

    signer: Signer
    public: PublicKey
    sha256: str


@dataclass(frozen=True, slots=True)
class GitHub:
    """A workflow file of one repository on GitHub, at a git reference (a glob: fnmatch, case-sensitive)."""

    repository: str
    workflow: str
    ref: str = ANY


@dataclass(frozen=True, slots=True)
class Identity:
    """A signer whom an OpenID Connect issuer vouches for: exactly one of the last three says which of its identities.

    `identity` is the whole subject alternative name, `matches` a regular expression for the whole of it.
    """

    signer: Signer
    issuer: str
    identity: str = ""
    matches: str = ""
    github: GitHub | None = None


@dataclass(frozen=True, slots=True)
class Verifier:
    """A verifier id under which only these signers may issue verdicts."""

    id: str
    signers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust.yaml; `digest` is the sha256 of the file that it was read from."""

    digest: str
    roots: tuple[TrustedRoot, ...] = ()
    keys: tuple[Key, ...] = ()
    identities: tuple[Identity, ...] = ()
    verifiers: tuple[Verifier, ...] = ()
