import hashlib
import json
import re
from contextlib import suppress
from typing import ClassVar

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.churn import signing
from fixtures.signature.certificates import private_key
from fixtures.signature.local import Sigstore
from gate.core.errors import UsageError
from gate.trust.file import read_trust
from gate.trust.words import GitHub, Signer, Trust
from tests.adapters.test_keys import PRIVATE, pem
from tests.conftest import ROOT

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "gate" / "trust" / "schema.json").read_text()))
ROOT_JSON = Sigstore().trusted_root()
FILES = {
    "release.pub": pem(private_key("release")),
    "gate.pub": pem(private_key("gate")),
    "demo-release.pub": signing.public_key(),
    "private.pem": PRIVATE[0],
    "junk.pub": b"junk",
    "trusted_root.json": ROOT_JSON,
}
KEY = {"name": "k", "file": "release.pub"}
ISSUER = "https://issuer.example"
IDENTITY = {"name": "i", "issuer": ISSUER, "identity": "a@b.example"}
GITHUB = {"repository": "acme/models", "workflow": "release.yml"}


def load(name):
    if name not in FILES:
        raise FileNotFoundError(2, "No such file or directory", name)
    return FILES[name]


def read(document) -> Trust:
    text = document if isinstance(document, bytes) else yaml.safe_dump(document).encode()
    return read_trust(text, "trust.yaml", load)


def refused(document) -> str:
    with pytest.raises(UsageError) as error:
        read(document)
    return str(error.value)


def with_key(**changes):
    return {"version": 1, "keys": [{**KEY, **changes}]}


def with_identity(**changes):
    row = {key: value for key, value in {**IDENTITY, **changes}.items() if value is not None}
    return {"version": 1, "identities": [row]}


def test_a_key_alone_is_enough_and_may_then_sign_models_anywhere():
    (key,) = read(with_key()).keys
    assert key.signer == Signer("k", ("model",), ("*",), ("*",), "", "", "")
    assert key.public.kind == "ecdsa-secp256r1"
    assert read(with_key()).digest == read(with_key()).digest != read(with_key(name="l")).digest


def test_everything_that_a_trust_file_can_say_is_read():
    text = b"""
version: 1
roots:
  - {name: corp, file: trusted_root.json, sha256: SHA256}
keys:
  - {name: release-2026, file: release.pub, roles: [model, evidence], stages: [staging], environments: [prod-eu],
     not_before: 2026-01-01T00:00:00+02:00, not_after: "2027-01-01T00:00:00Z", revoked: null}
  - {name: gate-2026, file: gate.pub, roles: [verifier, revoker]}
identities:
  - {name: exact, issuer: "https://i", identity: "me@acme.example", revoked: 2026-06-01t12:00:00.5z}
  - {name: pattern, issuer: "https://i", matches: "[a-z]+@acme\\\\.example"}
  - {name: ci, issuer: "https://i", github: {repository: acme/models, workflow: release.yml, ref: "refs/tags/v*"}}
verifiers:
  - {id: "https://acme.example/gate/v1", signers: [gate-2026]}
""".replace(b"SHA256", hashlib.sha256(ROOT_JSON).hexdigest().encode())
    trust = read(text)
    key = trust.keys[0].signer
    assert (key.roles, key.stages, key.environments) == (("model", "evidence"), ("staging",), ("prod-eu",))
    assert (key.not_before, key.not_after, key.revoked) == ("2025-12-31T22:00:00Z", "2027-01-01T00:00:00Z", "")
    assert trust.roots[0].data == ROOT_JSON and trust.roots[0].name == "corp"
    exact, pattern, github = trust.identities
    assert (exact.identity, exact.signer.revoked) == ("me@acme.example", "2026-06-01T12:00:00Z")
    assert pattern.matches == r"[a-z]+@acme\.example"
    assert github.github == GitHub("acme/models", "release.yml", "refs/tags/v*")
    assert trust.verifiers[0].signers == ("gate-2026",)
    SCHEMA.validate(yaml.load(text, _Texts))


