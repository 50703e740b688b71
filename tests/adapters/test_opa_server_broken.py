"""A server that is down, slow, wrong or hostile: an allow comes only from a whole answer of the expected policy."""

from __future__ import annotations

import json
import socket
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.adapters.opa_server import Patience, Server
from gate.core.errors import EngineError
from gate.core.limits import Limits
from gate.policy.decide import decide
from tests.adapters.test_opa_wasm import clean
from tests.opa import (
    DIGEST,
    QUICK,
    TOKEN,
    answering,
    ask,
    broken,
    code,
    faking,
    free_port,
    good,
    provenance,
)
from tests.policy.scenes import ALLOW, RULES, report, request


def _unknown(*_, **__):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_it_only_asks_and_by_one_connection(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login thief password thief\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with faking(answering(good())) as fake:
        engine = Server(fake.url, expected=DIGEST, token=TOKEN)
        assert [engine.evaluate(clean()) for _ in range(3)] == [ALLOW] * 3
        engine.close()
    paths = ["/v1/data/gate/decision/result?provenance=true", "/v1/data/gate_site/config?provenance=true"]
    assert [(seen.method, seen.path) for seen in fake.seen] == [("POST", path) for path in paths] * 3
    assert {seen.headers["Authorization"] for seen in fake.seen} == {f"Bearer {TOKEN}"}
    assert json.loads(fake.seen[0].body) == {"input": clean()}
    assert fake.connections == 1


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.from_regex(r"[A-Za-z0-9.-]{1,80}", fullmatch=True))
def test_a_host_that_nobody_would_name_is_unavailable(host):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", _unknown)
        assert ask(f"https://{host}").code == "unavailable"


def test_nobody_there_is_unavailable():
    assert code(f"http://127.0.0.1:{free_port()}") == "unavailable"


def test_a_name_that_is_not_known_is_unavailable(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", _unknown)
    error = ask("https://opa.invalid")
    assert error.code == "unavailable" and "Name or service not known" in str(error)


def test_a_name_that_is_looked_up_for_ever_is_timed_out(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(4) or [])
    begin = time.monotonic()
    assert code("https://opa.invalid") == "timed-out"
    assert time.monotonic() - begin < 3


def silent(handler, seen):
    time.sleep(3)


def dripping_headers(handler, seen):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for n in range(30):
        handler.wfile.write(f"X-{n}: 1\r\n".encode())
        time.sleep(0.1)


def dripping_body(handler, seen):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(30):
        handler.wfile.write(b" ")
        time.sleep(0.1)


@pytest.mark.parametrize("behave", [silent, dripping_headers, dripping_body])
def test_a_slow_server_is_timed_out_whatever_it_does_in_between(behave):
    begin = time.monotonic()
    assert broken(behave) == "timed-out"
    assert time.monotonic() - begin < 2.5


def test_a_server_that_was_slow_once_may_answer_the_next_time():
    with faking(silent) as fake:
        engine = Server(fake.url, expected=DIGEST, patience=QUICK)
        with pytest.raises(EngineError):
            engine.evaluate(clean())
        fake.behave = answering(good())
        assert engine.evaluate(clean()) == ALLOW
        engine.close()


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 308, 400, 401, 403, 404, 500, 502, 503])
def test_any_other_status_is_unavailable_even_with_a_good_answer(status):
    assert broken(answering(good(), status, Location="http://127.0.0.1:9/")) == "unavailable"


def test_a_redirect_is_not_followed():
    with faking(answering(good())) as target:
        assert broken(answering({}, 307, Location=f"{target.url}/v1/data/gate/decision/result")) == "unavailable"
        assert target.seen == []


def test_what_the_server_says_about_an_error_is_passed_on_in_one_line():
    body = {"code": "internal_error", "message": "line 1\nline 2\x1b[31m" + "x" * 10_000}
    with faking(answering(body, 500)) as fake:
        error = ask(fake.url)
    assert "HTTP 500 internal_error: line 1\\nline 2\\x1b" in str(error) and len(str(error)) < 400


