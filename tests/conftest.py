"""What all tests share: no network, and archives built in memory."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOW = "2026-11-21T10:00:00Z"
_LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def _no_network():
    """Tests open no socket beyond loopback: a download in a test is a bug in gate."""
    real = socket.socket.connect

    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(_LOOPBACK):
            raise AssertionError(f"a test connects to {address}")
        return real(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """Machine code of the policy is kept for the tests alone, not in the home of whoever runs them."""
    os.environ["GATE_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """make({"name": b"..."}) or make(bytes) -> path of an archive."""

    def build(
        content: Mapping[str, bytes] | bytes, name: str = "model.zip", method: int = zipfile.ZIP_DEFLATED
    ) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else zipped(content, method))
        return path

    return build


@pytest.fixture(scope="session")
def gate() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command as a user runs it."""

    def run(*arguments: object, stdin: bytes = b"", **options: object) -> subprocess.CompletedProcess[str]:
        # No data base and no password of whoever runs the tests.
        own = {"NO_COLOR": "1", "COLUMNS": "80", "XDG_DATA_HOME": str(ROOT / "tests" / "nowhere")}
        kept = ("GATE_CACHE_DIR",)
        outer = {name: value for name, value in os.environ.items() if name in kept or not name.startswith("GATE_")}
        environment = {**outer, **own, **options.pop("env", {})}  # type: ignore[dict-item]
        command = [sys.executable, "-m", "gate", *map(str, arguments)]
        result = subprocess.run(
            command, input=stdin, capture_output=True, cwd=ROOT, env=environment, timeout=120, **options
        )  # type: ignore[call-overload]
        out, err = result.stdout.decode("utf-8"), result.stderr.decode("utf-8")
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(command, result.returncode, out, err)

    return run
