"""The server as the engine: whatever it does, an allow comes only from a whole answer of the expected policy."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.adapters import opa_server
from gate.adapters.opa_server import Patience, Server
from gate.core.decision import Outcome
from gate.core.errors import EngineError, UsageError
from gate.core.limits import Limits
from gate.policy.decide import decide
from tests.adapters.test_opa_wasm import clean
from tests.conftest import ROOT
from tests.opa import (
    DIGEST,
    OPTIONS,
    TOKEN,
    answering,
    authz_bundle,
    certificate,
    faking,
    free_port,
    good,
    provenance,
    running,
    site_bundle,
)
from tests.policy.scenes import ALLOW, RULES, report, request

SHORT = Patience(connect=0.5, read=0.5, total=1.5)


@pytest.fixture(scope="module")
def real():
    with running() as server:
        yield server


def ask(url, document=None, **options):
    """The answer, or the EngineError; and nothing it says holds the token."""
    engine = Server(url, **{"expected": DIGEST, "patience": SHORT, **options})
    try:
        return engine.evaluate(clean() if document is None else document)
    except EngineError as error:
        assert TOKEN not in str(error) and "\n" not in str(error)
        assert engine.data_digest is None or error.code == "undefined"
        return error
    finally:
        engine.close()


def code(url, **options):
    answer = ask(url, **options)
    assert isinstance(answer, EngineError), answer
    return answer.code


def broken(behave, **options):
    """The code that a fake server's behaviour ends in."""
    with faking(behave) as fake:
        return code(fake.url, **options)


def test_a_real_server_allows_a_clean_archive(real):
    engine = Server(real.url, expected=DIGEST)
    assert (engine.digest, engine.data_digest) == (DIGEST, None)  # of the policy that is asked for
    assert engine.evaluate(clean()) == ALLOW
    assert (engine.name, engine.digest, engine.data_digest) == ("opa", DIGEST, None)
    engine.close()


def test_a_real_server_has_no_result_for_an_unknown_stage(real):
    engine = Server(real.url, expected=DIGEST)
    decision = decide(report(), request(stage="prodution"), RULES, engine, Limits())
    engine.close()
    assert [row.code for row in decision.reasons] == ["engine.undefined"]


def test_another_policy_than_expected_is_refused_and_the_decision_says_which_one_ran(real):
    engine = Server(real.url, expected="00" * 32)
    decision = decide(report(), request(), RULES, engine, Limits())
    engine.close()
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert [row.code for row in decision.reasons] == ["engine.digest-mismatch"]
    assert decision.policy.digest == DIGEST


def test_a_real_server_without_the_bundle_is_refused(tmp_path):
    (tmp_path / "any.rego").write_text("package gate.decision\n\nresult := {}\n")
    (tmp_path / ".manifest").write_text('{"roots": ["gate"], "rego_version": 1}')
    with running(tmp_path) as other:
        assert code(other.url) == "digest-mismatch"


def test_the_organisations_data_of_a_real_server_is_recorded(tmp_path):
    from gate.adapters.opa_wasm import Embedded
    from tests.policy.scenes import COMPILED

    config = {"actions": {"x.note": "deny"}, "stages": {"staging": {"limits": {"archive_bytes": 5}}}}
    with running("policies", site_bundle(tmp_path / "site", config)) as server:
        engine = Server(server.url, expected=DIGEST)
        engine.evaluate(clean())
        engine.close()
    assert engine.data_digest == Embedded(COMPILED, overlay=config).data_digest


def test_a_real_server_that_ends_between_two_questions_is_unavailable():
    with running() as server:
        engine = Server(server.url, expected=DIGEST)
        assert engine.evaluate(clean()) == ALLOW
        server.kill()
        with pytest.raises(EngineError) as error:
            engine.evaluate(clean())
        assert error.value.code == "unavailable" and engine.digest is None
        engine.close()


def test_a_real_server_killed_in_the_middle_of_a_question_is_unavailable():
    items = [{"path": f"{n}", "waived": False} for n in range(300_000)]
    row = {"level": "note", "total": len(items), "waived": 0, "unwaived": len(items), "truncated": 0, "items": items}
    with running() as server:
        engine = Server(server.url, expected=DIGEST, patience=Patience(read=30, total=60))
        begin = time.monotonic()
        engine.evaluate({**clean(), "findings": {"x.note": row}})
        killer = threading.Timer((time.monotonic() - begin) * 0.7, server.kill)  # it has been sent, and not answered
        killer.start()
        with pytest.raises(EngineError) as error:
            engine.evaluate({**clean(), "findings": {"x.note": row}})
        killer.join()
        engine.close()
    assert error.value.code == "unavailable" and "refused" not in str(error.value)


