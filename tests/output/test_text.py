import re
from dataclasses import replace

import pytest

from gate.core.decision import Action, Outcome, Reason, Tally
from gate.output.text import render
from tests.output.results import (
    HOSTILE,
    RESULTS,
    allowed,
    denied,
    finding,
    folder,
    hostile,
    mandatory,
    tally,
    undecided,
)

OWN_START = re.compile(
    "(ALLOW|DENY|INCONCLUSIVE): |  (model|subject|request): +|(Denied because|Inconclusive because|Warnings|Waived):$"
    "|  - |    what: |    fix:  |(Not examined|Not complete|Listed in part|Digest|Policy|Policy data): | +[|] |$"
)


@pytest.mark.parametrize(
    ("result", "start"),
    [
        (allowed, "ALLOW: recsys-1.4.0.mar may be promoted to production.\n"),
        (denied, "DENY: recsys-1.4.0.mar may not be promoted to production.\n"),
        (undecided, "INCONCLUSIVE: recsys-1.4.0.mar was not fully judged for production;"),
    ],
)
def test_the_first_line_is_the_outcome_in_words(result, start):
    assert render(*result()).startswith(start)


@pytest.mark.parametrize("result", [*RESULTS.values(), *(lambda text=text: hostile(text) for text in HOSTILE)])
def test_every_line_starts_with_words_of_gate_and_fits(result):
    for line in render(*result()).splitlines():
        assert OWN_START.match(line), line
        assert len(line) <= 100


def test_what_denies_stands_before_what_is_unknown_before_warnings():
    text = render(*denied())
    headings = ["Denied because:", "Inconclusive because:", "Warnings:", "Waived:", "Not examined:", "Digest:"]
    assert sorted(headings, key=text.index) == headings


def test_a_reason_says_where_what_and_how_to_fix_it():
    assert (
        "  - serialization.dangerous-call at inner.zip!/deep dir/model#2.pkl + 999 more\n"
        "    what: Loading the model runs code: loading calls eval\n"
        "    fix:  Ship the weights as safetensors.\n"
    ) in render(*denied())


def test_what_was_not_examined_and_not_listed_is_counted():
    text = render(*denied())
    assert "Not examined: 6 (encrypted 5, timed-out 1)\n" in text
    assert "Not complete: advisories failed, pii partial\n" in text
    assert "Listed in part: gap.encrypted 1 of 5, serialization.dangerous-call 3 of 1000\n" in text
    assert "Not examined" not in render(*allowed())


def test_a_waived_reason_names_the_ticket_and_its_end():
    text = " ".join(render(*denied()).replace("|", " ").split())
    assert "RISK-42: synthetic addresses (approved by risk@acme.example, until 2026-12-31T00:00:00Z)" in text


def test_an_expired_waiver_or_one_for_another_stage_is_not_named():
    base = denied()
    first, second = base.request.waivers
    waivers = (replace(first, expires="2026-11-01T00:00:00Z"), replace(second, stages=("staging",)))
    text = render(*base._replace(request=replace(base.request, waivers=waivers)))
    assert "RISK-" not in text


def test_the_subject_itself_is_named_in_words():
    base = allowed()
    reason = Reason("serialization.dangerous-call", Action.DENY, "", "1 found")
    tallies = {reason.code: tally("error", [finding(reason.code, "", name="eval")])}
    decision = replace(base.decision, outcome=Outcome.DENY, reasons=(reason,), tallies=tallies)
    assert "serialization.dangerous-call at the subject itself\n" in render(*base._replace(decision=decision))


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (10**16, "10,000.0 TB")],
)
def test_sizes_are_in_decimal_units(size, shown):
    base = allowed()
    report = replace(base.report, subject=replace(base.report.subject, size=size))
    assert f", {shown}\n" in render(*base._replace(report=report))


def test_no_digest_is_explained():
    base = folder()
    report = replace(base.report, subject=replace(base.report.subject, digest={}))
    assert "Digest: none, because not every member was read\n" in render(*base._replace(report=report))


def test_colour_changes_nothing_but_escape_codes():
    for result in RESULTS.values():
        plain, painted = render(*result()), render(*result(), color=True)
        assert painted != plain
        assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


@pytest.mark.parametrize("text", HOSTILE)
def test_colour_comes_from_constants_only(text):
    painted = render(*hostile(text), color=True)
    assert set(re.findall(r"\x1b[^m]*m", painted)) <= {"\x1b[1;31m", "\x1b[1m", "\x1b[0m"}
    assert painted.count("\x1b") == len(re.findall(r"\x1b\[[0-9;]*m", painted))


def test_a_waiver_that_the_policy_does_not_accept_is_shown_as_none():
    text = render(*mandatory())
    assert "Waived:" not in text
    assert "  - pii.email at data.csv + 2 more\n" in text


def test_a_waiver_that_covers_only_what_was_cut_is_still_shown():
    base = denied()
    tallies = {**base.decision.tallies, "pii.email": Tally("error", 300, 200, ())}
    waived = (Reason("pii.email", Action.DENY, "", "at 200 places"),)
    text = render(*base._replace(decision=replace(base.decision, tallies=tallies, waived=waived)))
    assert "Waived:\n  - pii.email: E-mail addresses in a member: at 200 places\n" in text
