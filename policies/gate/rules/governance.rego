# METADATA
# title: Is it said who answers for the model, and on what terms it may be used?
package gate.rules.governance

violation contains row if {
	input.metadata.has_owner == false
	row := {"code": "governance.no-owner", "subject": "", "msg": "nothing in the archive names an owner"}
}

violation contains row if {
	input.metadata.has_licence == false
	row := {"code": "governance.no-licence", "subject": "", "msg": "nothing in the archive declares a licence"}
}
