"""How the services of a Sigstore are asked: one attempt, no proxy, no .netrc, no redirect, bounded in bytes and time.

sigstore-python leaves all of this to requests, without a time limit for the certificate authority and the log
(https://github.com/sigstore/sigstore-python/issues/1448). Nothing that a server says is passed on: those that see the
identity token could repeat it.
"""

from __future__ import annotations

import io
import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from gate.adapters.calls import loopback, within
from gate.adapters.web import cause, read
from gate.core.errors import ServiceFailed
from gate.core.text import printable

SECONDS = 30.0
"""For one answer, with names and TLS; the log answers once the entry is part of it, which may take 10 s or more.

https://github.com/sigstore/rekor-tiles/blob/main/CLIENTS.md#handling-longer-requests
"""
CONNECT = 5.0
"""Seconds to connect."""
MOST = 2**20
"""Bytes of an answer; certificates, entries and timestamps have less than 10 KiB."""
LATER = "try again later; `gate attest` signs a result that was saved with -f json"
_FOUND = (200, 201)


class Service(HTTPAdapter):
    """One service, by its name for people; `remedies` say what to do about a status.

    `read` takes a body and raises ValueError for one that is not of the form of its answers (default: JSON).
    """

    def __init__(
        self, name: str, read: Callable[[bytes], object] | None = None, remedies: Mapping[int, str] | None = None
    ) -> None:
        super().__init__(max_retries=0)
        self.name, self._readable, self._remedies = name, read or _json, dict(remedies or {})
        self.place, self.asked = name, False

    def attach(self, session: requests.Session) -> None:
        """Let this session ask this service and nobody else, with nothing from the surroundings."""
        session.trust_env = False  # else ~/.netrc replaces the token, and a proxy sees it
        session.headers["Accept-Encoding"] = "identity"  # nothing that could swell
        system = ssl.get_default_verify_paths()
        session.verify = system.cafile or system.capath or True
        session.adapters.clear()
        for scheme in ("http://", "https://"):
            session.mount(scheme, self)

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """ServiceFailed for anything but a whole answer of the expected form in time."""
        self.asked, address = True, urlsplit(request.url or "")
        host = f"{address.scheme}://{address.netloc.rpartition('@')[2]}"
        self.place = f"{self.name} at {printable(host, 200)}"
        if address.scheme != "https" and not loopback(address.hostname or ""):
            raise self.failed("is to be asked without TLS", "give an https address")
        response, body = within(SECONDS, lambda: self._exchange(request, options), self._late)
        if response.status_code not in _FOUND:
            raise self._refused(response.status_code)
        if response.headers.get("Content-Encoding", "identity") != "identity" or len(body) > MOST:
            raise self.lied(f"its answer is compressed or has more than {MOST} bytes")
        try:
            self._readable(body)
        except (ValueError, RecursionError):
            raise self.lied("its answer cannot be read") from None
        response.raw, response.encoding = io.BytesIO(body), "utf-8"
        return response

    def failed(self, trouble: str, remedy: str = LATER) -> ServiceFailed:
        """The error that it gave no usable answer."""
        return ServiceFailed(f"{self.place}: {trouble}; {remedy}")

    def lied(self, trouble: str) -> ServiceFailed:
        """The error that it gave an answer which nobody may believe."""
        remedy = "do not trust this service, or check that --signing-config and --trusted-root are of one Sigstore"
        return ServiceFailed(f"{self.place}: {trouble}; {remedy}")

    def _exchange(
        self, request: requests.PreparedRequest, options: Mapping[str, Any]
    ) -> tuple[requests.Response, bytes]:
        try:
            passed = {**options, "stream": True, "timeout": (CONNECT, SECONDS), "proxies": {}}
            response = super().send(request, **passed)
            with closing(response):
                return response, read(response, MOST)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise self._late() from None
        except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
            remedy = "SSL_CERT_FILE names the certificates to trust"
            raise self.failed(f"TLS failed: {cause(error)}", remedy) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self.failed(f"cannot be asked: {cause(error)}") from None

    def _late(self) -> ServiceFailed:
        return self.failed(f"gave no answer within {SECONDS:g} s")

    def _refused(self, status: int) -> ServiceFailed:
        if 300 <= status < 400:
            return self.failed(f"redirects (HTTP {status})", "redirects are not followed: give the final address")
        return self.failed(f"answers HTTP {status}", self._remedies.get(status, LATER))


def _json(body: bytes) -> None:
    """As text: readers of bytes would take UTF-16 and byte order marks, and others not."""
    json.loads(body.decode())
