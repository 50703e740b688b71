"""Services that fail while an identity signs: nothing is signed, and the right one is named."""

import pytest

from gate.adapters import service_http
from tests import sigstores
from tests.attest.identities import NAMES, refused, sign
from tests.sigstores import SERVICES, Stack

OUTAGES = {
    "hangs up": (sigstores.hanging_up, "cannot be asked"),
    "answers 500": (sigstores.answering(b"{}", 500), "answers HTTP 500"),
    "answers 503 without JSON": (sigstores.answering(b"<html>", 503), "answers HTTP 503"),
    "answers 404": (sigstores.answering(b"{}", 404), "answers HTTP 404"),
    "redirects": (sigstores.answering(b"", 307, Location="http://127.0.0.1:9/"), "redirects (HTTP 307)"),
    "answers nothing": (sigstores.answering(b"", 201), "cannot be read"),
    "talks garbage": (sigstores.answering(b"\xff\x00garbage", 201), "cannot be read"),
    "talks JSON of 100000 levels": (sigstores.answering(b"[" * 100_000, 201), "cannot be read"),
    "never ends": (sigstores.endless, "more than 1048576 bytes"),
    "is compressed": (sigstores.answering(b"x" * 9, 201, Content_Encoding="gzip"), "compressed"),
}
SLOW = {
    "is silent": sigstores.silent,
    "drips headers": sigstores.dripping_headers,
    "drips a body": sigstores.dripping_body,
}


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("how", OUTAGES)
def test_a_service_that_fails_is_named(name, how):
    behave, words = OUTAGES[how]
    with Stack() as stack:
        stack.broken[name] = behave
        text = refused(stack)
    assert text.startswith(f"{NAMES[name]} at http://127.0.0.1:") and words in text


@pytest.mark.parametrize("name", SERVICES)
def test_a_body_that_is_cut_off_is_none(name):
    with Stack() as stack:
        stack.broken[name] = sigstores.cut_off
        assert refused(stack).startswith(NAMES[name])


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("how", SLOW)
def test_a_slow_service_is_given_up(name, how, monkeypatch):
    monkeypatch.setattr(service_http, "SECONDS", 0.5)
    with Stack() as stack:
        stack.broken[name] = SLOW[how]
        text = refused(stack)
    assert text.startswith(NAMES[name]) and "gave no answer within 0.5 s; try again later" in text


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_is_down_is_named(name):
    with Stack() as stack:
        stack.urls[name] = sigstores.closed_port()
        text = refused(stack)
    assert text.startswith(f"{NAMES[name]} at {stack.urls[name]}: cannot be asked: Connection refused")


@pytest.mark.parametrize("name", ["fulcio", "rekor", "tsa"])
@pytest.mark.parametrize("address", ["ftp://sigstore.example", "nowhere", "https://*.example", "https://[::1"])
def test_an_address_that_cannot_be_used_is_told(name, address):
    with Stack() as stack:
        stack.urls[name] = address
        text = refused(stack)
    assert text.startswith(NAMES[name]) and text.endswith("see its address in --signing-config")


def test_an_address_with_a_password_does_not_show_it():
    with Stack() as stack:
        stack.urls["oidc"] = stack.url.replace("http://", "http://me:secret@") + "/nothing"
        assert "secret" not in refused(stack)


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_asked_without_tls_but_this_machine(name):
    with Stack() as stack:
        stack.urls[name] = "http://sigstore.example/x"
        assert refused(stack).startswith(f"{NAMES[name]} at http://sigstore.example: is to be asked without TLS")


@pytest.mark.parametrize(("name", "remedy"), [("oidc", "id-token: write"), ("fulcio", "does not accept the identity")])
def test_a_refused_token_has_a_remedy_of_its_own(name, remedy):
    with Stack() as stack:
        stack.broken[name] = sigstores.answering(b'{"message": "eyJ"}', 403)
        assert remedy in refused(stack)


def test_neither_proxy_nor_netrc_are_used(monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login thief password thief\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Stack() as stack:
        sign(stack)
        sent = [headers.get("Authorization", "").partition(" ")[0] for headers in stack.headers]
    assert sent == ["bearer", "Bearer", "", "", "", ""]
