"""One large file over HTTPS, through requests: bounded in bytes, time and redirects; only what arrived whole counts.

Which proxy is asked: `proxy` where it is given; else what HTTPS_PROXY, ALL_PROXY and NO_PROXY say (in lower case, too),
as for curl. HTTP_PROXY counts for nothing, because nothing but this machine is asked without TLS, and ~/.netrc is not
read.
"""

from __future__ import annotations

import base64
import hashlib
import os
import ssl
import time
from contextlib import closing
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from gate.adapters.calls import loopback
from gate.adapters.web import cause
from gate.core.errors import ServiceFailed
from gate.core.text import printable

CONNECT, BETWEEN, WHOLE = 10.0, 30.0, 900.0
"""Seconds to connect, between two packets, and for all of it."""
MOST = 2**30
"""Bytes; all of OSV for PyPI is some 20 MB."""
_REDIRECTS = 5
_FOUND, _UNCHANGED = 200, 304
_ELSEWHERE = (301, 302, 303, 307, 308)
_BLOCK = 2**18
_CAUTION = "nothing was changed"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server gave: how it calls it, for the next time. `unchanged`: it is what the caller has already."""

    unchanged: bool
    etag: str = ""
    last_modified: str = ""


def fetch(
    url: str,
    into: IO[bytes],
    *,
    etag: str = "",
    last_modified: str = "",
    ca: str = "",
    proxy: str = "",
    most: int = MOST,
    seconds: float = WHOLE,
) -> Fetched:
    """Write what lies at `url` to `into`; `etag` and `last_modified` are what the server called the last one.

    `ca` is a file or folder of certificates, "" for those of the system. ServiceFailed for an address without TLS that
    is not this machine, and for anything but a whole answer in time; `into` is then of no use.
    """
    asked = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    headers = {"Accept-Encoding": "identity", **{name: value for name, value in asked.items() if value}}
    with closing(_session(ca)) as session:
        end = time.monotonic() + seconds
        for _ in range(_REDIRECTS + 1):
            place = _place(url)
            try:
                with closing(_get(session, url, headers, proxy)) as response:
                    if response.status_code in _ELSEWHERE:
                        url = _joined(url, response.headers.get("Location", ""))
                        continue
                    return _taken(response, into, place, most, end)
            except (requests.Timeout, urllib3.exceptions.TimeoutError):
                raise _failed(place, "gave no answer in time") from None
            except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
                raise _failed(place, f"TLS failed: {cause(error)}; --ca names the certificates to trust") from None
            except (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError):
                raise _failed(place, "the proxy does not lead there") from None
            except urllib3.exceptions.ProtocolError:  # of the body: those before it are of requests
                raise _failed(place, "was cut off on its way") from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
                raise _failed(place, f"cannot be asked: {cause(error)}") from None
    raise _failed(place, f"redirects more than {_REDIRECTS} times")


def _session(ca: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # else ~/.netrc is sent to whoever is asked
    system = ssl.get_default_verify_paths()
    session.verify = ca or system.cafile or system.capath or True
    return session


def _get(session: requests.Session, url: str, headers: dict[str, str], proxy: str) -> requests.Response:
    return session.get(
        url,
        headers=headers,
        stream=True,
        allow_redirects=False,
        timeout=(CONNECT, BETWEEN),
        proxies={"https": proxy} if proxy else _proxies(url),
    )


def _proxies(url: str) -> dict[str, str]:
    """What the surroundings say, for https only; nothing for this machine."""
    address = urlsplit(url)
    if loopback(address.hostname or "") or address.scheme != "https":
        return {}
    from requests.utils import should_bypass_proxies

    named = (os.environ.get(name, "") for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
    first = next(filter(None, named), "")
    return {"https": first} if first and not should_bypass_proxies(url, no_proxy=None) else {}


def public(url: str) -> str:
    """An address without user, password and query, as it may be told and kept; "" for what is none."""
    try:
        address = urlsplit(url)
    except ValueError:
        return ""
    return printable(f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}", 300)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _place(url: str) -> str:
    """Who is asked, for messages. ServiceFailed for what nobody should ask."""
    try:
        address = urlsplit(url)
        host, _ = address.hostname or "", address.port
    except ValueError:
        raise ServiceFailed(f"{_CAUTION}: not an address, as https://HOST/PATH") from None
    place = public(url)
    if address.scheme not in ("https", "http") or not host:
        raise ServiceFailed(f"{place}: not an address, as https://HOST/PATH; {_CAUTION}")
    if address.scheme == "http" and not loopback(host):
        raise _failed(place, "is to be asked without TLS; give an https address")
    return place


def _taken(response: requests.Response, into: IO[bytes], place: str, most: int, end: float) -> Fetched:
    """The body, once it is known to be whole."""
    names = {name: response.headers.get(name, "")[:500] for name in ("ETag", "Last-Modified")}
    if response.status_code == _UNCHANGED and {"If-None-Match", "If-Modified-Since"} & response.request.headers.keys():
        return Fetched(True, names["ETag"], names["Last-Modified"])
    if response.status_code != _FOUND:
        raise _failed(place, f"answers HTTP {response.status_code}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _failed(place, "its answer is compressed, which was not asked for")
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise _failed(place, f"has more than {most} bytes")
    digest, size = hashlib.md5(usedforsecurity=False), 0
    while block := response.raw.read(_BLOCK, decode_content=False):
        size += len(block)
        if size > most:
            raise _failed(place, f"has more than {most} bytes")
        if time.monotonic() > end:
            raise _failed(place, "gave no whole answer in time")
        digest.update(block)
        into.write(block)
    if declared.isdecimal() and size != int(declared[:20]):
        raise _failed(place, f"was cut off after {size} of {declared} bytes")
    if (named := _md5(response.headers.get("X-Goog-Hash", ""))) and named != digest.digest():
        raise _failed(place, "arrived damaged")
    return Fetched(False, names["ETag"], names["Last-Modified"])


def _md5(header: str) -> bytes:
    """What Google's storage says of a file, against damage only; b"" where it says nothing.

    https://docs.cloud.google.com/storage/docs/xml-api/reference-headers#xgooghash
    """
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "md5":
            try:
                return base64.b64decode(value, validate=True)
            except ValueError:
                return b""
    return b""


def _failed(place: str, trouble: str) -> ServiceFailed:
    return ServiceFailed(f"{place}: {trouble}; {_CAUTION}")
