# METADATA
# title: Is it proven where the archive comes from?
# description: A signature that is wrong is a finding; this is about one that is missing.
package gate.rules.provenance

violation contains row if {
	input.signature.trust == true
	not accepted
	msg := "no signature by a signer that the trust file accepts for this stage and environment"
	row := {"code": "provenance.unsigned", "subject": "", "msg": msg}
}

# One signer for both: two that are limited differently do not make one that is not.
accepted if {
	input.signature.verified > 0
	some grant in input.signature.grants
	within(grant.stages, input.request.stage)
	within(grant.environments, object.get(input.request, "environment", null))
}

within(named, _) if "*" in named

within(named, asked) if {
	is_string(asked)
	asked in named
}

violation contains row if {
	input.signature.trust == false
	row := {"code": "provenance.unchecked", "subject": "", "msg": "no trust file says whose signatures count"}
}
