from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.canonical import canonical
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.core.report import State, Status
from gate.policy.decide import document
from tests.policy.scenes import ROOT, RULES, finding, gap, report, request, waiver

SCHEMA = json.loads((ROOT / "policies" / "input.schema.json").read_text("utf-8"))


def build(seen=None, asked=None, limits=None):
    return document(seen or report(), asked or request(), RULES, limits or Limits())


def valid(value):
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(canonical(value)))


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_document_of_everything_fits_the_schema():
    seen = report([finding("x.error", by="os.system"), finding("x.note", "b")], [gap("encrypted")])
    value = build(seen, request(waiver("x.error"), waiver("x.note", digest="no")))
    valid(value)
    assert value["findings"]["x.error"]["items"] == [
        {"path": "a", "waived": True, "discriminator": "os.system", "confidence": "high"}
    ]
    assert value["gaps"]["gap.encrypted"]["items"] == [{"path": "a", "waived": False, "inspector": "archive"}]
    assert [row["live"] for row in value["waivers"]] == [True, False]
    assert value["statuses"]["integrity"] == {"state": "complete", "members": 2}


def test_the_schema_refuses_a_document_that_lacks_a_part():
    for key in SCHEMA["required"]:
        with pytest.raises(jsonschema.ValidationError):
            valid({name: part for name, part in build().items() if name != key})


def test_every_inspector_has_a_section_with_the_state_of_its_status():
    statuses = (Status("pii", State.FAILED, 0), Status("secrets", State.COMPLETE, 1))
    value = build(report(statuses=statuses, sections={"pii": {"state": "complete", "count": 3}}))
    assert value["pii"] == {"state": "failed", "count": 3}
    assert value["secrets"] == {"state": "complete"}


def test_an_inspector_cannot_take_the_place_of_a_part():
    with pytest.raises(ValueError, match="findings"):
        build(report(sections={"findings": {}}))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(RULES)), st.text(max_size=4)), max_size=10),
    st.lists(st.tuples(st.sampled_from(sorted(GapReason)), st.text(max_size=4)), max_size=10),
    st.integers(1, 3),
)
def test_every_document_fits_the_schema(findings, gaps, cap):
    seen = report(sorted(finding(*row) for row in findings), sorted(gap(*row) for row in gaps))
    valid(build(seen, request(waiver("x.error", "?*"), waiver("gap.corrupt")), Limits(rule_items=cap)))
