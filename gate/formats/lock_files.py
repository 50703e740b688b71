"""What lock files pin: poetry.lock, uv.lock, pdm.lock, Pipfile.lock and pylock.toml (PEP 751).

https://packaging.python.org/en/latest/specifications/pylock-toml/
Only names, versions, markers, hashes and origins are read; nothing is resolved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.report import Json
from gate.formats.bounded import parse_json
from gate.formats.pyproject import ASKED_FOR, both, elsewhere, table
from gate.formats.requirement import Index, Item, Requirement, Span, parse
from gate.formats.toml_document import NOWHERE, Places, read_toml

PACKAGES = 100_000
"""Packages of one lock file; the largest in public repositories have 3,000."""
_MAIN = frozenset({"main", "default"})
_DIGEST = re.compile(r"[\"']?(sha(?:224|256|384|512)|md5|sha1|blake2b)[:=]", re.IGNORECASE)
_GIT = re.compile(r"(?P<address>[^?#]+)(?:\?(?P<query>[^#]*))?(?:#(?P<commit>.+))?", re.DOTALL)


def read_lock(source: Source) -> tuple[Item, ...]:
    """Every package of poetry.lock, uv.lock, pdm.lock or pylock.toml; FormatError or NotExamined."""
    document, raw = read_toml(source, source.limits.lock_bytes)
    if isinstance(document.get("packages"), list):
        return _items(document["packages"], _pylock, raw)
    rows = document.get("package")
    if rows is None and any(key in document for key in ("metadata", "lock-version", "requires-python", "version")):
        return ()
    if not isinstance(rows, list):
        raise FormatError("a lock file without [[package]]")
    needed = _needed([table(row) for row in rows])
    return _items(rows, lambda row, places: _package(row, places, needed), raw)


def read_pipfile_lock(source: Source) -> tuple[Item, ...]:
    """Every package and index of a Pipfile.lock; FormatError or NotExamined."""
    raw = whole(source, source.limits.lock_bytes)
    document = table(parse_json(raw).value)
    if not isinstance(document.get("default"), dict):
        raise FormatError("a Pipfile.lock without `default`")
    places = Places(raw)
    items: list[Item] = []
    listed = table(document.get("_meta")).get("sources")
    for row in listed if isinstance(listed, list) else ():
        url = table(row).get("url")
        if isinstance(url, str):
            items.append(Index(places.of(url), "extra-index-url", url))
    for section, marker in (("default", ""), ("develop", ASKED_FOR)):
        for name, value in table(document.get(section)).items():
            items += _pinned(name, table(value), marker, places.of(f'"{name}"'))
            _few(items)
    return tuple(items)


Reader = Callable[[Mapping[str, Json], Places], Iterator[Item]]


def _items(rows: Json, read: Reader, raw: bytes) -> tuple[Item, ...]:
    places = Places(raw)
    items: list[Item] = []
    for row in rows if isinstance(rows, list) else ():
        items += read(table(row), places)
        _few(items)
    return tuple(dict.fromkeys(items))


def _few(items: list[Item]) -> None:
    if len(items) > PACKAGES:
        raise NotExamined(GapReason.TOO_MANY, f"a lock file of more than {PACKAGES} packages")


def _pinned(name: str, row: Mapping[str, Json], marker: str, span: Span) -> Iterator[Item]:
    located = elsewhere(name, row)
    markers = row.get("markers")
    marker = both(markers if isinstance(markers, str) else "", marker)
    if located is not None:
        yield Requirement(span, name, marker=marker, kind=located[0], target=located[1])
        return
    version = row.get("version")
    yield from _requirement(name, version.removeprefix("==") if isinstance(version, str) else "", marker, span, row)


def _requirement(name: str, version: str, marker: str, span: Span, row: Mapping[str, Json]) -> Iterator[Item]:
    """A pin as pip would be given it; a version that PEP 440 does not know is still compared as it stands."""
    hashes = ",".join(sorted(set(_digests(row))))
    for item in parse(f"{name}=={version}" if version else name, span):
        if isinstance(item, Requirement):
            yield Requirement(span, item.name, item.specifier, item.extras, marker, hashes=hashes)
        else:
            yield item


def _digests(row: Mapping[str, Json]) -> Iterator[str]:
    """The algorithms of all digests of a package: in `hashes`, or in files, wheels and sdist."""
    listed = row.get("hashes")
    for text in listed if isinstance(listed, list) else ():
        if isinstance(text, str) and (match := _DIGEST.match(text)):
            yield match[1].lower()
    for key in ("files", "wheels", "sdist", "archive"):
        value = row.get(key)
        for file in value if isinstance(value, list) else [value]:
            digest, hashes = table(file).get("hash"), table(file).get("hashes")
            if isinstance(digest, str) and (match := _DIGEST.match(digest)):
                yield match[1].lower()
            yield from (str(name).lower() for name in table(hashes))


# -- poetry, uv, pdm --------------------------------------------------------------------------------------------------


def _package(row: Mapping[str, Json], places: Places, needed: frozenset[str] | None) -> Iterator[Item]:
    name, version, source = row.get("name"), row.get("version"), table(row.get("source"))
    if not isinstance(name, str) or not name:
        return
    span = places.of(f'name = "{name}"')
    if any(key in source for key in ("virtual", "editable", "directory")) and needed is not None:
        return  # the project itself, or a part of it
    marker = _marker(row, needed)
    address = source.get("url")
    if source.get("type") == "git" or isinstance(source.get("git"), str):
        yield Requirement(span, name, marker=marker, kind="vcs", target=_git(source))
        return
    if source.get("type") in ("url", "file", "directory") or (source.get("type") is None and "url" in source):
        kind = "path" if source.get("type") in ("file", "directory") else "url"
        yield Requirement(span, name, marker=marker, kind=kind, target=str(address))
        return
    registry = source.get("registry", address if source.get("type") == "legacy" else None)
    if isinstance(registry, str) and registry:
        yield Index(NOWHERE, "extra-index-url", registry)
    yield from _requirement(name, version if isinstance(version, str) else "", marker, span, row)


def _marker(row: Mapping[str, Json], needed: frozenset[str] | None) -> str:
    """What decides whether the package is installed: its group, its marker, or whether anything needs it."""
    marker = row.get("marker", row.get("markers"))
    if isinstance(marker, dict):  # poetry: one marker a group
        marker = marker.get("main")
    groups = row.get("groups")
    aside = row.get("optional") is True or row.get("category") == "dev"
    aside = aside or (isinstance(groups, list) and bool(groups) and not _MAIN & {str(group) for group in groups})
    aside = aside or (needed is not None and row.get("name") not in needed)
    return both(marker if isinstance(marker, str) else "", ASKED_FOR if aside else "")


def _needed(rows: list[Mapping[str, Json]]) -> frozenset[str] | None:
    """Of a uv.lock, the names that the project's own dependencies lead to; None for other lock files."""
    roots = [row for row in rows if {"virtual", "editable", "directory"} & table(row.get("source")).keys()]
    if not roots:
        return None
    edges: dict[str, list[str]] = {}
    for row in rows:
        edges.setdefault(str(row.get("name")), []).extend(_names(row))
    reached: set[str] = set()
    waiting = [str(row.get("name")) for row in roots]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += edges.get(name, ())
    return frozenset(reached)


