"""What it costs to admit by an identity, as ratios of one run: python bench/trust.py [ROUNDS]

One `gate admit` process with a bundle by an identity, and one by a key, against a Python that imports what verifies a
signature (cryptography) and one that imports sigstore's verifier.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from bench._measure import GATE, interleaved, quiet
from fixtures.signature.certificates import ISSUER, private_key, sign, spki
from fixtures.signature.local import RELEASE, Bundle, Sigstore, keyed, pae, sealed, statement
from gate.adapters.keys import PublicKey
from gate.attest import uris
from gate.formats.dsse import IN_TOTO

WHO = "https://acme.example/gate/v1"
DIGEST = hashlib.sha256(b"a model").hexdigest()
CRYPTOGRAPHY = (
    "from cryptography.hazmat.primitives.asymmetric import ec; from cryptography.hazmat.primitives import serialization"
)
TRUST = f"""version: 1
roots:
  - {{name: local, file: root.json}}
keys:
  - {{name: key, file: gate.pub, roles: [verifier]}}
identities:
  - {{name: ci, issuer: "{ISSUER}", identity: "{RELEASE.name}", roles: [verifier]}}
verifiers:
  - {{id: "{WHO}", signers: [key, ci]}}
"""


def summary(now: datetime) -> bytes:
    """A summary that admits today."""
    predicate = {
        "verifier": {"id": WHO},
        "timeVerified": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resourceUri": "model:m?environment=eu&stage=production",
        "policy": {"uri": "x", "digest": {"sha256": "cd" * 32}},
        "verificationResult": "PASSED",
        uris.STAGE: "production",
        uris.ENVIRONMENT: "eu",
    }
    return statement({"sha256": DIGEST}, predicate_type=uris.VSA, predicate=predicate)


def write(folder: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=5)
    local, key, said = Sigstore(), private_key("bench"), summary(now)
    bundles: dict[str, Bundle] = {
        "identity.json": local.stamped(local.attest(said, when=now), now),
        "key.json": keyed({"dsseEnvelope": sealed(said, sign(key, pae(IN_TOTO, said)))}, hint(spki(key))),
    }
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(spki(key)) + b"-----END PUBLIC KEY-----\n"
    files = {name: json.dumps(bundle).encode() for name, bundle in bundles.items()}
    for name, data in {**files, "root.json": local.trusted_root(), "gate.pub": pem, "t.yaml": TRUST.encode()}.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


def hint(der: bytes) -> str:
    return base64.b64encode(bytes.fromhex(PublicKey("", "", der).sha256)).decode()


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(folder)
        asked = ("--digest", f"sha256:{DIGEST}", "--stage", "production", "--environment", "eu")
        admit = (*GATE, "admit", *asked, "--trust", os.path.join(folder, "t.yaml"), "--attestation")
        commands = {
            "identity": (*admit, os.path.join(folder, "identity.json")),
            "key": (*admit, os.path.join(folder, "key.json")),
            "import sigstore.verify": (sys.executable, "-c", "import sigstore.verify"),
            "import cryptography": (sys.executable, "-c", CRYPTOGRAPHY),
        }
        runs = dict(zip(commands, interleaved([*commands.values()], rounds), strict=True))
    least = runs["import cryptography"]
    for name, run in runs.items():
        assert run.code == 0, f"{name}: exit {run.code}"
        print(f"{name}: {run.cpu:.2f} s CPU, {run.wall:.2f} s, {run.peak} MB, {run.cpu / least.cpu:.1f} x the last")
    print(f"goal: gate admit by an identity <= 1.2 s | {quiet()}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
