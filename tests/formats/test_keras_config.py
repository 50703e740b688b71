"""The configuration of a Keras model, in JSON or in an HDF5 file."""

from __future__ import annotations

import contextlib
import json

import pytest

from fixtures.metadata import binary_hdf5 as h5
from fixtures.metadata import binary_keras as build
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import keras_config as module
from gate.formats.hdf5 import read_hdf5
from gate.formats.keras_config import KerasFunction, KerasObject, keras_config, read_keras_config
from gate.formats.keras_h5 import keras_h5
from gate.formats.port import Port
from tests.formats.hostile import mutations, source, stands


def test_every_class_of_the_tree_is_named():
    found = keras_config(build.config(build.dense(), build.dense()))
    assert (found.class_name, found.name, found.functions, found.files) == ("Sequential", "model", (), ())
    assert found.objects == (
        KerasObject("keras", "DTypePolicy", "", "/config/layers/0/config/dtype", 1),
        KerasObject("keras", "Sequential", "", "", 1),
        KerasObject("keras.initializers", "GlorotUniform", "", "/config/layers/1/config/kernel_initializer", 2),
        KerasObject("keras.layers", "Dense", "", "/config/layers/1", 2),
        KerasObject("keras.layers", "InputLayer", "", "/config/layers/0", 1),
    )
    assert found.inputs == (Port("in", "float32", (None, 4)),)
    assert found.layers == 7


def test_code_and_functions_are_found():
    found = keras_config(build.config(build.lambda_layer(), build.named("os", "system")))
    assert found.functions == (
        KerasFunction("code", "builtins", "", "/config/layers/1/config/function"),
        KerasFunction("named", "os", "system", "/config/layers/2/config/function"),
    )
    assert found.files == (("/config/layers/2/config/arguments/origin", "https://example.com/x"),)


@pytest.mark.parametrize(
    ("function", "kind", "form", "name"),
    [
        (None, "lambda", "code", ""),
        ("4wEAAA==", "lambda", "code", "4wEAAA=="),
        ("system", "function", "named", "system"),
        ("system", "raw", "text", "system"),
        (["x"], "raw", "code", ""),
    ],
)
def test_lambda_layers_of_keras_2_are_found(function, kind, form, name):
    found = keras_config(build.legacy(function, kind))
    module_name = "" if isinstance(function, list) or function is None else "__main__"
    assert found.functions == (KerasFunction(form, module_name, name, "/config/layers/1/config/function"),)
    assert found.inputs == (Port("d", "float16", (None, 7)),)


def test_registered_names_and_deep_ones_are_found():
    custom = build.layer("MyLayer", None, "pkg>MyLayer", inner={"a": [{"b": build.named("pty", "spawn")}]})
    found = keras_config(build.config(custom))
    assert KerasObject("", "MyLayer", "pkg>MyLayer", "/config/layers/1", 1) in found.objects
    assert [f.module for f in found.functions] == ["pty"]


def test_an_escaped_name_is_the_name():
    data = build.config(build.lambda_layer()).replace(b'"Lambda"', b'"\\u004cambda"')
    assert any(o.class_name == "Lambda" for o in keras_config(data).objects)


def test_a_name_that_is_no_text_is_told():
    found = keras_config(build.config(build.layer("X", ["keras"])))
    assert KerasObject("<list>", "X", "", "/config/layers/1", 1, typed=False) in found.objects


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"class_name": 1, "config": {}}',
        b'{"class_name": "Sequential"}',
        build.config().decode().encode("utf-16"),
        build.config().replace(b'"name": "model"', b'"name": "model", "name": "other"'),
        build.config(build.layer("Lambda")).replace(
            b'"class_name": "Lambda"', b'"class_name": "Lambda", "class_name": "Dense"'
        ),
    ],
)
def test_what_is_no_configuration_or_says_things_twice_is_a_format_error(data):
    with pytest.raises(FormatError):
        keras_config(data)


