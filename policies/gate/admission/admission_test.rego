package gate_test.admission

import data.gate.admission

passed := {
	"kind": "summary",
	"passed": true,
	"stage": "production",
	"environment": "eu",
	"resource_stage": "production",
	"resource_environment": "eu",
	"age": 60,
	"ahead": -60,
	"ends_in": null,
	"policy": "p1",
}

ok(place, said) := {"place": place, "state": "ok", "detail": "", "said": object.union(passed, said)}

void(state) := {"place": state, "state": state, "detail": "why", "said": null}

asked(attestations) := {
	"schema": "gate.admission-input/v1",
	"request": {"stage": "production", "environment": "eu", "max_age": null, "policies": []},
	"attestations": attestations,
}

requested(said, request) := object.union(asked([ok("a", said)]), {"request": request})

answer(document) := given if {
	given := admission.result with input as document
}

blocks(document) := [[row.code, row.action, row.subject] | some row in answer(document).reasons]

warns(document) := [[row.code, row.subject] | some row in answer(document).warnings]

unanswered(document) if not admission.result with input as document

test_a_summary_that_passed_admits if {
	expected := {"outcome": "allow", "reasons": [], "warnings": [], "waived": []}
	answer(asked([ok("a", {})])) == expected
}

test_a_summary_that_failed_denies if {
	document := asked([ok("a", {"passed": false})])
	blocks(document) == [["admission.failed", "deny", "a"]]
	answer(document).outcome == "deny"
}

test_nothing_at_all_is_inconclusive if {
	blocks(asked([])) == [["admission.no-summary", "inconclusive", ""]]
	answer(asked([])).outcome == "inconclusive"
}

test_what_is_no_attestation_is_inconclusive if {
	every state in ["malformed", "unsupported", "too-large", "unreadable"] {
		answer(asked([void(state)])).outcome == "inconclusive"
	}
}

test_what_proves_something_else_denies if {
	every state in ["wrong-subject", "invalid-signature", "untrusted-signer", "signer-scope", "verifier-mismatch"] {
		document := asked([void(state), void("malformed")])
		answer(document).outcome == "deny"
		[concat(".", ["admission", state]), "deny", state] in blocks(document)
		["admission.malformed", "deny", "malformed"] in blocks(document)
	}
}

test_what_counts_as_nothing_is_told_beside_what_counts if {
	every state in ["wrong-subject", "invalid-signature", "untrusted-signer", "unknown-predicate", "malformed", "unsupported"] {
		document := asked([void(state), ok("a", {})])
		answer(document).outcome == "allow"
		warns(document) == [[concat(".", ["admission", state]), state]]
	}
}

test_what_was_not_looked_at_may_be_a_newer_verdict if {
	every state in ["too-large", "unreadable", "malformed-statement"] {
		document := asked([ok("a", {}), void(state)])
		answer(document).outcome == "inconclusive"
		blocks(document) == [[concat(".", ["admission", state]), "inconclusive", state]]
	}
}

test_a_decision_alone_is_no_summary if {
	document := asked([ok("a", {"kind": "decision"})])
	blocks(document) == [["admission.no-summary", "deny", ""]]
}

test_stage_and_environment_are_compared_in_both_places if {
	every change in [{"stage": "staging"}, {"resource_stage": "staging"}, {"stage": ""}, {"resource_stage": ""}] {
		blocks(asked([ok("a", change)])) == [["admission.wrong-stage", "deny", "a"]]
	}
	every change in [{"environment": "us"}, {"resource_environment": "us"}, {"environment": ""}, {"resource_environment": ""}] {
		blocks(asked([ok("a", change)])) == [["admission.wrong-environment", "deny", "a"]]
	}
}

test_a_verdict_of_another_stage_does_not_decide if {
	newer := ok("b", {"stage": "staging", "resource_stage": "staging", "age": 1, "passed": false})
	answer(asked([ok("a", {}), newer])).outcome == "allow"
}

test_the_newest_decides_and_the_other_is_told if {
	denied := asked([ok("old", {}), ok("new", {"passed": false, "age": 59})])
	blocks(denied) == [["admission.failed", "deny", "new"]]
	warns(denied) == [["admission.superseded", "old"]]
	admitted := asked([ok("new", {}), ok("old", {"passed": false, "age": 61})])
	answer(admitted).outcome == "allow"
	warns(admitted) == [["admission.superseded", "old"]]
}

