"""Who made a signature: identities and keys of the trust file, and whether they were trusted for it then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from gate.adapters.fulcio import Claims
from gate.trust.words import GitHub, Identity, Signer, Trust

_LONGEST = 2048
"""Characters of an identity; those of GitHub have about 150."""
_GITHUB = "https://github.com/"
_FOREIGN_CODE = ("pull_request", "pull_request_target")
"""Events of builds that may run what somebody proposed."""


def identified(claims: Claims, trust: Trust) -> Iterator[Signer]:
    """The signers of the trust file that this certificate names, in their order."""
    for identity in trust.identities:
        if identity.issuer == claims.issuer and _is(identity, claims):
            yield identity.signer


def _is(identity: Identity, claims: Claims) -> bool:
    """Equal character by character: no case folding, no Unicode normalisation, no search inside of a longer string."""
    if len(claims.identity) > _LONGEST:
        return False
    if identity.github is not None:
        return _is_workflow(identity.github, claims)
    if identity.matches:
        return re.fullmatch(identity.matches, claims.identity) is not None
    return identity.identity == claims.identity


def _is_workflow(github: GitHub, claims: Claims) -> bool:
    """The repository's own workflow, built for that repository.

    The subject alternative name is the workflow that was *called*, which another repository may do, so the source
    repository must be the same. Builds of pull requests never count.
    https://docs.github.com/en/actions/reference/security/oidc
    """
    source = f"{_GITHUB}{github.repository}"
    start = f"{source}/.github/workflows/{github.workflow}@"
    return (
        claims.repository == source
        and claims.trigger not in _FOREIGN_CODE
        and claims.identity.startswith(start)
        and fnmatchcase(claims.identity.removeprefix(start), github.ref)
    )


def refusal(signer: Signer, role: str, times: tuple[str, ...], now: str) -> str:
    """Why a signature of this signer does not count, "" when it does.

    `times` are when it was seen; without any it is as old as `now`, because nobody can say that it is older. All of
    these are RFC 3339 in UTC.
    """
    if role not in signer.roles:
        return "role"
    moments = times or ((now,) if now else ())
    if not moments:
        return "no-clock" if signer.not_before or signer.not_after or signer.revoked else ""
    if signer.not_before and min(moments) < signer.not_before:
        return "not-yet"
    if signer.revoked and max(moments) >= signer.revoked:
        return "revoked"
    if signer.not_after and max(moments) >= signer.not_after:
        return "no-longer"
    return ""
