"""An independent reading of a range, and the versions to try it on."""

from __future__ import annotations

import calendar
import functools
import time

from packaging.version import Version as _Version

from fixtures.advisories.build import NEWEST

Version = functools.cache(_Version)
NOW = float(calendar.timegm(time.strptime(NEWEST, "%Y-%m-%dT%H:%M:%SZ"))) + 86400
BOUNDS = [f"{n}{suffix}" for n in range(1, 5) for suffix in ("", "rc1", ".post1")]
UNIVERSE = [
    Version(f"{n}{suffix}")
    for n in range(6)
    for suffix in (
        ".dev0", "a1", "rc1", "rc1.post1", "rc2", "", "+local", ".post0", ".post1.dev0", ".post1", ".post1+local",
        ".post2", ".0.1", ".5", ".5+local", ".9rc1",
    )
] + [Version("1!0.1")]  # fmt: skip


def naive(events, version):
    """The pseudo-code of the OSV schema, section "Evaluation", with versions compared without their local label."""
    version = Version(version.public)
    order = sorted(events, key=lambda event: Version("0.dev0") if event[1] == "0" else Version(event[1]))
    limits = [Version(text) for kind, text in events if kind == "limit"]
    vulnerable = False
    for kind, text in order:
        at = Version("0.dev0") if text == "0" else Version(text)
        if kind == "introduced" and version >= at:
            vulnerable = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            vulnerable = False
    return vulnerable and (not limits or any(version < limit for limit in limits))