test_of_two_in_one_second_the_denial_counts if {
	answer(asked([ok("a", {}), ok("b", {"passed": false})])).outcome == "deny"
}

test_a_decision_as_new_must_agree if {
	same := ok("d", {"kind": "decision"})
	answer(asked([ok("a", {}), same])).outcome == "allow"
	other := ok("d", {"kind": "decision", "passed": false})
	blocks(asked([ok("a", {}), other])) == [["admission.disagreement", "deny", "d"]]
	newer := ok("d", {"kind": "decision", "passed": false, "age": 1})
	blocks(asked([ok("a", {}), newer])) == [["admission.disagreement", "deny", "d"]]
	older := ok("d", {"kind": "decision", "passed": false, "age": 61})
	answer(asked([ok("a", {}), older])).outcome == "allow"
	under := ok("d", {"kind": "decision", "policy": "p2"})
	blocks(asked([ok("a", {}), under])) == [["admission.disagreement", "deny", "d"]]
}

test_a_week_is_the_limit_in_production if {
	answer(asked([ok("a", {"age": 604800})])).outcome == "allow"
	blocks(asked([ok("a", {"age": 604801})])) == [["admission.too-old", "deny", "a"]]
}

test_staging_has_no_limit if {
	said := {"age": 99999999, "stage": "staging", "resource_stage": "staging"}
	answer(requested(said, {"stage": "staging"})).outcome == "allow"
}

test_the_shorter_limit_counts if {
	answer(requested({"age": 3600}, {"max_age": 3600})).outcome == "allow"
	answer(requested({"age": 3601}, {"max_age": 3600})).outcome == "deny"
	answer(requested({"age": 604801}, {"max_age": 9999999})).outcome == "deny"
	site := {"config": {"stages": {"production": {"limits": {"admission_age_hours": 1}}}}}
	given := admission.result with input as asked([ok("a", {"age": 3601})]) with data.gate_site as site
	given.outcome == "deny"
}

test_an_end_is_the_first_moment_that_does_not_count if {
	answer(asked([ok("a", {"ends_in": 1})])).outcome == "allow"
	blocks(asked([ok("a", {"ends_in": 0})])) == [["admission.ended", "deny", "a"]]
}

test_five_minutes_of_skew_are_taken if {
	answer(asked([ok("a", {"age": -300, "ahead": 300})])).outcome == "allow"
	blocks(asked([ok("a", {"age": -301, "ahead": 301})])) == [["admission.from-future", "deny", "a"]]
}

test_a_policy_is_asked_for_by_digest if {
	answer(requested({}, {"policies": ["p0", "p1"]})).outcome == "allow"
	blocks(requested({}, {"policies": ["p0"]})) == [["admission.policy", "deny", "a"]]
	blocks(requested({"policy": ""}, {"policies": ["p0"]})) == [["admission.policy", "deny", "a"]]
}

test_a_code_stands_once_with_its_first_place if {
	document := asked([void("wrong-subject"), object.union(void("wrong-subject"), {"place": "a"}), ok("b", {})])
	warns(document) == [["admission.wrong-subject", "a"]]
}

test_what_is_not_understood_has_no_answer if {
	unanswered({})
	unanswered(object.union(asked([]), {"schema": "gate.admission-input/v2"}))
	unanswered(asked("none"))
	unanswered(asked([{}]))
	unanswered(asked([void("new-state")]))
	unanswered(asked([void("ok")]))
	every request in [{"stage": "moon"}, {"environment": ""}, {"environment": null}, {"max_age": "1"}, {"policies": null}] {
		unanswered(requested({}, request))
	}
	every name, _ in passed {
		unanswered(asked([ok("a", {name: {}})]))
	}
}

test_a_limit_that_is_no_number_has_no_answer if {
	site := {"config": {"stages": {"production": {"limits": {"admission_age_hours": "1"}}}}}
	not admission.result with input as asked([ok("a", {})]) with data.gate_site as site
	not admission.result with input as asked([ok("a", {})]) with data.gate_site as {"config": []}
}
