"""Answers over HTTP on this machine, so that other tools ask the data base as they ask osv.dev.

Whoever reaches the port may ask. A page in a browser may not: its requests carry the name that it came by, which must
be that of this machine (DNS rebinding). Nothing of a request is ever a path of a file.
"""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

from gate.adapters.calls import loopback
from gate.advisories.answering import BODY, Answer, get, post
from gate.advisories.database import Database, open_database
from gate.core.errors import NotExamined, UsageError

_SECONDS = 10.0
"""For one request, from the connection to the end of the answer."""
_AT_ONCE = 16
"""Requests that are answered at the same time; further ones wait."""


class Server(http.server.ThreadingHTTPServer):
    """Serves the data base at `path`; one that takes its place is noticed at the next question.

    Raises UsageError for an address that cannot be used, NotExamined where there is no data base.
    """

    daemon_threads = True
    request_queue_size = 128  # beyond it the system resets connections

    def __init__(self, path: str, host: str, port: int) -> None:
        self._path, self._host, self._lock = path, host, threading.Lock()
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._database = open_database(path)
        if ":" in host:
            self.address_family = socket.AF_INET6
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            self._database.close()
            said = error.strerror if isinstance(error, OSError) else "no such port"
            raise UsageError(f"{host} port {port}: {said}") from error

    @property
    def url(self) -> str:
        """Where it is asked."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.server_port}"

    @contextlib.contextmanager
    def database(self) -> Iterator[Database]:
        """The data base, for one thread at a time."""
        with self._lock:
            if not self._database.current():
                fresh = open_database(self._path)
                self._database.close()
                self._database = fresh
            yield self._database

    def knows(self, host: str) -> bool:
        """Whether this is a name that this server is meant by."""
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        return loopback(name) or name.strip("[]").lower() == self._host.lower()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._places.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        late = threading.Timer(_SECONDS, _shut, (request,))
        late.daemon = True
        late.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            late.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody hung up in the middle; there is nobody to tell."""

    def server_close(self) -> None:
        super().server_close()
        self._database.close()


def _shut(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One request, then the connection ends."""

    server: Server
    server_version, sys_version = "gate", ""
    timeout = _SECONDS
    wbufsize = -1  # headers and body leave together: else each answer waits for an acknowledgement
    disable_nagle_algorithm = True

    def do_GET(self) -> None:  # the name that http.server calls
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() or len(length) > 20:
            self._say(Answer(411, b'{"message":"Content-Length is needed"}'))
        elif int(length) > BODY:
            self._say(Answer(413, b'{"message":"the question is too long"}'))
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._answer(body)

    def _answer(self, body: bytes) -> None:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not self.server.knows(hosts[0].strip()):
            self._say(Answer(421, b'{"message":"this server is not called that"}'))
            return
        path = self.path.partition("?")[0]
        try:
            with self.server.database() as database:
                answer = get(database, path) if self.command == "GET" else post(database, path, body)
        except NotExamined:
            answer = Answer(503, b'{"code":14,"message":"the data base cannot be read"}')
        self._say(answer)

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as it is called there
        """Questions are nobody's business."""


def refuse_remote(host: str, *, expose: bool) -> None:
    """UsageError for an address that others can reach, unless that is wanted."""
    if not loopback(host) and not expose:
        raise UsageError(f"--host {host}: others than this machine could ask; --expose if that is wanted")
