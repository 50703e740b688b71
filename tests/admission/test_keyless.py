"""Verdicts that an identity signed: who is admitted by them, and why nobody else is."""

import json
from datetime import datetime, timedelta

import pytest

from fixtures.signature.certificates import ISSUER, Identity
from fixtures.signature.local import RELEASE, Sigstore
from gate.adapters.opa_wasm import Embedded
from gate.attest import uris
from gate.core.admission import Given
from gate.core.decision import Outcome
from gate.formats.dsse import STATEMENT
from gate.output import admission as output
from gate.resources import compiled_policy
from gate.trust import words
from gate.trust.file import read_trust
from gate.trust.words import GitHub, Signer, Trust, TrustedRoot, Verifier
from tests.admission.scenes import GATE, HEX, NOW, TRUST, WHO, ask, at, codes, decision, signed, summary

LOCAL = Sigstore()
MOMENT = datetime.fromisoformat(NOW) - timedelta(seconds=60)
MATERIAL = "verificationMaterial"


def trusting(*identities, root=None, who=WHO):
    """A trust file that lets these identities decide."""
    signers = tuple(identity.signer.name for identity in identities)
    given = (TrustedRoot("local", "", root or LOCAL.trusted_root()),)
    return Trust("ee" * 32, given, identities=identities, verifiers=(Verifier(who, signers),))


def identity(name="ci", issuer=ISSUER, roles=("verifier",), **how):
    scope = {key: how.pop(key) for key in ("stages", "environments", "revoked", "not_after") if key in how}
    return words.Identity(Signer(name, roles, **scope), issuer, **(how or {"identity": RELEASE.name}))


CI = identity()


@pytest.fixture(scope="module")
def engine():
    engine = Embedded(compiled_policy())
    yield engine
    engine.close()


def statement(predicate, kind=uris.VSA, digest=HEX):
    subject = [{"name": "m.mar", "digest": {"sha256": digest}}]
    return json.dumps({"_type": STATEMENT, "subject": subject, "predicateType": kind, "predicate": predicate}).encode()


def vouched(predicate=None, who=RELEASE, when=MOMENT, by=LOCAL, kind=uris.VSA, digest=HEX, change=None):
    """A verdict as a bundle by an identity; `change` is what somebody did to it."""
    bundle = by.attest(statement(predicate or summary(), kind, digest), who, when)
    if change:
        bundle = change(bundle) or bundle
    return json.dumps(bundle).encode()


def test_the_right_identity_admits(engine):
    answer = ask(engine, vouched(), trust=trusting(CI))
    assert (answer.outcome, answer.reasons, answer.warnings) == (Outcome.ALLOW, (), ())
    (one,) = answer.attestations
    assert (one.signer, one.said.timed) == ("ci", "verified")


@pytest.mark.parametrize(
    "who",
    [
        identity(matches=r"https://github\.com/acme/models/\.github/workflows/release\.yml@refs/tags/v.*"),
        identity(github=GitHub("acme/models", "release.yml", "refs/tags/v*")),
        identity(stages=("production",), environments=("eu",)),
    ],
    ids=["pattern", "github", "scope"],
)
@pytest.mark.parametrize("log", [1, 2])
def test_it_may_be_named_in_every_way_and_be_in_either_log(engine, who, log):
    second = (lambda bundle: LOCAL.second(bundle, MOMENT)) if log == 2 else None
    assert ask(engine, vouched(change=second), trust=trusting(who)).outcome == Outcome.ALLOW


def edited(*path, to):
    def change(bundle):
        at = bundle[MATERIAL]
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = to

    return change


def timeless(bundle):
    """As the second log makes it, but nobody stamped it."""
    made = LOCAL.second(bundle, MOMENT)
    del made[MATERIAL]["timestampVerificationData"]
    return made


def late(bundle):
    """Logged and stamped eleven minutes after the certificate was issued for ten."""
    return LOCAL.second(bundle, MOMENT + timedelta(minutes=11))


def passed(bundle):
    failed = LOCAL.attest(statement(summary(passed=False)), RELEASE, MOMENT)
    return {**failed, "dsseEnvelope": {**failed["dsseEnvelope"], "payload": bundle["dsseEnvelope"]["payload"]}}


