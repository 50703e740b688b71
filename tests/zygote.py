"""Runs `python -m gate` in forks of one process that has the libraries loaded: the tests start it hundreds of times.

Every run is a process of its own, with its own arguments, environment, folder and files. What a start costs, and what
it imports, is tested where nothing is loaded before (test_lazy, test_wheel).
"""

from __future__ import annotations

import json
import os
import runpy
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LENGTH = struct.Struct("<I")
_EARLY = ("PYTHON", "LC_", "LANG", "LD_")
"""Variables that the interpreter reads when it starts: a fork is too late for them."""


class Zygote:
    """The one process, started when it is first asked; `run` is like subprocess.run with captured bytes."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def can(self, environment: Mapping[str, str]) -> bool:
        """Whether a fork sees this environment as a new process would."""
        changed = {key for key in {*environment, *os.environ} if environment.get(key) != os.environ.get(key)}
        return hasattr(os, "fork") and not any(key.startswith(_EARLY) for key in changed)

    def run(
        self, arguments: list[str], stdin: bytes, environment: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, bytes]:
        if self._process is None:
            self._start()
        request = json.dumps({"arguments": arguments, "environment": dict(environment)}).encode()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            reader, writer = os.pipe()
            feeder = threading.Thread(target=_feed, args=(writer, stdin))
            try:
                socket.send_fds(self._socket, [_LENGTH.pack(len(request))], [reader, out.fileno(), err.fileno()])
            finally:
                os.close(reader)
            self._socket.sendall(request)
            feeder.start()
            code = self._answer(timeout)
            feeder.join()
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()

    def close(self) -> None:
        if self._process is not None:
            self._socket.close()
            self._process.wait()
            self._process = None

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, str(Path(__file__)), str(theirs.fileno())]
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()

    def _answer(self, timeout: float) -> int:
        self._socket.settimeout(timeout)
        (pid,) = _LENGTH.unpack(_exactly(self._socket, _LENGTH.size))
        try:
            return int.from_bytes(_exactly(self._socket, 4), "little", signed=True)
        except TimeoutError:
            os.kill(pid, 9)
            _exactly(self._socket, 4)
            raise


def _feed(writer: int, data: bytes) -> None:
    try:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(data)
    except BrokenPipeError:
        pass  # nobody reads it


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (more := connection.recv(size - len(data))):
            raise EOFError
        data += more
    return data


def _serve(connection: socket.socket) -> None:
    """Answer until the other end is closed; a fork leaves this function and becomes the command."""
    while True:
        head, fds, _, _ = socket.recv_fds(connection, _LENGTH.size, 3)
        if not head:
            raise SystemExit
        request = json.loads(_exactly(connection, _LENGTH.unpack(head)[0]))
        pid = os.fork()
        if pid == 0:
            connection.close()
            for fd, place in zip(fds, range(3), strict=True):
                os.dup2(fd, place)
                os.close(fd)
            return _become(request)
        for fd in fds:
            os.close(fd)
        connection.sendall(_LENGTH.pack(pid))
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        connection.sendall(code.to_bytes(4, "little", signed=True))


def _become(request: dict[str, object]) -> None:
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    tempfile.tempdir = None
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    sys.argv = ["gate", *request["arguments"]]  # type: ignore[misc]


def _load() -> None:
    """What nearly every scan imports and builds."""
    import gate.cli
    from gate import registry
    from gate.adapters import presidio
    from gate.cli import judge, scan

    assert gate.cli and judge and scan
    registry.load()
    presidio.analyzer()


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("gate", run_name="__main__", alter_sys=True)
