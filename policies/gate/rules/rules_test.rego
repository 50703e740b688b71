package gate_test.rules

import data.gate.rules

limited(name, value) := {"stages": {"production": {"limits": {name: value}}}}

asked(section) := object.union({"request": {"stage": "production"}}, section)

codes(rows) := sort([row.code | some row in rows])

test_an_archive_beyond_the_limit_of_its_stage if {
	site := limited("archive_bytes", 100)
	rows := rules.limits.violation with input as asked({"subject": {"size": 101}}) with data.gate_site.config as site
	rows == {{"code": "limits.archive-too-large", "subject": "", "msg": "the stage takes at most 100 bytes"}}
	small := rules.limits.violation with input as asked({"subject": {"size": 100}}) with data.gate_site.config as site
	small == set()
	other := {"request": {"stage": "staging"}, "subject": {"size": 101}}
	staged := rules.limits.violation with input as other with data.gate_site.config as site
	staged == set()
}

test_a_size_that_is_not_known_is_not_within_a_limit if {
	rows := rules.limits.violation with input as asked({}) with data.gate_site.config as limited("archive_bytes", 100)
	codes(rows) == ["limits.archive-too-large"]
}

test_no_limit_limits_nothing if {
	rows := rules.limits.violation with input as asked({"subject": {"size": 10000000000000}})
	rows == set()
}

sizes := {
	"copied_bytes": 0,
	"copied_bytes_most": 0,
	"load_bytes": 50,
	"load_bytes_most": 80,
	"parameters": 12,
	"parameters_known": true,
	"resident_bytes": 50,
	"unknown_files": 0,
	"unpacked_bytes": 60,
	"unread_members": 0,
	"weight_bytes": 50,
}

weighing(changes, targets) := asked({
	"subject": {"size": 40},
	"metadata": {"size": object.union(sizes, changes), "targets": targets},
})

test_limits_of_a_stage_hold_for_each_quantity if {
	cases := {
		"load_bytes": ["limits.load-too-large", 80, {"unknown_files": 1}],
		"parameters": ["limits.too-many-parameters", 12, {"parameters_known": false}],
		"unpacked_bytes": ["limits.unpacked-too-large", 60, {"unread_members": 1}],
		"weight_bytes": ["limits.weights-too-large", 50, {"weight_bytes": "?"}],
	}
	every name, row in cases {
		[code, amount, unknown] := row
		fits := rules.limits.violation with input as weighing({}, []) with data.gate_site.config as limited(name, amount)
		fits == set()
		over := rules.limits.violation with input as weighing({}, []) with data.gate_site.config as limited(name, amount - 1)
		codes(over) == [code]
		doubt := rules.limits.violation with input as weighing(unknown, []) with data.gate_site.config as limited(name, 1000)
		codes(doubt) == [code]
		none := rules.limits.violation with input as asked({}) with data.gate_site.config as limited(name, 1000)
		codes(none) == [code]
	}
}

test_an_environment_has_limits_of_its_own if {
	site := {"stages": {"production": {
		"limits": {"weight_bytes": 1000},
		"environments": {"edge": {"limits": {"weight_bytes": 10}}},
	}}}
	rows := rules.limits.violation with input as weighing({}, []) with data.gate_site.config as site
	rows == set()
	edge := object.union(weighing({}, []), {"request": {"stage": "production", "environment": "edge"}})
	small := rules.limits.violation with input as edge with data.gate_site.config as site
	codes(small) == ["limits.weights-too-large"]
}

machine(changes) := object.union({"name": "t", "gpu": false, "host_bytes": null, "gpu_bytes": null, "disk_bytes": null}, changes)

test_what_a_target_does_not_say_is_not_compared if {
	rows := rules.limits.violation with input as weighing({"unknown_files": 3}, [machine({})])
	rows == set()
}

test_weights_need_the_memory_of_the_host if {
	every row in [[49, ["limits.host-memory"]], [50, ["limits.memory-doubtful"]], [80, []]] {
		[bytes, expected] := row
		rows := rules.limits.violation with input as weighing({}, [machine({"host_bytes": bytes})])
		codes(rows) == expected
	}
}