EVIL = Identity("https://github.com/evil/models/.github/workflows/release.yml@refs/tags/v1.4.2")
OTHER_ISSUER = Identity(issuer="https://evil.example", old_issuer="https://evil.example")
DENIED = {
    "another identity": (vouched(who=EVIL), trusting(CI), "untrusted-signer", "evil/models"),
    "another issuer": (vouched(who=OTHER_ISSUER), trusting(CI), "untrusted-signer", "https://evil.example vouches"),
    "a root that nobody named": (
        vouched(by=Sigstore("stranger")),
        trusting(CI),
        "untrusted-signer",
        "no trusted root issued its certificate",
    ),
    "another root in the trust file": (
        vouched(),
        trusting(CI, root=Sigstore("stranger").trusted_root()),
        "untrusted-signer",
        "no trusted root issued its certificate",
    ),
    "the public root where none is named": (
        vouched(),
        Trust("", identities=(CI,), verifiers=(Verifier(WHO, ("ci",)),)),
        "untrusted-signer",
        "no trusted root issued its certificate",
    ),
    "a root whose log is out of use": (
        vouched(),
        trusting(CI, root=LOCAL.trusted_root(log=MOMENT - timedelta(days=1))),
        "invalid-signature",
        "not in force then",
    ),
    "a certificate that had ended": (
        vouched(change=late),
        trusting(CI),
        "invalid-signature",
        "outside of the validity of its certificate",
    ),
    "no log entry": (
        vouched(change=edited("tlogEntries", to=[])),
        trusting(CI),
        "invalid-signature",
        "without an entry of a transparency log",
    ),
    "no log entry, but a timestamp": (
        vouched(change=lambda one: edited("tlogEntries", to=[])(made := LOCAL.stamped(one, MOMENT)) or made),
        trusting(CI),
        "invalid-signature",
        "without an entry of a transparency log",
    ),
    "no time": (vouched(change=timeless), trusting(CI), "invalid-signature", "says when it was made"),
    "FAILED turned into PASSED": (vouched(change=passed), trusting(CI), "invalid-signature", "over these bytes"),
    "another archive": (vouched(digest="ff" * 32), trusting(CI), "wrong-subject", "another artifact"),
    "a signer of models": (vouched(), trusting(identity(roles=("model",))), "untrusted-signer", "this kind of thing"),
    "a pull request": (
        vouched(who=Identity(trigger="pull_request")),
        trusting(identity(github=GitHub("acme/models", "release.yml"))),
        "untrusted-signer",
        "does not name its signer",
    ),
    "a workflow called by another repository": (
        vouched(who=Identity(repository="https://github.com/evil/models")),
        trusting(identity(github=GitHub("acme/models", "release.yml"))),
        "untrusted-signer",
        "does not name its signer",
    ),
    "a branch where tags may": (
        vouched(who=Identity(RELEASE.name.replace("refs/tags/v1.4.2", "refs/heads/main"))),
        trusting(identity(github=GitHub("acme/models", "release.yml", "refs/tags/v*"))),
        "untrusted-signer",
        "does not name its signer",
    ),
    "an identity that was revoked before": (
        vouched(),
        trusting(identity(revoked=at(61))),
        "untrusted-signer",
        "revoked",
    ),
    "the verifier id of somebody else": (
        vouched(summary(who="https://evil.example")),
        trusting(CI),
        "verifier-mismatch",
        "under this verifier id",
    ),
    "a signer for staging only": (
        vouched(),
        trusting(identity(stages=("staging",))),
        "signer-scope",
        "for this stage and environment",
    ),
}


@pytest.mark.parametrize("name", DENIED)
def test_nobody_gets_in_with(engine, name):
    data, trust, code, words = DENIED[name]
    answer = ask(engine, data, trust=trust)
    assert answer.outcome == Outcome.DENY
    assert set(codes(answer.reasons)) == {"no-summary", code}
    assert words in answer.attestations[0].detail
    told = json.loads(output.json(answer))
    assert all(len(row["remedy"]) > 20 for row in told["reasons"])
    assert "fix: " in output.text(answer)


def test_what_was_signed_in_time_counts_when_the_certificate_has_long_ended(engine):
    data = vouched(summary(age=6 * 86400), when=datetime.fromisoformat(NOW) - timedelta(days=6))
    assert ask(engine, data, trust=trusting(CI)).outcome == Outcome.ALLOW


def test_an_identity_that_was_revoked_later_still_counts(engine):
    assert ask(engine, vouched(), trust=trusting(identity(revoked=at(59)))).outcome == Outcome.ALLOW


def test_a_verdict_is_as_old_as_the_log_says_if_that_is_older(engine):
    """Nobody can make an old signature younger by what is written in it."""
    data = vouched(summary(age=0), when=datetime.fromisoformat(NOW) - timedelta(days=8))
    assert codes(ask(engine, data, trust=trusting(CI)).reasons) == ["too-old"]


def test_keys_and_identities_decide_side_by_side_and_the_newest_wins(engine):
    both = Trust(
        "",
        trusting(CI).roots,
        TRUST.keys,
        (CI,),
        (Verifier(WHO, ("gate", "ci")),),
    )
    old = signed(summary(age=600), by=GATE)
    assert ask(engine, old, vouched(summary(passed=False)), trust=both).outcome == Outcome.DENY
    assert ask(engine, signed(summary(passed=False, age=600), by=GATE), vouched(), trust=both).outcome == Outcome.ALLOW


def test_lines_hold_bundles_of_both_kinds(engine):
    lines = vouched() + b"\n" + vouched(decision(), kind=uris.DECISION) + b"\n"
    answer = ask(engine, Given("claims.jsonl", lines, True), trust=trusting(CI))
    assert answer.outcome == Outcome.ALLOW and [one.state for one in answer.attestations] == ["ok", "ok"]


def test_a_trust_file_names_identities_roots_and_verifiers(engine):
    text = f"""version: 1
roots:
  - {{name: corp, file: root.json}}
identities:
  - name: ci
    issuer: "{ISSUER}"
    github: {{repository: acme/models, workflow: release.yml, ref: "refs/tags/v*"}}
    roles: [verifier]
verifiers:
  - {{id: "{WHO}", signers: [ci]}}
"""
    trust = read_trust(text.encode(), "trust.yaml", lambda name: LOCAL.trusted_root())
    assert ask(engine, vouched(), trust=trust).outcome == Outcome.ALLOW


def test_what_a_certificate_names_cannot_write_lines_of_its_own(engine):
    evil = Identity("https://x.example/\n::error::x\x1b[31m")
    answer = ask(engine, vouched(who=evil), trust=trusting(CI))
    told = output.text(answer) + output.json(answer)
    assert "\x1b" not in told and not any(line.startswith("::") for line in told.splitlines())
