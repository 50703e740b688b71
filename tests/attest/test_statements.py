"""What is said about an artifact, and what never is."""

import fnmatch
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.attest import statements, uris
from gate.attest.verdict import CODES
from gate.core.decision import PolicyUsed
from gate.formats.dsse import statement
from tests.attest.samples import WHO, allowed, denied, hostile, said
from tests.conftest import ROOT
from tests.output.results import HOSTILE, RESULTS

TEXT = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(HOSTILE)


def summary(verdict):
    return json.loads(statements.verification_summary(verdict, WHO))["predicate"]


def decision(verdict):
    return json.loads(statements.decision(verdict, WHO))["predicate"]


def test_an_allowed_artifact_passed():
    verdict = said()
    document = json.loads(statements.verification_summary(verdict, WHO))
    assert document["subject"] == [{"name": "recsys-1.4.0.mar", "digest": {"sha256": "ab" * 32}}]
    predicate = document["predicate"]
    assert predicate["verifier"]["id"] == WHO and set(predicate["verifier"]["version"]) == {"gate"}
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("PASSED", ["GATE_PRODUCTION"])
    assert predicate["timeVerified"] == "2026-11-21T10:00:00Z"
    assert predicate["resourceUri"] == "model:recsys@1.4.0?environment=prod-eu&stage=production"
    assert predicate["policy"]["digest"] == {"sha256": "ef" * 32}
    assert (predicate[uris.STAGE], predicate[uris.ENVIRONMENT]) == ("production", "prod-eu")
    assert uris.NOT_AFTER not in predicate and "inputAttestations" not in predicate


@pytest.mark.parametrize("name", ["denied", "undecided"])
def test_whatever_is_not_allowed_failed(name):
    verdict = said(RESULTS[name]())
    assert summary(verdict)["verificationResult"] == "FAILED"
    assert summary(verdict)["verifiedLevels"] == ["FAILED"]
    assert decision(verdict)["outcome"] == {"denied": "deny", "undecided": "inconclusive"}[name]


def test_extension_fields_are_uris():
    own = {"verifier", "timeVerified", "resourceUri", "policy", "verificationResult", "verifiedLevels"}
    assert all(name.startswith("https://") for name in summary(said(denied(), timedelta(days=1))).keys() - own)


def test_a_policy_that_could_not_be_read_is_not_named_by_a_digest():
    assert summary(said(RESULTS["undecided"]()))["policy"] == {"uri": uris.UNKNOWN_POLICY}


def test_a_policy_is_named_by_its_digest():
    result = allowed()
    policy = PolicyUsed("7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069", "embedded")
    uri = summary(said(result._replace(decision=replace(result.decision, policy=policy))))["policy"]["uri"]
    assert uri == "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"  # RFC 6920, section 8


def test_the_decision_holds_digests_and_counts():
    predicate = decision(said(denied()))
    assert predicate["counts"]["serialization.dangerous-call"] == {"total": 1000, "waived": 0}
    assert predicate["counts"]["pii.email"] == {"total": 1, "waived": 1}
    assert predicate["policy"]["data"] == {"sha256": "01" * 32}
    assert predicate["inputs"]["rules"] == {"sha256": "23" * 32} and predicate["inputs"]["trust"] is None
    assert predicate["inventory"] == {"members": 12, "bytes": 2_345_678, "root": None}
    assert {"code": "versioning.bump-too-small", "action": "deny"} in predicate["reasons"]


def test_waivers_that_were_needed_end_the_decision_with_the_first_of_them():
    result = denied()
    early, late = result.request.waivers
    late = replace(late, expires="2027-06-01T00:00:00Z")
    idle = replace(late, code="licences.found", expires="2026-11-22T00:00:00Z")
    verdict = said(result._replace(request=replace(result.request, waivers=(early, late, idle))))
    assert verdict.not_after == "2026-12-31T00:00:00Z"
    assert [waiver["code"] for waiver in decision(verdict)["waivers"]] == ["pii.email", "gap.timed-out"]
    assert summary(verdict)[uris.NOT_AFTER] == "2026-12-31T00:00:00Z"


def test_a_decision_ends_after_the_time_that_was_asked_for_unless_a_waiver_ends_first():
    assert said(valid=timedelta(hours=12)).not_after == "2026-11-21T22:00:00Z"
    assert said(denied(), timedelta(days=5)).not_after == "2026-11-26T10:00:00Z"
    assert said(denied(), timedelta(days=500)).not_after == "2026-12-31T00:00:00Z"


def test_no_path_message_or_person_is_signed():
    verdict = said(denied())
    text = statements.decision(verdict, WHO).decode() + statements.verification_summary(verdict, WHO).decode()
    for private in ("inner.zip", "weights.pkl", "handler.py", "al***", "os.system", "data-team", "risk@", "RISK-42"):
        assert private not in text
    for private in ("synthetic addresses", "1.3.0 to 1.4.0", "needs a password", "*.csv", "numpy"):
        assert private not in text


def test_inputs_are_known_by_their_digests_only():
    result = allowed()
    inputs = {"profiles": [{"name": "secret-cluster", "digest": {"sha256": "aa" * 32}}], "advisories": {"label": "x"}}
    predicate = decision(said(result._replace(request=replace(result.request, inputs=inputs))))
    assert predicate["inputs"]["profiles"] == [{"sha256": "aa" * 32}] and predicate["inputs"]["advisories"] is None


def test_more_codes_than_fit_are_counted():
    result = denied()
    tallies = {f"x.rule-{n}": result.decision.tallies["pii.email"] for n in range(CODES + 5)}
    predicate = decision(said(result._replace(decision=replace(result.decision, tallies=tallies))))
    assert len(predicate["counts"]) == CODES and predicate["unlisted"]["codes"] == 5


def test_the_predicates_are_among_those_that_are_never_signatures_of_a_model():
    patterns = yaml.safe_load((ROOT / "rules/data/signature/verdicts.yaml").read_text())
    for kind in (uris.VSA, uris.DECISION, uris.VULNERABILITIES):
        assert any(fnmatch.fnmatchcase(kind, pattern) for pattern in patterns)


@given(TEXT, TEXT, TEXT)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_name_reaches_out_of_its_part_of_the_resource(model, version, environment):
    result = allowed()
    request = replace(result.request, model_name=model, model_version=version, environment=environment)
    uri = statements.resource(said(result._replace(request=request)))
    assert uri.isascii() and uri.startswith("model:") and uri.count("?") == 1 and "#" not in uri
    name, query = uri.removeprefix("model:").split("?")
    parts = dict(part.split("=") for part in query.split("&"))
    assert parts.pop("stage") == "production"
    back = [unquote(part) for part in (*name.split("@"), *parts.values())]
    given = [model or "recsys-1.4.0.mar", version, environment]
    assert back == [text.encode("utf-8", "backslashreplace").decode() for text in given if text]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_statements_that_the_strict_reader_reads(text):
    verdict = said(hostile(text))
    for data in (statements.verification_summary(verdict, WHO), statements.decision(verdict, WHO)):
        assert statement(data).subjects == ((("sha256", "ab" * 32),),)
        assert data == json.dumps(json.loads(data), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
