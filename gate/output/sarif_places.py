"""Where a result is, in SARIF's words: the archive is the file, the member is a logical location.

Why not the member itself: docs/adr/0003-sarif-locations.md.
"""

from __future__ import annotations

from urllib.parse import quote

from gate.core.location import Location
from gate.core.report import Json, Report
from gate.core.text import printable
from gate.output.address import whole

BASE = "%SRCROOT%"
"""The root of the repository; GitHub resolves relative addresses against it."""
_WHOLE: dict[str, Json] = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
"""The region of something that has no lines; GitHub wants all four."""
_SEPARATOR = "!/"
"""Between a container and its member; a literal one in a name is percent-encoded, so it splits without doubt."""


class Places:
    """Locations and the artifacts that they mention; index 0 is the subject, a member follows its container."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._subject = subject = report.subject
        self._name = printable(subject.name)
        self.uri = _relative(whole(report)) or "archive"
        self._directory = subject.kind == "directory"
        self._rows: list[dict[str, Json]] = [self._root()]
        self._index = {"": 0}

    def artifacts(self) -> list[dict[str, Json]]:
        return self._rows

    def location(self, at: Location) -> dict[str, Json]:
        """A location that GitHub shows: a file of the repository, and the member's full name."""
        file, _, inside = at.path.partition(_SEPARATOR)
        self._add(at.path)
        physical = 0
        region = dict(_WHOLE)
        if self._directory and file:
            physical = self._index[file]
            if at.line > 0 and not inside:
                region |= {"startLine": at.line, "endLine": at.line}
        address = self._rows[physical]["location"]
        assert isinstance(address, dict)
        return {
            "physicalLocation": {"artifactLocation": {**address, "index": physical}, "region": region},
            "logicalLocations": [
                {"name": _last(at.path) or self._name, "fullyQualifiedName": self._full_name(at.path)}
            ],
        }

    def _full_name(self, path: str) -> str:
        joint = "/" if self._directory else _SEPARATOR
        return self._name + joint + path if path else self._name

    def _root(self) -> dict[str, Json]:
        digest = self._subject.digest.get("sha256")
        row: dict[str, Json] = {
            "location": {"uri": self.uri + "/" * self._directory, "uriBaseId": BASE},
            "roles": ["analysisTarget"],
        }
        if not self._directory:
            row["length"] = self._subject.size
        return row | ({"hashes": {"sha-256": digest}} if digest else {})

    def _file(self, name: str) -> str:
        """A file of a folder that is judged: in the repository itself it has no folder above it."""
        return _member_uri(name) if self._report.address == "." else f"{self.uri}/{_member_uri(name)}"

    def _add(self, path: str) -> int:
        """The index of a member's artifact; its containers are added before it."""
        if path not in self._index:
            container, _, name = path.rpartition(_SEPARATOR)
            parent = self._add(container) if container else 0
            self._index[path] = len(self._rows)
            if self._directory and not container:
                self._rows.append({"location": {"uri": self._file(name), "uriBaseId": BASE}})
            else:
                self._rows.append({"location": {"uri": _member_uri(name)}, "parentIndex": parent})
        return self._index[path]


def _last(path: str) -> str:
    return path.rpartition(_SEPARATOR)[2].rpartition("/")[2]


def _relative(name: str) -> str:
    """A path below the repository's root: no scheme, no root, no step up."""
    raw = name.encode("utf-8", "surrogateescape" if _from_bytes(name) else "backslashreplace")
    steps = (step for step in quote(raw, safe="/").split("/") if step not in ("", ".", ".."))
    return "/".join(steps)


def _from_bytes(name: str) -> bool:
    return all(not "\ud800" <= c <= "\udfff" or "\udc80" <= c <= "\udcff" for c in name)


def _member_uri(name: str) -> str:
    """A member path as a relative address: what is percent-encoded there already stays as it is."""
    steps = quote(name.encode("utf-8", "backslashreplace"), safe="/%!").split("/")
    return "/".join(step for step in steps if step not in ("", ".", "..")) or "%20"
