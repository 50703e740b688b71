"""How services are asked: with TLS that is verified, and tokens that go to one place only."""

import ssl

import pytest
import requests

from gate.adapters import service_http
from gate.adapters.identity_token import ambient, fetch
from gate.adapters.keyless import Services, shipped_config
from gate.adapters.service_http import Service
from gate.adapters.sigstore import shipped_root
from gate.core.errors import FormatError, ServiceFailed
from tests import sigstores
from tests.opa import certificate
from tests.sigstores import BEARER, Stack


@pytest.fixture
def stack():
    with Stack() as stack:
        yield stack


def test_a_token_service_with_an_unknown_certificate_sees_no_secret(tmp_path, monkeypatch):
    chain, key = certificate(tmp_path, "127.0.0.1")
    stack = Stack()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    stack.server.socket = context.wrap_socket(stack.server.socket, server_side=True)
    with stack:
        where = stack.url.replace("http:", "https:") + "/oidc/token"
        with pytest.raises(ServiceFailed, match="TLS failed: self-signed certificate; SSL_CERT_FILE names"):
            fetch(where, BEARER)
        assert stack.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(chain))
        assert fetch(where, BEARER).names


def test_a_secret_is_not_sent_where_a_redirect_leads(stack):
    with Stack() as other:
        stack.broken["oidc"] = sigstores.answering(b"{}", 307, Location=f"{other.url}/oidc/token")
        with pytest.raises(ServiceFailed, match="redirects"):
            fetch(*ambient(stack.environment()))
        assert other.asked == [] and stack.asked == ["oidc"]


@pytest.mark.parametrize(
    ("url", "bearer"),
    [("nowhere", "x"), ("ftp://x.example", "x"), ("https://[::1", "x"), ("http://127.0.0.1:1/", "a\nb: c")],
)
def test_variables_that_are_malformed_are_told_and_not_shown(url, bearer):
    with pytest.raises(ServiceFailed, match="malformed") as caught:
        fetch(url, bearer)
    assert url not in str(caught.value) and bearer not in str(caught.value)


@pytest.mark.parametrize("missing", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
def test_both_variables_are_needed(stack, missing):
    assert ambient(stack.environment())
    assert ambient({**stack.environment(), missing: ""}) is None


def test_a_session_is_led_to_one_service_only(stack):
    service = Service("the thing")
    with requests.Session() as session:
        service.attach(session)
        assert [*session.adapters.values()] == [service, service] and not session.trust_env
        stack.broken["x"] = sigstores.answering(b"{}", 404)
        with pytest.raises(ServiceFailed, match=r"^the thing at http://127\.0\.0\.1:\d+: answers HTTP 404; try again"):
            session.get(f"{stack.url}/x")


def test_a_slow_look_up_of_a_name_is_given_up(monkeypatch):
    import socket
    import time

    monkeypatch.setattr(service_http, "SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1) or [])
    with pytest.raises(ServiceFailed, match=r"within 0\.2 s"):
        fetch("https://token.example/", "x")


def test_the_public_services_are_those_that_sigstore_ships():
    assert Services(shipped_config(), shipped_root()).root == shipped_root()
    with pytest.raises(FormatError):
        Services(shipped_root(), shipped_config())
