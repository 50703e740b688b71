"""Annotations as a runner reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gate.core.decision import Action, Reason
from gate.output.github import MOST, render
from tests.action.runner import commands
from tests.output.results import HOSTILE, allowed, denied, folder, hostile


def read(result):
    return commands(render(*result))


def test_the_outcome_comes_first_and_says_what_may_happen():
    assert (read(allowed())[0].name, read(denied())[0].name) == ("notice", "error")
    assert read(denied())[0].message == "recsys-1.4.0.mar may not be promoted to production"


def test_denials_are_errors_by_their_weight_then_what_is_unknown_then_warnings_then_waived():
    rows = [(row.name, row.properties["title"].removeprefix("gate: ")) for row in read(denied())]
    assert rows == [
        ("error", "DENY"),
        ("error", "serialization.dangerous-call"),
        ("error", "versioning.bump-too-small"),
        ("error", "gap.encrypted"),
        ("error", "gap.unavailable"),
        ("warning", "imports.undeclared-package"),
        ("notice", "pii.email"),
        ("notice", "gap.timed-out"),
    ]


def test_an_archive_is_annotated_as_a_whole_and_a_folder_at_the_file_and_line():
    assert {row.properties["file"] for row in read(denied())} == {"recsys-1.4.0.mar"}
    assert not any("line" in row.properties for row in read(denied()))
    at = {row.properties["title"]: row.properties for row in read(folder())}
    assert at["gate: imports.undeclared-package"]["file"] == "models/recsys/handler.py"
    assert at["gate: imports.undeclared-package"]["line"] == "3"
    assert at["gate: pii.email"]["file"] == "models/recsys/inner.zip" and "line" not in at["gate: pii.email"]


@pytest.mark.parametrize("action", [Action.DENY, Action.WARN])
def test_ten_of_a_kind_are_shown_and_the_last_one_counts_the_rest(action):
    base = denied()
    rows = tuple(Reason(f"site.rule-{n:02}", action, "", "x") for n in range(30))
    given = {"reasons": rows} if action is Action.DENY else {"warnings": rows}
    kind = "error" if action is Action.DENY else "warning"
    shown = [row for row in read(base._replace(decision=replace(base.decision, **given))) if row.name == kind]
    assert len(shown) == MOST
    assert shown[-1].message == f"{30 + (kind == 'error') - 9} more; the report has all of them"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_an_archive_becomes_a_command_or_a_property(text):
    def shape(result):
        return [(row.name, sorted(row.properties)) for row in read(result)]

    expected = shape(hostile("harmless"))
    if not text:  # without a name there is no file
        expected = [(name, [key for key in keys if key != "file"]) for name, keys in expected]
    assert shape(hostile(text)) == expected
