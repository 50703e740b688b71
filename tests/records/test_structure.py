"""What model files are made of, as it is published."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.metadata import binary_gguf, binary_hdf5, binary_onnx, binary_saved_model, binary_tflite
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.limits import Limits
from gate.facts.structure import Parts
from gate.records.structure import FIELDS, LINES, STRUCTURED, parts, stem, structures
from tests.compare.pairs import config, keras, layers, tensors


def read(form, data, path="m"):
    return list(parts(path, form, lambda reader: reader(Memory(data, Budget(Limits())))))


def lines(form, data, what="fields"):
    return next(row.lines for row in structures(read(form, data)) if row.what == what)


def test_tensors_whose_names_differ_in_a_number_share_a_line():
    data = tensors(**{f"model__layers__{i}__w": (4, 2) for i in range(40)}, embed2__w=(7,))
    assert lines("safetensors", data, "tensors") == ("embed2.w: F32[7]", "model.layers.*.w: F32[4, 2] x40")


def test_the_digest_covers_which_layer_it_is_and_the_shape_leaves_types_out():
    def structure(data):
        return next(structures(read("safetensors", data)))

    one, other = structure(tensors(h__0__w=(2,), h__1__w=(3,))), structure(tensors(h__0__w=(3,), h__1__w=(2,)))
    assert one.lines == other.lines and one.digest != other.digest and one.shape != other.shape
    half = structure(layers(dtype="F16"))
    assert half.digest != structure(layers()).digest and half.shape == structure(layers()).shape


def test_shards_of_one_model_are_one_structure_and_other_files_are_not():
    assert (
        stem("a/model-00001-of-00002.safetensors")
        == stem("a/model-00002-of-00002.safetensors")
        == "a/model.safetensors"
    )
    rows = [Parts(f"model-0000{i}-of-00002.safetensors", "safetensors", "tensors", (f"w{i}", "F32[1]")) for i in (1, 2)]
    rows.append(Parts("other.safetensors", "safetensors", "tensors", ("w", "F32[1]")))
    assert [(row.path, row.parts) for row in structures(rows)] == [("model.safetensors", 2), ("other.safetensors", 1)]


def test_fields_show_numbers_and_words_and_of_other_texts_a_digest():
    told = lines("huggingface", config(api_key="hunter2hunter2", chat="{{ x }}", empty="", shape=[1, 2], on=True))
    assert "hidden_size: 768" in told and "model_type: bert" in told and "shape: [1, 2]" in told and "on: true" in told
    assert "architectures: [BertForSequenceClassification]" in told and "id2label.1: yes" in told
    text = "\n".join(told)
    assert "hunter2" not in text and "someone" not in text and "{{" not in text
    assert "api_key: …" in told and 'empty: ""' in told and "chat: text sha256:" in text


def test_a_configuration_of_too_many_fields_is_told_by_its_outermost_ones():
    big = {str(i): "x" for i in range(FIELDS + 1)}
    found = read("huggingface", config(id2label=big))
    texts = dict(zip(found[0].pairs[::2], found[0].pairs[1::2], strict=True))
    assert len(found) == 1 and len(texts) < 20 and texts["id2label"].startswith("sha256:")
    (other,) = read("huggingface", config(id2label={**big, "7": "y"}))
    assert other.pairs != found[0].pairs


def test_lists_of_layers_are_told_field_by_field():
    assert "config.layers[0].config.units: 4" in lines("keras-config", keras())


def test_long_names_and_values_that_end_in_another_way_stay_apart():
    one, other = (next(structures(read("safetensors", tensors(**{"w" * 500 + end: (1,)})))) for end in "ab")
    assert one.digest != other.digest and len(one.lines[0]) < 200
    first, second = (lines("huggingface", config(v=["word" * 15] * 15 + [end])) for end in "ab")
    assert first != second


def test_more_lines_than_are_listed_are_counted():
    (row,) = structures(read("safetensors", tensors(**{f"w{'x' * i}": (1,) for i in range(1, LINES + 5)})))
    assert (row.total, len(row.lines), row.parts) == (LINES + 4, LINES, LINES + 4)


@pytest.mark.parametrize(
    ("form", "data", "what", "line"),
    [
        ("onnx", binary_onnx.linear(), "operators", "ai.onnx."),
        ("onnx", binary_onnx.linear(), "fields", "opset.ai.onnx: "),
        ("gguf", binary_gguf.model(), "fields", "general.architecture: llama"),
        ("gguf", binary_gguf.model(), "tensors", "output_norm.weight: F32[64]"),
        ("saved-model", binary_saved_model.serving(), "operators", "graph 0: "),
        ("tflite", binary_tflite.model([binary_tflite.operator(0)]), "operators", "operator 0: "),
        ("hdf5", binary_hdf5.keras(), "tensors", "/"),
        ("hdf5", binary_hdf5.keras(), "fields", "class_name: "),
    ],
    ids=["operators", "opsets", "gguf", "gguf tensors", "saved model", "tflite", "hdf5 tensors", "hdf5 fields"],
)
def test_every_format_says_what_it_is_made_of(form, data, what, line):
    assert any(line in one for one in lines(form, data, what))


def test_a_structure_is_published_as_a_whole_or_not_at_all(monkeypatch):
    monkeypatch.setattr("gate.records.structure.PARTS", 3)
    rows = [Parts(path, "gguf", "fields", ("a", "1", "b", "2")) for path in "xy"]
    assert [row.path for row in structures(rows)] == ["x"]
    monkeypatch.setattr("gate.records.structure.STRUCTURES", 0)
    assert list(structures(rows)) == []


def test_what_has_no_parts_yields_none():
    assert read("mlflow", b"x") == [] and "huggingface" not in STRUCTURED and "onnx" in STRUCTURED


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_damage_ends_in_parts_or_in_the_error_of_a_reader(data):
    form, good = data.draw(
        st.sampled_from(
            [
                ("safetensors", layers()),
                ("gguf", binary_gguf.model()),
                ("gguf", binary_gguf.vocabulary(80)),
                ("onnx", binary_onnx.linear()),
                ("hdf5", binary_hdf5.keras()),
                ("keras-config", keras()),
            ]
        )
    )
    text = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, min(len(text) - 1, 2000)))] = data.draw(st.integers(0, 255))
    try:
        found = read(form, bytes(text))
    except NotExamined:
        return
    for row in structures(found):
        assert all(line.isprintable() and len(line) < 400 for line in row.lines)
