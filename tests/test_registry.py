"""The one extension point: a file name is the registration, and nothing of gate is edited."""

from __future__ import annotations

import re

import pytest

from gate import pipeline, registry, resources
from gate.core.errors import UsageError
from gate.core.limits import Limits
from gate.core.row import Note
from gate.facts.seen import Seen
from gate.facts.store import Store
from gate.inspectors import Inspector
from tests import extension
from tests.conftest import ROOT

GOOD_RULE = extension.RULES


def test_gate_has_an_inspector_for_every_rule_file_and_a_rule_file_for_every_inspector():
    modules = {path.stem for path in (ROOT / "gate" / "inspectors").glob("*.py")} - {"__init__"}
    assert modules == {path.stem for path in (ROOT / "rules").glob("*.yaml")} - {"archive"}
    assert modules == set(registry.load().inspectors)


def test_every_inspector_has_tests_and_a_fixture():
    for name in registry.load().inspectors:
        assert (ROOT / "tests" / "inspectors" / f"test_{name}.py").is_file(), name
        assert list((ROOT / "fixtures" / name).glob("*.py")), name


def test_every_rule_says_why_and_how_to_fix_it():
    for rule in registry.load().rules.values():
        assert len(rule.why) > 40, rule.id
        assert len(rule.remediation) > 20, rule.id
        assert rule.title[0].isupper() and not rule.title.endswith("."), rule.id
        assert len(rule.why) < 1024, f"{rule.id}: GitHub cuts longer help"
        assert all(reference.startswith("https://") for reference in rule.references), rule.id
        assert rule.security_severity is None or 0 <= rule.security_severity <= 10, rule.id


def test_every_argument_of_a_message_is_passed_where_the_finding_is_made():
    code = "".join(
        path.read_text()
        for folder in ("inspectors", "archive", "compare", "packages")
        for path in (ROOT / "gate" / folder).glob("*.py")
    )
    for rule in registry.load().rules.values():
        for name in re.findall(r"{(\w+)}", rule.message):
            assert re.search(rf"\b{name}\s*=|\"{name}\"", code), f"{rule.id}: {{{name}}}"


def test_an_inspector_from_a_folder_elsewhere_is_loaded_beside_gates_own(tmp_path):
    team = registry.load(extension.write(tmp_path / "ext"))
    assert set(team.inspectors) == set(registry.load().inspectors) | {"shout"}
    assert team.rules["shout.loud"].title == "Somebody shouts"
    assert team.digest != registry.load().digest


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ("- {id: shout.loud, title: T}", "not a list of rules"),
        ("just text", "not a list of rules"),
        ("- {id: other.loud, title: T, level: error, message: m, why: w, remediation: r}", "does not begin with shout"),
        (GOOD_RULE + GOOD_RULE, "is taken"),
        (GOOD_RULE.replace("level: error", "level: fatal"), "not a list of rules"),
        (GOOD_RULE + "  colour: red\n", "not a list of rules"),
        ("[unclosed", "not a list of rules"),
    ],
)
def test_a_malformed_rule_file_is_refused_with_its_name(tmp_path, rules, complaint):
    with pytest.raises(UsageError, match=complaint) as error:
        registry.load(extension.write(tmp_path / "ext", rules=rules))
    assert "shout.yaml" in str(error.value)


@pytest.mark.parametrize(
    "module",
    ["import nothing_of_that_name", "inspector = 3", "def (", "x = 1"],
    ids=["import", "type", "syntax", "absent"],
)
def test_a_bad_inspector_module_is_fatal(tmp_path, module):
    with pytest.raises(UsageError, match="inspector shout"):
        registry.load(extension.write(tmp_path / "ext", module=module))


def test_a_folder_without_rules_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no rule files"):
        registry.load(tmp_path)


def test_a_name_that_the_policy_document_needs_itself_is_refused(tmp_path):
    root = extension.write(tmp_path / "ext")
    (root / "rules" / "findings.yaml").write_text(GOOD_RULE.replace("shout.", "findings."))
    with pytest.raises(UsageError, match="findings already"):
        registry.load(root)


class A(Note):
    pass


class B(Note):
    pass


def inspector(consumes=(), produces=()):
    return type("Some", (Inspector,), {"consumes": consumes, "produces": produces})()


def test_producers_conclude_before_consumers_and_ties_go_by_name():
    team = {
        "a": inspector(consumes=(A,)),
        "z": inspector(produces=(A,)),
        "m": inspector(),
        "k": inspector(consumes=(A,), produces=(A,)),
    }
    order = list(registry._in_order(team))
    assert order.index("z") < order.index("a") and order.index("k") < order.index("a")
    assert order == list(registry._in_order(dict(reversed(team.items()))))


def test_a_cycle_is_an_error():
    with pytest.raises(UsageError, match="wait for each other"):
        registry._in_order({"a": inspector((A,), (B,)), "b": inspector((B,), (A,))})


def test_rows_that_were_not_declared_are_refused():
    with pytest.raises(LookupError, match="neither in consumes nor in produces"):
        Seen(Store(), (A,)).rows(B)


def test_resources_are_those_of_the_checkout_here():
    assert resources.root() == ROOT


def test_its_section_and_facts_reach_the_report(make, tmp_path):
    team = registry.load(extension.write(tmp_path / "ext"))
    report = pipeline.scan(str(make({"a": b"HELLO", "b": b"hello"})), team, Limits(), jobs=1)
    assert report.sections["shout"] == {"words": 1, "state": "complete"}
    assert [(fact.kind, fact.path) for fact in report.facts if fact.kind == "shout.word"] == [("shout.word", "a")]
