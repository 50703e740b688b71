"""Versions of libraries inside of pickles."""

import pytest

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.limits import Limits
from gate.facts.metadata import Claimed
from gate.formats.pickle import walk
from gate.formats.pickle_versions import VERSIONS
from gate.inspectors.serialization import Serialization
from tests.inspectors.described import Described, package, said_by


def text(word):
    return b"\x8c" + bytes([len(word)]) + word.encode()


def estimator(version, module="sklearn.linear_model._base", key="_sklearn_version"):
    """Opcodes that make an instance with a state."""
    return text(module) + text("LinearRegression") + b"\x93)\x81}" + text(key) + text(version) + b"sb"


def pickle(*parts):
    return b"\x80\x04" + b"0".join(parts) + b"."


def versions(data):
    return [row[:3] for row in walk(Memory(data, Budget(Limits()))).versions]


def test_an_estimator_says_which_library_made_it():
    (found,) = walk(Memory(pickle(estimator("1.9.1")), Budget(Limits()))).versions
    assert found[:3] == ("scikit-learn", "1.9.1", "_sklearn_version")
    assert pickle(estimator("1.9.1"))[found[3] : found[4]] == b"b"


@pytest.mark.parametrize(
    "data",
    [
        pickle(estimator("1.9.1", module="acme.nets")),
        pickle(estimator("not a version")),
        pickle(estimator("1.9.1", key="version")),
        pickle(estimator("1" * 100)),
        pickle(text("sklearn.base") + text("B") + b"\x93)\x81" + text("_sklearn_version") + b"b"),
        pickle(text("_sklearn_version")),
    ],
    ids=["elsewhere", "word", "key", "long", "text-state", "text"],
)
def test_what_only_looks_like_it_says_nothing(data):
    assert versions(data) == []


def test_a_state_with_slots_and_a_configuration_and_a_checkpoint():
    slots = text("sklearn.svm") + text("SVC") + b"\x93)\x81}" + text("_sklearn_version") + text("1.2") + b"sN\x86b"
    assert versions(pickle(slots)) == [("scikit-learn", "1.2", "_sklearn_version")]
    config = estimator("5.23.0", "transformers.models.bert", "transformers_version")
    assert versions(pickle(config)) == [("transformers", "5.23.0", "transformers_version")]
    checkpoint = b"\x80\x04}" + text("pytorch-lightning_version") + text("2.5.1") + b"s."
    assert versions(checkpoint) == [("pytorch-lightning", "2.5.1", "pytorch-lightning_version")]


def test_a_forest_says_it_once_and_too_many_are_not_kept():
    assert len(versions(pickle(*[estimator("1.9.1")] * 50))) == 1
    assert len(versions(pickle(*[estimator(f"1.{i}") for i in range(50)]))) == VERSIONS


def test_three_sources_disagree_about_one_library():
    rows = said_by(Serialization(), "model.pkl", pickle(estimator("1.3.0")))
    claims = [row for row in rows if isinstance(row, Claimed)]
    assert [(row.key, row.values, row.field, row.rank) for row in claims] == [
        ("framework.scikit-learn", ("1.3.0",), "_sklearn_version", 0)
    ]
    mlmodel = b"flavors: {sklearn: {sklearn_version: 1.2.1}}\n"
    told = Described({"MLmodel": mlmodel}, [*claims, package("requirements.txt", "scikit-learn", "1.4.0")])
    assert told.findings == [
        ("conflict", "MLmodel", "framework.scikit-learn"),
        ("conflict", "model.pkl", "framework.scikit-learn"),
    ]
    assert {told.args(i)[name] for i in (0, 1) for name in ("here", "there")} == {"1.2.1", "1.3.0", "==1.4.0"}
    assert (told.model.framework, told.model.framework_version) == ("scikit-learn", "1.3.0")
    assert Described({"MLmodel": mlmodel.replace(b"1.2.1", b"1.3.0")}, claims).findings == []
