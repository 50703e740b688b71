"""A model signature over 10,000 members, beside the walk that hashes them: milliseconds of CPU, and the ratio.

    python bench/model_signatures.py

min of five interleaved runs each; what is asked for is less than 200 ms beyond the walk.
"""

from __future__ import annotations

import hashlib
import io
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cryptography.hazmat.primitives import serialization

from fixtures.signature.build import dump
from fixtures.signature.certificates import private_key
from fixtures.signature.models import by_key, listed
from gate import pipeline, registry
from gate.adapters import keys
from gate.core.limits import Limits
from gate.inspectors import Inputs
from gate.trust.words import Key, Signer, Trust

MEMBERS, RUNS = 10_000, 5


def main() -> None:
    """Builds both archives, times both, prints one line each."""
    key = private_key("bench")
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    trust = Trust("", keys=(Key(Signer("bench"), keys.read(pem), hashlib.sha256(pem).hexdigest()),))
    team = registry.load(inputs=Inputs("2026-11-21T10:00:00Z", trust=trust)).only("signature")
    files = {f"layers/{number:05}.bin": b"%d" % number * 50 for number in range(MEMBERS)}
    signature = dump(by_key(key, listed(files, [".git"])))
    with tempfile.TemporaryDirectory() as folder:
        paths: dict[str, Path] = {}
        for name, more in (("walk", {}), ("walk and signature", {"model.sig": signature})):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as archive:
                for member, data in {**files, **more}.items():
                    archive.writestr(zipfile.ZipInfo(member), data)
            paths[name] = Path(folder, f"{len(paths)}.zip")
            paths[name].write_bytes(out.getvalue())
        best = dict.fromkeys(paths, 1e9)
        for _ in range(RUNS):
            for name, path in paths.items():
                begin = time.process_time()
                report = pipeline.scan(str(path), team, Limits(), jobs=0)
                best[name] = min(best[name], time.process_time() - begin)
        assert report.sections["signature"]["member_verified"] == 1
    for name, seconds in best.items():
        print(f"{name:20} {seconds * 1000:8.1f} ms  {seconds / best['walk']:5.2f}")
    print(f"{'beyond the walk':20} {(best['walk and signature'] - best['walk']) * 1000:8.1f} ms")


if __name__ == "__main__":
    main()