def _names(row: Mapping[str, Json]) -> Iterator[str]:
    """Direct dependencies, and those of extras: which of them are asked for is not told in one place."""
    groups: Iterable[Json] = [row.get("dependencies"), *table(row.get("optional-dependencies")).values()]
    if {"virtual", "editable", "directory"} & table(row.get("source")).keys():
        groups = [row.get("dependencies")]
    for group in groups:
        for one in group if isinstance(group, list) else ():
            if isinstance(name := table(one).get("name"), str):
                yield name


def _git(source: Mapping[str, Json]) -> str:
    """`git+address@commit`: uv writes the commit behind #, poetry as resolved_reference."""
    match = _GIT.fullmatch(str(source.get("git", source.get("url", ""))))
    commit = source.get("resolved_reference", match["commit"] if match else None)
    address = match["address"] if match else ""
    return f"git+{address}@{commit}" if isinstance(commit, str) and commit else f"git+{address}"


# -- PEP 751 ----------------------------------------------------------------------------------------------------------


def _pylock(row: Mapping[str, Json], places: Places) -> Iterator[Item]:
    name, version, index = row.get("name"), row.get("version"), row.get("index")
    if not isinstance(name, str) or not name:
        return
    span = places.of(f'name = "{name}"')
    marker = row.get("marker")
    marker = marker if isinstance(marker, str) else ""
    vcs, archive, folder = (table(row.get(key)) for key in ("vcs", "archive", "directory"))
    if vcs:
        address, commit = vcs.get("url", vcs.get("path", "")), vcs.get("commit-id", "")
        yield Requirement(span, name, marker=marker, kind="vcs", target=f"git+{address}@{commit}")
    elif archive or folder:
        at = archive.get("url", archive.get("path", folder.get("path", "")))
        kind = "url" if "url" in archive else "editable" if folder.get("editable") is True else "path"
        hashes = ",".join(sorted(set(_digests(row))))
        yield Requirement(span, name, marker=marker, kind=kind, target=str(at), hashes=hashes)
    else:
        if isinstance(index, str) and index:
            yield Index(NOWHERE, "extra-index-url", index)
        yield from _requirement(name, version if isinstance(version, str) else "", marker, span, row)
