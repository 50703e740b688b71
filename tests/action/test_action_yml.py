"""action.yml itself: no value of a workflow is part of a script, nothing foreign is used."""

from __future__ import annotations

import re

import pytest

from gate.action.given import PREFIX
from tests.action.runner import ACTION
from tests.conftest import ROOT

STEPS = ACTION["runs"]["steps"]


def expressions(value, path=()):
    """Every `${{ ... }}` with the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from expressions(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner, (*path, "-"))
    elif isinstance(value, str):
        yield from ((path, expression) for expression in re.findall(r"\$\{\{.*?\}\}", value, re.DOTALL))


def test_expressions_stand_only_in_the_environment_and_the_outputs():
    found = list(expressions(ACTION))
    assert len(found) > 20
    for path, expression in found:
        assert path[:4] in (("runs", "steps", "-", "env"),) or path[0] == "outputs", (path, expression)
        assert re.fullmatch(r"\$\{\{ (inputs|steps\.(install|gate)\.outputs)\.[a-z-]+ \}\}", expression)


def test_every_input_reaches_the_entry_point_under_its_own_name():
    passed = {name: value for step in STEPS for name, value in step["env"].items() if name.startswith(PREFIX)}
    assert passed == {PREFIX + name.upper().replace("-", "_"): f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}


def test_every_step_names_its_shell_and_nothing_foreign_is_used():
    assert [step["shell"] for step in STEPS] == ["bash", "bash"]
    assert "uses:" not in (ROOT / "action.yml").read_text()


def test_python_never_looks_into_the_workspace():
    calls = re.findall(r'(?:PYTHON|python)" (\S+) -m', "".join(step["run"] for step in STEPS))
    assert calls == ["-I", "-I", "-I"]


@pytest.mark.parametrize("name", sorted(ACTION["inputs"]))
def test_the_page_explains_every_input(name):
    assert f"| `{name}` |" in (ROOT / "docs" / "action.md").read_text()


@pytest.mark.parametrize("name", sorted(ACTION["outputs"]))
def test_the_page_explains_every_output(name):
    assert f"`{name}`" in (ROOT / "docs" / "action.md").read_text().partition("## Outputs")[2]
