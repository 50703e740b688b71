"""Four scanners alone, and gate that runs all of them in one pass: python bench/scanners.py [ROUNDS]

The dirty churn archive with a Sigstore bundle beside it. Each peer gets what it needs extracted beforehand, and its own
command or the shortest script around it: pip-audit on the requirements with an OSV server on loopback, Presidio with
its own recognizers on the text, LIEF on the library, sigstore on the bundle. Then the findings are compared.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from packaging.utils import canonicalize_name
from packaging.version import Version

from bench._measure import GATE, Run, interleaved, quiet
from fixtures.churn import build, signing, surroundings
from fixtures.signature.build import dump
from fixtures.signature.local import RELEASE, Sigstore
from gate import resources
from gate.advisories.database import open_database
from gate.advisories.sample import sample

ENTITIES = ("CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "PHONE_NUMBER")
PRESIDIO = """
import collections, json, logging, sys
logging.disable()
import tldextract.tldextract as t
t.TLD_EXTRACTOR = t.TLDExtract(suffix_list_urls=(), cache_dir=None)
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NoOpNlpEngine
nlp = NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}])
registry = RecognizerRegistry(supported_languages=["en"])
registry.load_predefined_recognizers(languages=["en"], nlp_engine=nlp)
engine = AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])
found = collections.Counter()
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for row in engine.analyze(text, "en", entities=json.loads(sys.argv[1]), score_threshold=0.4):
        found[row.entity_type] += 1
