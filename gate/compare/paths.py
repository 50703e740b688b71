"""Paths of two archives brought to one form: many have all members in one folder that is named by the version."""

from __future__ import annotations

from collections.abc import Iterable

from gate.core.report import Listed


def top(rows: Iterable[Listed]) -> str:
    """The folder, with its slash, in which all members lie; "" where there is none."""
    found = ""
    for row in rows:
        folder, slash, _ = row.path.partition("/")
        if not slash or folder.endswith("!") or (found and folder != found):
            return ""
        found = folder
    return f"{found}/" if found else ""


def tops(old: Iterable[Listed] | None, new: Iterable[Listed] | None) -> tuple[str, str]:
    """What is cut off from the paths of each: nothing where both are the same, or the members of one are not known."""
    if old is None or new is None:
        return "", ""
    first, second = top(old), top(new)
    return ("", "") if first == second else (first, second)


def below(path: str, folder: str) -> str:
    """The path without the folder in front."""
    return path[len(folder) :] if folder and path.startswith(folder) else path
