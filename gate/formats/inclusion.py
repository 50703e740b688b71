"""What lists of requirements include, resolved among the members of an archive and nowhere else."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.core.location import Location
from gate.formats.relative import relative

DEPTH = 8
"""Lists that include one another in a row; real ones have 3."""
STEPS = 20_000
"""Inclusions that are followed in one archive."""
ROOTS = 20_000
"""Lists that are installed from in one archive."""
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|~")
"""An address (pip: http, https, file), a drive, or somebody's home."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The list at `location` includes `target`, or the `manifest` there names it.

    `up`: `target` begins so many folders higher.
    """

    location: Location
    target: str
    constraint: bool
    up: int = 0
    manifest: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """An inclusion that leads nowhere: outside (of the archive), missing, or circle."""

    edge: Edge
    kind: str


@dataclass(slots=True)
class Reached:
    """The lists that are installed from, and those that only limit versions; with what each one is limited.

    `limits` of a list are the constraints that hold wherever it is reached from.
    """

    requirements: set[str] = field(default_factory=set)
    constraints: set[str] = field(default_factory=set)
    limits: dict[str, frozenset[str]] = field(default_factory=dict)
    problems: dict[Problem, None] = field(default_factory=dict)
    unread: dict[str, NotExamined] = field(default_factory=dict)


def follow(
    roots: Iterable[Edge | str],
    edges: Callable[[str], Sequence[Edge]],
    exists: Callable[[str], bool],
) -> Reached:
    """Everything that is reached from `roots`: lists themselves, or edges of manifests to them.

    `edges` gives the inclusions of a list and may raise NotExamined. As pip has it, `-r` below `-c` asks for packages
    again. An inclusion in a circle or outside of the archive is a problem and not followed. After STEPS or ROOTS
    the rest is unread.
    """
    reached = Reached()
    steps = 0
    for count, root in enumerate(roots):
        if count == ROOTS:
            reached.unread[""] = NotExamined(GapReason.TOO_MANY, f"more than {ROOTS} lists that are installed from")
            break
        here = _Walk(reached, edges, exists)
        steps = here.run(root, steps)
        for path in here.asked:
            held = reached.limits.get(path)
            reached.limits[path] = frozenset(here.limiting) if held is None else held & here.limiting
        reached.requirements |= here.asked
        reached.constraints |= here.limiting
    reached.constraints -= reached.requirements
    return reached


class _Walk:
    """One root and what it leads to."""

    def __init__(self, reached: Reached, edges: Callable[[str], Sequence[Edge]], exists: Callable[[str], bool]) -> None:
        self._reached, self._edges, self._exists = reached, edges, exists
        self.asked: set[str] = set()
        self.limiting: set[str] = set()

    def run(self, root: Edge | str, steps: int) -> int:
        queue: deque[tuple[str, bool, tuple[str, ...]]] = deque()
        if isinstance(root, str):
            queue.append((root, False, ()))
        elif (path := self._target(root)) is not None:
            queue.append((path, root.constraint, ()))
        while queue:
            path, constraint, above = queue.popleft()
            met = self.limiting if constraint else self.asked
            if path in met:
                continue
            met.add(path)
            if len(above) >= DEPTH:
                self._unread(path, GapReason.TOO_DEEP, f"lists that include each other over more than {DEPTH} levels")
                continue
            try:
                following = self._edges(path)
            except NotExamined as error:
                self._reached.unread[path] = error
                continue
            for edge in following:
                steps += 1
                if steps > STEPS:
                    self._unread(edge.location.path, GapReason.TOO_MANY, f"more than {STEPS} inclusions of lists")
                    return steps
                target = self._target(edge)
                if target is not None and target in (*above, path):
                    self._reached.problems[Problem(edge, "circle")] = None
                elif target is not None:
                    queue.append((target, edge.constraint, (*above, path)))
        return steps

    def _target(self, edge: Edge) -> str | None:
        """The member that is meant; None, with a problem, where there is none."""
        name = edge.target.encode("utf-8", "surrogateescape")
        path = None if _ELSEWHERE.match(edge.target) else relative(edge.location.path, name, edge.up)
        if path is not None and self._exists(path):
            return path
        self._reached.problems[Problem(edge, "outside" if path is None else "missing")] = None
        return None

    def _unread(self, path: str, reason: GapReason, detail: str) -> None:
        self._reached.unread[path] = NotExamined(reason, detail)
