"""Where a code host shows a result: paths of files in its repository."""

from __future__ import annotations

from gate.core.report import Report


def whole(report: Report) -> str:
    """The path of the subject; its name where it lies elsewhere, and for the repository itself, which has no path."""
    return report.subject.name if report.address in ("", ".") else report.address


def within(report: Report, file: str) -> str:
    """The path of a file in a folder that is the subject."""
    return file if report.address == "." else f"{whole(report).rstrip('/')}/{file}"
