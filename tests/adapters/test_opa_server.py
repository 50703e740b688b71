"""The server as the engine: a real one, and what may be said about it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from gate.adapters import opa_server
from gate.adapters.opa_server import Patience, Server
from gate.core.canonical import canonical
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
    ask,
    authz_bundle,
    certificate,
    code,
    faking,
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
    with running() as server:
        engine = Server(server.url, expected=DIGEST, patience=Patience(read=30, total=60))
        engine.evaluate(clean())
        server.process.send_signal(signal.SIGSTOP)  # so that the question is sent and cannot be answered
        killer = threading.Timer(1, server.kill)
        killer.start()
        with pytest.raises(EngineError) as error:
            engine.evaluate(clean())
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


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_values_of_any_depth_are_an_answer_or_trouble(real):
    asking, codes = Server(real.url, expected=DIGEST), set()
    with faking(answering(good())) as fake:
        told_so = Server(fake.url, expected=DIGEST)
        for depth in (*range(700, 1000, 7), 100_000):
            deep = b"[" * depth + b"]" * depth
            body = json.dumps({**provenance(), "result": "?"}).encode().replace(b'"?"', deep)
            fake.behave = answering(body)  # as the organisation's data too
            for engine, document in ((asking, {**clean(), "pii": nested(depth)}), (told_so, clean())):
                try:
                    engine.evaluate(document)
                except EngineError as error:
                    codes.add(error.code)
        told_so.close()
    asking.close()
    assert {"over-cap", "bad-result"} <= codes <= {"over-cap", "bad-result", "undefined"}


def test_text_that_nobody_should_send_reads_the_same_in_both(real):
    document = {**clean(), "subject": {**clean()["subject"], "name": "m\udcff\x00\u2028\U0001f600"}}
    assert ask(real.url, document) == ALLOW
    with faking(answering(good())) as fake:
        ask(fake.url, document)
    assert json.loads(fake.seen[0].body)["input"] == json.loads(canonical(document))


def test_a_loaded_bundle_is_not_changed_through_the_servers_api(real):
    wanted = urllib.request.Request(f"{real.url}/v1/data/gate/config", b"{}", method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(wanted)
    refused.value.close()
    assert refused.value.code == 400


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
