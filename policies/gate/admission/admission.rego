# METADATA
# title: May this artifact be deployed?
# description: >-
#   From verified attestations: the newest verification summary for this stage and environment decides. Signatures,
#   subjects and signers were checked before; what each attestation says came as strings, whole numbers and booleans. The
#   result is undefined for an input that it does not understand, and the caller treats that as inconclusive.
# related_resources:
#   - ref: https://slsa.dev/spec/v1.1/verification_summary
#     description: What a consumer of a verification summary compares.
package gate.admission

import data.gate.decision
import data.gate.settings

# Seconds that the clocks of whoever decided and whoever deploys may differ.
skew := 300

stage := input.request.stage

environment := input.request.environment

result := {
	"outcome": outcome,
	"reasons": sort(reasons),
	"warnings": sort(warnings),
	"waived": [],
} if {
	input.schema == "gate.admission-input/v1"
	is_object(data.gate.config.stages[stage])
	understood
}

outcome := "deny" if denied

outcome := "inconclusive" if {
	not denied
	count(reasons) > 0
}

outcome := "allow" if {
	count(reasons) == 0
	count(deciding) > 0
}

denied if {
	some row in reasons
	row.action == "deny"
}

reasons contains row if {
	some row in rows
	row.action in {"deny", "inconclusive"}
}

warnings contains row if {
	some row in rows
	row.action == "warn"
}

# One row a code, about the first attestation that it concerns.
rows contains row if {
	some code, _ in concerns
	first := sort(concerns[code])[0]
	row := {"code": code, "action": action(code), "subject": first.subject, "msg": first.msg}
}

# -- what each attestation is worth

# What was not looked at may be a newer verdict; so may a verdict that nobody here understands.
unseen := {
	"too-large": "admission.too-large",
	"unreadable": "admission.unreadable",
	"malformed-statement": "admission.malformed-statement",
}

ignored := {
	"wrong-subject": "admission.wrong-subject",
	"invalid-signature": "admission.invalid-signature",
	"untrusted-signer": "admission.untrusted-signer",
	"signer-scope": "admission.signer-scope",
	"verifier-mismatch": "admission.verifier-mismatch",
	"unknown-predicate": "admission.unknown-predicate",
	"malformed": "admission.malformed",
	"unsupported": "admission.unsupported",
}

always := {
	"admission.superseded": "warn",
	"admission.unknown-predicate": "warn",
	"admission.too-large": "inconclusive",
	"admission.unreadable": "inconclusive",
	"admission.malformed-statement": "inconclusive",
}

quiet := {code | some code in ignored}

action(code) := always[code] if always[code]

# What counts as nothing is only told of where something else counts.
else := "warn" if {
	code in quiet
	count(summaries) > 0
}

# Files in which there is no attestation prove nothing, in neither direction.
else := "inconclusive" if {
	code in {"admission.malformed", "admission.unsupported", "admission.no-summary"}
	count(legible) == 0
}

else := "deny"

legible contains i if {
	some i, one in input.attestations
	not one.state in {"malformed", "unsupported", "unreadable", "too-large"}
}

concerns[code] contains {"subject": one.place, "msg": one.detail} if {
	some one in input.attestations
	code := object.union(unseen, ignored)[one.state]
}

# -- which of them decides

counting contains i if {
	some i, one in input.attestations
	one.state == "ok"
}

summaries contains i if {
	some i in counting
	input.attestations[i].said.kind == "summary"
}

staged contains i if {
	some i in counting
	said := input.attestations[i].said
	said.stage == stage
	said.resource_stage == stage
}

placed contains i if {
	some i in staged
	said := input.attestations[i].said
	said.environment == environment
	said.resource_environment == environment
}

candidates := summaries & placed

deciding contains i if {
	some i in candidates
	input.attestations[i].said.age == newest
}

newest := min({input.attestations[i].said.age | some i in candidates})

# -- why it does not admit

concerns["admission.no-summary"] contains {"subject": "", "msg": "no verification summary about this artifact counts"} if {
	count(summaries) == 0
}

concerns["admission.wrong-stage"] contains about(i, "its stage or the stage of its resource URI is another one") if {
	count(candidates) == 0
	count(summaries & staged) == 0
	some i in summaries
}

concerns["admission.wrong-environment"] contains about(i, "its environment or that of its resource URI is another one") if {
	count(candidates) == 0
	some i in (summaries & staged)
}

concerns["admission.failed"] contains about(i, "the archive was not found fit") if {
	some i in deciding
	input.attestations[i].said.passed == false
}

concerns["admission.too-old"] contains about(i, concat(" ", ["it was decided more than", span(limit), "ago"])) if {
	some limit in max_ages
	some i in deciding
	input.attestations[i].said.age > limit
}

concerns["admission.ended"] contains about(i, "its notAfter has passed") if {
	some i in deciding
	ended(input.attestations[i].said.ends_in)
}

concerns["admission.from-future"] contains about(i, concat(" ", ["it was decided more than", span(skew), "ahead of this clock"])) if {
	some i in deciding
	input.attestations[i].said.ahead > skew
}

concerns["admission.policy"] contains about(i, "it rests on another policy than those that are allowed") if {
	count(input.request.policies) > 0
	some i in deciding
	not input.attestations[i].said.policy in input.request.policies
}

# Gate's own decision is not needed, but what it says must not differ.
concerns["admission.disagreement"] contains about(i, "a decision as new as the newest summary says something else") if {
	some i in placed
	own := input.attestations[i].said
	own.kind == "decision"
	some summary in newest_said
	differs(summary, own)
}

concerns["admission.superseded"] contains about(i, "it says something else than the newest summary, which decides") if {
	some i in (candidates - deciding)
	some summary in newest_said
	input.attestations[i].said.passed != summary.passed
}

# Without repetitions: there may be a thousand of them.
newest_said contains {"age": said.age, "passed": said.passed, "policy": said.policy} if {
	some i in deciding
	said := input.attestations[i].said
}

differs(summary, own) if {
	own.age <= summary.age
	own.passed != summary.passed
}

differs(summary, own) if {
	own.age == summary.age
	own.policy != summary.policy
}

ended(seconds) if {
	seconds != null
	seconds <= 0
}

about(i, msg) := {"subject": input.attestations[i].place, "msg": msg}

span(seconds) := concat(" ", [format_int(seconds, 10), "seconds"])

# The shorter of what the policy data and the caller say.
max_ages contains hours * 3600 if some hours in settings.limit("admission_age_hours")

max_ages contains input.request.max_age if input.request.max_age != null

# -- absence is not innocence

understood if {
	is_string(stage)
	is_string(environment)
	environment != ""
	is_array(input.request.policies)
	span_or_null(input.request.max_age)
	is_array(input.attestations)
	every given in settings.site_configs {
		decision.sound(given)
	}
	every one in input.attestations {
		sound(one)
	}
}

sound(one) if {
	is_string(one.place)
	is_string(one.detail)
	one.state != "ok"
	object.union(unseen, ignored)[one.state]
}

sound(one) if {
	is_string(one.place)
	is_string(one.detail)
	one.state == "ok"
	one.said.kind in {"summary", "decision"}
	is_boolean(one.said.passed)
	is_number(one.said.age)
	is_number(one.said.ahead)
	span_or_null(one.said.ends_in)
	every name in ["stage", "environment", "resource_stage", "resource_environment", "policy"] {
		is_string(one.said[name])
	}
}

span_or_null(null)

span_or_null(value) if is_number(value)
