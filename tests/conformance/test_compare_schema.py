"""`gate compare -f json` is what the shipped schema says."""

import copy
import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from gate.compare.compare import compare
from gate.compare.table import table
from gate.core.comparison import Bump
from gate.output.comparison import RENDERERS
from tests.compare.pairs import RULES, base, config, layers, own, snapshot

LOADED = json.loads(files("gate.output").joinpath("schema/compare.v1.json").read_text(encoding="ascii"))
VALIDATOR = jsonschema.Draft202012Validator(LOADED)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    old = snapshot(base(), folder / "old")
    more = {"config.json": config(hidden_size=5, id2label={"0": "\x1b"}), "model.safetensors": layers(3), "blob": b"\0"}
    new = snapshot({**base(), **more}, folder / "new")
    moved = snapshot({**base(), "gate-model.yaml": own("latest", "m\u202e")}, folder / "moved")
    without = replace(old, side=replace(old.side, subject=replace(old.side.subject, digest={})))
    return [compare(*pair) for pair in ((old, old), (old, new), (new, old), (old, moved), (without, new))]


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(LOADED)


def test_every_answer_conforms(answers):
    for answer in answers:
        VALIDATOR.validate(json.loads(RENDERERS["json"](answer, RULES)))
    assert {str(answer.outcome) for answer in answers} == {"allow", "deny", "inconclusive"}


def test_every_object_refuses_one_key_more_and_one_less(answers):
    result = json.loads(RENDERERS["json"](answers[1], RULES))
    closed = [path for path in objects(result) if not {"properties", "digest", "totals"} & set(path)]
    assert len(closed) > 8
    for path in closed:
        more = copy.deepcopy(result)
        at(more, path)["unheard-of"] = 1
        assert not VALIDATOR.is_valid(more), path
        for key in at(result, path):
            less = copy.deepcopy(result)
            del at(less, path)[key]
            assert not VALIDATOR.is_valid(less), (*path, key)


def objects(value, path=()):
    if isinstance(value, dict):
        yield path
        for key, item in value.items():
            yield from objects(item, (*path, key))
    elif isinstance(value, list) and value:
        yield from objects(value[0], (*path, 0))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def test_its_words_are_those_of_the_table():
    assert LOADED["$defs"]["aspect"]["enum"] == list(table().titles)
    assert LOADED["$defs"]["bump"]["enum"] == [bump.word for bump in Bump]
