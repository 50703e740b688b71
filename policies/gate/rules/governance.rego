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

# What a kind of licence asks of those who use the model; rules/data/metadata/licences.yaml says which is which.
categories := {
	"copyleft": "what is made with it has to be passed on under the same terms",
	"network-copyleft": "whoever serves it has to pass on what was made with it",
	"non-commercial": "it may not be used commercially",
	"unknown": "nobody can tell from its name what a licence allows",
	"use-restricted": "it may not be used for everything, or not by everybody",
}

violation contains row if {
	some category in input.metadata.licence_categories
	msg := categories[category]
	row := {"code": concat("", ["governance.licence-", category]), "subject": "", "msg": msg}
}
