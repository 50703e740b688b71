# METADATA
# title: Is it proven where the archive comes from?
# description: A signature that is wrong is a finding; this is about one that is missing.
package gate.rules.provenance

violation contains row if {
	input.signature.trust == true
	not accepted
	msg := "no signature by a signer that the trust file accepts for this stage"
	row := {"code": "provenance.unsigned", "subject": "", "msg": msg}
}

accepted if {
	input.signature.verified > 0
	some named in input.signature.stages
	named in {"*", input.request.stage}
}

violation contains row if {
	input.signature.trust == false
	row := {"code": "provenance.unchecked", "subject": "", "msg": "no trust file says whose signatures count"}
}
