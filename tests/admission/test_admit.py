"""Who is admitted, and every way in which somebody might try to be."""

import base64
import json

import pytest

from gate.adapters.opa_wasm import Embedded
from gate.admission import examine
from gate.admission.admit import document
from gate.attest import uris
from gate.core.admission import Given
from gate.core.decision import Outcome
from gate.core.errors import EngineError
from gate.output import admission as output
from gate.output.remedies import KNOWN
from gate.resources import compiled_policy
from gate.trust.words import Key, Signer, Trust, Verifier
from tests.admission.scenes import (
    GATE,
    HEX,
    MODEL,
    NOW,
    POLICY,
    STRANGER,
    TENANT,
    TRUST,
    WHO,
    ask,
    at,
    codes,
    decision,
    signed,
    summary,
)

OTHER = "ff" * 32


@pytest.fixture(scope="module")
def engine():
    engine = Embedded(compiled_policy())
    yield engine
    engine.close()


def changed(data, **members):
    """A bundle with other members in its envelope."""
    row = json.loads(data)
    row["dsseEnvelope"].update(members)
    return json.dumps(row).encode()


def retold(data, old, new):
    """A bundle whose payload was changed after it was signed."""
    payload = base64.b64decode(json.loads(data)["dsseEnvelope"]["payload"])
    assert old in payload
    return changed(data, payload=base64.b64encode(payload.replace(old, new)).decode())


GOOD = signed(summary())
FAILED = signed(summary(passed=False))

