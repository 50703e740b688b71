"""What an admission and a signature cost, as ratios of one run: python bench/admit.py [ROUNDS]

Prints: `gate admit` with a key, with and without machine code kept from an earlier run, against an empty Python, one
that imports the library that verifies, and cosign where it is installed; what --sign-key adds to a scan.
Ratios tell; seconds are those of this machine at this moment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench._measure import GATE, Run, interleaved, quiet, run
from fixtures.churn.contents import safetensors
from gate.adapters import signer
from gate.attest import uris

WHO = "https://acme.example/gate/v1"
TRUST = f"""version: 1
keys:
  - {{name: gate, file: k.pub, roles: [verifier]}}
verifiers:
  - {{id: "{WHO}", signers: [gate]}}
"""
SIGNING = """
import sys, time
from gate.cli import main, signing
spent = []
def timed(function):
    def run(*arguments, **options):
        begin = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            spent.append(time.process_time() - begin)
    return run
signing.signing, signing.Signing.attest = timed(signing.signing), timed(signing.Signing.attest)
try:
    main()
finally:
    print(sum(spent))
"""
"""A scan that says how much of it was reading the key, signing, verifying and writing."""
NOTHING = (sys.executable, "-c", "pass")
LIBRARY = (sys.executable, "-c", "import cryptography.hazmat.primitives.asymmetric.ec")


def desk(folder: str) -> dict[str, str]:
    """An archive, a key, its trust file and an attestation, by what they are for."""
    names = {name: os.path.join(folder, name) for name in ("model.zip", "k.key", "k.pub", "trust.yaml", "out")}
    key = signer.generate("p256")
    with zipfile.ZipFile(names["model.zip"], "w") as archive:
        archive.writestr("model.safetensors", safetensors({"w": ((2,), bytes(8))}, {"format": "np"}))
    Path(names["k.key"]).write_bytes(signer.private_pem(key, b""))
    os.chmod(names["k.key"], 0o600)
    Path(names["k.pub"]).write_bytes(signer.public_pem(key))
    Path(names["trust.yaml"]).write_text(TRUST)
    os.mkdir(names["out"])
    done = run(*signing(names))
    assert done.code == 0, done
    return names


def scanning(at: dict[str, str]) -> tuple[str, ...]:
    return (*GATE, "scan", at["model.zip"], "--stage", "staging", "--environment", "eu", "-q")


def signing(at: dict[str, str]) -> tuple[str, ...]:
    return (*scanning(at), "--sign-key", at["k.key"], "--attest-dir", at["out"], "--verifier-id", WHO)


def admitting(at: dict[str, str]) -> tuple[str, ...]:
    claims = os.path.join(at["out"], "model.zip.claims.jsonl")
    place = ("--stage", "staging", "--environment", "eu", "--trust", at["trust.yaml"])
    return (*GATE, "admit", "--file", at["model.zip"], "--attestation", claims, *place)


def compiling(command: tuple[str, ...]) -> tuple[str, ...]:
    """The same with nothing kept between runs."""
    return ("env", "GATE_CACHE_DIR=", *command)


def added(at: dict[str, str], rounds: int) -> float:
    """CPU seconds that signing takes inside of a scan, the least of some; the difference of two scans is noise."""
    command = (sys.executable, "-c", SIGNING, *signing(at)[len(GATE) :])
    outs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(rounds)]
    return min(map(float, outs))


def cosign(at: dict[str, str]) -> tuple[str, ...] | None:
    """What somebody would run instead; it says who signed, not what was said."""
    found = subprocess.run(["sh", ".ci/cosign.sh", "--installed"], capture_output=True, text=True, check=False)
    tool = found.stdout.strip() or shutil.which("cosign")
    if not tool:
        return None
    bundle = os.path.join(at["out"], "model.zip.vsa.sigstore.json")
    options = ("--key", at["k.pub"], "--bundle", bundle, "--type", uris.VSA, "--insecure-ignore-tlog=true")
    return (tool, "verify-blob-attestation", *options, at["model.zip"])


def main(rounds: int) -> None:
    # As it is installed: pip compiles modules, and a checkout does so where nobody forbids it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GATE_CACHE_DIR"] = os.path.join(folder, "cache")
        at = desk(folder)
        peer = cosign(at)
        commands = {
            "python -c pass": NOTHING,
            "python, the library alone": LIBRARY,
            "gate --version": (*GATE, "--version"),
            "gate admit": admitting(at),
            "gate admit, nothing kept": compiling(admitting(at)),
            "gate scan": scanning(at),
            **({"cosign verify-blob-attestation": peer} if peer else {}),
        }
        table(dict(zip(commands, interleaved(list(commands.values()), rounds), strict=True)), added(at, rounds))


def table(runs: dict[str, Run], signed: float) -> None:
    print(f"# {quiet()}\n\n| command | CPU s | wall s | MB |\n|---|---|---|---|")
    for name, seen in runs.items():
        assert seen.code == 0, (name, seen)
        print(f"| {name} | {seen.cpu:.3f} | {seen.wall:.3f} | {seen.peak} |")
    ours = runs["gate admit"]
    print()
    for name in ("python -c pass", "python, the library alone", "gate admit, nothing kept"):
        print(f"gate admit / {name}: {ours.cpu / runs[name].cpu:.2f} x CPU")
    if peer := runs.get("cosign verify-blob-attestation"):
        print(f"gate admit / cosign: {ours.cpu / peer.cpu:.2f} x CPU, {ours.peak / peer.peak:.2f} x memory")
    print(f"signing adds {signed * 1e3:.0f} ms CPU to a scan, {signed / runs['gate scan'].cpu:.0%} of it")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
