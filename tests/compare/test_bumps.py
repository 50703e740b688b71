"""Which step of the version a change needs: one row a case, from the bytes of two archives to the answer."""

import zipfile

import pytest

from fixtures.metadata import binary_gguf, binary_onnx, binary_saved_model, binary_trees
from gate.compare.compare import compare
from tests.compare.pairs import base, config, keras, layers, mlmodel, own, snapshot, tensors
from tests.conftest import zipped

AGE = '{"name": "age", "type": "long"}'
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
TRITON = b'name: "m"\nmax_batch_size: 0\ninput [{name: "x", data_type: TYPE_FP32, dims: [%d]}]\noutput [{name: "y", data_type: TYPE_FP32, dims: [1]}]\n'
PICKLES = (
    b"\x80\x04\x8c\x01a.",
    b"\x80\x04\x8c\x01b.",
    b"\x80\x04cbuiltins\nlist\n)R.",
    b"\x80\x04cbuiltins\nset\n)R.",
)


def one(old, new):
    """Two models of one member each, beside a name and a version."""
    return {"gate-model.yaml": own(), **old}, {"gate-model.yaml": own(), **new}


def changed(**members):
    """The base, and the same with some members exchanged (`__` is a dot) or, for None, left out."""
    new = {**base(), **{name.replace("__", "."): data for name, data in members.items()}}
    return base(), {name: data for name, data in new.items() if data is not None}


def script(code=b"return x", data=b"0000"):
    members = {"a/data.pkl": b"\x80\x02}.", "a/code/__torch__.py": code, "a/data/0": data, "a/version": b"3\n"}
    return zipped(members, zipfile.ZIP_STORED)


def graph(*operators):
    return binary_saved_model.saved_model(binary_saved_model.meta_graph(ops=operators))


def onnx(*inputs, nodes=("Conv",)):
    return binary_onnx.model(
        binary_onnx.graph(
            "g",
            nodes=[binary_onnx.node(name) for name in nodes],
            inputs=[binary_onnx.port(name, binary_onnx.tensor_type(1, shape)) for name, shape in inputs],
        )
    )


