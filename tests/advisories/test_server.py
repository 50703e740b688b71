from __future__ import annotations

import http.client
import json
import os
import socket
import threading

import pytest

from fixtures.advisories.build import affects, feed, record, small
from gate.advisories.importing import import_feed
from gate.advisories.server import Server, refuse_remote
from gate.core.errors import NotExamined, UsageError
from tests.advisories.model import NOW

ASKED = json.dumps({"package": {"name": "moth", "ecosystem": "PyPI"}, "version": "2!1.0"}).encode()


@pytest.fixture
def path(tmp_path):
    (tmp_path / "feed.zip").write_bytes(small())
    import_feed(str(tmp_path / "feed.zip"), str(tmp_path / "db"), now=NOW)
    return str(tmp_path / "db")


@pytest.fixture
def server(path):
    made = Server(path, "127.0.0.1", 0)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def call(server, method="POST", path="/v1/query", body=ASKED, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def raw(server, data):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_it_answers_questions_and_single_records(server):
    status, body = call(server)
    assert status == 200 and json.loads(body)["vulns"][0]["id"] == "PYSEC-2026-2"
    assert call(server, "GET", "/v1/vulns/MAL-2026-1?x=1", None)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", "", "10.0.0.1"])
def test_a_page_that_came_by_another_name_gets_nothing(server, host):
    assert call(server, Host=host)[0] == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]:8998", "LOCALHOST:80"])
def test_every_name_of_this_machine_is_its_own(server, host):
    assert call(server, Host=host)[0] == 200


def test_two_hosts_and_none_are_refused(server):
    twice = b"GET /v1/vulns/X HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"
    assert b" 421 " in raw(server, twice) and b" 421 " in raw(server, b"GET /v1/vulns/X HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Content-Length: 99999999\r\n", b" 413 "),
        (b"Content-Length: -1\r\n", b" 411 "),
        (b"Content-Length: 1_0\r\n", b" 411 "),
        (b"Transfer-Encoding: chunked\r\n", b" 411 "),
        (b"", b" 411 "),
    ],
)
def test_the_length_of_a_question_is_known_and_bounded(server, headers, status):
    assert status in raw(server, b"POST /v1/query HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n")


@pytest.mark.parametrize(
    "data", [b"\x00" * 100, b"GET\r\n\r\n", b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"]
)  # fmt: skip
def test_what_is_no_question_does_not_end_the_server(server, data):
    raw(server, data)
    assert call(server)[0] == 200


def test_a_request_that_never_ends_is_ended(server, monkeypatch):
    monkeypatch.setattr("gate.advisories.server._SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(b"POST /v1/query HTTP/1.1\r\n")
        assert connection.recv(100) == b""


def test_a_new_data_base_is_served_without_a_restart(server, path, tmp_path):
    (tmp_path / "feed.zip").write_bytes(feed(record("NEW-1", affects("moth", "introduced 0"))))
    import_feed(str(tmp_path / "feed.zip"), path, now=NOW, force=True)
    assert json.loads(call(server)[1])["vulns"][0]["id"] == "NEW-1"
    os.unlink(path)
    assert call(server)[0] == 200  # what it has open it still knows
    (tmp_path / "x").write_bytes(b"no data base")
    os.replace(tmp_path / "x", path)
    assert call(server)[0] == 503


def test_it_listens_on_this_machine_unless_others_are_wanted(path):
    refuse_remote("127.0.0.1", expose=False)
    refuse_remote("::1", expose=False)
    refuse_remote("0.0.0.0", expose=True)
    for host in ("0.0.0.0", "192.168.0.1", "gate.example"):
        with pytest.raises(UsageError, match="--expose"):
            refuse_remote(host, expose=False)


def test_without_a_data_base_or_an_address_it_does_not_start(path, tmp_path, server):
    with pytest.raises(NotExamined):
        Server(str(tmp_path / "none"), "127.0.0.1", 0)
    with pytest.raises(UsageError, match="in use"):
        Server(path, "127.0.0.1", server.server_port)