class _Texts(yaml.SafeLoader):
    """Times stay text, as they do for gate."""

    yaml_implicit_resolvers: ClassVar = {
        key: [(tag, pattern) for tag, pattern in rows if not tag.endswith("timestamp")]
        for key, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


WRONG = [
    ([], "must be a mapping"),
    ({"keys": [KEY]}, "version: is missing"),
    ({**with_key(), "version": 2}, "version: must be 1"),
    ({**with_key(), "version": True}, "version: must be 1"),
    ({**with_key(), "version": "1"}, "version: must be 1"),
    ({**with_key(), "key": []}, "key: is unknown; known: version, roots, keys, identities, verifiers"),
    ({"version": 1}, "names no signer"),
    ({"version": 1, "keys": []}, "names no signer"),
    ({"version": 1, "keys": KEY}, "keys: must be a list"),
    ({"version": 1, "keys": ["k"]}, "keys > 1: must be a mapping"),
    (with_key(role="model"), "keys > 1 > role: is unknown"),
    (with_key(name="a b"), "keys > 1 > name: must be of letters"),
    (with_key(name=2026), "keys > 1 > name: must be text"),
    (with_key(roles=[]), "keys > 1 > roles: must be a list of names that is not empty"),
    (with_key(roles="model"), "keys > 1 > roles: must be a list"),
    (with_key(roles=["admin"]), "keys > 1 > roles: admin is no role; there are model"),
    (with_key(roles=["model", "verifier"]), "keys > 1 > roles: model and verifier must not be one signer"),
    (with_key(stages=[1]), "keys > 1 > stages: must be a list"),
    (with_key(not_before="2026-01-01"), "keys > 1 > not_before: must be an RFC 3339 time"),
    (with_key(not_after="2026-01-01T00:00:00"), "keys > 1 > not_after: must be an RFC 3339 time"),
    (with_key(revoked="soon"), "keys > 1 > revoked: must be an RFC 3339 time"),
    (with_key(revoked=False), "keys > 1 > revoked: must be an RFC 3339 time"),
    (with_identity(issuer=None), "identities > 1 > issuer: is missing"),
    (with_identity(issuer=" "), "identities > 1 > issuer: must be text"),
    (with_identity(identity=None), "identities > 1: needs exactly one of identity, matches, github"),
    (with_identity(matches=".*"), "identities > 1: needs exactly one of identity, matches, github"),
    (with_identity(identity=None, github={**GITHUB, "repository": "acme"}), "github > repository: must be OWNER/NAME"),
    (with_identity(identity=None, github={**GITHUB, "repository": "*/m"}), "github > repository: must be OWNER/NAME"),
    (with_identity(identity=None, github={**GITHUB, "workflow": "a/b.yml"}), "github > workflow: must be the name"),
    (with_identity(identity=None, github={**GITHUB, "owner": "x"}), "github > owner: is unknown"),
    (with_identity(roles=["verifier", "model"]), "identities > 1 > roles: model and verifier"),
    ({**with_key(), "verifiers": [{"id": "v", "signers": []}]}, "verifiers > 1 > signers: must be a list"),
    ({**with_key(), "roots": [{"name": "r", "file": "trusted_root.json", "sha256": "AB" * 32}]}, "roots > 1 > sha256"),
]
"""What the schema refuses as well."""
DEEPER = [
    (with_key(file="none.pub"), "keys > 1 > file: none.pub cannot be read: No such file"),
    (with_key(file="junk.pub"), "keys > 1 > file: is not one public key in PEM"),
    (with_key(file="private.pem"), "keys > 1 > file: holds a private key"),
    (with_key(sha256="0" * 64), "keys > 1 > sha256: is not that of release.pub, which has"),
    (with_key(not_before="2026-13-01T00:00:00Z"), "keys > 1 > not_before: must be an RFC 3339 time"),
    (with_key(not_before="2027-01-01T00:00:00Z", not_after="2026-01-01T00:00:00Z"), "not_after: must be after"),
    (with_identity(identity=None, matches="("), "identities > 1 > matches: is not a regular expression"),
    ({"version": 1, "keys": [KEY, {**KEY, "file": "gate.pub"}]}, "the name k stands twice"),
    ({"version": 1, "keys": [KEY, {**KEY, "name": "l", "roles": ["verifier"]}]}, "the key .* stands twice"),
    ({**with_key(), "identities": [{**IDENTITY, "name": "k"}]}, "the name k stands twice"),
    ({"version": 1, "identities": [IDENTITY, {**IDENTITY, "name": "j", "roles": ["verifier"]}]}, "the identity stands"),
    ({**with_key(), "roots": [{"name": "r", "file": "trusted_root.json"}] * 2}, "the root r stands twice"),
    ({**with_key(), "roots": [{"name": "r", "file": "junk.pub"}]}, "roots > 1 > file: is no Sigstore trusted root"),
    ({**with_key(), "roots": [{"name": "r", "file": "x", "sha256": "0" * 64}]}, "roots > 1 > file: x cannot be read"),
    ({**with_key(), "verifiers": [{"id": "v", "signers": ["k"]}]}, "signers: k is no signer with the role verifier"),
    ({**with_key(), "verifiers": [{"id": "v", "signers": ["x"]}]}, "signers: x is no signer with the role verifier"),
]


@pytest.mark.parametrize(("document", "complaint"), WRONG + DEEPER)
def test_a_wrong_value_is_refused_with_the_path_to_it(document, complaint):
    said = refused(document)
    assert said.startswith("trust.yaml") and re.search(complaint, said), said


@pytest.mark.parametrize(("document", "complaint"), WRONG)
def test_the_schema_refuses_it_too(document, complaint):
    assert not SCHEMA.is_valid(document)


@pytest.mark.parametrize("document", [with_key(), with_identity(), with_identity(identity=None, github=GITHUB)])
def test_the_schema_takes_what_is_read(document):
    SCHEMA.validate(document)
    assert read(document)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (b"version: 1\nversion: 1\nkeys: []\n", "trust.yaml > version: stands twice"),
        (
            b"version: 1\nkeys:\n  - {name: k, file: release.pub, roles: [verifier], roles: [model]}\n",
            "roles: stands twice",
        ),
        (b"[", "is not usable YAML"),
        (b"\xff", "is not usable YAML"),
        (b"a: !!python/object/apply:os.system [id]", "is not usable YAML"),
        (b"[" * 10_000, "is not usable YAML"),
        (b"a: &a [1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: {<<: *a}", "is not usable YAML"),
        (b"#" * (5 * 2**20), "is larger than"),
        (b"", "must be a mapping"),
    ],
)
def test_text_that_is_no_plain_yaml_is_refused(text, complaint):
    assert complaint in refused(text)


def test_a_private_key_is_not_quoted():
    assert not any(line.decode() in refused(with_key(file="private.pem")) for line in PRIVATE[0].splitlines())


def test_the_trust_file_of_the_demo_is_one():
    (key,) = read_trust(signing.trust_yaml(), "trust.yaml", load).keys
    assert key.signer.name == signing.NAME and key.signer.roles == ("model",)


def test_the_trust_file_in_the_docs_is_accepted():
    page = (ROOT / "docs" / "trust.md").read_text()
    (text,) = re.findall(r"```yaml\n(version: 1.*?)```", page, re.DOTALL)
    trust = read(text.encode())
    SCHEMA.validate(yaml.load(text, _Texts))
    assert len(trust.keys) == 2 and len(trust.identities) == 2 and trust.roots and trust.verifiers


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(list(FILES)),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["version", "keys", "name", "file", "roles", "identities", "github"]), inner
            )
        ),
        max_leaves=9,
    )
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_document_is_read_or_refused(value):
    with suppress(UsageError):
        read(json.dumps(value).encode())
