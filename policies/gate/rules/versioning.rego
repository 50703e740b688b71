# METADATA
# title: Does the model have a version that stays its own?
# description: What kind of version it is was decided in Python; here only what a stage makes of that.
package gate.rules.versioning

kind := input.model.version_kind

# F3: two models of one version cannot be told apart, and none can be rolled back to.
violation contains row if {
	kind == "none"
	msg := "neither the archive nor --model-version says which version it is"
	row := {"code": "versioning.missing", "subject": "", "msg": msg}
}

violation contains row if {
	kind == "moving"
	msg := concat(" ", [input.model.version, "names a branch, a stage or the newest, which is another model tomorrow"])
	row := {"code": "versioning.mutable", "subject": "", "msg": msg}
}

violation contains row if {
	not kind in {"none", "moving", "semver"}
	msg := concat(" ", [input.model.version, "is no semantic version, so nobody can tell what changed since the last"])
	row := {"code": "versioning.not-semantic", "subject": "", "msg": msg}
}

# Whoever asks for a version by name says which one counts.
violation contains row if {
	"version" in input.model.claimed
	"version" in input.metadata.conflicting
	msg := "sources of the archive disagree about its version"
	row := {"code": "versioning.ambiguous", "subject": "", "msg": msg}
}
