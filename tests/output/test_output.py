"""What every renderer promises: pure, lazily imported, the same bytes for the same result, safe for any text."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.errors import UsageError
from gate.output import RENDERERS, renderer
from tests.output.results import HOSTILE, RESULTS, denied, hostile

ANY_TEXT = st.sampled_from(HOSTILE) | st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\n\r\x1b#[]:%!/|{}`\u202e\ud83d\udc80"), max_size=40
)


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_a_renderer_is_imported_only_when_it_is_asked_for(name):
    code = (
        "import sys, gate.output as o\n"
        f"assert not any(m in sys.modules for m in o.RENDERERS.values())\n"
        f"assert callable(o.renderer({name!r}))\n"
        f"assert not [m for m in sys.modules if m.split('.')[0] in ('typer', 'rich', 'jsonschema', 'yaml')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_format_is_a_usage_error_that_names_the_known_ones():
    with pytest.raises(UsageError, match="github, json, markdown, openvex, sarif, text"):
        renderer("xml")


@pytest.mark.parametrize("form", sorted(RENDERERS))
@pytest.mark.parametrize("name", sorted(RESULTS))
def test_equal_results_give_equal_bytes(name, form):
    first, again = RESULTS[name](), RESULTS[name]()
    backwards = dict(reversed(list(again.decision.tallies.items())))
    again = again._replace(decision=replace(again.decision, tallies=backwards))
    text = renderer(form)(*first)
    assert text == renderer(form)(*again)
    assert text.endswith("\n")


@pytest.mark.parametrize("form", sorted(RENDERERS))
def test_the_findings_of_the_report_are_not_read_again(form):
    """They may be 10^6 rows on disk; what is listed stands in the tallies."""

    class Untouchable:
        def __iter__(self):
            raise AssertionError("iterated")

    base = denied()
    report = replace(base.report, findings=Untouchable(), gaps=Untouchable())
    assert renderer(form)(*base._replace(report=report)) == renderer(form)(*base)


OWN_COMMAND = re.compile(
    "::(error|warning|notice) ((file|line|title)=(?P<value>([^%:,]|%(25|0D|0A|3A|2C))+)(,(?=[flt])|(?=::)))+"
    "::([^%]|%(25|0D|0A))+"
)
"""A workflow command whose data is escaped as the runner's own library does it; properties also `:` and `,`."""


def harmless(text, form):
    assert all(c == "\n" or c.isprintable() for c in text), "a control character"
    assert "##[" not in text
    if form == "github":  # commands are what it is there for: each line is one of its own, and nothing else
        assert all(OWN_COMMAND.fullmatch(line) for line in text.splitlines())
    else:
        assert not any(line.lstrip().startswith(("::", "##")) for line in text.splitlines())
    text.encode("utf-8")


@pytest.mark.parametrize("form", sorted(RENDERERS))
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_leaves_no_raw_trace(form, text):
    out = renderer(form)(*hostile(text))
    harmless(out, form)
    if form in ("json", "sarif"):
        assert out.isascii()
        json.loads(out)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=ANY_TEXT, number=st.integers() | st.booleans().map(lambda negative: (-1) ** negative * 10**6000))
def test_any_text_and_any_number_can_be_rendered(text, number):
    result = hostile(text, number)
    for form in RENDERERS:
        harmless(renderer(form)(*result), form)
