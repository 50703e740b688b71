"""What opa-python-client leaves open: whom it trusts, where it may be led, how much it reads and what it takes as JSON.

Imported by gate.adapters.opa_server when the first question is asked, because opa_client brings two HTTP stacks along.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import requests
import urllib3
from opa_client import OpaClient
from requests.adapters import HTTPAdapter

from gate.adapters.web import cause, read
from gate.core.canonical import canonical
from gate.core.errors import EngineError
from gate.core.report import Json
from gate.core.text import printable

_SAID = 300
"""Characters of a server's own words that are passed on."""


class Client(OpaClient):  # type: ignore[misc]  # it has no types
    """Asks one server; POST /v1/data only, one attempt, no redirect, no proxy, no .netrc, `most` bytes of answer.

    `root` is scheme://host:port. `ca` is a file or folder of certificates, "" for plain HTTP. `seconds` are those to
    connect and those between two packets.
    """

    def __init__(self, root: tuple[str, int], *, ca: str, token: str, seconds: tuple[float, float], most: int) -> None:
        self._token, self._most = token, most
        host, port = root
        super().__init__(host=host, port=port, ssl=ca or False, token=token or None, retries=0, timeout=seconds)

    def _init_session(self) -> requests.Session:
        session: requests.Session = super()._init_session()
        session.trust_env = False  # else ~/.netrc replaces the token, and HTTP_PROXY sees the question
        session.headers["Accept-Encoding"] = "identity"  # nothing that could swell
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Bounded(self._token, self._most))
        return session


class _Bounded(HTTPAdapter):
    """Reads an answer once, within bounds, and hands on only strict JSON with status 200."""

    def __init__(self, token: str, most: int) -> None:
        super().__init__(max_retries=0)
        self._token, self._most = token, most

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        response = super().send(request, *args, **options)
        with closing(response):  # what was read to its end leaves the connection open for the next question
            body = read(response, self._most)
        if response.status_code != 200:
            raise EngineError("unavailable", _refusal(response.status_code, self._value(body, lenient=True)))
        if response.headers.get("Content-Encoding", "identity") != "identity" or len(body) > self._most:
            raise EngineError("bad-result", f"the server's answer is compressed or has more than {self._most} bytes")
        self._value(body)
        response.raw, response.encoding = io.BytesIO(body), "utf-8"
        return response

    def _value(self, body: bytes, *, lenient: bool = False) -> Json:
        """The JSON value of a body; None when `lenient` and it is none. The token must not come back in it."""
        try:
            value: Json = json.loads(body.decode(), parse_constant=_no_constant, object_pairs_hook=_object)
            written = canonical(value)
        except (ValueError, RecursionError):
            if lenient:
                return None
            raise EngineError("bad-result", "the server's answer is not JSON") from None
        if self._token and self._token.encode() in written:
            raise EngineError("bad-result", "the server's answer repeats the token")
        return value


def _no_constant(name: str) -> Json:
    raise ValueError(name)  # NaN and Infinity


def _object(pairs: list[tuple[str, Json]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refusal(status: int, body: Json) -> str:
    if 300 <= status < 400:
        return f"the server redirects (HTTP {status}); redirects are not followed"
    said = ""
    if isinstance(body, Mapping):  # https://www.openpolicyagent.org/docs/rest-api#errors
        words = [body[key] for key in ("code", "message") if isinstance(body.get(key), str)]
        said = printable(": ".join(map(str, words)), _SAID)
    hint = {401: "; see --opa-token-file", 403: "; see --opa-token-file"}.get(status, "")
    return f"the server answers HTTP {status}{' ' + said if said else ''}{hint}"


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Every exception of requests and urllib3 becomes an EngineError, here and nowhere else.

    Their texts are not passed on: they quote headers and URLs.
    """
    try:
        yield
    except RecursionError as error:  # only writing the question gets here; reading an answer has its own
        raise EngineError("over-cap", "the policy document is nested too deeply") from error
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise EngineError("timed-out", f"{server} gave no answer in time") from error
    except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
        raise EngineError("unavailable", f"{server}: TLS failed; {cause(error)}; see --opa-ca") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise EngineError("unavailable", f"{server} cannot be asked: {cause(error)}") from error