print(json.dumps(found))
"""
LIEF = """
import json, sys, lief
binary = lief.ELF.parse(sys.argv[1])
needs = binary.symbols_version_requirement
versions = sorted(f"{need.name}:{part.name}" for need in needs for part in need.get_auxiliary_symbols())
print(json.dumps([list(binary.libraries), versions]))
"""


@dataclass(frozen=True, slots=True)
class Files:
    """The archive with all that belongs to it, and what was extracted for the peers."""

    archive: str
    bundle: str
    trust_config: str
    given: tuple[str, ...]
    db: str
    requirements: str
    library: str
    texts: tuple[str, ...]


def files(folder: str) -> Files:
    built = build.build(folder)
    supplies = surroundings.supply(folder, built)
    archive, sigstore = built.dirty_mar, Sigstore()
    os.unlink(f"{archive}.sig")
    Path(f"{archive}.sigstore.json").write_bytes(dump(sigstore.sign(Path(archive).read_bytes())))
    root = sigstore.trusted_root()
    Path(folder, "root.json").write_bytes(root)
    identity = f"identities:\n  - {{name: ci, issuer: '{RELEASE.issuer}', identity: '{RELEASE.name}'}}\n"
    Path(supplies.trust).write_bytes(
        signing.trust_yaml() + b"roots: [{name: r, file: root.json}]\n" + identity.encode()
    )
    config = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": json.loads(root),
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [],
            "oidcUrls": [],
            "rekorTlogUrls": [],
            "tsaUrls": [],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        },
    }
    Path(folder, "config.json").write_text(json.dumps(config))
    out = os.path.join(folder, "extracted")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(out)
    texts = [path for path in sorted(Path(out).rglob("*")) if path.is_file() and _is_text(path)]
    db = sample(folder)
    given = (
        "--trust",
        supplies.trust,
        "--profile",
        supplies.profile,
        "--db",
        db,
        "--policy-data",
        supplies.policy_data,
    )
    return Files(
        archive,
        f"{archive}.sigstore.json",
        os.path.join(folder, "config.json"),
        given,
        db,
        os.path.join(out, "requirements.txt"),
        os.path.join(out, "lib", "_scorer.so"),
        tuple(map(str, texts)),
    )


def _is_text(path: Path) -> bool:
    data = path.read_bytes()
    with contextlib.suppress(UnicodeDecodeError):
        return b"\0" not in data and bool(data.decode("utf-8"))
    return False


@contextlib.contextmanager
def osv_server(db: str) -> Iterator[str]:
    """POST /v1/query for the sample of advisories, as api.osv.dev answers it: whole records of one version."""
    records = {r["id"]: r for r in map(_load, (resources.root() / "fixtures" / "churn" / "advisories").glob("*.json"))}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name, version = canonicalize_name(asked["package"]["name"]), Version(asked["version"])
            with open_database(db) as database:
                ids = {i for a in database.of_version(name, version) for i in (a.id, *a.aliases)}
            hits = [r for r in records.values() if ids & {r["id"], *r.get("aliases", ())}]
            body = json.dumps({"vulns": hits} if hits else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
    finally:
        server.shutdown()


def _load(path: Path) -> dict[str, list[str] | str]:
    record: dict[str, list[str] | str] = json.loads(path.read_bytes())
    return record


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        at = files(folder)
        with osv_server(at.db) as url:
            python = sys.executable
            audit = (
                "--no-deps",
                "--disable-pip",
                "-s",
                "osv",
                "--osv-url",
                url,
                "-f",
                "json",
                "--progress-spinner",
                "off",
            )
            identity = ("--cert-identity", RELEASE.name, "--cert-oidc-issuer", RELEASE.issuer)
            commands = {
                "gate, all of it": (*GATE, "scan", at.archive, *at.given, "-f", "json"),
                "import presidio_analyzer": (python, "-c", "import presidio_analyzer"),
                "pip-audit": (python, "-m", "pip_audit", "-r", at.requirements, *audit),
                "Presidio": (python, "-c", PRESIDIO, json.dumps(ENTITIES), *at.texts),
                "LIEF": (python, "-c", LIEF, at.library),
                "sigstore": (
                    *(python, "-m", "sigstore", "--trust-config", at.trust_config, "verify", "identity"),
                    *("--bundle", at.bundle, *identity, at.archive),
                ),
            }
            best = dict(zip(commands, interleaved(list(commands.values()), rounds), strict=True))
            ours = json.loads(output(*commands["gate, all of it"]))
            table(best, same(ours, commands))


def same(ours: dict[str, object], commands: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Whether each peer finds what gate finds, in words."""
    rows: list[dict[str, object]] = ours["findings"]  # type: ignore[assignment]
    facts: list[dict[str, object]] = ours["facts"]  # type: ignore[assignment]

    def told(kind: str) -> list[dict[str, object]]:
        return [fact["data"] for fact in facts if fact["kind"] == kind]  # type: ignore[misc]

    theirs = {name: output(*commands[name]) for name in ("pip-audit", "Presidio", "LIEF")}
    audited = {
        frozenset((v["id"], *v["aliases"])) for d in json.loads(theirs["pip-audit"])["dependencies"] for v in d["vulns"]
    }
    advisories = {
        frozenset((str(p["advisory"]), *filter(None, str(p["aliases"]).split(", "))))
        for p in (row["properties"] for row in rows if row["rule"] == "dependencies.vulnerable")
        if isinstance(p, dict)
    }
    counts = {str(fact["entity"]): fact["count"] for fact in told("pii.entities")}
    seen = json.loads(theirs["Presidio"])
    needed = [[list(fact["needed"]), sorted(fact["versions"])] for fact in told("native.library")]  # type: ignore[call-overload]
    signed = [fact["status"] for fact in told("signature.signature")]
    verified = subprocess.run(commands["sigstore"], capture_output=True, check=False).returncode == 0
    return {
        "pip-audit": f"{len(audited)} advisories, gate {len(advisories)}, same: {audited == advisories}",
        "Presidio": ", ".join(f"{name} {seen.get(name, 0)} (gate {counts.get(name, 0)})" for name in ENTITIES),
        "LIEF": f"same needs and versions: {needed == [json.loads(theirs['LIEF'])]}",
        "sigstore": f"verifies: {verified}, gate: {', '.join(map(str, signed))}",
    }


def table(runs: dict[str, Run], words: dict[str, str]) -> None:
    ours, base = runs["gate, all of it"], runs["import presidio_analyzer"]
    print(f"# {quiet()}\n\n| command | CPU s | MB | findings |\n|---|---|---|---|")
    for name, run in runs.items():
        print(f"| {name} | {run.cpu:.2f} | {run.peak} | {words.get(name, '')} |")
    peers = sum(runs[name].cpu for name in words)
    print(f"\ngate / import presidio_analyzer: {ours.cpu / base.cpu:.2f}")
    print(f"gate / the four peers one after another: {ours.cpu / peers:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
