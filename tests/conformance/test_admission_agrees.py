"""A real OPA server admits whom the embedded engine admits: real attestations, and documents that nobody chose."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.adapters.opa_wasm import Embedded
from gate.admission.admit import ENTRYPOINT, SCHEMA
from gate.attest import uris
from gate.core.canonical import canonical
from gate.core.decision import Outcome
from gate.core.errors import EngineError
from tests.admission.scenes import POLICY, ask, codes, decision, signed, summary
from tests.admission.test_admit import OTHER, THREATS, UNTOLD
from tests.conformance.test_engines_agree import _spoilt
from tests.opa import running, site_bundle
from tests.policy.scenes import COMPILED

SITE = {
    "stages": {"production": {"limits": {"admission_age_hours": 1}}, "staging": {"limits": {"admission_age_hours": 48}}}
}
CONFIGS = {"standard": None, "own data": SITE}
STATES = [
    "wrong-subject",
    "invalid-signature",
    "untrusted-signer",
    "signer-scope",
    "verifier-mismatch",
    "unknown-predicate",
    "malformed-statement",
    "malformed",
    "unsupported",
    "too-large",
    "unreadable",
]


UNDEFINED = "the policy has no result for this document (unknown stage or schema?)"


class Asking:
    """The same question to a server as the adapter asks about decisions, without its guards."""

    name, digest, data_digest = "opa", None, None

    def __init__(self, url):
        self.url = f"{url}/v1/data/{ENTRYPOINT}"

    def evaluate(self, document, entrypoint):
        assert entrypoint == ENTRYPOINT
        body = canonical({"input": json.loads(canonical(document))})
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = json.load(answer)
        if "result" not in found:
            raise EngineError("undefined", UNDEFINED)
        return found["result"]


@pytest.fixture(scope="module", params=CONFIGS)
def engines(request, tmp_path_factory):
    """The embedded engine and a server, with the same policy and data."""
    config = CONFIGS[request.param]
    folder = tmp_path_factory.mktemp("site")
    with running(*(("policies",) if config is None else ("policies", site_bundle(folder, config)))) as real:
        embedded = Embedded(COMPILED, overlay=config)
        yield embedded, Asking(real.url)
        embedded.close()


def both(engines, *files, **asked):
    """The answer of both about these attestations; they must be the same but for what names the engine."""
    ours, theirs = (ask(engine, *files, **asked) for engine in engines)
    for part in ("outcome", "reasons", "warnings", "waived", "attestations"):
        assert getattr(ours, part) == getattr(theirs, part)
    return theirs


def test_they_agree_about_every_attestation_that_admits_nobody(engines):
    for data, expected in THREATS.values():
        answer = both(engines, data)
        assert answer.outcome == Outcome.DENY and set(expected) <= set(codes(answer.reasons))
    for data in UNTOLD.values():
        assert both(engines, data).outcome == Outcome.INCONCLUSIVE


def test_they_agree_about_a_good_one_beside_each(engines):
    outcomes = set()
    for data in (*(data for data, _ in THREATS.values()), *UNTOLD.values()):
        for asked in ({}, {"max_age": 30}, {"policies": (OTHER,)}, {"policies": (OTHER, POLICY)}):
            outcomes.add(both(engines, data, signed(summary()), **asked).outcome)
    assert outcomes == set(Outcome)


def test_they_agree_about_the_age_that_each_stage_takes(engines):
    for hours in (0, 1, 2, 47, 49, 167, 169):
        for stage in ("production", "staging", "moon"):
            both(engines, signed(summary(age=hours * 3600 + 1, stage=stage)), stage=stage)


def test_they_agree_that_a_decision_of_another_kind_disagrees(engines):
    for outcome in ("allow", "deny", "inconclusive"):
        for age in (59, 60, 61):
            both(engines, signed(summary()), signed(decision(outcome, age), kind=uris.DECISION))


# -- documents that nobody chose --------------------------------------------------------------------------------------

words = st.text(max_size=4)
places = st.sampled_from(["production", "production", "production", "staging", ""])
environments = st.sampled_from(["eu", "eu", "eu", "us"])
soon = st.sampled_from([-300, 0, 0, 1, 60, 301])
spans = st.sampled_from([-400, -300, 0, 1, 59, 60, 3600, 3601, 7 * 86400, 7 * 86400 + 1])
said = st.builds(
    lambda kind, passed, stage, environment, twice, age, ahead, ends_in, policy: {
        "kind": kind,
        "passed": passed,
        "stage": stage,
        "environment": environment,
        "resource_stage": stage if twice else "staging",
        "resource_environment": environment if twice else "us",
        "age": age,
        "ahead": ahead,
        "ends_in": ends_in,
        "policy": policy,
    },
    st.sampled_from(["summary", "summary", "decision"]),
    st.sampled_from([True, True, False]),
    places,
    environments,
    st.sampled_from([True, True, True, False]),
    soon | spans,
    soon,
    st.none() | spans,
    st.sampled_from([POLICY, POLICY, OTHER, ""]),
)
good = st.builds(lambda place, what: {"place": place, "state": "ok", "detail": "", "said": what}, words, said)
ignored = st.builds(
    lambda place, state, detail: {"place": place, "state": state, "detail": detail, "said": None},
    words,
    st.sampled_from(STATES),
    words,
)
requests = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["production", "production", "staging", "moon"]),
        "environment": environments,
        "max_age": st.none() | st.none() | spans,
        "policies": st.just([]) | st.lists(st.sampled_from([POLICY, OTHER]), max_size=2),
    }
)


@st.composite
def documents(draw):
    """As admission asks, in a third of the cases with one place replaced by something else."""
    rows = draw(st.lists(good, max_size=3)) + draw(st.just([]) | st.lists(ignored, max_size=2))
    document = {"schema": SCHEMA, "request": draw(requests), "attestations": draw(st.permutations(rows))}
    return _spoilt(draw, document) if draw(st.sampled_from([True, False, False])) else document


def answer(engine, document):
    try:
        return engine.evaluate(document, ENTRYPOINT)
    except EngineError as error:
        return error.code


def test_two_engines_agree_on_six_hundred_documents_each_way(engines):
    answers = []

    @settings(max_examples=600, deadline=None, derandomize=True, database=None)
    @given(documents())
    def compare(document):
        ours, theirs = (answer(engine, document) for engine in engines)
        assert ours == theirs
        answers.append(ours)

    compare()
    outcomes = Counter(row if isinstance(row, str) else row["outcome"] for row in answers)
    assert outcomes.total() >= 600
    # Agreeing on nothing would prove nothing.
    assert outcomes.keys() == {"allow", "deny", "inconclusive", "undefined"} and min(outcomes.values()) >= 10, outcomes