THREATS = {
    "the verdict of another archive": (signed(summary(), digest=OTHER), ["no-summary", "wrong-subject"]),
    "a verdict about a folder of that hash": (
        signed(summary(), subjects=[{"digest": {"dirHash": HEX}}]),
        ["no-summary", "wrong-subject"],
    ),
    "a verdict for staging": (signed(summary(stage="staging")), ["wrong-stage"]),
    "a verdict whose URI alone is for staging": (
        signed(summary(resourceUri="model:m?environment=eu&stage=staging")),
        ["wrong-stage"],
    ),
    "a verdict whose extension alone is for staging": (signed(summary(**{uris.STAGE: "staging"})), ["wrong-stage"]),
    "a verdict that says its stage twice": (
        signed(summary(resourceUri="model:m?environment=eu&stage=staging&stage=production")),
        ["wrong-stage"],
    ),
    "a verdict with a stage in its name": (
        signed(summary(resourceUri="model:m%3Fenvironment=eu&stage=production")),
        ["wrong-stage"],
    ),
    "a verdict without stage": (signed(summary(**{uris.STAGE: None})), ["wrong-stage"]),
    "a verdict for another environment": (signed(summary(environment="us")), ["wrong-environment"]),
    "a verdict without environment": (
        signed(summary(**{uris.ENVIRONMENT: None}, resourceUri="model:m?stage=production")),
        ["wrong-environment"],
    ),
    "a failed verdict": (FAILED, ["failed"]),
    "one that has ended": (signed(summary(**{uris.NOT_AFTER: NOW})), ["ended"]),
    "one that is too old": (signed(summary(age=7 * 86400 + 1)), ["too-old"]),
    "one from the future": (signed(summary(age=-301)), ["from-future"]),
    "a signer whom nobody knows": (signed(summary(), by=STRANGER), ["no-summary", "untrusted-signer"]),
    "a key for models": (signed(summary(), by=MODEL), ["no-summary", "untrusted-signer"]),
    "a verifier id of somebody else": (
        signed(summary(who="https://evil.example")),
        ["no-summary", "verifier-mismatch"],
    ),
    "the id of another tenant": (signed(summary(who="https://tenant.example")), ["no-summary", "verifier-mismatch"]),
    "another tenant under our id": (signed(summary(), by=TENANT), ["no-summary", "verifier-mismatch"]),
    "a signer for staging only": (
        signed(summary(who="https://tenant.example"), by=TENANT),
        ["no-summary", "signer-scope"],
    ),
    "FAILED turned into PASSED": (retold(FAILED, b"FAILED", b"PASSED"), ["invalid-signature", "no-summary"]),
    "a digest that was changed": (
        retold(signed(summary(), digest=OTHER), OTHER.encode(), HEX.encode()),
        ["invalid-signature", "no-summary"],
    ),
    "another payload type": (changed(GOOD, payloadType="text/plain"), ["invalid-signature", "no-summary"]),
    "a predicate of no meaning": (signed(summary(), kind="https://x.example/v1"), ["no-summary"]),
    "a decision without a summary": (signed(decision(), kind=uris.DECISION), ["no-summary"]),
    "a summary called a decision": (signed(summary(), kind=uris.DECISION), ["malformed-statement", "no-summary"]),
}
UNTOLD = {
    "a verdict that names sha512 only": signed(summary(), subjects=[{"digest": {"sha512": "ab" * 64}}]),
    "half of a file": GOOD[: len(GOOD) // 2],
    "an empty file": b"",
    "no JSON": b"\x00" * 2000,
    "10 MB": b" " * 10_000_000,
    "JSON of 2000 levels": b'{"a":' + b"[" * 2000,
    "a file that cannot be read": Given("f", None, False, "Permission denied"),
    "no lines": Given("f", b"\n\n", True),
}


def test_a_verdict_of_today_admits(engine):
    answer = ask(engine, GOOD)
    assert (answer.outcome, answer.reasons, answer.warnings) == (Outcome.ALLOW, (), ())
    assert answer.attestations[0].said.timed == "self-declared"


@pytest.mark.parametrize("name", THREATS)
def test_nobody_gets_in_with(engine, name):
    data, expected = THREATS[name]
    answer = ask(engine, data)
    assert (answer.outcome, codes(answer.reasons)) == (Outcome.DENY, expected)


@pytest.mark.parametrize("name", UNTOLD)
def test_nothing_is_proven_by(engine, name):
    answer = ask(engine, UNTOLD[name])
    assert answer.outcome == Outcome.INCONCLUSIVE


def test_a_list_of_vulnerabilities_is_expected_among_verdicts_and_is_none(engine):
    known = signed({"scanner": {"result": []}}, kind=uris.VULNERABILITIES)
    answer = ask(engine, GOOD, known)
    assert (answer.outcome, answer.reasons, answer.warnings) == (Outcome.ALLOW, (), ())
    assert answer.attestations[1].state == "no-verdict" and "no-verdict" in output.text(answer)
    alone = ask(engine, known)
    assert alone.outcome == Outcome.INCONCLUSIVE and codes(alone.reasons) == ["no-summary"]
    forged = ask(engine, GOOD, signed({}, kind=uris.VULNERABILITIES, by=STRANGER))
    assert codes(forged.warnings) == ["untrusted-signer"]


@pytest.mark.parametrize("name", THREATS)
def test_a_good_verdict_beside_it_is_told_of(engine, name):
    """What is not the newest verdict for this place changes nothing, and is listed."""
    data, _ = THREATS[name]
    answer = ask(engine, data, signed(summary(age=0)))
    assert answer.attestations[0].state != "ok" or answer.attestations[0].said is not None
    blocked = {"a summary called a decision": "malformed-statement", "one from the future": "from-future"}
    assert codes(answer.reasons) == [blocked[name]] if name in blocked else answer.outcome == Outcome.ALLOW


@pytest.mark.parametrize("name", ["10 MB", "a file that cannot be read"])
def test_what_was_not_looked_at_may_be_a_newer_denial(engine, name):
    assert ask(engine, GOOD, UNTOLD[name]).outcome == Outcome.INCONCLUSIVE


@pytest.mark.parametrize("swap", [False, True])
def test_the_newest_of_two_decides_in_any_order(engine, swap):
    for old, new, outcome in (
        (summary(age=61), summary(passed=False), Outcome.DENY),
        (summary(passed=False, age=61), summary(), Outcome.ALLOW),
        (summary(passed=False), summary(), Outcome.DENY),
    ):
        files = [signed(old), signed(new)]
        answer = ask(engine, *(reversed(files) if swap else files))
        assert answer.outcome == outcome
        assert [one.state for one in answer.attestations] == ["ok", "ok"]
        assert codes(answer.warnings) == ([] if old["timeVerified"] == new["timeVerified"] else ["superseded"])


def test_an_own_decision_must_agree(engine):
    for said, outcome in (
        (decision(), Outcome.ALLOW),
        (decision("deny"), Outcome.DENY),
        (decision("inconclusive"), Outcome.DENY),
        (decision("deny", age=61), Outcome.ALLOW),
        (decision("deny", age=1), Outcome.DENY),
        (decision("deny", stage="staging"), Outcome.ALLOW),
    ):
        assert ask(engine, GOOD, signed(said, kind=uris.DECISION)).outcome == outcome


@pytest.mark.parametrize(
    ("age", "limit", "outcome"),
    [
        (3599, 3600, "allow"),
        (3600, 3600, "allow"),
        (3601, 3600, "deny"),
        (604800, None, "allow"),
        (604801, None, "deny"),
    ],
)
def test_a_limit_is_reached_after_it(engine, age, limit, outcome):
    assert ask(engine, signed(summary(age=age)), max_age=limit).outcome == outcome


@pytest.mark.parametrize(("left", "outcome"), [(1, "allow"), (0, "deny"), (-1, "deny")])
def test_an_end_is_kept_to_the_second(engine, left, outcome):
    assert ask(engine, signed(summary(**{uris.NOT_AFTER: at(-left)}))).outcome == outcome


@pytest.mark.parametrize(("ahead", "outcome"), [(0, "allow"), (300, "allow"), (301, "deny")])
def test_a_clock_may_differ_by_five_minutes(engine, ahead, outcome):
    assert ask(engine, signed(summary(age=-ahead))).outcome == outcome


@pytest.mark.parametrize("written", ["2026-11-21T11:59:00+02:00", "2026-11-21T09:59:00.25Z"])
def test_times_of_other_programs_are_understood(engine, written):
    assert ask(engine, signed(summary(timeVerified=written)), max_age=60).outcome == Outcome.ALLOW


@pytest.mark.parametrize(
    "change",
    [
        {"timeVerified": "yesterday"},
        {"timeVerified": "2026-13-01T00:00:00Z"},
        {"timeVerified": "2026-11-21T09:59:00"},
        {"timeVerified": None},
        {"verificationResult": "passed"},
        {"verificationResult": ["PASSED"]},
        {"verifier": WHO},
        {"verifier": {}},
        {"policy": {"digest": {"sha256": POLICY.upper()}}},
        {"policy": None},
        {"resourceUri": 7},
        {uris.STAGE: ["production"]},
        {uris.NOT_AFTER: 7},
    ],
)
def test_a_genuine_verdict_that_is_not_understood_never_admits(engine, change):
    alone = ask(engine, signed(summary(**change)))
    assert (alone.outcome, codes(alone.reasons)) == (Outcome.DENY, ["malformed-statement", "no-summary"])
    assert ask(engine, signed(summary(**change)), GOOD).outcome == Outcome.INCONCLUSIVE


@pytest.mark.parametrize("uri", ["model:m?environment=%FF&stage=production", "oci:m?environment=eu&stage=production"])
def test_a_resource_that_is_not_spelled_as_gate_does_is_for_no_stage(engine, uri):
    assert codes(ask(engine, signed(summary(resourceUri=uri))).reasons) == ["wrong-stage"]


def test_a_policy_can_be_asked_for(engine):
    assert ask(engine, GOOD, policies=(OTHER, POLICY)).outcome == Outcome.ALLOW
    assert codes(ask(engine, GOOD, policies=(OTHER,)).reasons) == ["policy"]
    assert codes(ask(engine, signed(summary(policy={"uri": "x"})), policies=(OTHER,)).reasons) == ["policy"]


def test_a_folder_is_admitted_by_its_own_kind_of_hash(engine):
    about = [{"digest": {"sha256": OTHER}}, {"digest": {"dirHash": HEX}}]
    assert ask(engine, signed(summary(), subjects=about), algorithm="dirHash").outcome == Outcome.ALLOW
    assert codes(ask(engine, GOOD, algorithm="dirHash").reasons) == ["no-summary", "wrong-subject"]


def test_lines_are_bundles_and_bare_envelopes(engine):
    lines = Given(
        "claims.jsonl", b"junk\n\n" + signed(summary(), bare=True) + signed(decision(), kind=uris.DECISION), True
    )
    answer = ask(engine, lines)
    assert (answer.outcome, codes(answer.warnings)) == (Outcome.ALLOW, ["malformed"])
    assert [one.place for one in answer.attestations] == [f"claims.jsonl:{n}" for n in (1, 2, 3)]


def test_more_than_are_read_are_told(engine, monkeypatch):
    monkeypatch.setattr(examine, "MOST", 2)
    answer = ask(engine, GOOD, GOOD, FAILED)
    assert (answer.outcome, codes(answer.reasons)) == (Outcome.INCONCLUSIVE, ["too-large"])


def test_a_signer_who_is_no_longer_trusted_admits_nobody(engine):
    for times in ({"revoked": at(1)}, {"not_after": at(1)}, {"not_before": at(-1)}):
        keys = (Key(Signer("gate", ("verifier",), **times), GATE.public, ""),)
        answer = ask(engine, GOOD, trust=Trust("", keys=keys, verifiers=(Verifier(WHO, ("gate",)),)))
        assert codes(answer.reasons) == ["no-summary", "untrusted-signer"]


def test_a_trust_file_without_verifiers_admits_nobody(engine):
    assert codes(ask(engine, GOOD, trust=Trust("", keys=TRUST.keys)).reasons) == ["no-summary", "verifier-mismatch"]


def test_an_unknown_stage_has_no_answer(engine):
    answer = ask(engine, signed(summary(stage="moon")), stage="moon")
    assert (answer.outcome, codes(answer.reasons)) == (Outcome.INCONCLUSIVE, ["engine.undefined"])


class Lying:
    name, digest, data_digest = "lying", None, None

    def __init__(self, value):
        self.value = value

    def evaluate(self, document, entrypoint):
        if isinstance(self.value, EngineError):
            raise self.value
        return self.value


@pytest.mark.parametrize(
    "value",
    [
        EngineError("unavailable", "x"),
        None,
        True,
        {"outcome": "allow"},
        {"outcome": "deny", "reasons": [], "warnings": [], "waived": []},
        {
            "outcome": "allow",
            "reasons": [{"code": "a.b", "action": "deny", "subject": "", "msg": ""}],
            "warnings": [],
            "waived": [],
        },
    ],
)
def test_an_engine_that_gives_no_sound_answer_admits_nobody(value):
    assert ask(Lying(value), GOOD).outcome == Outcome.INCONCLUSIVE


def test_nothing_of_a_statement_that_is_not_genuine_reaches_the_policy(engine):
    for data in (signed(summary(), by=STRANGER), signed(summary(), by=MODEL), retold(FAILED, b"FAILED", b"PASSED")):
        answer = ask(engine, data)
        assert [row["said"] for row in document(answer.attestations, answer.asked)["attestations"]] == [None]
        assert "PASSED" not in output.text(answer) + output.json(answer)


def test_every_code_has_a_remedy_of_its_own(engine):
    seen = {f"admission.{code}" for _, expected in THREATS.values() for code in expected}
    seen |= {row.code for data in UNTOLD.values() for row in ask(engine, data).reasons}
    assert seen <= KNOWN.keys()


def test_what_an_attestation_says_cannot_write_lines_of_its_own(engine):
    evil = "eu\n::error::x\x1b[31m##[group]"
    said = summary(environment=evil, resourceUri="model:m?environment=%0A::error::&stage=production")
    told = output.text(ask(engine, Given("a\n::error::b", signed(said))))
    assert "\x1b" not in told and "##[" not in told
    assert not any(line.startswith("::") for line in told.splitlines())
    assert json.loads(output.json(ask(engine, signed(said))))["schema"] == "gate.admission/v1"
