# METADATA
# title: What a stage takes
package gate.rules.limits

import data.gate.settings

# F8: an archive that is larger than its stage takes; one whose size is not known is not within the limit either.
violation contains row if {
	some limit in settings.limit("archive_bytes")
	not within(limit)
	msg := concat(" ", ["the stage takes at most", format_int(limit, 10), "bytes"])
	row := {"code": "limits.archive-too-large", "subject": "", "msg": msg}
}

within(limit) if input.subject.size <= limit
