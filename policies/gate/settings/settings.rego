# METADATA
# title: What gate and the organisation configured
package gate.settings

# The organisation's own data, absent in the standard bundle.
site_configs := [settings | settings := data.gate_site.config]

# The limit of this name at the requested stage, in an array of at most one: the organisation's, else gate's. What is
# said of the environment that is asked for comes before what is said of the whole stage.
limit(name) := array.slice(limits, 0, 1) if {
	limits := [chosen |
		some settings in array.concat(site_configs, [data.gate.config])
		some path in [["environments", object.get(input.request, "environment", null), "limits", name], ["limits", name]]
		chosen := object.get(settings, array.concat(["stages", input.request.stage], path), null)
		chosen != null
	]
}
