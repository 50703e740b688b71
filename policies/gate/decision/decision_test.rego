package gate_test.decision

import data.gate.decision

complete := {"state": "complete", "members": 1}

sections := {name: {"state": "complete"} | some name in data.gate.config.required_sections}

clean := object.union(sections, {
	"schema": "gate.input/v1",
	"request": {"stage": "production"},
	"findings": {},
	"gaps": {},
	"waivers": [],
	"statuses": {name: complete | some name, _ in sections},
})

staging := object.union(clean, {"request": {"stage": "staging"}})

tally(level, open, held) := {
	"level": level,
	"total": count(open) + count(held),
	"waived": count(held),
	"unwaived": count(open),
	"truncated": 0,
	"items": array.concat(
		[{"path": path, "waived": false} | some path in open],
		[{"path": path, "waived": true} | some path in held],
	),
}

with_finding(base, code, row) := object.union(base, {"findings": {code: row}})

with_gap(base, code, row) := object.union(base, {"gaps": {code: row}})

with_waiver(base, waiver) := object.union(base, {"waivers": [waiver]})

changed(path, value) := json.patch(clean, [{"op": "add", "path": path, "value": value}])

outcome(document) := given if {
	given := decision.result.outcome with input as document
}

rows(document, list) := [[row.code, row.action, row.subject] | some row in listed] if {
	listed := decision.result[list] with input as document
}

messages(document) := [row.msg | some row in listed] if {
	listed := decision.result.reasons with input as document
}

unanswered(document) if not decision.result with input as document

test_a_clean_archive_is_allowed if {
	expected := {"outcome": "allow", "reasons": [], "warnings": [], "waived": []}
	decision.result == expected with input as clean
}

test_an_error_that_no_policy_names_is_denied if {
	document := with_finding(clean, "new.rule", tally("error", ["b", "c"], []))
	outcome(document) == "deny"
	rows(document, "reasons") == [["new.rule", "deny", "b"]]
	rows(document, "waived") == []
}

test_a_lesser_level_that_no_policy_names_is_a_warning if {
	every level in ["warning", "note", "none"] {
		document := with_finding(clean, "new.rule", tally(level, ["b"], []))
		outcome(document) == "allow"
		rows(document, "warnings") == [["new.rule", "warn", "b"]]
	}
}

test_a_gap_is_inconclusive if {
	document := with_gap(clean, "gap.encrypted", tally("none", ["a.zip"], []))
	outcome(document) == "inconclusive"
	rows(document, "reasons") == [["gap.encrypted", "inconclusive", "a.zip"]]
}

test_a_denial_outweighs_a_gap if {
	document := with_gap(with_finding(clean, "new.rule", tally("error", ["b"], [])), "gap.budget", tally("none", ["a"], []))
	outcome(document) == "deny"
	rows(document, "reasons") == [["new.rule", "deny", "b"], ["gap.budget", "inconclusive", "a"]]
}

test_the_stage_decides_about_an_unverified_global if {
	row := tally("warning", ["m.pkl"], [])
	outcome(with_finding(staging, "serialization.unverified-global", row)) == "allow"
	outcome(with_finding(clean, "serialization.unverified-global", row)) == "inconclusive"
}

test_the_message_counts_the_places if {
	messages(with_finding(clean, "new.rule", tally("error", ["b"], []))) == ["at 1 place"]
	messages(with_finding(clean, "new.rule", tally("error", ["b", "c"], ["d"]))) == ["at 2 places"]
}

test_a_waived_finding_is_listed_and_does_not_count if {
	document := with_finding(clean, "new.rule", tally("error", [], ["b"]))
	outcome(document) == "allow"
	rows(document, "waived") == [["new.rule", "deny", "b"]]
	rows(document, "reasons") == []
}

test_a_partly_waived_finding_names_the_first_open_place if {
	document := with_finding(clean, "new.rule", tally("error", ["z"], ["a"]))
	rows(document, "reasons") == [["new.rule", "deny", "z"]]
	rows(document, "waived") == [["new.rule", "deny", "a"]]
}

test_waived_places_that_were_cut_off_leave_no_subject if {
	cut := {"level": "error", "total": 2, "waived": 1, "unwaived": 1, "truncated": 1, "items": [{"path": "z", "waived": false}]}
	rows(with_finding(clean, "new.rule", cut), "waived") == [["new.rule", "deny", ""]]
}

test_a_mandatory_code_counts_in_full_though_waived if {
	every code in data.gate.config.mandatory {
		document := with_finding(clean, code, tally("note", [], ["a"]))
		outcome(document) == "deny"
		rows(document, "reasons") == [[code, "deny", "a"]]
		rows(document, "waived") == []
	}
}

