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
	row := {"code": "advisories.stale", "subject": "", "msg": older(limit)}
}

# A warning in time: whoever sees it can still fetch before nothing can be promoted any more.
violation contains row if {
	consulted
	some limit in settings.limit("advisory_warn_hours")
	not within(limit)
	not stale
	row := {"code": "advisories.aging", "subject": "", "msg": older(limit)}
}

stale if {
	some limit in settings.limit("advisory_age_hours")
	not within(limit)
}

older(limit) := concat(" ", ["the newest advisory is older than", format_int(limit, 10), "hours, or its age is not known"])

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
