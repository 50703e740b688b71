"""Whatever an archive is called and holds, the runner obeys gate alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.action.runner import Runner
from gate.output.github import command
from tests.action.runner import commands
from tests.conftest import zipped

CALL = b"cos\nsystem\n(S'true'\ntR."
NAMES = (
    "::error::x.pkl",
    "::set-output name=decision::allow.pkl",
    "a\n::error::x.pkl",
    "a\r\n::add-mask::x.pkl",
    "%0A::error::x%0D%0A.pkl",
    "##[error]x.pkl",
    "]]>##[group].pkl",
    "a,line=1,title=x::y.pkl",
    "decision<<gate_0\nallow\ngate_0\n.pkl",
    "::stop-commands::x.pkl",
    "a\u2028::error::x\u0085::y\x0b.pkl",
    "\ufeff::error::x.pkl",
)
OWN = {"error", "warning", "notice"}


@pytest.mark.parametrize("number", range(3))
def test_names_of_members_inject_nothing(job, number):
    """One of them is the first of its rule, which alone is named; the others reach the files."""
    names = NAMES[number:] + NAMES[:number]
    (job.workspace / "m.zip").write_bytes(zipped({f"{i:02}/"[3 * (i == 0) :] + n: CALL for i, n in enumerate(names)}))
    ran = job.run(path="m.zip", format=("text", "json", "markdown")[number])
    assert ran.code == 1, ran.log
    assert {c.name for c in ran.commands} <= OWN and {c.properties["file"] for c in ran.commands} == {"m.zip"}
    assert set(ran.outputs) == {"decision", "exit-code", "digest", "sarif-file", "report-file", "json-file"}
    assert ran.outputs["decision"] == "deny"
    assert not any(line.lstrip().startswith(("::", "##")) for line in ran.summary.splitlines())
    json.loads(Path(ran.outputs["sarif-file"]).read_text())


def test_neither_does_the_name_of_an_archive(job):
    name = "##[error]x::error file=a,title=b::%0A::c.zip"
    (job.workspace / name).write_bytes(zipped({"../::error::x": CALL}))
    ran = job.run(path=name)
    assert ran.code == 1 and {c.name for c in ran.commands} <= OWN
    assert {c.properties["file"] for c in ran.commands} == {name.replace("##[", "#.#[")}


ANY = st.text(st.sampled_from("\n\r:,%#[]=A0D3C25 ax\u2028\x0b\x00\ud800"), max_size=30)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(ANY, ANY)
def test_a_command_is_read_back_as_one_line_with_the_same_properties(message, value):
    (read,) = commands(command("error", message, file="m", title=value))
    assert read.name == "error" and "\n" not in read.message
    assert set(read.properties) <= {"file", "title"} and read.properties["file"] == "m"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(ANY | st.just("::stop-commands::x\n::x::\n::error::y"))
def test_what_is_only_said_is_never_obeyed(text):
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        Runner({}).say(text)
    assert commands(out.getvalue()) == []


def test_delimiters_and_tokens_are_never_the_same_twice(tmp_path, capsys):
    path = tmp_path / "output"
    runner = Runner({"GITHUB_OUTPUT": str(path)})
    for _ in range(2):
        runner.say("x")
        runner.outputs({"digest": "a\nb", "decision": "deny"})
    assert len(set(re.findall("gate_[0-9a-f]{64}", path.read_text()))) == 4
    assert len(set(re.findall("::stop-commands::([0-9a-f]{64})", capsys.readouterr().out))) == 2