test_site_data_cannot_lower_a_mandatory_code if {
	site := {"actions": {"serialization.dangerous-call": "off"}, "stages": {"production": {"actions": {"serialization.dangerous-call": "warn"}}}}
	document := with_finding(clean, "serialization.dangerous-call", tally("error", ["a"], []))
	result := decision.result with input as document with data.gate_site.config as site
	result.outcome == "deny"
}

test_site_data_comes_before_the_standard_and_its_stage_before_its_general_action if {
	document := with_finding(clean, "serialization.unverified-global", tally("warning", ["a"], []))
	general := {"actions": {"serialization.unverified-global": "deny"}}
	staged := object.union(general, {"stages": {"production": {"actions": {"serialization.unverified-global": "warn"}}}})
	"deny" == decision.result.outcome with input as document with data.gate_site.config as general
	"allow" == decision.result.outcome with input as document with data.gate_site.config as staged
}

test_an_action_that_is_misspelt_denies if {
	document := with_finding(clean, "new.rule", tally("note", ["a"], []))
	result := decision.result with input as document with data.gate_site.config as {"actions": {"new.rule": "Warn"}}
	result.outcome == "deny"
}

test_a_code_that_is_off_is_not_listed_at_all if {
	off := {"actions": {"new.rule": "off", "site.note": "off"}}
	waiver := {"code": "site.note", "subject": "x", "live": true}
	document := with_waiver(with_finding(clean, "new.rule", tally("error", ["a"], ["b"])), waiver)
	rules := {"own": {"violation": [{"code": "site.note", "subject": subject} | some subject in ["x", "y"]]}}
	result := decision.result with input as document with data.gate_site.config as off with data.gate_site.rules as rules
	result == {"outcome": "allow", "reasons": [], "warnings": [], "waived": []}
}

test_unsound_site_data_leaves_no_result if {
	unsound := [
		null, false, [], "x",
		{"actions": []},
		{"required_sections": "pii"},
		{"stages": []},
		{"stages": {"staging": []}},
		{"stages": {"staging": {"actions": "deny"}}},
	]
	every site in unsound {
		not decision.result with input as clean with data.gate_site.config as site
	}
}

test_a_required_section_that_was_not_answered_is_a_gap if {
	every state in ["failed", "skipped", "unheard-of"] {
		document := object.union(clean, {"integrity": {"state": state}, "statuses": {"integrity": {"state": state}}})
		outcome(document) == "inconclusive"
		rows(document, "reasons") == [["gap.unavailable", "inconclusive", "integrity"]]
	}
}

test_a_required_section_that_is_absent_is_a_gap if {
	document := object.remove(clean, ["serialization"])
	rows(document, "reasons") == [["gap.unavailable", "inconclusive", "serialization"]]
}

test_a_section_whose_status_says_otherwise_is_a_gap if {
	document := object.union(clean, {"statuses": {"integrity": {"state": "failed"}}})
	rows(document, "reasons") == [["gap.unavailable", "inconclusive", "integrity"]]
}

test_a_section_that_is_partial_or_not_applicable_was_answered if {
	every state in ["complete", "partial", "not-applicable"] {
		outcome(object.union(clean, {"integrity": {"state": state}, "statuses": {"integrity": {"state": state}}})) == "allow"
	}
}

test_a_site_requires_more_sections if {
	result := decision.result with input as clean with data.gate_site.config as {"required_sections": ["licences"]}
	[row.subject | some row in result.reasons] == ["licences"]
}

test_what_only_policy_knows_is_waived_by_exact_subject_or_star if {
	document := object.remove(clean, ["serialization"])
	every subject in ["serialization", "*"] {
		waived := with_waiver(document, {"code": "gap.unavailable", "subject": subject, "live": true})
		outcome(waived) == "allow"
		rows(waived, "waived") == [["gap.unavailable", "inconclusive", "serialization"]]
	}
	every waiver in [
		{"code": "gap.unavailable", "subject": "*", "live": true, "about": "a"},
		{"code": "gap.unavailable", "subject": "*", "live": true, "member": "b"},
		{"code": "gap.unavailable", "subject": "serialization", "live": false},
		{"code": "gap.unavailable", "subject": "serial*", "live": true},
		{"code": "gap.corrupt", "subject": "*", "live": true},
		{"code": "gap.unavailable", "subject": "*"},
	] {
		outcome(with_waiver(document, waiver)) == "inconclusive"
		rows(with_waiver(document, waiver), "waived") == []
	}
}

site_result(document, violation) := result if {
	result := decision.result with input as document with data.gate_site.rules as {"own": {"violation": violation}}
}

test_a_rule_of_the_site_denies_for_each_subject if {
	result := site_result(clean, [{"code": "site.owner", "subject": "b", "msg": "no owner"}, {"code": "site.owner", "subject": "a", "msg": "no owner"}])
	result.outcome == "deny"
	[row.subject | some row in result.reasons] == ["a", "b"]
	[row.msg | some row in result.reasons] == ["no owner", "no owner"]
}

