"""Bundles that an identity signed: what is in them, and for whom they count."""

import json

import pytest

from fixtures.signature.certificates import ISSUER, Identity
from fixtures.signature.local import RELEASE
from gate.attest import uris
from gate.attest.attest import SUFFIXES, attest
from gate.formats.sigstore_bundle import signature
from gate.trust.reasons import Status
from gate.trust.verify import Artifact, Verification
from tests.attest.identities import NOW, outcome, sign, signer, trust
from tests.attest.samples import WHO, payload, said
from tests.output.results import folder
from tests.sigstores import Stack

VSA_FILE, GATE_FILE, _, _, LINES_FILE = SUFFIXES


@pytest.mark.parametrize("version", [1, 2], ids=["log 1", "log 2"])
def test_an_identity_signs_two_bundles_and_no_bare_envelope(version):
    with Stack(rekor=version) as stack:
        files, root = sign(stack), stack.sigstore.trusted_root()
    assert tuple(files) == (VSA_FILE, GATE_FILE, LINES_FILE)
    assert files[LINES_FILE] == files[VSA_FILE] + files[GATE_FILE]
    for suffix, kind in ((VSA_FILE, uris.VSA), (GATE_FILE, uris.DECISION)):
        assert payload(files[suffix])["predicateType"] == kind and files[suffix].count(b"\n") == 1
        found = outcome(files[suffix], root)
        assert (found.status, found.signer, found.issuer) == (Status.VERIFIED, RELEASE.name, ISSUER)
        assert found.times and len(files[suffix]) < 10_000
        material = json.loads(files[suffix])["verificationMaterial"]
        assert set(material) == {"certificate", "timestampVerificationData", "tlogEntries"}
        assert len(material["timestampVerificationData"]["rfc3161Timestamps"]) == 1


def test_one_certificate_signs_what_is_said_about_one_artifact():
    with Stack() as stack:
        files = sign(stack)
        assert stack.asked == ["oidc", "fulcio", "tsa", "rekor", "tsa", "rekor"]
    first, second = (json.loads(files[s])["verificationMaterial"]["certificate"] for s in (VSA_FILE, GATE_FILE))
    assert first == second


def test_a_folder_is_attested_by_its_dir_hash():
    with Stack() as stack:
        files = attest(said(folder()), signer(stack), WHO)
        root = stack.sigstore.trusted_root()
    found = Verification(trust(root), NOW, "verifier").verify(
        signature(files[VSA_FILE]), Artifact({"dirHash": "ab" * 32})
    )
    assert found.status == Status.VERIFIED


def test_a_log_that_tells_the_time_needs_no_timestamp_authority():
    with Stack(tsa=False) as stack:
        assert outcome(sign(stack)[VSA_FILE], stack.sigstore.trusted_root()).status == Status.VERIFIED
        assert "tsa" not in stack.asked


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "me@acme.example", "iss": "https://accounts.example"},
        {"sub": "spiffe://acme.example/ci", "iss": "https://spiffe.example"},
        {"ci_config_ref_uri": "gitlab.com/acme/models//.gitlab-ci.yml@refs/heads/main", "iss": "https://gitlab.com"},
        {"sub": "me", "iss": "https://login.example", "name": "me!acme.example"},
        {"email": "me@acme.example", "federated_claims": {"connector_id": "https://accounts.example"}},
    ],
    ids=["mail", "URI", "GitLab", "user name", "federated"],
)
def test_the_names_that_other_issuers_give_are_known(claims):
    name = claims.pop("name", None) or claims.get("email") or claims.get("ci_config_ref_uri") or claims["sub"]
    name = f"https://{name}" if name.startswith("gitlab") else name
    issuer = claims.get("iss", "https://accounts.example")
    identity = Identity(name, issuer, issuer, "", "", "", username="!" in name)
    with Stack(identity=identity) as stack:
        stack.claims = claims if "iss" in claims else {**claims, "iss": "https://oauth2.sigstore.example/auth"}
        files = sign(stack)
        assert outcome(files[VSA_FILE], stack.sigstore.trusted_root(), issuer=issuer, identity=name).reason == ""
