import json
from dataclasses import replace

import pytest

from gate.core.decision import Action, Reason, Request
from gate.output import renderer
from gate.output.json import FACTS, render
from tests.output.results import Libraries, allowed, denied, finding, mandatory, tally, undecided


def loaded(result):
    return json.loads(render(*result))


def test_the_result_is_one_line():
    assert render(*denied()).count("\n") == 1


def test_a_reason_says_title_and_specifics_and_names_its_unwaived_findings():
    reason = loaded(denied())["decision"]["reasons"][2]
    assert reason["message"] == "Loading the model runs code: loading calls eval"
    assert reason["remediation"] == "Ship the weights as safetensors."
    assert reason["findings"] == sorted(
        {row["fingerprint"] for row in loaded(denied())["findings"] if "call" in row["rule"]}
    )
    assert len(reason["findings"]) == 2  # two of three findings are one issue at two places


def test_a_waived_row_names_the_waived_findings_and_no_other_row_does():
    decision = loaded(denied())["decision"]
    (mail,) = [row for row in decision["waived"] if row["code"] == "pii.email"]
    assert len(mail["findings"]) == 1
    assert not any(set(mail["findings"]) & set(row["findings"]) for row in decision["reasons"])


def test_a_reason_without_a_rule_gets_its_remedy_from_the_table():
    (reason,) = loaded(undecided())["decision"]["reasons"]
    assert reason["message"] == "The policy engine gave no answer in time: no answer within 5 s"
    assert reason["remediation"]


def test_a_reason_that_policy_gives_another_subject_keeps_the_words_of_the_policy():
    base = denied()
    own = Reason("serialization.dangerous-call", Action.DENY, "model card", "not signed off")
    result = loaded(base._replace(decision=replace(base.decision, reasons=(own,))))
    assert result["decision"]["reasons"][0]["message"] == "Loading the model runs code: not signed off"


def test_totals_count_findings_gaps_and_facts():
    result = loaded(denied())
    assert result["totals"]["serialization.dangerous-call"] == {"total": 1000, "waived": 0, "truncated": 997}
    assert result["totals"]["gap.encrypted"] == {"total": 5, "waived": 0, "truncated": 4}
    assert result["totals"]["pii.email"] == {"total": 1, "waived": 1, "truncated": 0}
    assert result["totals"]["native.library"] == {"total": 2, "waived": 0, "truncated": 0}


def test_unknown_places_and_values_are_null():
    result = loaded(allowed())
    assert result["inputs"]["advisories"] == {"digest": {}, "data_time": None, "fetched": None}
    assert result["model"] == {"name": "recsys", "version": "1.4.0", "build_id": "run-7"}
    unnamed = loaded(allowed()._replace(request=Request("production", "2026-11-21T10:00:00Z")))
    assert unnamed["model"] == {"name": None, "version": None, "build_id": None}
    first = loaded(denied())["findings"][0]
    assert first["location"] == {"path": "handler.py", "start": None, "end": None, "line": 3}


def test_inputs_of_the_request_override_the_empty_ones():
    inputs = loaded(denied())["inputs"]
    assert inputs["limits"] == {"seconds": 3600.0}
    assert inputs["waivers"] is None


def test_facts_are_capped_and_all_counted():
    base = allowed()
    facts = [Libraries(f"lib/{i:06}.so", "x86_64") for i in range(FACTS + 7)]
    result = loaded(base._replace(report=replace(base.report, facts=facts)))
    assert len(result["facts"]) == FACTS
    assert result["facts"][0]["data"] == {"machine": "x86_64", "needed": [], "size": 0}
    assert result["totals"]["native.library"] == {"total": FACTS + 7, "waived": 0, "truncated": 7}


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_a_million_findings_of_twelve_rules_stay_below_a_megabyte(form):
    base = allowed()
    tallies = {}
    for rule in range(12):
        rows = [
            finding(f"pii.kind-{rule}", f"folder/{i:03}/data.csv", "EMAIL", at=(i, i + 9), mask="ab***")
            for i in range(100)
        ]
        tallies[rows[0].rule] = tally("error", rows, more=10**6 // 12)
    text = renderer(form)(*base._replace(decision=replace(base.decision, tallies=tallies)))
    limit = {"json": 10**6, "sarif": 3 * 10**6}[form]
    assert len(text) < limit
    assert json.loads(text)


def test_a_finding_without_a_rule_text_is_listed_with_the_level_it_was_counted_at():
    base = allowed()
    row = finding("new.rule", "a", name="x")
    decision = replace(base.decision, tallies={"new.rule": tally("note", [row])})
    (listed,) = loaded(base._replace(decision=decision))["findings"]
    assert (listed["level"], listed["security_severity"]) == ("note", None)
    assert listed["message"]


def test_a_reason_for_a_mandatory_code_names_the_findings_that_a_waiver_covers_in_vain():
    (reason,) = loaded(mandatory())["decision"]["reasons"]
    assert len(reason["findings"]) == 3
    assert reason["message"] == "E-mail addresses in a member: an e-mail address: al***"
