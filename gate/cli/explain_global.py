"""What a pickle does that uses a global, and what gate thinks of each use: `gate explain posix.system`."""

from __future__ import annotations

import re

from gate.formats.pickle import GlobalUse, Use
from gate.formats.pickle_verdict import Verdict
from gate.loading.names import advisories, advisory_url, tables

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_WAYS = ((Use.REF, "imported"), (Use.CALL, "called"), (Use.NEW, "made empty"), (Use.BUILD, "given a state"))


def explained(name: str) -> str | None:
    """The verdict on each way in which a pickle uses a global, and where its abuse was published.

    None for what no table names: a mistyped rule id is no global.
    Where the module ends and the attribute begins, the tables say; else it is the last dot.
    """
    if not _DOTTED.fullmatch(name):
        return None
    module, attribute = _split(name)
    lines = [f"{name} in a pickle, when it is"]
    worst, known_ways = Verdict.CLEAN, 0
    for use, way in _WAYS:
        judged = tables().judge(GlobalUse(module, attribute, use, (), -1, -1, 0))
        worst = max(worst, judged.verdict)
        known_ways += judged.verdict is not Verdict.UNVERIFIED
        lines.append(f"  {way + ':':15}{judged.verdict.name.lower()}{', ' + judged.why if judged.why else ''}")
    if not known_ways:
        return None
    contract = tables().contracts.get(name)
    if contract:
        lines.append(f"  Called with arguments it is clean only with these: {', '.join(contract)}")
    known = sorted({*advisories(name), *(one for use in Use for one in advisories(name, use))})
    if known:
        lines += ["", "Published:", *(f"  {advisory_url(one)}" for one in known)]
    rule = {Verdict.UNVERIFIED: "unverified-global", Verdict.DANGEROUS: "dangerous-call"}.get(worst)
    if rule:
        lines += ["", f"Why, and what to do: gate explain serialization.{rule}"]
    return "\n".join(lines) + "\n"


def _split(name: str) -> tuple[str, str]:
    parts = name.split(".")
    for i in range(len(parts) - 1, 0, -1):
        module, attribute = ".".join(parts[:i]), ".".join(parts[i:])
        if any(attribute in names.get(module, ()) for names in (*tables().allowed.values(), tables().sink_names)):
            return module, attribute
    module, _, attribute = name.rpartition(".")
    return module, attribute