@pytest.mark.parametrize("status", [200, 500])
def test_a_token_that_comes_back_is_not_passed_on(status):
    echo = {**good({**ALLOW, "outcome": TOKEN}), "code": TOKEN, "message": f"bad {TOKEN}"}
    assert broken(answering(echo, status), token=TOKEN) == "bad-result"
    escaped = json.dumps(echo).replace(TOKEN, "".join(f"\\u{ord(c):04x}" for c in TOKEN)).encode()
    assert broken(answering(escaped, status), token=TOKEN) == "bad-result"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({}, "undefined"),
        ({"decision_id": "1"}, "digest-mismatch"),
        ({"result": ALLOW}, "digest-mismatch"),
        (provenance(), "undefined"),
        ({**provenance("other"), "result": ALLOW}, "digest-mismatch"),
        ({**provenance(""), "result": ALLOW}, "digest-mismatch"),
        ({**provenance(None), "result": ALLOW}, "digest-mismatch"),
        ({**provenance([DIGEST]), "result": ALLOW}, "digest-mismatch"),
        ({"provenance": {"version": "1", "revision": DIGEST}, "result": ALLOW}, "digest-mismatch"),
        ({"provenance": {"version": "1"}, "result": ALLOW}, "digest-mismatch"),
        ({"provenance": [], "result": ALLOW}, "digest-mismatch"),
        ({"provenance": {"bundles": [DIGEST]}, "result": ALLOW}, "digest-mismatch"),
        ([], "bad-result"),
        ("allow", "bad-result"),
        (None, "bad-result"),
        (b"", "bad-result"),
        (b"<html><body>Sign in</body></html>", "bad-result"),
        (b"{", "bad-result"),
        (b"\xff\xfe", "bad-result"),
        (b"[" * 1_000_000, "bad-result"),
        (json.dumps(good())[:-1].encode() + b', "result": {}}', "bad-result"),
        (json.dumps(good(float("nan"))).encode(), "bad-result"),
    ],
)
def test_an_answer_of_another_shape_is_trouble(body, wanted):
    assert broken(answering(body)) == wanted


@pytest.mark.parametrize("result", [None, True, "allow", [], {}, {**ALLOW, "outcome": "Allow"}, {**ALLOW, "more": 1}])
def test_a_result_of_another_shape_is_not_believed(result):
    with faking(answering(good(result))) as fake:
        engine = Server(fake.url, expected=DIGEST)
        decision = decide(report(), request(), RULES, engine, Limits())
        engine.close()
    assert [row.code for row in decision.reasons] == ["engine.bad-result"]


def endless(handler, seen):
    handler.send_response(200)
    handler.send_header("Content-Length", str(100 * 2**20))
    handler.end_headers()
    handler.server.sent = 0
    for _ in range(100):
        handler.wfile.write(b" " * 2**20)
        handler.server.sent += 1


def test_a_huge_answer_is_read_only_so_far():
    sent = []

    def behave(handler, seen):
        try:
            endless(handler, seen)
        finally:
            sent.append(handler.server.sent)

    assert broken(behave, patience=Patience()) == "bad-result"
    time.sleep(0.2)
    assert sent[0] < 40


def test_a_compressed_answer_is_refused():
    assert broken(answering(b"\x1f\x8b", 200, **{"Content-Encoding": "gzip"})) == "bad-result"


def cut(handler, seen):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(json.dumps(good()).encode())
    handler.close_connection = True


def cut_chunk(handler, seen):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"fff\r\n" + json.dumps(good()).encode())
    handler.close_connection = True


def hung_up(handler, seen):
    handler.close_connection = True


def not_http(handler, seen):
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")
    handler.close_connection = True


@pytest.mark.parametrize("behave", [cut, cut_chunk, hung_up, not_http])
def test_a_connection_that_breaks_is_unavailable(behave):
    assert broken(behave) == "unavailable"


def test_a_bundle_that_changes_while_it_is_asked_is_a_mismatch():
    def behave(handler, seen):
        site = seen.path.startswith("/v1/data/gate_site")
        more = {"bundles": {"p": {"revision": DIGEST}, "site": {"revision": "2" if site else "1"}}}
        answering({"provenance": more, **({} if site else {"result": ALLOW})})(handler, seen)

    assert broken(behave) == "digest-mismatch"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=300), st.booleans())
def test_bytes_that_nobody_chose_are_trouble_and_never_an_answer(noise, head):
    def behave(handler, seen):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" * head + noise)
        handler.close_connection = True

    assert broken(behave) in {"unavailable", "bad-result", "undefined", "timed-out"}
