# METADATA
# title: Is it time for this model?
package gate.rules.lifecycle

violation contains row if {
	input.metadata.expired == true
	msg := concat(" ", ["the archive says that it is good until", input.metadata.expires])
	row := {"code": "lifecycle.expired", "subject": "", "msg": msg}
}
