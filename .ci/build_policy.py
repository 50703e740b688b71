"""Compile policies/ to gate/policy/compiled/, or with --check say whether what lies there is up to date.

    python .ci/build_policy.py [--check]

Run from the root of the repository: the bytes of the module depend on the path that OPA was given.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gate.policy.digest import policy_digest  # noqa: E402 - the checkout's, without installing it

ENTRYPOINTS = ("gate/admission/result", "gate/decision/result")
POLICIES = Path("policies")
MANIFEST = POLICIES / ".manifest"
COMPILED = Path("gate/policy/compiled")


def opa(*arguments: str) -> str:
    tool = subprocess.run(["sh", ".ci/opa.sh"], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
    return subprocess.run([tool, *arguments], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def bundle_manifest() -> bytes:
    """The bundle's .manifest with the policy digest as its revision, which an OPA server reports."""
    manifest = json.loads((ROOT / MANIFEST).read_bytes())
    manifest["revision"] = policy_digest(ROOT / POLICIES)
    return dump(manifest)


def compiled(scratch: Path) -> dict[str, bytes]:
    bundle = scratch / "bundle.tar.gz"
    entrypoints = [argument for name in ENTRYPOINTS for argument in ("-e", name)]
    opa("build", "-t", "wasm", *entrypoints, "-b", str(POLICIES), "--ignore", "*_test.rego", "-o", str(bundle))
    files = {}
    with tarfile.open(bundle) as tar:
        for name in ("policy.wasm", "data.json"):
            member = tar.extractfile(f"/{name}")
            assert member is not None
            files[name] = member.read()
    version = opa("version").splitlines()[0].removeprefix("Version: ")
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {"digest": policy_digest(ROOT / POLICIES), "entrypoints": [*ENTRYPOINTS], "opa": version, "sha256": sums}
    return {**files, "manifest.json": dump(manifest)}


def dump(value: object) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when something is out of date")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as scratch:
        wanted = {MANIFEST: bundle_manifest()}
        wanted |= {COMPILED / name: content for name, content in compiled(Path(scratch)).items()}
    stale = [path for path, content in wanted.items() if not is_same(ROOT / path, content)]
    for path in stale:
        if check:
            print(f"{path}: is not what policies/ compiles to; run python .ci/build_policy.py", file=sys.stderr)
        else:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_bytes(wanted[path])
            print(f"{path}: written")
    return int(check and bool(stale))


def is_same(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


if __name__ == "__main__":
    sys.exit(main())
