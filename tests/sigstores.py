"""A whole Sigstore on loopback, over HTTP: token service, Fulcio with its certificate log, Rekor 1 and 2, and a TSA.

What it signs with is fixtures.signature; here are the protocols, and every way in which a service can fail or lie.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from fixtures.signature.certificates import private_key
from fixtures.signature.local import RELEASE, Sigstore, canonical

BEARER = "the-secret-of-the-job-0123456789"
RELEASE_REF = RELEASE.name.removeprefix("https://github.com/")
SERVICES = ("oidc", "fulcio", "rekor", "tsa")


class Refuses(Exception):
    """Ends a request with this status."""


class Public:
    """A public key where fixtures expect a private one, of which they use no more."""

    def __init__(self, key):
        self.public_key = lambda: key


class Stack:
    """`broken` maps a service to a behaviour: a function of the handler, instead of its answer.

    `lies` maps one to a function of the answer that it would have given. `asked` are the paths, `bodies` what came.
    """

    def __init__(self, rekor=1, tsa=True, identity=RELEASE, label="loopback"):
        self.version, self.tsa, self.identity = rekor, tsa, identity
        self.sigstore = Sigstore(label)
        self.broken: dict[str, Callable] = {}
        self.lies: dict[str, Callable] = {}
        self.urls: dict[str, str] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.claims: dict[str, object] = {}
        self._jwt = private_key("identity provider")
        stack = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                with suppress(ConnectionError):
                    stack._serve(self)

            do_POST = do_GET

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    # -- what a client is given

    def token(self, **claims):
        """What the identity provider says."""
        now = int(time.time())
        said = {
            "iss": self.identity.issuer,
            "aud": "sigstore",
            "sub": "repo:acme/models:ref:refs/tags/v1.4.2",
            "job_workflow_ref": RELEASE_REF,
            "iat": now,
            "nbf": now - 5,
            "exp": now + 600,
        }
        return jwt.encode({**said, **self.claims, **claims}, self._jwt, algorithm="ES256")

    def environment(self):
        """What GitHub gives to a job with id-token: write."""
        url = self.urls.get("oidc", f"{self.url}/oidc/token?api-version=2.0")
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}

    def signing_config(self):
        def service(name, path, version=1):
            row = {"url": self.urls.get(name, self.url + path), "majorApiVersion": version, "operator": "loopback"}
            return [{**row, "validFor": {"start": "2025-01-01T00:00:00Z"}}]

        config = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": service("fulcio", ""),
            "oidcUrls": service("oidc", "/oidc"),
            "rekorTlogUrls": service("rekor", "/rekor", self.version),
            "tsaUrls": service("tsa", "/tsa") if self.tsa else [],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        }
        return json.dumps(config).encode()

    def write(self, folder):
        """Signing config and trusted root as files; the options that name them."""
        (folder / "signing.json").write_bytes(self.signing_config())
        (folder / "root.json").write_bytes(self.sigstore.trusted_root())
        return ("--signing-config", folder / "signing.json", "--trusted-root", folder / "root.json")

    # -- what it answers

    def _serve(self, handler):
        path = urlsplit(handler.path).path
        name = "fulcio" if path.startswith("/api/") else path.split("/")[1]
        self.asked.append(name)
        self.headers.append(dict(handler.headers))
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if name in self.broken:
            handler.close_connection = True
            return self.broken[name](handler)
        try:
            answer = getattr(self, f"_{name}")(handler, body)
        except Refuses as error:
            return answering(b'{"message": "no"}', int(str(error)))(handler)
        if name in self.lies:
            answer = self.lies[name](answer)
        answering(answer if isinstance(answer, bytes) else json.dumps(answer).encode(), 201)(handler)
        return None

    def _oidc(self, handler, _):
        if handler.headers["Authorization"] != f"bearer {BEARER}":
            raise Refuses(401)
        assert parse_qs(urlsplit(handler.path).query)["audience"] == ["sigstore"]
        return {"value": self.token()}

    def _fulcio(self, handler, body):
        try:
            kind, _, token = handler.headers["Authorization"].partition(" ")
            jwt.decode(token, self._jwt.public_key(), algorithms=["ES256"], audience="sigstore")
        except jwt.PyJWTError:
            raise Refuses(401) from None
        request = x509.load_pem_x509_csr(base64.b64decode(json.loads(body)["certificateSigningRequest"]))
        assert request.is_signature_valid and kind == "Bearer"
        return self.chain(request.public_key(), self.identity)

    def chain(self, key, identity=RELEASE, authority=None, issued=None):
        """The answer of a certificate authority."""
        authority = authority or self.sigstore.authority
        leaf = authority.leaf(Public(key), identity, issued or now() - timedelta(seconds=1), self.sigstore.minutes)
        chain = [leaf, authority.intermediate, authority.root]
        pem = [one.public_bytes(Encoding.PEM).decode() for one in chain]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": pem}}}

    def _rekor(self, _, body):
        request = json.loads(body)
        return self._first(request) if self.version == 1 else self._second(request["hashedRekordRequestV002"])

    def _first(self, request):
        assert request["kind"] == "dsse"
        proposed = request["spec"]["proposedContent"]
        envelope = json.loads(proposed["envelope"])
        rows = [{"signature": one["sig"], "verifier": proposed["verifiers"][0]} for one in envelope["signatures"]]
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": sha256(proposed["envelope"].encode())},
            "payloadHash": {"algorithm": "sha256", "value": sha256(base64.b64decode(envelope["payload"]))},
            "signatures": rows,
        }
        entry = self.sigstore.log.add("dsse", canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}), now())
        proof = entry["inclusionProof"]
        return {
            "ab" * 40: {
                "body": entry["canonicalizedBody"],
                "integratedTime": int(entry["integratedTime"]),
                "logID": base64.b64decode(entry["logId"]["keyId"]).hex(),
                "logIndex": int(entry["logIndex"]),
                "verification": {
                    "signedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"],
                    "inclusionProof": {
                        "logIndex": int(proof["logIndex"]),
                        "treeSize": int(proof["treeSize"]),
                        "rootHash": base64.b64decode(proof["rootHash"]).hex(),
                        "hashes": [base64.b64decode(one).hex() for one in proof["hashes"]],
                        "checkpoint": proof["checkpoint"]["envelope"],
                    },
                },
            }
        }

    def _second(self, request):
        spec = {
            "data": {"algorithm": "SHA2_256", "digest": request["digest"]},
            "signature": request["signature"],
        }
        body = {"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": spec}}
        entry = self.sigstore.log.add("hashedrekord", canonical(body), now())
        entry["kindVersion"]["version"] = "0.0.2"
        del entry["integratedTime"], entry["inclusionPromise"]
        return entry

    def _tsa(self, _, body):
        at = body.index(b"\x04\x20") + 2  # the digest of the request: an octet string of 32 bytes
        return self.sigstore.timestamps.stamp_digest(body[at : at + 32], now())


def now():
    return datetime.now(UTC).replace(microsecond=0)


def sha256(data):
    import hashlib

    return hashlib.sha256(data).hexdigest()


# -- ways to fail: each takes the handler of a request


def answering(body, status=200, **headers):
    """Exactly this."""

    def behave(handler):
        handler.send_response(status)
        for name, value in {"Content-Length": len(body), "Content-Type": "application/json", **headers}.items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def hanging_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


def silent(handler):
    time.sleep(3)


def dripping_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for n in range(30):
        handler.wfile.write(f"X-{n}: 1\r\n".encode())
        time.sleep(0.1)


def dripping_body(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(30):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def cut_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"{")


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(64):
        handler.wfile.write(b" " * 65536)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"