def test_depth_and_number_are_bounded(monkeypatch):
    inner = build.dense()
    for _ in range(30):
        inner = build.sequential(inner)
    with pytest.raises(NotExamined) as error:
        keras_config(json.dumps(inner).encode())
    assert error.value.reason is GapReason.TOO_DEEP
    monkeypatch.setattr(module, "DISTINCT", 5)
    with pytest.raises(NotExamined) as error:
        keras_config(build.config(*(build.layer(f"C{i}") for i in range(5))))
    assert error.value.reason is GapReason.TOO_MANY


def test_odd_values_are_no_trouble():
    for value in (
        None,
        1,
        "x",
        [],
        {},
        [1],
        {"layers": 1},
        {"layers": [1, {"config": 1}, {"config": {"batch_shape": 1}}]},
    ):
        assert keras_config(json.dumps({"class_name": "M", "config": value}).encode()).inputs == ()


def test_hostile_bytes_raise_nothing_else():
    assert stands(read_keras_config, build.config(build.lambda_layer())) > 0


# -- in HDF5 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("new", [False, True], ids=["old", "new"])
def test_a_model_in_hdf5_says_what_it_is(new):
    found = keras_h5(read_hdf5(source(h5.keras(build.legacy().decode(), new=new))))
    assert found is not None and found.config is not None
    assert (found.keras_version, found.backend, found.training) == ("3.15.1", "tensorflow", '{"loss": "mse"}')
    assert (found.layer_names, found.parameters, found.conflicts) == (("dense",), 15, ())
    assert [f.form for f in found.config.functions] == ["code"]


def test_a_file_of_other_data_is_none_of_keras():
    assert keras_h5(read_hdf5(source(h5.file(h5.Group({"d": h5.Data()}, {"title": "x"}))))) is None


def test_weights_alone_have_no_configuration():
    root = h5.Group({}, {"layer_names0": [b"a"], "layer_names1": [b"b"], "keras_version": "2.15.0"})
    found = keras_h5(read_hdf5(source(h5.file(root))))
    assert found is not None
    assert (found.config, found.layer_names, found.keras_version) == (None, ("a", "b"), "2.15.0")


def test_versions_that_disagree_are_told():
    root = h5.Group({"model_weights": h5.Group({}, {"keras_version": "3.0"})}, {"keras_version": "2.0"})
    found = keras_h5(read_hdf5(source(h5.file(root))))
    assert found is not None and (found.keras_version, found.conflicts) == ("2.0", ("keras_version",))


def test_a_configuration_that_may_lie_elsewhere_is_not_examined():
    w = h5.Writer(new=True)
    more = w.message(0x15, bytes((0, 0)) + h5.u64(64, 64))
    with pytest.raises(NotExamined):
        keras_h5(read_hdf5(source(w.file(h5.Group({}, {"keras_version": "3"}, more)))))


def test_changed_files_raise_nothing_else():
    answers = 0
    for changed in mutations(h5.keras(), 300):
        with contextlib.suppress(NotExamined):
            answers += keras_h5(read_hdf5(source(changed))) is not None
    assert answers > 0


def test_the_library_writes_the_same(tmp_path, monkeypatch):
    """Only where keras and tensorflow are installed."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    keras = pytest.importorskip("keras")
    pytest.importorskip("tensorflow")
    inputs = keras.Input((4,), name="x")
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    outputs = inner(keras.layers.Lambda(lambda x: x * 2)(keras.layers.Dense(3)(inputs)))
    model = keras.Model(inputs, outputs)
    found = keras_config(model.to_json().encode())
    assert [f.form for f in found.functions] == ["code"]
    assert found.inputs == (Port("x", "float32", (None, 4)),)
    model.save(tmp_path / "m.h5")
    legacy = keras_h5(read_hdf5(source((tmp_path / "m.h5").read_bytes())))
    assert legacy is not None and legacy.config is not None
    assert (legacy.keras_version, legacy.parameters) == (keras.__version__, model.count_params())
    assert [f.form for f in legacy.config.functions] == ["code"]
    model.save_weights(tmp_path / "m.weights.h5")
    file = read_hdf5(source((tmp_path / "m.weights.h5").read_bytes()))
    assert (file.unread, sum(n for _, n in file.dtypes)) == ((), model.count_params())
