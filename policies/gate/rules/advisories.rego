# METADATA
# title: Can the advisory data be relied on?
# description: That there is none is a gap of its own; this is about data that answered.
package gate.rules.advisories

import data.gate.settings

consulted if input.dependencies.advisories.available == true

# F7: data of which nobody knows how old it is is not fresh.
violation contains row if {
	consulted
	some limit in settings.limit("advisory_age_hours")
	not within(limit)
	msg := concat(" ", ["the newest advisory is older than", format_int(limit, 10), "hours, or its age is not known"])
	row := {"code": "advisories.stale", "subject": "", "msg": msg}
}

within(limit) if {
	is_number(input.dependencies.advisories.age_hours)
	input.dependencies.advisories.age_hours <= limit
}

violation contains row if {
	consulted
	label := object.get(input.dependencies.advisories, "label", "")
	label != ""
	row := {"code": "advisories.sample", "subject": "", "msg": label}
}