test_beside_a_gpu_the_host_needs_what_is_copied if {
	target := machine({"host_bytes": 10, "gpu_bytes": 50, "gpu": true})
	rows := rules.limits.violation with input as weighing({}, [target])
	rows == set()
	copied := rules.limits.violation with input as weighing({"copied_bytes": 11, "copied_bytes_most": 11}, [target])
	copied == {{"code": "limits.host-memory", "subject": "", "msg": "t has 10 bytes of memory of the host, and needed are 11"}}
	large := rules.limits.violation with input as weighing({"resident_bytes": 51}, [target])
	codes(large) == ["limits.gpu-memory"]
}

test_the_disk_holds_the_archive_and_what_is_in_it if {
	fits := rules.limits.violation with input as weighing({}, [machine({"disk_bytes": 100})])
	fits == set()
	rows := rules.limits.violation with input as weighing({}, [machine({"disk_bytes": 99})])
	codes(rows) == ["limits.disk-space"]
}

test_memory_that_nobody_can_tell_is_said if {
	every target in [machine({"host_bytes": 1000}), machine({"gpu_bytes": 1000})] {
		rows := rules.limits.violation with input as weighing({"unknown_files": 2}, [target])
		codes(rows) == ["limits.memory-unknown"]
	}
}

test_what_a_licence_asks_is_said_by_its_kind if {
	rows := rules.governance.violation with input as asked({"metadata": {"licence_categories": ["copyleft", "non-commercial", "permissive", "unknown"]}})
	codes(rows) == ["governance.licence-copyleft", "governance.licence-non-commercial", "governance.licence-unknown"]
}

advisories(changes) := asked({"dependencies": {"advisories": object.union({"available": true, "age_hours": 1, "label": ""}, changes)}})

test_fresh_advisories_are_relied_on if {
	rows := rules.advisories.violation with input as advisories({})
	rows == set()
	edge := rules.advisories.violation with input as advisories({"age_hours": 72})
	edge == set()
}

test_advisories_are_warned_of_before_they_are_stale if {
	every age in [73, 120] {
		rows := rules.advisories.violation with input as advisories({"age_hours": age})
		codes(rows) == ["advisories.aging"]
	}
}

test_old_advisories_are_stale if {
	every age in [121, null, "1"] {
		rows := rules.advisories.violation with input as advisories({"age_hours": age})
		codes(rows) == ["advisories.stale"]
	}
	unknown := rules.advisories.violation with input as asked({"dependencies": {"advisories": {"available": true}}})
	codes(unknown) == ["advisories.stale"]
}

test_the_organisation_says_how_old_they_may_be if {
	rows := rules.advisories.violation with input as advisories({"age_hours": 500}) with data.gate_site.config as limited("advisory_warn_hours", 500)
	codes(rows) == ["advisories.stale"]
	later := rules.advisories.violation with input as advisories({"age_hours": 500}) with data.gate_site.config as limited("advisory_age_hours", 1000)
	codes(later) == ["advisories.aging"]
}

test_a_sample_is_not_the_advisories if {
	rows := rules.advisories.violation with input as advisories({"label": "a sample"})
	rows == {{"code": "advisories.sample", "subject": "", "msg": "a sample"}}
}

test_advisories_that_were_not_consulted_are_not_judged if {
	every document in [asked({}), advisories({"available": false, "age_hours": null, "label": "a sample"})] {
		rows := rules.advisories.violation with input as document
		rows == set()
	}
}

signed(changes) := object.union(
	{
		"request": {"stage": "production", "environment": "prod-eu"},
		"signature": {"trust": true, "verified": 1, "grants": [{"signer": "ci", "stages": ["*"], "environments": ["*"]}]},
	},
	changes,
)

grants(rows) := signed({"signature": {"trust": true, "verified": 1, "grants": rows}})

test_a_signature_that_the_trust_file_accepts_is_enough if {
	every grant in [
		{"stages": ["*"], "environments": ["*"]},
		{"stages": ["staging", "production"], "environments": ["prod-eu"]},
	] {
		rows := rules.provenance.violation with input as grants([grant])
		rows == set()
	}
}

