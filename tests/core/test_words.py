"""Finding, Rule, Gap, Location, errors: small values that everything else is made of."""

import inspect

import pytest

from gate.core import errors
from gate.core.errors import FormatError, GateError, MissingExtra, NotExamined
from gate.core.finding import Finding, Level, Rule
from gate.core.gap import Gap, GapReason
from gate.core.location import Location

RULE = Rule("a.b", "Title", Level.ERROR, "calls {name} in {where}", "why", "mend")


def test_a_message_is_filled_and_a_missing_argument_is_told():
    assert RULE.say({"name": "os.system"}) == "calls os.system in ?"


@pytest.mark.parametrize("value", ["{where}", "{0}", "{name.__class__}", "}{"])
def test_an_argument_is_text_never_a_template(value):
    assert RULE.say({"name": value}) == f"calls {value} in ?"


def test_a_fingerprint_stays_while_the_issue_does():
    one = Finding(Location("a", 1, 2), "a.b", "os.system", (("x", "1"),))
    assert one.fingerprint("m") == one._replace(location=Location("a", 7, 9), args=()).fingerprint("m")
    others = (
        one._replace(rule="a.c"),
        one._replace(discriminator="os.popen"),
        one._replace(location=Location("b", 1, 2)),
    )
    prints = {one.fingerprint("m"), one.fingerprint("n"), *(other.fingerprint("m") for other in others)}
    assert len(prints) == 5
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in prints)
    assert Finding(Location("\ud800"), "a.b").fingerprint("")


def test_codes_are_the_rule_or_the_reason():
    assert Finding(Location(), "a.b").code == "a.b"
    assert Gap(Location(), GapReason.TOO_DEEP).code == "gap.too-deep"


def test_findings_sort_by_path_then_place():
    places = [Location("b"), Location("a", 5), Location("a"), Location("a", 5, 6)]
    assert sorted(places) == [Location("a"), Location("a", 5), Location("a", 5, 6), Location("b")]


def test_every_error_is_drawn_in_the_map_and_is_a_gate_error():
    known = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]
    assert all(issubclass(kind, GateError) and kind.__name__ in (errors.__doc__ or "") for kind in known)


def test_what_was_not_examined_knows_its_reason():
    assert FormatError("x").reason is GapReason.CORRUPT
    extra = MissingExtra("lief", "scan")
    assert extra.reason is GapReason.MISSING_EXTRA and "pip install 'mlgate[scan]'" in str(extra)
    assert isinstance(extra, NotExamined)