test_a_rule_of_the_site_may_leave_subject_and_message_away if {
	result := site_result(clean, {{"code": "site.owner"}})
	result.reasons == [{"code": "site.owner", "action": "deny", "subject": "", "msg": ""}]
}

test_a_rule_of_the_site_is_waived_by_exact_subject if {
	document := with_waiver(clean, {"code": "site.owner", "subject": "a", "live": true})
	result := site_result(document, [{"code": "site.owner", "subject": "a", "msg": ""}])
	result.outcome == "allow"
	[row.code | some row in result.waived] == ["site.owner"]
}

test_a_violation_that_cannot_be_read_denies if {
	every violation in [
		["no owner"],
		[{"msg": "no code"}],
		[{"code": ""}],
		[{"code": 7}],
		[{"code": "site.owner", "subject": null}],
		[{"code": "site.owner", "msg": ["x"]}],
		"no owner",
		true,
		{"a": {"msg": "no code"}},
	] {
		waived := with_waiver(clean, {"code": "site.malformed-violation", "subject": "*", "live": true})
		result := site_result(waived, violation)
		[[row.code, row.action, row.subject] | some row in result.reasons] == [["site.malformed-violation", "deny", "own"]]
	}
}

test_an_unknown_stage_or_schema_leaves_no_result if {
	every document in [
		{},
		changed("/schema", "gate.input/v2"),
		changed("/request/stage", "prodution"),
		changed("/request/stage", null),
		changed("/request/stage", ["production"]),
		changed("/request", "production"),
	] {
		unanswered(document)
	}
}

test_whatever_is_missing_leaves_no_result if {
	every key in ["schema", "request", "findings", "gaps", "waivers", "statuses"] {
		unanswered(object.remove(clean, [key]))
	}
}

test_whatever_has_a_wrong_type_leaves_no_result if {
	every key in ["findings", "gaps", "waivers", "statuses"] {
		every value in [null, true, 1, "x"] {
			unanswered(changed(concat("", ["/", key]), value))
		}
	}
	unanswered(changed("/findings", []))
	unanswered(changed("/gaps", []))
	unanswered(changed("/statuses", []))
	unanswered(changed("/waivers", {}))
}

test_a_tally_that_contradicts_itself_leaves_no_result if {
	every patch in [
		{"level": "fatal"},
		{"level": null},
		{"total": 0},
		{"total": 2},
		{"total": "1"},
		{"waived": 1},
		{"waived": -1, "unwaived": 2},
		{"waived": 2, "unwaived": -1},
		{"waived": "0"},
		{"unwaived": null},
		{"truncated": 1},
		{"items": null},
		{"items": {"0": {"path": "a", "waived": false}}},
		{"items": [], "truncated": 1},
		{"items": ["a"]},
		{"items": [{"path": "a"}]},
		{"items": [{"path": null, "waived": false}]},
		{"items": [{"path": "a", "waived": "no"}]},
	] {
		broken := object.union(tally("note", ["a"], []), patch)
		unanswered(with_finding(clean, "new.rule", broken))
		unanswered(with_gap(clean, "gap.corrupt", broken))
	}
	unanswered(with_finding(clean, "new.rule", null))
}

test_a_code_stands_where_it_belongs if {
	row := tally("none", ["a"], [])
	unanswered(with_finding(clean, "gap.corrupt", row))
	unanswered(with_gap(clean, "new.rule", row))
}

test_a_waiver_that_is_no_object_leaves_no_result if {
	every waiver in ["*", null, 1, ["*"]] {
		unanswered(with_waiver(clean, waiver))
	}
}

test_a_limit_of_another_type_leaves_the_result_undefined if {
	site := {"stages": {"production": {"limits": {"archive_bytes": "100"}}}}
	not decision.result with input as clean with data.gate_site.config as site
}

test_a_rule_of_gate_is_listed_and_waived_like_any_other if {
	asked := object.union(clean, {"signature": {"trust": false}})
	rows(asked, "warnings") == [["provenance.unchecked", "warn", ""]]
	waived := with_waiver(asked, {"code": "provenance.unchecked", "subject": "*", "live": true})
	rows(waived, "warnings") == []
	rows(waived, "waived") == [["provenance.unchecked", "warn", ""]]
}

test_credentials_stop_an_archive_at_every_stage if {
	every code in ["private-key", "cloud-key", "service-token", "stored-login", "url-password"] {
		row := tally("error", ["a.env"], [])
		outcome(with_finding(clean, concat(".", ["secrets", code]), row)) == "deny"
		outcome(with_finding(staging, concat(".", ["secrets", code]), row)) == "deny"
	}
	every code in ["locked-key", "signed-token", "unconfirmed"] {
		row := tally("warning", ["a.env"], [])
		outcome(with_finding(clean, concat(".", ["secrets", code]), row)) == "inconclusive"
		outcome(with_finding(staging, concat(".", ["secrets", code]), row)) == "allow"
	}
}
