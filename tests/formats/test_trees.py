"""Models of gradient boosting: XGBoost, LightGBM, CatBoost."""

from __future__ import annotations

import contextlib
import json
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.metadata import binary_trees as build
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import bounded, catboost, lightgbm, ubjson
from gate.formats.catboost import read_catboost
from gate.formats.lightgbm import LightGbm, read_lightgbm
from gate.formats.ubjson import Ubjson
from gate.formats.xgboost import XgBoost, read_xgboost
from tests.formats.hostile import Sparse, source, stands


def ubj(data):
    return Ubjson(source(data), "test", lambda key: False).read()


# -- XGBoost ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "ubj"])
def test_both_json_forms_of_xgboost_say_the_same(form):
    assert read_xgboost(source(getattr(build, f"xgboost_{form}")())) == XgBoost(
        form=form,
        version=(3, 2, 0),
        booster="gbtree",
        objective="binary:logistic",
        trees="2",
        attributes=(("best_iteration", "1"),),
        parameters=(("base_score", "5E-1"), ("num_class", "0"), ("num_feature", "3"), ("num_target", "1")),
        feature_names=("a", "b", "c"),
        feature_types=("float", "float", "int"),
        repeated=(),
    )


def test_trees_in_text_are_left_out_and_texts_that_look_like_them_stay(monkeypatch):
    monkeypatch.setattr(bounded, "NODES", 1000)
    value = build.learner()
    booster = value["learner"]["gradient_booster"]["model"]
    booster["trees"] = [{"a": [[], "]", '"trees":[', "\\"]}] * 1000
    value["learner"]["attributes"] = {"trees": "[", "x": '"trees": [1', "y": "trees"}
    for separators in ((",", ":"), (" , ", " : ")):
        found = read_xgboost(source(json.dumps(value, separators=separators).encode()))
        assert found.attributes == (("trees", "["), ("x", '"trees": [1'), ("y", "trees"))
        assert (found.trees, found.version) == ("2", (3, 2, 0))
    with pytest.raises(FormatError):
        read_xgboost(source(b'{"learner": {"trees": [[]'))


def test_the_old_form_of_xgboost_is_read():
    found = read_xgboost(source(build.xgboost_binary()))
    assert (found.form, found.version, found.booster, found.objective) == (
        *("binary", (1, 7), "gbtree", "binary:logistic"),
    )
    assert found.parameters == (("num_class", "2"), ("num_feature", "3"))


