"""`-f json` is what the shipped schema says, and the schema says what the contract says."""

import copy
import json
from importlib.resources import files

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.decision import Action, Outcome
from gate.core.finding import Confidence, Level
from gate.core.gap import GapReason
from gate.core.report import State
from gate.output.json import SCHEMA, render
from tests.output.results import HOSTILE, RESULTS, denied, hostile

TEXT = files("gate.output").joinpath("schema/result.v1.json").read_text(encoding="ascii")
LOADED = json.loads(TEXT)
VALIDATOR = jsonschema.Draft202012Validator(LOADED)


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(LOADED)


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_a_result_conforms(name):
    VALIDATOR.validate(json.loads(render(*RESULTS[name]())))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_result_with_hostile_text_conforms(text):
    VALIDATOR.validate(json.loads(render(*hostile(text))))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=()), max_size=30), st.integers())
def test_a_result_with_any_text_and_number_conforms(text, number):
    VALIDATOR.validate(json.loads(render(*hostile(text, number))))


def objects(value, path=()):
    if isinstance(value, dict):
        yield path, value
        for key, item in value.items():
            yield from objects(item, (*path, key))
    elif isinstance(value, list) and value:
        yield from objects(value[0], (*path, 0))


OPEN = {"properties", "data", "digest", "totals", "inputs", "rules", "limits", "policy", "config", "advisories"}


def at(value, path):
    for key in path:
        value = value[key]
    return value


def test_every_closed_object_refuses_one_key_more_and_one_less():
    result = json.loads(render(*denied()))
    closed = [path for path, _ in objects(result) if not OPEN & set(path)]
    assert len(closed) > 10
    for path in closed:
        more = copy.deepcopy(result)
        at(more, path)["unheard-of"] = 1
        assert not VALIDATOR.is_valid(more), path
        for key in at(result, path):
            less = copy.deepcopy(result)
            del at(less, path)[key]
            assert not VALIDATOR.is_valid(less), (*path, key)


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (GapReason, ("$defs", "gap", "properties", "reason")),
        (State, ("$defs", "status", "properties", "state")),
        (Level, ("$defs", "finding", "properties", "level")),
        (Confidence, ("$defs", "finding", "properties", "confidence")),
        (Action, ("$defs", "reason", "properties", "action")),
        (Outcome, ("properties", "decision", "properties", "outcome")),
    ],
)
def test_the_words_of_the_schema_are_those_of_the_code(words, where):
    assert at(LOADED, where)["enum"] == [str(word) for word in words]


def test_the_schema_names_the_version_that_is_written():
    assert LOADED["properties"]["schema"] == {"const": SCHEMA}
