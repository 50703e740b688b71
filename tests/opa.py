"""OPA servers for tests: the real one as a child process, and a fake one that can be broken on purpose."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gate.adapters.opa_server import Patience, Server
from gate.core.errors import EngineError
from gate.policy.digest import policy_digest
from tests.adapters.test_opa_wasm import clean
from tests.policy.scenes import ALLOW, ROOT, opa

DIGEST = policy_digest(ROOT / "policies")
QUICK = Patience(connect=0.5, read=0.5, total=1.5)
TOKEN = "only-for-the-gate.0123456789"
OPTIONS = ("--authentication=token", "--authorization=basic")
"""With them a server asks the bundle of `authz_bundle` about every request."""


@dataclass
class Real:
    """A server that runs; kill() ends it as a crash would."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running(*bundles: Path | str, options: tuple[object, ...] = (), scheme: str = "http") -> Iterator[Real]:
    """`opa run --server` over these bundles, the standard one unless others are named; waits until it is healthy."""
    port = free_port()
    wanted = [part for bundle in bundles or ("policies",) for part in ("--bundle", str(bundle))]
    command = [opa(), "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error", *map(str, options)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*command, *wanted], cwd=ROOT, env={**os.environ, "GATE_TOKEN": TOKEN}, **quiet)
    try:
        _wait(process, port, scheme)
        yield Real(f"{scheme}://127.0.0.1:{port}", process)
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, scheme: str) -> None:
    for _ in range(400):
        assert process.poll() is None, "opa run ended"
        with suppress(OSError):
            if scheme == "http":
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health?bundles", timeout=5).close()
            else:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        time.sleep(0.05)
    raise AssertionError("opa run did not get healthy")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def authz_bundle(folder: Path) -> Path:
    """The policy of the docs: TOKEN may ask what gate asks, and nobody anything else."""
    (rego,) = re.findall(r"```rego\n(.*?)```", (ROOT / "docs" / "policy-server.md").read_text(), re.DOTALL)
    (folder / "authz.rego").write_text(rego)
    (folder / ".manifest").write_text('{"roots": ["system/authz"], "rego_version": 1}')
    return folder


def site_bundle(folder: Path, config: object) -> Path:
    """What an organisation loads beside the standard bundle."""
    (folder / "gate_site" / "config").mkdir(parents=True)
    (folder / ".manifest").write_text('{"roots": ["gate_site"], "revision": "site-1", "rego_version": 1}')
    (folder / "gate_site" / "config" / "data.json").write_text(json.dumps(config))
    return folder


def certificate(folder: Path, *addresses: str) -> tuple[Path, Path]:
    """A certificate for these addresses, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "opa")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(one)) for one in addresses])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return folder / "cert.pem", folder / "key.pem"


def provenance(revision: object = DIGEST) -> dict[str, object]:
    return {"provenance": {"version": "1.22.0", "bundles": {"policies": {"revision": revision}}}}


def good(result: object = ALLOW) -> dict[str, object]:
    return {**provenance(), "result": result}


@dataclass
class Seen:
    """One request that the fake got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Behave = Callable[[BaseHTTPRequestHandler, Seen], None]


@dataclass
class Fake:
    """Behaves as it was told; remembers what it was asked, and by how many connections."""

    behave: Behave
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answering(value: object, status: int = 200, **headers: str) -> Behave:
    """Answers everything with this JSON, or these bytes; data.gate_site.config is undefined when all is well."""

    def behave(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        told = value
        if seen.path.startswith("/v1/data/gate_site/") and isinstance(value, dict) and "result" in value:
            told = {key: part for key, part in value.items() if key != "result"}
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        handler.send_response(status)
        for name, text in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, text)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


@contextmanager
def faking(behave: Behave) -> Iterator[Fake]:
    fake = Fake(behave)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            fake.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen = Seen(self.command, self.path, dict(self.headers), body)
            fake.seen.append(seen)
            with suppress(OSError):  # the gate went away
                fake.behave(self, seen)

        do_GET = do_PUT = do_POST

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    fake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ask(url: str, document: Mapping[str, object] | None = None, **options: object) -> object:
    """The answer, or the EngineError; and nothing it says holds the token."""
    engine = Server(url, **{"expected": DIGEST, "patience": QUICK, **options})
    try:
        return engine.evaluate(clean() if document is None else document)
    except EngineError as error:
        assert TOKEN not in str(error) and "\n" not in str(error)
        assert engine.data_digest is None or error.code == "undefined"
        return error
    finally:
        engine.close()


def code(url: str, **options: object) -> str:
    answer = ask(url, **options)
    assert isinstance(answer, EngineError), answer
    return answer.code


def broken(behave: Behave, **options: object) -> str:
    """The code that a fake server's behaviour ends in."""
    with faking(behave) as fake:
        return code(fake.url, **options)