def test_tls_wants_a_certificate_that_is_trusted_and_names_the_host(tmp_path):
    right, key = certificate(tmp_path / "right", "127.0.0.1")
    other, _ = certificate(tmp_path / "other", "127.0.0.1")
    options = ("--tls-cert-file", right, "--tls-private-key-file", key)
    with running(options=options, scheme="https") as server:
        assert ask(server.url, ca=str(right), patience=Patience()) == ALLOW
        for untrusted in (str(other), ""):
            error = ask(server.url, ca=untrusted)
            assert error.code == "unavailable" and "certificate" in str(error)
        assert code(server.url.replace("https", "http")) == "unavailable"
    wrong, key = certificate(tmp_path / "wrong", "127.0.0.2")
    with running(options=("--tls-cert-file", wrong, "--tls-private-key-file", key), scheme="https") as server:
        assert code(server.url, ca=str(wrong)) == "unavailable"


def test_a_real_server_may_let_in_only_the_token_and_only_two_questions(tmp_path):
    with running("policies", authz_bundle(tmp_path), options=OPTIONS) as server:
        assert ask(server.url, token=TOKEN) == ALLOW
        for wrong in ("", "another-token-0123"):
            error = ask(server.url, token=wrong)
            assert error.code == "unavailable" and "HTTP 401" in str(error) and "another" not in str(error)
        for method, path in (("PUT", "data/gate_site/config"), ("GET", "policies"), ("POST", "query")):
            wanted = urllib.request.Request(
                f"{server.url}/v1/{path}", b"{}", {"Authorization": f"Bearer {TOKEN}"}, method=method
            )
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(wanted)
            refused.value.close()
            assert refused.value.code == 401


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


def test_nobody_there_is_unavailable():
    assert code(f"http://127.0.0.1:{free_port()}") == "unavailable"


def test_a_name_that_is_not_known_is_unavailable(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
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
        engine = Server(fake.url, expected=DIGEST, patience=SHORT)
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


@pytest.mark.parametrize(
    "url",
    [
        *("", "opa", "127.0.0.1:8181", "ftp://127.0.0.1", "http://", "http://127.0.0.1:0", "http://127.0.0.1:65536"),
        *("https://h/prefix", "https://h?x=1", "https://h#x", "https://h:8181 ", "https://h\n", "https://h\\@other"),
        *("https://user:hunter2@host", "http://127.0.0.1@evil.example", "https://h:hunter2"),
        *("http://opa.example", "http://10.0.0.1", "http://127.0.0.1.evil.example", "http://[::2]", "http://0.0.0.0"),
    ],
)
def test_a_url_that_is_not_a_server_is_a_mistake_and_not_quoted(url):
    with pytest.raises(UsageError) as error:
        Server(url, expected=DIGEST)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("url", ["http://localhost", "http://127.9.9.9:1", "http://[::1]:8181/", "https://opa.example"])
def test_a_url_of_a_server_is_taken(url):
    assert str(Server(url, expected=DIGEST)).startswith(url.rstrip("/"))


@pytest.mark.parametrize("token", ["short", "has space in it", "line\nline line", "x" * 9000, "kö" * 8, "12345678\n"])
def test_a_token_that_is_none_is_a_mistake_and_not_quoted(token):
    with pytest.raises(UsageError) as error:
        Server("http://127.0.0.1", expected=DIGEST, token=token)
    assert token not in str(error.value)


def test_certificates_that_are_none_are_a_mistake(tmp_path):
    (tmp_path / "no.pem").write_text("no")
    for name in ("no.pem", "missing.pem"):
        with pytest.raises(UsageError, match="--opa-ca"):
            Server("https://127.0.0.1", expected=DIGEST, ca=str(tmp_path / name))
    with pytest.raises(UsageError, match="--opa-ca"):
        Server("http://127.0.0.1", expected=DIGEST, ca=str(tmp_path / "no.pem"))


def test_without_certificates_of_the_system_one_must_be_named(monkeypatch):
    nothing = opa_server.ssl.get_default_verify_paths()._replace(cafile=None, capath=None)
    monkeypatch.setattr(opa_server.ssl, "get_default_verify_paths", lambda: nothing)
    with pytest.raises(UsageError, match="--opa-ca"):
        Server("https://opa.example", expected=DIGEST)


def test_the_library_is_imported_with_the_first_question_only(monkeypatch):
    code = "import sys, gate.cli.judge; assert not {'opa_client', 'requests', 'aiohttp'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env={**os.environ})
    monkeypatch.setitem(sys.modules, "gate.adapters.opa_http", None)
    assert ask("http://127.0.0.1").code == "unavailable"
