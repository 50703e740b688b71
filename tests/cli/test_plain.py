"""Options that typer does not check are what they would have been if it had."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer

from gate.cli.plain import PlainCommand, PlainGroup

LINES = [
    [],
    ["--text", "a"],
    ["--text", ""],
    ["--text", "a", "--text", "b"],
    ["--text=-x"],
    ["--many", "a", "--many", "", "--many", "b"],
    ["--many=1"],
    ["-f"],
    ["--flag", "--text", "\udcff"],
    ["--number", "7"],
    ["--place", "x"],
]
WRONG = [["--text"], ["--many"], ["--flag=1"], ["--number", "x"], ["--unknown"], ["extra"], ["--text", "a", "extra"]]


def app(plain):
    made = typer.Typer(add_completion=False, **({"cls": PlainGroup} if plain else {}))

    def command(
        text: Annotated[str, typer.Option()] = "default",
        many: Annotated[list[str], typer.Option()] = [],  # noqa: B006
        needed: Annotated[str, typer.Option()] = "n",
        flag: Annotated[bool, typer.Option("-f", "--flag")] = False,
        number: Annotated[int, typer.Option()] = 1,
        env: Annotated[bool, typer.Option(envvar="PLAIN_TEST_FLAG")] = False,
    ):
        seen.append((text, many, needed, flag, number, env))

    def required(text: Annotated[str, typer.Option()], many: Annotated[list[str], typer.Option()]):
        seen.append((text, many))

    how = {"cls": PlainCommand} if plain else {}
    made.command("command", **how)(command)
    made.command("required", **how)(required)

    @made.callback(invoke_without_command=True)
    def root(version: bool = typer.Option(False, "--version")):
        seen.append(version)

    seen: list[object] = []
    return made, seen


def outcome(plain, line):
    made, seen = app(plain)
    try:
        code = made(line, standalone_mode=False)
    except Exception as error:
        return type(error), str(error), seen
    return code, seen


@pytest.mark.parametrize("line", LINES + WRONG, ids=" ".join)
def test_every_command_line_means_the_same(line):
    assert outcome(True, ["command", *line]) == outcome(False, ["command", *line])


@pytest.mark.parametrize("line", [[], ["--text", "a"], ["--many", "a"], ["--text", "", "--many", ""]], ids=" ".join)
def test_what_is_missing_is_missed(line):
    assert outcome(True, ["required", *line]) == outcome(False, ["required", *line])


@pytest.mark.parametrize("line", [["--version"], [], ["--help"], ["command", "--help"], ["nothing"]], ids=" ".join)
def test_groups_and_help_are_the_same(line, capsys):
    ours = outcome(True, line), capsys.readouterr()
    assert ours == (outcome(False, line), capsys.readouterr())


@pytest.mark.parametrize("value", ["1", "0", "x"])
def test_an_option_that_a_variable_may_give_is_still_checked(value, monkeypatch):
    monkeypatch.setenv("PLAIN_TEST_FLAG", value)
    assert outcome(True, ["command"]) == outcome(False, ["command"])