test_an_archive_without_an_accepted_signature_is_unsigned if {
	every document in [
		signed({"signature": {"trust": true, "verified": 0}}),
		signed({"request": {"stage": "production", "environment": null}, "signature": {"grants": [{"stages": ["*"], "environments": ["prod-eu"]}]}}),
		grants([{"stages": ["staging"], "environments": ["*"]}]),
		grants([{"stages": ["*"], "environments": ["prod-us"]}]),
		grants([{"stages": ["staging"], "environments": ["*"]}, {"stages": ["*"], "environments": ["prod-us"]}]),
		grants([{"stages": [], "environments": []}]),
		asked({"signature": {"trust": true, "verified": 1}}),
	] {
		rows := rules.provenance.violation with input as document
		codes(rows) == ["provenance.unsigned"]
	}
}

test_without_a_trust_file_nothing_is_proven if {
	rows := rules.provenance.violation with input as signed({"signature": {"trust": false}})
	codes(rows) == ["provenance.unchecked"]
}

native(libraries, profiles) := asked({"native": {"libraries": libraries, "profiles": profiles}})

test_libraries_want_a_target if {
	rows := rules.readiness.violation with input as native(1, 0)
	codes(rows) == ["readiness.no-profile"]
	every document in [native(0, 0), native(1, 1), asked({})] {
		none := rules.readiness.violation with input as document
		none == set()
	}
}

model(changes) := asked({
	"model": object.union({"version": "1.2.3", "version_kind": "semver", "claimed": ["version"]}, changes),
	"metadata": {"conflicting": []},
})

test_a_semantic_version_is_a_version if {
	rows := rules.versioning.violation with input as model({})
	rows == set()
}

test_a_model_without_a_version if {
	rows := rules.versioning.violation with input as model({"version": null, "version_kind": "none"})
	codes(rows) == ["versioning.missing"]
}

test_a_name_that_moves_is_no_version if {
	rows := rules.versioning.violation with input as model({"version": "latest", "version_kind": "moving"})
	codes(rows) == ["versioning.mutable"]
	every row in rows {
		startswith(row.msg, "latest ")
	}
}

test_versions_of_other_kinds_are_no_semantic_ones if {
	every kind in ["date", "numeric", "integer", "hash", "other", "a kind of tomorrow"] {
		rows := rules.versioning.violation with input as model({"version": "x", "version_kind": kind})
		codes(rows) == ["versioning.not-semantic"]
	}
}

test_a_version_about_which_sources_disagree_unless_somebody_says_which if {
	disputed := object.union(model({}), {"metadata": {"conflicting": ["licence", "version"]}})
	rows := rules.versioning.violation with input as disputed
	codes(rows) == ["versioning.ambiguous"]
	every document in [
		object.union(disputed, {"model": {"claimed": []}}),
		object.union(disputed, {"metadata": {"conflicting": ["licence"]}}),
	] {
		none := rules.versioning.violation with input as document
		none == set()
	}
}

test_an_owner_and_a_licence_are_asked_for if {
	bad := asked({"metadata": {"has_owner": false, "has_licence": false}})
	rows := rules.governance.violation with input as bad
	codes(rows) == ["governance.no-licence", "governance.no-owner"]
	every document in [asked({}), asked({"metadata": {"has_owner": true, "has_licence": true}})] {
		none := rules.governance.violation with input as document
		none == set()
	}
}

test_a_model_that_has_expired if {
	old := asked({"metadata": {"expired": true, "expires": "2026-01-01T00:00:00Z"}})
	rows := rules.lifecycle.violation with input as old
	codes(rows) == ["lifecycle.expired"]
	every document in [asked({}), asked({"metadata": {"expired": false, "expires": null}})] {
		none := rules.lifecycle.violation with input as document
		none == set()
	}
}

test_a_model_that_could_not_be_made_again if {
	bad := asked({"determinism": {"reproducible": false, "missing": ["code", "seed"]}})
	rows := rules.readiness.violation with input as bad
	rows == {{"code": "readiness.not-reproducible", "subject": "", "msg": "it could not be made again, not known are: code, seed"}}
	good := rules.readiness.violation with input as asked({"determinism": {"reproducible": true, "missing": []}})
	good == set()
}
