"""The whole flow on one page: open, walk, inspect, conclude, report, decide."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from gate import workers
from gate.archive.archive import Archive
from gate.archive.member import Member, Need
from gate.archive.walk import Mine
from gate.core.errors import NotExamined, OutOfSpace, site
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from gate.core.location import Location
from gate.core.report import Report, Section, Status
from gate.facts.metadata import ModelMetadata
from gate.facts.seen import Seen
from gate.facts.store import Store
from gate.masked import masked
from gate.policy.decide import decide
from gate.registry import WALKER, Registry
from gate.sources import address, open_target

__all__ = ["decide", "scan"]
_LIMITS = Limits()


def scan(
    target: str, registry: Registry, limits: Limits = _LIMITS, jobs: int = 1, tell: workers.Tell = workers.unheard
) -> Report:
    """Walk one archive and let every inspector look; `jobs` 0 stays in this process and tells no progress.

    Raises UsageError when the target cannot be opened, OutOfSpace when the temporary folder is full.
    """
    archive, store, visits = Archive(open_target(target, limits), limits), Store(), Counter[str]()
    try:
        look = partial(_look, archive, registry)
        if jobs and workers.available():
            with workers.Digest(archive) as digest:
                visits = workers.run(archive, store, look, jobs, tell)
                archive.sha256 = digest.result()
        else:
            archive.sha256 = archive.digest()
            for mine in (None, lambda _: True):
                look(store, visits, lambda: None, mine)
        store.extend(archive.changed(), WALKER)
        return masked(_report(archive, registry, store, visits, address(target)))
    finally:
        archive.close()


def _look(
    archive: Archive, registry: Registry, store: Store, visits: Counter[str], tick: Callable[[], None], mine: Mine
) -> None:
    """Ask all inspectors what they want, read a member once for the greediest, then let each who asked look."""

    def wants(member: Member) -> Need:
        tick()
        needs: dict[str, Need] = {}

        def ask(name: str) -> None:
            if (need := registry.inspectors[name].wants(member)) is not None:
                needs[name] = need

        _each(registry.inspectors, member.path, ask, store)
        member.asked = tuple(needs)
        return max(needs.values(), default=Need.HEAD)

    def inspect(member: Member, name: str) -> None:
        store.extend(registry.inspectors[name].inspect(member), name)

    for item in archive.whole(wants) if mine is None else archive.children(wants, mine):
        if not isinstance(item, Member):
            store.add(item, WALKER)
        elif item.asked:
            visits.update(item.asked)
            _each(item.asked, item.path, partial(inspect, item), store)


def _each(names: Iterable[str], path: str, ask: Callable[[str], None], store: Store) -> list[str]:
    """The only broad except of a scan: a crash is a Gap of one inspector at one member, and the next one is asked."""
    crashed = []
    for name in names:
        try:
            ask(name)
        except OutOfSpace:
            raise
        except NotExamined as error:
            store.add(Gap(Location(path), error.reason, detail=str(error)), name)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # libraries exit, too
            logging.getLogger(__name__).debug("%s at %s: %s", name, path, site(error))
            store.add(Gap(Location(path), GapReason.CRASHED, detail=site(error)), name)
            crashed.append(name)
    return crashed


def _report(archive: Archive, registry: Registry, store: Store, visits: Counter[str], where: str) -> Report:
    if not (archive.rows.members or visits or store.gaps.count):
        store.add(Gap(Location(), GapReason.UNSUPPORTED, detail="holds nothing that gate knows how to examine"), WALKER)
    inspectors, sections = registry.inspectors, dict[str, Section]()
    seen = {name: Seen(store, i.produces, i.consumes) for name, i in inspectors.items()}

    def conclude(name: str) -> None:
        store.extend(inspectors[name].conclude(seen[name], archive), name)

    def section(name: str) -> None:
        sections[name] = inspectors[name].section(seen[name])

    crashed, gapped = {*_each(inspectors, "", conclude, store), *_each(inspectors, "", section, store)}, store.gapped
    statuses = tuple(
        Status.of(name, visits[name], seen[name].published(), name in crashed, bool(gapped[name] or gapped[WALKER]))
        for name in sorted(inspectors)
    )
    stated = {s.inspector: {**sections.get(s.inspector, {}), "state": s.state} for s in statuses}
    model, found = next(store.rows(ModelMetadata), ModelMetadata("")).model, (store.findings, store.gaps, store.facts())
    inventory = archive.rows.listed(whole=not gapped[WALKER])
    return Report(archive.subject(), *found, statuses, stated, inventory, archive.root.opened(), where, model)
