# METADATA
# title: Is it known what the archive will meet where it is to run?
package gate.rules.readiness

# F4: without a target nobody can tell whether a library will load there.
violation contains row if {
	input.native.libraries > 0
	input.native.profiles == 0
	msg := "there are native libraries, and no target profile was given to compare them with"
	row := {"code": "readiness.no-profile", "subject": "", "msg": msg}
}

# F5: what a run is made of is known, or it cannot be made again. Off unless an organisation asks for it.
violation contains row if {
	input.determinism.reproducible == false
	msg := concat(" ", ["it could not be made again, not known are:", concat(", ", input.determinism.missing)])
	row := {"code": "readiness.not-reproducible", "subject": "", "msg": msg}
}
