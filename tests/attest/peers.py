"""Independent programs that must accept what gate signs; without them a test is skipped, but never in CI."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.conftest import ROOT


def peer(name):
    """The path of a pinned program."""
    found = subprocess.run(["sh", f".ci/{name}.sh", "--installed"], cwd=ROOT, capture_output=True, text=True)
    if found.returncode:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(found.stderr.strip())
    return found.stdout.strip()


def cosign(key, bundle, kind, file):
    """Whether cosign takes this bundle for an attestation of this kind about this file."""
    options = ["--key", key, "--bundle", bundle, "--type", kind, "--insecure-ignore-tlog=true"]
    return _accepts([peer("cosign"), "verify-blob-attestation", *options, file], "Verified OK")


def cosign_keyless(root, identity, issuer, bundle, kind, file):
    """The same of a bundle that an identity signed, offline."""
    options = ["--trusted-root", root, "--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
    options += ["--bundle", bundle, "--type", kind]
    return _accepts([peer("cosign"), "verify-blob-attestation", *options, file], "Verified OK")


def sigstore_js(bundle, kind, digest, *signer):
    """Whether sigstore-js takes it for one: `signer` is "key" and its file, or "root", its file, identity and issuer."""
    modules = {**os.environ, "NODE_PATH": peer("sigstore-js")}
    return _accepts(["node", ROOT / ".ci/sigstore-js/verify.cjs", bundle, kind, digest, *signer], "accepted", modules)


def slsa_verifier(key, envelope, digest, verifier, resource):
    """Whether slsa-verifier takes this envelope for a passed summary about this digest and resource."""
    options = ["--subject-digest", f"sha256:{digest}", "--attestation-path", envelope, "--public-key-path", key]
    options += ["--verifier-id", verifier, "--resource-uri", resource]
    return _accepts([peer("slsa-verifier"), "verify-vsa", *options], "PASSED: SLSA verification passed")


def _accepts(command, said, environment=None):
    run = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60, env=environment)
    assert run.returncode in (0, 1), run
    assert (run.returncode == 0) == (said in run.stdout + run.stderr), run
    return run.returncode == 0
