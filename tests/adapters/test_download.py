from __future__ import annotations

import base64
import hashlib
import http.server
import io
import ssl
import threading
import time

import pytest

from gate.adapters import download
from gate.adapters.download import Fetched, fetch
from gate.core.errors import ServiceFailed
from tests.opa import certificate

DATA = b"all that is known" * 1000


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append((self.path, dict(self.headers)))
        self.server.answers[self.path](self)

    def log_message(self, *args):
        pass


def say(status=200, body=DATA, length=None, **headers):
    def answer(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if length != "":
            handler.send_header("Content-Length", str(len(body)) if length is None else length)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class Site:
    """A server on this machine that gives what it is told to."""

    def __init__(self, chain=None, key=None):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.asked, self.server.answers, self.server.daemon_threads = [], {}, True
        scheme = "http"
        if chain:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(chain, key)
            self.server.socket, scheme = context.wrap_socket(self.server.socket, server_side=True), "https"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def give(self, answer, path="/all.zip"):
        self.server.answers[path] = answer
        return self.url + path


@pytest.fixture
def site():
    with Site() as site:
        yield site


def got(url, **options):
    into = io.BytesIO()
    return fetch(url, into, **options), into.getvalue()


def failure(url, **options):
    with pytest.raises(ServiceFailed) as error:
        got(url, **options)
    assert "nothing was changed" in str(error.value)
    return str(error.value)


def test_a_file_arrives_with_what_the_server_calls_it(site):
    url = site.give(say(ETag='"1"', Last_Modified="Sun, 01 Mar 2026 00:00:00 GMT"))
    assert got(url) == (Fetched(False, '"1"', "Sun, 01 Mar 2026 00:00:00 GMT"), DATA)
    ((_, headers),) = site.server.asked
    assert headers["Accept-Encoding"] == "identity" and "If-None-Match" not in headers


def test_what_is_unchanged_is_not_fetched_again(site):
    url = site.give(say(304, b"", ETag='"1"'))
    assert got(url, etag='"1"', last_modified="Sun, 01 Mar 2026 00:00:00 GMT") == (Fetched(True, '"1"', ""), b"")
    ((_, headers),) = site.server.asked
    assert headers["If-None-Match"] == '"1"' and headers["If-Modified-Since"].startswith("Sun")
    assert "304" in failure(url)  # nobody asked whether it is unchanged


def test_redirects_are_followed_so_far(site):
    for number in range(7):
        site.give(say(302, b"", Location=f"/{number + 1}"), f"/{number}")
    site.give(say(), "/5")
    assert got(site.url + "/0")[1] == DATA
    assert "more than 5 times" in failure(site.give(say(301, b"", Location="/loop"), "/loop"))


@pytest.mark.parametrize("where", ["http://example.org/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "//[", ""])
def test_a_redirect_does_not_lead_out_of_https(site, where):
    answer = failure(site.give(say(302, b"", Location=where), "/r")) if where else "times"
    assert any(word in answer for word in ("TLS", "address", "times", "cannot be asked"))
    assert len(site.server.asked) == (1 if where else 0)


@pytest.mark.parametrize(
    "url", ["http://example.org/all.zip", "all.zip", "file:///etc/passwd", "https://", "https://[/"]
)
def test_only_https_is_asked(url):
    failure(url)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (say(404), "HTTP 404"),
        (say(500), "HTTP 500"),
        (say(206), "HTTP 206"),
        (say(length=str(len(DATA) + 1)), "cut off"),
        (say(Content_Encoding="gzip"), "compressed"),
        (say(length=str(2**40)), "more than"),
        (say(X_Goog_Hash="crc32c=AAAAAA==,md5=" + base64.b64encode(bytes(16)).decode()), "damaged"),
    ],
    ids=["404", "500", "a part", "cut off", "compressed", "declared too large", "damaged"],
)
def test_only_a_whole_answer_counts(site, answer, words):
    assert words in failure(site.give(answer))


def test_the_checksum_of_the_store_holds_where_it_is_given(site):
    digest = base64.b64encode(hashlib.md5(DATA).digest()).decode()
    for header in (f"crc32c=AAAAAA==, md5={digest}", "md5=?", "crc32c=x", ""):
        assert got(site.give(say(X_Goog_Hash=header)))[1] == DATA


def test_what_is_too_large_is_given_up_while_it_comes(site):
    assert "more than 1000 bytes" in failure(site.give(say(length="")), most=1000)


def test_a_server_that_drips_is_given_up(site, monkeypatch):
    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(30):
            handler.wfile.write(b"x" * download._BLOCK)
            time.sleep(0.02)

    assert "no whole answer in time" in failure(site.give(drip), seconds=0.1)
    monkeypatch.setattr(download, "BETWEEN", 0.2)
    assert "in time" in failure(site.give(lambda handler: time.sleep(0.6)))


def test_certificates_are_checked(tmp_path):
    chain, key = certificate(tmp_path, "127.0.0.1")
    with Site(chain, key) as site:
        url = site.give(say())
        assert "TLS failed" in failure(url) and "--ca" in failure(url)
        assert got(url, ca=str(chain))[1] == DATA


def test_a_proxy_is_asked_when_it_is_said_and_only_for_https(site, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert got(site.give(say()))[1] == DATA  # this machine is asked itself
    asked = []
    monkeypatch.setattr(download, "loopback", lambda host: False)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert download._proxies("https://osv.example/x") == {}
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    asked.append(download._proxies("https://osv.example/x"))
    monkeypatch.setenv("NO_PROXY", "osv.example")
    asked.append(download._proxies("https://osv.example/x"))
    assert asked == [{"https": "http://proxy.example:3128"}, {}]


def test_a_proxy_that_is_not_there_is_said_without_its_password():
    said = failure("https://osv.example/all.zip", proxy="http://user:secret@127.0.0.1:1")
    assert "proxy" in said and "secret" not in said


def test_a_password_in_the_address_is_not_told(site):
    site.give(say(403), "/all.zip?token=secret")
    said = failure(site.url.replace("127.0.0.1", "user:secret@127.0.0.1") + "/all.zip?token=secret")
    assert "HTTP" in said and "secret" not in said
