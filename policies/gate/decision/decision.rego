# METADATA
# title: May this archive be promoted?
# description: >-
#   Gives every code that was counted an action at the requested stage. Any deny denies, else any inconclusive is
#   inconclusive, else the promotion is allowed. The result is undefined for an input that it does not understand, and
#   the caller treats that as inconclusive.
# related_resources:
#   - ref: https://www.openpolicyagent.org/docs/wasm
#     description: Only builtins that the WebAssembly target has itself are used here.
package gate.decision

import data.gate.settings

actions := {"deny", "inconclusive", "warn", "off"}

levels := {"error", "warning", "note", "none"}

config := data.gate.config

stage := input.request.stage

mandatory := {code | some code in config.mandatory}

result := {
	"outcome": outcome,
	"reasons": sort(reasons),
	"warnings": sort(warnings),
	"waived": sort(waived),
} if {
	input.schema == "gate.input/v1"
	is_string(stage)
	is_object(config.stages[stage])
	understood
	none_lost
}

outcome := "deny" if denied

outcome := "inconclusive" if {
	not denied
	count(reasons) > 0
}

outcome := "allow" if count(reasons) == 0

denied if {
	some row in reasons
	row.action == "deny"
}

reasons contains row if {
	some row in standing
	row.action in {"deny", "inconclusive"}
}

warnings contains row if {
	some row in standing
	row.action == "warn"
}

standing contains row if some row in open_counts

standing contains row if {
	some row in stated
	not excused(row)
}

waived contains row if {
	some row in waived_counts
	row.action != "off"
}

waived contains row if {
	some row in stated
	row.action != "off"
	excused(row)
}

# What Python counted: one row a code. Waivers were applied there, over all findings and gaps.

counted[code] := tally if some code, tally in input.findings

counted[code] := tally if some code, tally in input.gaps

open_counts contains row if {
	some code, tally in counted
	n := remaining(code, tally)
	n > 0
	row := {"code": code, "action": action(code), "subject": open_path(tally), "msg": places(n)}
}

waived_counts contains row if {
	some code, tally in counted
	not code in mandatory
	tally.waived > 0
	row := {"code": code, "action": action(code), "subject": waived_path(tally), "msg": places(tally.waived)}
}

# A code that got no row would be a code that was passed over.
none_lost if count(open_counts) == count([code | some code, tally in counted; remaining(code, tally) > 0])

# Nobody waives a mandatory code.
remaining(code, tally) := tally.total if code in mandatory

remaining(code, tally) := tally.unwaived if not code in mandatory

# Unwaived items are listed first; only a mandatory code gets here without one.
open_path(tally) := tally.items[0].path

# Waived items may all be cut off behind unwaived ones.
waived_path(tally) := array.concat([item.path | some item in tally.items; item.waived], [""])[0]

places(n) := "at 1 place" if n == 1

places(n) := concat(" ", ["at", format_int(n, 10), "places"]) if n != 1

# What only policy knows: a row for each subject, waived by exact subject or "*".

stated contains row if {
	some name in required_sections
	not answered(name)
	row := {"code": "gap.unavailable", "action": action("gap.unavailable"), "subject": name, "msg": "this question was not answered"}
}

stated contains row if {
	some violation in site_violations
	stateable(violation)
	row := {
		"code": violation.code,
		"action": action(violation.code),
		"subject": object.get(violation, "subject", ""),
		"msg": object.get(violation, "msg", ""),
	}
}

# A violation that cannot be read is not passed over: it denies under a code of its own.
stated contains row if {
	some name in malformed_site_rules
	row := {
		"code": "site.malformed-violation",
		"action": action("site.malformed-violation"),
		"subject": name,
		"msg": "a violation is an object with code, subject and msg, all of them strings",
	}
}

# Gate's own rules about several sections at once.
stated contains row if {
	some name
	some violation in data.gate.rules[name].violation
	row := object.union(violation, {"action": action(violation.code)})
}

excused(row) if {
	not row.code in mandatory
	some waiver in input.waivers
	waiver.live == true
	waiver.code == row.code
	waiver.subject in {"*", row.subject}
	not narrow(waiver)
}

# A waiver for one finding says nothing about what only the policy knows.

narrow(waiver) if object.get(waiver, "about", null) != null

narrow(waiver) if object.get(waiver, "member", null) != null

required_sections contains name if some name in config.required_sections

required_sections contains name if {
	some given in settings.site_configs
	some name in object.get(given, "required_sections", [])
}

answered(name) if {
	input[name].state in {"complete", "partial", "not-applicable"}
	input.statuses[name].state == input[name].state
}

# The organisation's own rules and data, absent in the standard bundle.

site_violations contains violation if {
	some name
	some violation in data.gate_site.rules[name].violation
}

malformed_site_rules contains name if {
	some name
	some violation in data.gate_site.rules[name].violation
	not stateable(violation)
}

malformed_site_rules contains name if {
	some name
	violations := data.gate_site.rules[name].violation
	not is_set(violations)
	not is_array(violations)
}

stateable(violation) if {
	is_object(violation)
	is_string(violation.code)
	violation.code != ""
	is_string(object.get(violation, "subject", ""))
	is_string(object.get(violation, "msg", ""))
}

# What the organisation says comes before what gate says; in both, the stage comes before the general action.

action(code) := "deny" if code in mandatory

action(code) := known(configured(code)[0]) if not code in mandatory

action(code) := unlisted(code) if {
	not code in mandatory
	count(configured(code)) == 0
}

configured(code) := [chosen |
	some given in array.concat(settings.site_configs, [config])
	some path in [["stages", stage, "actions", code], ["actions", code]]
	chosen := object.get(given, path, null)
	chosen != null
]

# A misspelt action must not make a code disappear.
known(chosen) := chosen if chosen in actions

known(chosen) := "deny" if not chosen in actions

# An inspector that no policy names is governed too, by the level of its rule.
unlisted(code) := "inconclusive" if startswith(code, "gap.")

unlisted(code) := "deny" if {
	not startswith(code, "gap.")
	not harmless(code)
}

unlisted(code) := "warn" if harmless(code)

harmless(code) if input.findings[code].level in {"warning", "note", "none"}

# Absence is not innocence: whatever is missing or of another type than agreed leaves the result undefined.

understood if {
	is_object(input.findings)
	is_object(input.gaps)
	is_object(input.statuses)
	is_array(input.waivers)
	every waiver in input.waivers {
		is_object(waiver)
	}
	every code, tally in input.findings {
		not startswith(code, "gap.")
		consistent(tally)
	}
	every code, tally in input.gaps {
		startswith(code, "gap.")
		consistent(tally)
	}
	every given in settings.site_configs {
		sound(given)
	}
}

consistent(tally) if {
	tally.level in levels
	is_number(tally.waived)
	is_number(tally.unwaived)
	tally.waived >= 0
	tally.unwaived >= 0
	tally.total == tally.waived + tally.unwaived
	is_array(tally.items)
	count(tally.items) > 0
	tally.truncated == tally.total - count(tally.items)
	every item in tally.items {
		is_string(item.path)
		is_boolean(item.waived)
	}
}

sound(given) if {
	is_object(given)
	is_object(object.get(given, "actions", {}))
	is_array(object.get(given, "required_sections", []))
	is_object(object.get(given, "stages", {}))
	every _, staged in object.get(given, "stages", {}) {
		is_object(staged)
		is_object(object.get(staged, "actions", {}))
		every _, limit in object.get(staged, "limits", {}) {
			is_number(limit)
		}
	}
}
