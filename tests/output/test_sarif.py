import json
from dataclasses import replace
from urllib.parse import unquote_to_bytes

import pytest

import gate.output.sarif as sarif
from gate.core.decision import Action, Outcome, Reason
from gate.core.finding import Confidence
from tests.output.results import HOSTILE, RULES, allowed, denied, finding, folder, hostile, mandatory, tally, undecided


def run(result):
    log = json.loads(sarif.render(*result))
    (only,) = log["runs"]
    return only


def of(rule, result):
    return [row for row in run(result)["results"] if row["ruleId"] == rule]


def test_a_result_points_at_the_archive_and_names_the_member():
    (mail,) = of("pii.email", denied())
    (place,) = mail["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "recsys-1.4.0.mar"
    assert set(place["physicalLocation"]["region"].values()) == {1}
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "recsys-1.4.0.mar!/inner.zip!/train.csv"
    assert (mail["properties"]["start"], mail["properties"]["end"], mail["properties"]["line"]) == (120, 137, 4)


def test_a_result_in_a_directory_points_at_the_file_and_its_line():
    (package,) = of("imports.undeclared-package", folder())
    physical = package["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "models/recsys/handler.py"
    assert physical["region"] == {"startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 1}
    (mail,) = of("pii.email", folder())
    physical = mail["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "models/recsys/inner.zip"
    assert physical["region"]["startLine"] == 1  # line 4 of a member inside is not line 4 of the file


def test_artifacts_are_the_subject_and_the_members_with_results_each_after_its_container():
    artifacts = run(denied())["artifacts"]
    assert artifacts[0]["roles"] == ["analysisTarget"]
    for i, row in enumerate(artifacts[1:], 1):
        assert row["parentIndex"] < i
        assert not row["location"]["uri"].startswith("/")
    names = [row["location"]["uri"] for row in artifacts]
    assert "deep%20dir/model%232.pkl" in names
    assert len(run(allowed())["artifacts"]) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_an_address_is_relative_and_stays_below_the_root(text):
    only = run(hostile(text))
    for row in only["artifacts"]:
        uri = row["location"]["uri"]
        assert uri
        assert uri.isascii()
        assert not uri.startswith("/")
        assert ":" not in uri
        assert not {".", ".."} & set(uri.split("/"))
        assert not set(uri) & set('\r\n "<>#?[]\\^`{|}')


def test_bytes_of_a_name_that_is_not_utf_8_come_back():
    base = allowed()
    name = b"m\xff\xe9 %41.zip"
    subject = replace(base.report.subject, name=name.decode("utf-8", "surrogateescape"))
    (row,) = run(base._replace(report=replace(base.report, subject=subject)))["artifacts"]
    assert unquote_to_bytes(row["location"]["uri"]) == name


def test_equal_fingerprints_are_numbered():
    hashes = [row["partialFingerprints"]["primaryLocationLineHash"] for row in run(denied())["results"]]
    assert len(set(hashes)) == len(hashes)
    first, second = [
        row["partialFingerprints"]["primaryLocationLineHash"]
        for row in run(denied())["results"]
        if row["properties"]["path"] == "weights.pkl"
    ]
    assert first.partition(":")[0] == second.partition(":")[0]
    assert (first[-2:], second[-2:]) == (":1", ":2")


def test_a_rule_carries_what_code_scanning_reads():
    rules = {rule["id"]: rule for rule in run(denied())["tool"]["driver"]["rules"]}
    call = rules["serialization.dangerous-call"]
    assert call["properties"]["security-severity"] == "9.8"
    assert call["properties"]["tags"] == ["security", "serialization", "external/cwe/cwe-502", "external/cwe/cwe-094"]
    assert call["helpUri"].startswith("https://docs.python.org/")
    assert call["defaultConfiguration"] == {"level": "error"}
    assert "Ship the weights as safetensors." in call["help"]["text"]
    package = rules["imports.undeclared-package"]
    assert package["properties"] == {"precision": "medium", "tags": ["imports"]}
    assert "helpUri" not in package
    assert "licences.found" not in rules  # it did not fire


def test_the_precision_of_a_rule_is_that_of_its_least_certain_finding():
    base = allowed()
    rows = [
        finding("pii.email", "a", mask="x"),
        finding("pii.email", "b", mask="x")._replace(confidence=Confidence.LOW),
    ]
    rows.append(finding("pii.email", "c", mask="x")._replace(confidence=Confidence.MEDIUM))
    decision = replace(base.decision, tallies={"pii.email": tally("error", rows)})
    (rule,) = run(base._replace(decision=decision))["tool"]["driver"]["rules"]
    assert rule["properties"]["precision"] == "low"


def test_weaknesses_are_a_taxonomy_that_the_rules_refer_to():
    only = run(denied())
    taxa = only["taxonomies"][0]["taxa"]
    assert [row["id"] for row in taxa] == ["94", "359", "502"]
    for rule in only["tool"]["driver"]["rules"]:
        for relation in rule.get("relationships", ()):
            assert taxa[relation["target"]["index"]]["id"] == relation["target"]["id"]
    assert "taxonomies" not in run(undecided())


def test_only_what_is_waived_is_suppressed():
    (mail,) = of("pii.email", denied())
    assert mail["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "RISK-42: synthetic addresses (approved by risk@acme.example, until 2026-12-31T00:00:00Z)",
        }
    ]
    assert sum("suppressions" in row for row in run(denied())["results"]) == 1


def test_each_gap_and_each_reason_without_items_is_one_notification():
    (invocation,) = run(denied())["invocations"]
    notes = [(row["descriptor"]["id"], row["level"]) for row in invocation["toolExecutionNotifications"]]
    assert sorted(notes) == [
        ("gap.encrypted", "error"),
        ("gap.timed-out", "note"),  # waived
        ("gap.unavailable", "error"),
        ("versioning.bump-too-small", "error"),
    ]
    known = run(denied())["tool"]["driver"]["notifications"]
    for row in invocation["toolExecutionNotifications"]:
        assert known[row["descriptor"]["index"]]["id"] == row["descriptor"]["id"]


@pytest.mark.parametrize(("result", "success", "code"), [(allowed, True, 0), (denied, False, 1), (undecided, False, 3)])
def test_the_run_is_successful_only_when_nothing_unexamined_stands_in_the_way(result, success, code):
    (invocation,) = run(result())["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (success, code)


def test_a_denial_for_findings_alone_is_a_successful_run():
    base = denied()
    reasons = tuple(row for row in base.decision.reasons if not row.code.startswith("gap."))
    (invocation,) = run(base._replace(decision=replace(base.decision, reasons=reasons)))["invocations"]
    assert invocation["executionSuccessful"]


def test_a_message_holds_no_placeholder_and_no_link():
    base = allowed()
    row = finding("serialization.dangerous-call", "a", name="{0} [click](http://evil.example)")
    decision = replace(base.decision, tallies={row.rule: tally("error", [row])})
    (listed,) = run(base._replace(decision=decision))["results"]
    assert listed["message"]["text"] == "loading calls {{0}} [click] (http://evil.example) (in a)"


def test_results_beyond_what_github_takes_are_left_out_least_severe_first_and_counted(monkeypatch):
    monkeypatch.setattr(sarif, "RESULTS", 2)
    only = run(denied())
    assert {row["level"] for row in only["results"]} == {"error"}
    assert not any("suppressions" in row for row in only["results"])  # waived ones go first
    assert only["properties"]["truncated"] == {
        "gap.encrypted": 4,
        "imports.undeclared-package": 1,
        "pii.email": 1,
        "serialization.dangerous-call": 998,
    }
    assert only["properties"]["totals"]["serialization.dangerous-call"]["total"] == 1000


def test_a_finding_at_level_none_is_informational():
    base = allowed()
    row = finding("licences.found", "LICENSE", name="MIT")
    decision = replace(base.decision, tallies={row.rule: tally("none", [row])})
    (listed,) = run(base._replace(decision=decision))["results"]
    assert (listed["kind"], listed["level"]) == ("informational", "none")


def test_the_decision_travels_in_the_properties_of_the_run():
    properties = run(denied())["properties"]
    assert properties["outcome"] == "deny"
    assert [row["code"] for row in properties["reasons"]] == [row.code for row in denied().decision.reasons]
    assert properties["policy"]["digest"] == {"sha256": "ef" * 32}


def test_a_long_explanation_is_cut_to_what_github_takes():
    base = denied()
    rules = {code: replace(rule, why="w" * 5000) for code, rule in RULES.items()}
    for rule in run(base._replace(rules=rules))["tool"]["driver"]["rules"]:
        assert len(rule["fullDescription"]["text"]) <= 1024


def test_a_reason_of_policy_about_a_rule_that_also_fired_elsewhere_is_kept():
    base = denied()
    own = Reason("serialization.dangerous-call", Action.DENY, "model card", "not signed off")
    decision = replace(base.decision, outcome=Outcome.DENY, reasons=(own,), warnings=(), waived=())
    (invocation,) = run(base._replace(decision=decision))["invocations"]
    assert "not signed off" in json.dumps(invocation["toolExecutionNotifications"])


def test_a_result_is_not_suppressed_by_a_waiver_that_the_policy_does_not_accept():
    results = run(mandatory())["results"]
    assert len(results) == 3
    assert not any("suppressions" in row for row in results)
    assert {row["properties"]["action"] for row in results} == {"deny"}


def test_a_run_says_which_advisories_were_asked_and_how_old_they_are():
    known = allowed()
    about = {"digest": {"sha256": "ab" * 32}, "data_time": "2026-11-20T08:00:00Z", "fetched": "2026-11-20T09:00:00Z"}
    request = replace(known.request, inputs={"advisories": about})
    log = json.loads(sarif.render(known.report, request, known.decision, {}))
    assert log["runs"][0]["properties"]["advisories"] == about