def test_keys_that_stand_twice_are_told():
    twice = build.xgboost_json().replace(b'"learner":', b'"learner": {}, "learner":')
    assert read_xgboost(source(twice)).repeated == ("learner",)
    inner = build.ubj(build.learner())
    doubled = inner[:-1] + inner[1:]
    assert read_xgboost(source(doubled)).repeated == ("learner", "version")


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b'{"learner": []}', build.ubj({"a": 1}), build.xgboost_binary()[:150], b"binf" + b"\xff" * 300],
)
def test_what_is_no_model_of_xgboost_is_a_format_error(data):
    with pytest.raises(FormatError):
        read_xgboost(source(data))


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(plain)
def test_binary_json_is_read_back(value):
    assert ubj(build.ubj(value)) == value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"[$U#i\x03\x01\x02\x03", [1, 2, 3]),
        (b"[i\x01NI\x01\x00]", [1, 256]),
        (b"{i\x01aTi\x01bF}", {"a": True, "b": False}),
        (b"{#i\x01i\x01aZ", {"a": None}),
        (b"{$i#i\x01i\x01a\x07", {"a": 7}),
        (b"[CaHi\x0212]", ["a", "12"]),
        (b"[D" + struct.pack(">d", 0.5) + b"]", ["0.5"]),
        (b"[M" + b"\xff" * 8 + b"]", [2**64 - 1]),
        (b"[]", []),
        (b"{}", {}),
    ],
)
def test_every_form_of_a_container_is_read(data, value):
    assert ubj(data) == value


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[", b"{", b"S", b"Si\xff", b"SL\x7f" + b"\xff" * 7, b"X", b"[$i]", b"{S", b"ZZ", b"Sd\0\0\0\0"),
        *(b"[$d#L\x00\x00\x00\x00\x00\x00\x00\x05\0\0", b"{i\x01a", b"{i\xffa"),
    ],
)
def test_what_is_no_binary_json_is_a_format_error(data):
    with pytest.raises(FormatError):
        ubj(data)


def test_binary_json_is_bounded(monkeypatch):
    with pytest.raises(NotExamined) as error:
        ubj(b"[" * 100)
    assert error.value.reason is GapReason.TOO_DEEP
    monkeypatch.setattr(ubjson, "VALUES", 50)
    for data in (b"N" * 60, b"[" + b"Z" * 60 + b"]", b"[$Z#i\x7f" + bytes(200)):
        with pytest.raises(NotExamined) as error:
            ubj(data)
        assert error.value.reason is GapReason.BUDGET


def test_texts_of_binary_json_are_bounded(monkeypatch):
    monkeypatch.setattr(ubjson, "KEPT", 3)
    with pytest.raises(NotExamined):
        ubj(build.ubj("four"))


def test_trees_are_not_read():
    count = 10**9
    value = build.learner()
    value["learner"]["gradient_booster"]["model"]["trees"] = []
    head = build.ubj(value)
    at = head.index(b"trees") + 5
    array = b"[$d#L" + struct.pack(">q", count)
    empty = len(build.ubj([]))
    front, rest = head[:at] + array, head[at + empty :]
    large = Sparse(len(front) + 4 * count + len(rest), (0, front), (len(front) + 4 * count, rest))
    assert read_xgboost(large).version == (3, 2, 0)
    assert large.read < 65_536


# -- LightGBM ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_model_of_lightgbm_is_read(ending):
    assert read_lightgbm(source(build.lightgbm(ending=ending))) == LightGbm(
        version="v4",
        objective="binary sigmoid:1",
        trees=2,
        feature_names=("f0", "f1", "f2"),
        header=(
            ("num_class", "1"),
            ("num_tree_per_iteration", "1"),
            ("label_index", "0"),
            ("max_feature_idx", "2"),
            ("objective", "binary sigmoid:1"),
        ),
        parameters=(
            ("boosting", "gbdt"),
            ("seed", "7"),
            ("deterministic", "1"),
            ("data", "/home/user/train.csv"),
            ("valid", ""),
            ("machines", "a:1,b:2"),
        ),
        whole=True,
    )


def test_many_features_and_trees_are_no_trouble():
    data = build.lightgbm(trees=5000, features=2000)
    large = Sparse(len(data), (0, data))
    found = read_lightgbm(large)
    assert (found.trees, len(found.feature_names), found.whole) == (5000, 2000, True)
    assert large.read < 150_000


def test_a_model_that_ends_early_is_told():
    data = build.lightgbm()
    assert not read_lightgbm(source(data[: data.index(b"[seed")])).whole
    for bad in (b"", b"tree\n", b"tree\nversion=v4\n" + b"x" * 5000):
        with pytest.raises(FormatError):
            read_lightgbm(source(bad))


def test_the_ends_that_are_searched_are_bounded(monkeypatch):
    monkeypatch.setattr(lightgbm, "HEAD", 5000)
    with pytest.raises(FormatError):
        read_lightgbm(source(build.lightgbm(features=5000)))


@pytest.mark.parametrize("part", [b"[a:", b"a", b"[", b"=", b"[a:b]\n", b"\n[", b"a=b\n"])
def test_no_beginning_or_end_of_lightgbm_is_slow(part):
    begun = time.process_time()
    text = part * (2**21 // len(part))
    for data in (build.lightgbm().replace(b"[seed", text + b"[seed"), build.lightgbm().replace(b"label_index", text)):
        with contextlib.suppress(NotExamined):
            read_lightgbm(source(data))
    assert time.process_time() - begun < 2


# -- CatBoost ---------------------------------------------------------------------------------------------------------


def test_a_model_of_catboost_is_read():
    found = read_catboost(source(build.catboost()))
    assert (found.version, found.parts) == ("FlabuffersModel_v1", ())
    assert json.loads(found.value("params")) == {"random_seed": 5, "task_type": "CPU"}
    assert (found.value("model_guid"), found.value("nothing")) == ("1234-5678", "")
    assert [key for key, _ in found.info] == ["params", "model_guid", "train_finish_time"]


@pytest.mark.parametrize("data", [b"", b"CBM1", b"CBM2" + build.catboost()[4:], build.catboost()[:-20]])
def test_what_is_no_model_of_catboost_is_a_format_error(data):
    with pytest.raises(FormatError):
        read_catboost(source(data))


def test_keys_of_catboost_are_bounded(monkeypatch):
    monkeypatch.setattr(catboost, "KEYS", 2)
    with pytest.raises(NotExamined):
        read_catboost(source(build.catboost()))


def test_hostile_bytes_raise_nothing_else():
    for form in (build.xgboost_json(), build.xgboost_ubj(), build.xgboost_binary()):
        assert stands(read_xgboost, form, 200) > 0
    assert stands(read_lightgbm, build.lightgbm(), 200) > 0
    assert stands(read_catboost, build.catboost(), 200) > 0


def test_the_libraries_write_the_same(tmp_path):
    """Only where the libraries are installed."""
    numpy = pytest.importorskip("numpy")
    xgb, lgb, cat = (pytest.importorskip(name) for name in ("xgboost", "lightgbm", "catboost"))
    chance = numpy.random.RandomState(0)
    x = chance.rand(60, 3)
    y = (x[:, 0] > 0.5).astype(int)
    booster = xgb.train({"objective": "binary:logistic"}, xgb.DMatrix(x, y, feature_names=["a", "b", "c"]), 2)
    booster.set_attr(best="1")
    for name in ("m.json", "m.ubj"):
        booster.save_model(tmp_path / name)
        found = read_xgboost(source((tmp_path / name).read_bytes()))
        assert ".".join(map(str, found.version)) == xgb.__version__
        assert (found.feature_names, found.trees, found.attributes) == (("a", "b", "c"), "2", (("best", "1"),))
        assert (found.objective, found.booster, found.repeated) == ("binary:logistic", "gbtree", ())
    lgb.train({"objective": "binary", "seed": 9, "verbose": -1}, lgb.Dataset(x, y), 3).save_model(tmp_path / "m.txt")
    light = read_lightgbm(source((tmp_path / "m.txt").read_bytes()))
    assert (light.trees, light.objective, light.whole) == (3, "binary sigmoid:1", True)
    assert dict(light.parameters)["seed"] == "9"
    model = cat.CatBoostClassifier(iterations=2, random_seed=5, verbose=False, allow_writing_files=False).fit(x, y)
    model.save_model(tmp_path / "m.cbm")
    cbm = read_catboost(source((tmp_path / "m.cbm").read_bytes()))
    assert json.loads(cbm.value("params"))["flat_params"]["random_seed"] == 5
    assert dict(cbm.info) == dict(model.get_metadata())
