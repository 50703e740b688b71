# METADATA
# title: What a stage takes, and what a target has
package gate.rules.limits

import data.gate.settings

size := input.metadata.size

# F8: an archive that is larger than its stage takes; one whose size is not known is not within the limit either.
violation contains row if {
	some limit in settings.limit("archive_bytes")
	not within("archive_bytes", limit)
	row := stated("limits.archive-too-large", ["the stage takes at most", format_int(limit, 10), "bytes"])
}

# Limits of single quantities, and where each of them is found.
quantities := {
	"load_bytes": "limits.load-too-large",
	"parameters": "limits.too-many-parameters",
	"unpacked_bytes": "limits.unpacked-too-large",
	"weight_bytes": "limits.weights-too-large",
}

violation contains row if {
	some name, code in quantities
	some limit in settings.limit(name)
	not within(name, limit)
	row := stated(code, ["the stage takes", name, "of at most", format_int(limit, 10), said(name)])
}

within("archive_bytes", limit) if input.subject.size <= limit

within("load_bytes", limit) if {
	size.unknown_files == 0
	size.load_bytes_most <= limit
}

within("parameters", limit) if {
	size.parameters_known == true
	size.parameters <= limit
}

within("unpacked_bytes", limit) if {
	size.unread_members == 0
	size.unpacked_bytes <= limit
}

within("weight_bytes", limit) if size.weight_bytes <= limit

amounts := {
	"load_bytes": object.get(input, ["metadata", "size", "load_bytes_most"], null),
	"parameters": object.get(input, ["metadata", "size", "parameters"], null),
	"unpacked_bytes": object.get(input, ["metadata", "size", "unpacked_bytes"], null),
	"weight_bytes": object.get(input, ["metadata", "size", "weight_bytes"], null),
}

said(name) := concat("", ["and ", format_int(amounts[name], 10), " are known"]) if is_number(amounts[name])

said(name) := "and nobody knows how many there are" if not is_number(amounts[name])

# What the machines of a profile have. Weights that are mapped are pages that the host may drop where a GPU keeps them.
violation contains row if {
	some target in input.metadata.targets
	is_number(target.host_bytes)
	[least, _] := host_needs(target)
	least > target.host_bytes
	row := short("limits.host-memory", target, "memory of the host", least, target.host_bytes)
}

violation contains row if {
	some target in input.metadata.targets
	is_number(target.gpu_bytes)
	size.resident_bytes > target.gpu_bytes
	row := short("limits.gpu-memory", target, "memory of one GPU", size.resident_bytes, target.gpu_bytes)
}

violation contains row if {
	some target in input.metadata.targets
	is_number(target.disk_bytes)
	needed := input.subject.size + size.unpacked_bytes
	needed > target.disk_bytes
	row := short("limits.disk-space", target, "space on its disk", needed, target.disk_bytes)
}

# Of weights that lie there several times it is not known which are loaded.
violation contains row if {
	some target in input.metadata.targets
	is_number(target.host_bytes)
	[least, most] := host_needs(target)
	least <= target.host_bytes
	most > target.host_bytes
	row := short("limits.memory-doubtful", target, "memory of the host, in the worst case", most, target.host_bytes)
}

violation contains row if {
	some target in input.metadata.targets
	limited(target)
	size.unknown_files > 0
	what := [format_int(size.unknown_files, 10), "files of weights tell nobody what memory they need, on", target.name]
	row := stated("limits.memory-unknown", what)
}

host_needs(target) := [size.load_bytes, size.load_bytes_most] if not is_number(target.gpu_bytes)

host_needs(target) := [size.copied_bytes, size.copied_bytes_most] if is_number(target.gpu_bytes)

limited(target) if is_number(target.host_bytes)

limited(target) if is_number(target.gpu_bytes)

short(code, target, what, needed, has) := stated(
	code,
	[target.name, "has", format_int(has, 10), "bytes of", concat("", [what, ","]), "and needed are", format_int(needed, 10)],
)

stated(code, words) := {"code": code, "subject": "", "msg": concat(" ", words)}
