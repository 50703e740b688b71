"""An OPA server as the engine, through opa-python-client: gate asks it and never writes to it.

REST API and provenance: https://www.openpolicyagent.org/docs/rest-api
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from gate.adapters.calls import loopback, within
from gate.adapters.opa_wasm import RESULT_BYTES, encoded
from gate.core.canonical import canonical
from gate.core.errors import EngineError, UsageError
from gate.core.report import Json
from gate.core.text import printable

if TYPE_CHECKING:
    from gate.adapters.opa_http import Client

logger = logging.getLogger("gate")
_URL = re.compile(r"(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?/?")
_TOKEN = re.compile(r"(?=.{8,8192}$)[A-Za-z0-9._~+/-]+=*")
"""b64token of RFC 6750, section 2.1; fewer than 8 characters could stand in an answer by chance."""
_Body: TypeAlias = Mapping[str, Json]
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to connect, between two packets, and for all of one decision (names, TLS and both questions)."""

    connect: float = 3.0
    read: float = 5.0
    total: float = 10.0


class Server:
    """Lets a server evaluate the policy, and believes it only when it runs the bundle whose revision is `expected`.

    Nothing is imported or asked before the first evaluate(). close() ends the connection.

    `url` is https://HOST[:PORT], or http:// for this machine. `token` is sent as a bearer token. `ca` is a file of the
    certificates to trust (PEM) instead of the system's. Raises UsageError for a URL, token or file that is not such.
    """

    name = "opa"

    def __init__(
        self, url: str, *, expected: str, token: str = "", ca: str = "", patience: Patience | None = None
    ) -> None:
        self._tls, self._host, self._port = _place(url)
        if token and not _TOKEN.fullmatch(token):
            raise UsageError("--opa-token-file: must hold one bearer token (RFC 6750) of 8 characters or more")
        self._token, self._ca = token, _certificates(ca) if self._tls else ""
        if ca and not self._tls:
            raise UsageError("--opa-ca: is for https; --opa-url says http")
        self._expected, self._patience = expected, patience or Patience()
        self._client: Client | None = None
        self.digest: str | None = expected
        self.data_digest: str | None = None

    def evaluate(self, document: Mapping[str, Json]) -> Json:
        """The value of data.gate.decision.result for one document; raises EngineError.

        Before it, `digest` is the policy that is asked for; after it, the one that the server said it runs.
        `data_digest` is that of data.gate_site.config as the server held it right after the decision.
        """
        self.digest = self.data_digest = None
        asked = _as_read(document)
        client, server = self._connected(), str(self)
        try:
            decided, site = within(self._patience.total, lambda: _ask(client, asked, server), self._late)
        except EngineError:
            self.close()
            raise
        bundles = self._check(decided)
        if _bundles(site) != bundles:
            raise EngineError("digest-mismatch", f"{self} changed its bundles while it was asked")
        logger.info("decision %s of %s", printable(str(decided.get("decision_id", "without an id"))), self)
        self.data_digest = _digest(site["result"]) if "result" in site else None
        if "result" not in decided:
            raise EngineError("undefined", "the policy has no result for this document (unknown stage or schema?)")
        return decided["result"]

    def close(self) -> None:
        """End the connection; the next evaluate() makes a new one."""
        if self._client is not None:
            self._client.close_connection()
            self._client = None

    def _late(self) -> EngineError:
        return EngineError("timed-out", f"{self} gave no answer within {self._patience.total:g} s")

    def __str__(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host}:{self._port}"

    def _connected(self) -> Client:
        if self._client is None:
            try:
                from gate.adapters.opa_http import Client
            except ImportError as error:
                raise EngineError("unavailable", f"opa-python-client cannot be used: {error}") from error
            seconds = (self._patience.connect, self._patience.read)
            place = (self._host, self._port)
            self._client = Client(place, ca=self._ca, token=self._token, seconds=seconds, most=RESULT_BYTES)
        return self._client

    def _check(self, answer: _Body) -> Mapping[str, str]:
        """The bundles behind an answer; EngineError unless one of them is the policy that was expected."""
        bundles = _bundles(answer)
        if self._expected not in bundles.values():
            loaded = ", ".join(sorted(set(bundles.values()))) or "no bundle that states a revision"
            if len(known := [revision for revision in bundles.values() if _DIGEST.fullmatch(revision)]) == 1:
                self.digest = known[0]
            raise EngineError("digest-mismatch", f"{self} runs {printable(loaded, 200)}, not policy {self._expected}")
        self.digest = self._expected
        return bundles


def _as_read(document: Mapping[str, Json]) -> Json:
    """What the embedded engine reads, for example in place of lone surrogates."""
    try:
        value: Json = json.loads(encoded(document))
    except RecursionError:
        raise EngineError("over-cap", "the policy document is nested too deeply") from None
    return value


def _digest(value: Json) -> str:
    try:
        return hashlib.sha256(canonical(value)).hexdigest()
    except ValueError as error:
        raise EngineError("bad-result", f"data.gate_site.config is {error}") from error


def _ask(client: Client, document: Json, server: str) -> tuple[_Body, _Body]:
    """Both answers whole: the decision, and the organisation's data; raises EngineError."""
    from gate.adapters.opa_http import translated

    options = {"provenance": "true"}
    with translated(server):
        decided = client.query_rule(document, "gate.decision", "result", options)
        return _body(decided), _body(client.query_rule({}, "gate_site", "config", options))


def _body(answer: Json) -> _Body:
    if not isinstance(answer, Mapping):
        raise EngineError("bad-result", "the server's answer is not a JSON object")
    return answer


def _bundles(answer: _Body) -> Mapping[str, str]:
    """Revisions by the name of the bundle, as `?provenance=true` reports them: {"bundles": {NAME: {"revision": R}}}."""
    if not answer:
        raise EngineError("undefined", "the server has no result, and does not say which policy it runs")
    provenance = answer.get("provenance")
    bundles = provenance.get("bundles", {}) if isinstance(provenance, Mapping) else None
    if not isinstance(bundles, Mapping):
        raise EngineError("digest-mismatch", "the server does not say which policy it runs")
    found = {name: row.get("revision") for name, row in bundles.items() if isinstance(row, Mapping)}
    return {name: revision for name, revision in found.items() if isinstance(revision, str) and revision}


def _place(url: str) -> tuple[bool, str, int]:
    """Whether by TLS, the host and the port; no part of a refused URL is quoted, since it may hold a password."""
    found = _URL.fullmatch(url)
    if found is None:
        raise UsageError("--opa-url: must be https://HOST[:PORT], without user, path and query")
    scheme, host = found[1], found[2]
    port = int(found[3] or {"https": 443, "http": 80}[scheme])
    if not 0 < port < 2**16:
        raise UsageError(f"--opa-url: there is no port {port}")
    if scheme == "http" and not loopback(host):
        raise UsageError(f"--opa-url: http is for this machine only; use https for {host}")
    return scheme == "https", host, port


def _certificates(ca: str) -> str:
    """The file or folder of certificates to trust: the given one, else what OpenSSL was built with."""
    if ca:
        try:
            ssl.create_default_context(cafile=ca)
        except (OSError, ValueError) as error:  # SSLError is an OSError
            raise UsageError(f"--opa-ca {ca}: holds no certificates (PEM) that can be read") from error
        return ca
    system = ssl.get_default_verify_paths()
    found = system.cafile or system.capath
    if not found:
        raise UsageError("this system has no certificates of its own; give those to trust with --opa-ca")
    return found
