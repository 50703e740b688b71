# METADATA
# title: What gate and the organisation configured
package gate.settings

# The organisation's own data, absent in the standard bundle.
site_configs := [settings | settings := data.gate_site.config]

# The limit of this name at the requested stage, in an array of at most one: the organisation's, else gate's.
limit(name) := array.slice(limits, 0, 1) if {
	limits := [chosen |
		some settings in array.concat(site_configs, [data.gate.config])
		chosen := object.get(settings, ["stages", input.request.stage, "limits", name], null)
		chosen != null
	]
}
