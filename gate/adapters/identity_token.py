"""Identity tokens (OpenID Connect) for Sigstore: got from the build that runs, or given; secret, and never shown.

https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gate.adapters.fulcio import Claims
from gate.core.errors import FormatError
from gate.core.report import Json

AUDIENCE = "sigstore"
URL, BEARER = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""Variables that GitHub gives to a job with the permission `id-token: write`."""
MOST = 16384
"""Characters; those of GitHub have about 2000."""
_PART = r"[A-Za-z0-9_-]+"
_TOKEN = re.compile(rf"{_PART}\.({_PART})\.{_PART}")
_NAMES = (
    "{email}",
    "{sub}",
    "https://github.com/{job_workflow_ref}",
    "https://{ci_config_ref_uri}",
    "https://buildkite.com/{organization_slug}/{pipeline_slug}",
)
"""What of a token becomes the name in a certificate: mail addresses, URIs, and builds of GitHub, GitLab and Buildkite.

https://github.com/sigstore/fulcio/blob/main/docs/oidc.md
"""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and what it says of itself without proof: who vouches (one of `issuers`), and for which names."""

    text: str = field(repr=False)
    issuers: tuple[str, ...]
    names: tuple[str, ...]

    def covers(self, claims: Claims) -> bool:
        """Whether a certificate with these claims is one for this token."""
        name, _, domain = claims.identity.partition("!")
        # Fulcio adds a domain to plain user names.
        user = bool(domain) and name in self.names and not re.search("[:/@]", name)
        return claims.issuer in self.issuers and (claims.identity in self.names or user)


def read_token(data: bytes) -> Token:
    """A JSON Web Token, as text; white space around it is not part of it. FormatError, which quotes none of it."""
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError:
        text = ""
    found = _TOKEN.fullmatch(text) if len(text) <= MOST else None
    if found is None:
        raise FormatError("is no identity token (JSON Web Token)")
    claims = _claims(found[1])
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise FormatError("is an identity token without issuer")
    audience = claims.get("aud")
    if AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        raise FormatError(f"is an identity token for another audience than {AUDIENCE}")
    return Token(text, tuple(dict.fromkeys((issuer, *_federated(claims)))), tuple(_names(claims)))


def _claims(part: str) -> Mapping[str, Json]:
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise FormatError("is no identity token (JSON Web Token)")
    return claims


def _federated(claims: Mapping[str, Json]) -> tuple[str, ...]:
    """The issuer behind an issuer that only passes on, as Sigstore's own does."""
    federated = claims.get("federated_claims")
    connector = federated.get("connector_id") if isinstance(federated, dict) else None
    return (connector,) if isinstance(connector, str) else ()


def _names(claims: Mapping[str, Json]) -> list[str]:
    texts = {name: value for name, value in claims.items() if isinstance(value, str) and value}
    found = []
    for template in _NAMES:
        try:
            found.append(template.format_map(texts))
        except KeyError:
            continue
    return found


def ambient(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Where this build gets its token, and by which secret; None where it gets none."""
    url, bearer = environment.get(URL, ""), environment.get(BEARER, "")
    return (url, bearer) if url and bearer else None


def fetch(url: str, bearer: str) -> Token:
    """Ask GitHub for a token. Raises ServiceFailed."""
    import requests

    from gate.adapters.service_http import Service

    denied = "give the job the permission `id-token: write`"
    service = Service("the token service of the build", remedies=dict.fromkeys((400, 401, 403), denied))
    with requests.Session() as session:
        service.attach(session)
        try:
            answer = session.get(url, params={"audience": AUDIENCE}, headers={"Authorization": f"bearer {bearer}"})
        except (requests.RequestException, ValueError):  # an address or a header that is none; its text quotes it
            raise service.failed("cannot be asked", f"{URL} or {BEARER} is malformed") from None
        document = answer.json()
    value = document.get("value") if isinstance(document, dict) else None
    try:
        return read_token(value.encode("utf-8", "replace") if isinstance(value, str) else b"")
    except FormatError as error:
        raise service.lied(f"what it gave {error}") from None
