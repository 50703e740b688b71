"""Shows an archive of a few members to the native inspector, without a file and without the pipeline."""

from __future__ import annotations

from collections.abc import Mapping

from gate.archive.budget import Budget
from gate.archive.member import Entry, Member
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.gap import Gap
from gate.core.limits import Limits
from gate.core.location import Location
from gate.facts.native import NativeLibrary
from gate.facts.seen import Seen
from gate.facts.store import Store
from gate.inspectors import Inputs
from gate.inspectors.native import inspector
from gate.targets.profile import Profile


class Result:
    """What the inspector says about an archive, as the pipeline collects it."""

    def __init__(
        self, files: Mapping[str, bytes], profiles: tuple[Profile, ...] = (), limits: Limits = Limits()
    ) -> None:
        store, native = Store(), inspector.given(Inputs(profiles=profiles))
        for path, data in files.items():
            member = Member(path, Entry(b"", None, window=Memory(data, Budget(limits))), Budget(limits))
            need = native.wants(member)
            if need is None:
                continue
            member.take(need)
            try:
                store.extend(native.inspect(member), "native")
            except NotExamined as error:
                store.add(Gap(Location(path), error.reason, detail=str(error)), "native")
        seen = Seen(store, native.produces)
        self.facts = list(seen.rows(NativeLibrary))
        # conclude() would end the process that parses, which the next test wants to use
        store.extend(native.judged(seen), "native")
        self.all = list(store.findings)
        self.findings = [(f.rule.removeprefix("native."), f.location.path) for f in self.all]
        self.gaps = [(gap.location.path, gap.reason, gap.detail) for gap in store.gaps]
        self.section = dict(native.section(seen))

    def said(self, rule: str) -> list[dict[str, str]]:
        """The arguments of all findings of one rule."""
        return [dict(finding.args) for finding in self.all if finding.rule == f"native.{rule}"]


def look(data: bytes, path: str = "lib/libx.so", **options: object) -> Result:
    """One library."""
    return Result({path: data}, **options)  # type: ignore[arg-type]