CASES = {
    "nothing": (changed(), "none", set()),
    # inputs and outputs
    "mlflow: an input is gone": (changed(MLmodel=mlmodel("[]")), "major", set()),
    "mlflow: a required input more": (
        changed(MLmodel=mlmodel(f'[{AGE}, {{"name": "b", "type": "long"}}]')), "major", {"io"}),
    "mlflow: an optional input more": (
        changed(MLmodel=mlmodel(f'[{AGE}, {{"name": "b", "type": "long", "required": false}}]')), "minor", {"io"}),
    "mlflow: another type": (changed(MLmodel=mlmodel('[{"name": "age", "type": "string"}]')), "major", {"io"}),
    "mlflow: a wider type": (changed(MLmodel=mlmodel('[{"name": "age", "type": "double"}]')), "major", {"io"}),
    "mlflow: an output of another type": (changed(MLmodel=mlmodel(outputs='[{"type": "string"}]')), "major", {"io"}),
    "mlflow: an output more": (
        changed(MLmodel=mlmodel(outputs='[{"type": "double"}, {"type": "long"}]')), "minor", {"io"}),
    "mlflow: a parameter more": (
        one({"MLmodel": mlmodel(params='[{"name": "t", "type": "double"}]')},
            {"MLmodel": mlmodel(params='[{"name": "t", "type": "double"}, {"name": "k", "type": "long"}]')}),
        "minor", {"io"}),
    "mlflow: another loader": (
        changed(MLmodel=mlmodel().replace(b"mlflow.sklearn", b"mlflow.other")), "patch", {"metadata"}),
    "triton: another size of an input": (
        one({"config.pbtxt": TRITON % 3}, {"config.pbtxt": TRITON % 4}), "major", {"io"}),
    "triton: any size of an input": (
        one({"config.pbtxt": TRITON % 3}, {"config.pbtxt": TRITON % -1}), "minor", {"io"}),
    "onnx: a fixed input takes any size": (
        one({"m.onnx": onnx(("x", [1, 3]))}, {"m.onnx": onnx(("x", ["N", 3]))}), "minor", {"io", "weights"}),
    "onnx: the name of a free size": (
        one({"m.onnx": onnx(("x", ["N", 3]))}, {"m.onnx": onnx(("x", ["B", 3]))}), "minor", {"io", "weights"}),
    "onnx: another size": (
        one({"m.onnx": onnx(("x", [1, 3]))}, {"m.onnx": onnx(("x", [1, 4]))}), "major", {"io", "weights"}),
    "labels": (changed(config__json=config(id2label={"0": "no", "1": "maybe"})), "major", {"io"}),
    "a list of labels": (
        one({"index_to_name.json": b'{"0": "a"}'}, {"index_to_name.json": b'{"0": "b"}'}), "major", {"io"}),
    # tokenizers
    "vocabulary": (changed(tokenizer__json=b'{"model": {"vocab": {"b": 0}}}'), "major", {"tokenizer"}),
    "merges": (one({"merges.txt": b"a b\n"}, {"merges.txt": b"b a\n"}), "major", {"tokenizer"}),
    "a token of a tokenizer": (
        one({"tokenizer_config.json": b'{"tokenizer_class": "X", "bos_token": "<s>"}'},
            {"tokenizer_config.json": b'{"tokenizer_class": "X", "bos_token": "<b>"}'}),
        "major", {"tokenizer"}),
    "gguf: another architecture": (
        one({"m.gguf": binary_gguf.model()}, {"m.gguf": binary_gguf.model().replace(b"llama", b"lloma", 1)}),
        "major", {"architecture", "weights"}),
    "preprocessing": (
        one({"preprocessor_config.json": b'{"size": 224}'}, {"preprocessor_config.json": b'{"size": 384}'}),
        "major", {"tokenizer"}),
    "gguf: the vocabulary, of the same length": (
        one({"m.gguf": binary_gguf.vocabulary(100)},
            {"m.gguf": binary_gguf.vocabulary(100).replace(b"token000099", b"taken000099")}),
        "major", {"tokenizer", "weights"}),
    # architecture
    "a layer more": (changed(model__safetensors=layers(3)), "major", {"architecture", "weights", "size"}),
    "another shape": (
        one({"m.safetensors": tensors(w=(2, 3))}, {"m.safetensors": tensors(w=(3, 2))}), "major",
        {"architecture", "weights"}),
    "another name of a tensor": (
        one({"m.safetensors": tensors(w=(2, 3))}, {"m.safetensors": tensors(v=(2, 3))}), "major",
        {"architecture", "weights"}),
    "hidden size": (changed(config__json=config(hidden_size=1024)), "major", {"architecture"}),
    "a field that nobody knows": (changed(config__json=config(moe_router="new")), "major", {"architecture"}),
    "onnx: other operators": (
        one({"m.onnx": onnx(("x", [1]))}, {"m.onnx": onnx(("x", [1]), nodes=("Conv", "Relu"))}), "major",
        {"architecture", "weights"}),
    "keras: units": (one({"c.json": keras(4)}, {"c.json": keras(8)}), "major", {"architecture"}),
    "a pickle of another class": (
        one({"m.pkl": PICKLES[2]}, {"m.pkl": PICKLES[3]}), "major", {"architecture", "weights"}),
    "code of a torch script": (
        one({"m.pt": script(b"return x")}, {"m.pt": script(b"return y")}), "major", {"architecture"}),
    "tensors of a torch script": (
        one({"m.pt": script(data=b"0000")}, {"m.pt": script(data=b"1111")}), "minor", {"weights"}),
    # weights
    "weights": (changed(model__safetensors=layers(fill=1)), "minor", {"weights"}),
    "precision": (changed(model__safetensors=layers(dtype="F16")), "minor", {"weights", "size"}),
    "precision of a configuration": (changed(config__json=config(torch_dtype="float16")), "minor", {"weights"}),
    "a pickle of the same classes": (one({"m.pkl": PICKLES[0]}, {"m.pkl": PICKLES[1]}), "minor", {"weights"}),
    "gguf: weights": (
        one({"m.gguf": binary_gguf.model()}, {"m.gguf": binary_gguf.model()[:-1] + b"\x01"}), "minor", {"weights"}),
    "trees": (
        one({"m.txt": binary_trees.lightgbm(trees=2)}, {"m.txt": binary_trees.lightgbm(trees=3)}), "minor", {"weights"}),
    "a second file of weights": (changed(adapter__safetensors=layers()), "minor", {"weights", "size"}),
    # the rest
    "code of a handler": (one({"handler.py": b"a = 1\n"}, {"handler.py": b"a = 2\n"}), "minor", {"code"}),
    "dependencies": (changed(requirements__txt=b"torch==2.2.0\n"), "patch", {"dependencies"}),
    "a dependency more": (changed(requirements__txt=b"torch==2.1.0\nnumpy\n"), "patch", {"dependencies", "size"}),
    "a comment in a list": (changed(requirements__txt=b"torch==2.1.0 # GPU\n"), "patch", {"metadata", "size"}),
    "a licence": (changed(README__md=b"---\nlicense: mit\n---\n# recsys\n"), "patch", {"licence", "size"}),
    "the text of a licence": (changed(LICENSE=b"MIT"), "patch", {"licence", "size"}),
    "prose": (changed(README__md=base()["README.md"] + b"more"), "patch", {"metadata", "size"}),
    "where it was trained": (changed(config__json=config(_name_or_path="/home/else/run-8")), "patch", {"metadata"}),
    "dropout": (changed(config__json=config(attention_dropout=0.5)), "patch", {"hyperparameters", "size"}),
    "a parameter of training": (
        one({"gate-model.yaml": own(params={"lr": 0.1})}, {"gate-model.yaml": own(params={"lr": 0.2})}), "patch",
        {"hyperparameters"}),
    "the order of keys": (
        one({"config.json": b'{"model_type": "bert", "hidden_size": 1}'},
            {"config.json": b'{"hidden_size": 1, "model_type": "bert"}'}), "patch", {"metadata"}),
    "keras: a seed": (one({"c.json": keras(seed=1)}, {"c.json": keras(seed=2)}), "patch", {"hyperparameters"}),
    "keras: a name": (one({"c.json": keras(name="a")}, {"c.json": keras(name="b")}), "patch", {"metadata"}),
    "a library": (one({"lib/x.so": ELF}, {"lib/x.so": ELF + b"x"}), "patch", {"native"}),
    "another folder": (
        one({"a/handler.py": b"a = 1\n"}, {"b/handler.py": b"a = 1\n"}), "patch", {"packaging"}),
    "saved model: operators": (
        one({"saved_model.pb": graph("MatMul")}, {"saved_model.pb": graph("MatMul", "Relu")}), "major",
        {"architecture", "weights"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_change_needs_this_step(name, tmp_path):
    (old, new), bump, aspects = CASES[name]
    answer = compare(snapshot(old, tmp_path / "old"), snapshot(new, tmp_path / "new"))
    assert answer.required.word == bump
    assert not aspects or set(answer.totals) - {"size"} == aspects - {"size"}, answer.changes
