"""What the serialization inspector says of formats that are no pickles, through the judges of their loaders."""

from __future__ import annotations

import json
import pickle

import pytest

from fixtures.metadata import (
    binary_coreml,
    binary_gguf,
    binary_hdf5,
    binary_keras,
    binary_onnx,
    binary_openvino,
    binary_saved_model,
    binary_tflite,
    binary_trees,
)
from fixtures.metadata.binary_hdf5 import Group
from fixtures.serialization.malicious import DANGEROUS
from gate.archive.budget import Budget
from gate.archive.member import Entry, Member
from gate.archive.source import Memory
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from gate.inspectors.serialization import inspector

ESCAPE = "{{ ''.__class__.__mro__ }}"
CHAT = "{% for message in messages %}{{ message['role'] ~ ': ' ~ message['content'] }}{% endfor %}"


def look(data: bytes, path: str) -> tuple[set[str], set[GapReason]]:
    """Rules without their family, and reasons of gaps."""
    budget = Budget(Limits())
    budget.admit(len(data))
    member = Member(path, Entry(path.encode(), None, window=Memory(data, budget)), budget)
    need = inspector.wants(member)
    if need is None:
        return set(), set()
    member.take(need)
    said = list(inspector.inspect(member))
    rules = {item.rule.partition(".")[2] for item in said if isinstance(item, Finding)}
    return rules, {item.reason for item in said if isinstance(item, Gap)}


def gguf(template: str) -> bytes:
    return binary_gguf.Writer().file([("general.architecture", "llama"), ("tokenizer.chat_template", template)])


def onnx(*domains: tuple[str, str]) -> bytes:
    nodes = [binary_onnx.node(name, domain=domain) for domain, name in domains]
    return binary_onnx.model(binary_onnx.graph("main", nodes=nodes))


DOCUMENTS = {
    "a template in a tokenizer": ("tokenizer_config.json", {"chat_template": ESCAPE}, "template-escape"),
    "one of several templates": (
        "tokenizer_config.json",
        {"chat_template": [{"name": "default", "template": CHAT}, {"name": "tool_use", "template": ESCAPE}]},
        "template-escape",
    ),
    "a template of a processor": ("chat_template.json", {"chat_template": ESCAPE}, "template-escape"),
    "a target of Hydra": ("config.json", {"model": {"_target_": "os.system", "command": "true"}}, "dangerous-class"),
    "a target through a module": ("c.json", {"_target_": "numpy.os.system"}, "dangerous-class"),
    "a builtin": ("c.json", {"_target_": "builtins.eval"}, "dangerous-class"),
    "a target that nobody knows": ("c.json", {"a": [{"_target_": "acme.Net"}]}, "unknown-class"),
    "code of the model": ("config.json", {"auto_map": {"AutoModel": "modeling_x.Net"}}, "remote-code"),
    "code of another": ("config.json", {"auto_map": {"AutoTokenizer": ["a/b--x.T", None]}}, "remote-code"),
}
YAML = {
    "a call": ("!!python/object/apply:os.system ['true']", "dangerous-class"),
    "a call by the long tag": ("!<tag:yaml.org,2002:python/object/apply:os.system> ['true']", "dangerous-class"),
    "a call by a prefix": (
        "%TAG !x! tag:yaml.org,2002:python/\n---\na: !x!object/new:os.system ['true']",
        "dangerous-class",
    ),
    "a mapping": ("a: !!python/object:acme.Thing {b: 1}", "unknown-class"),
    "a name": ("a: !!python/name:subprocess.Popen ''", "dangerous-class"),
    "a target": ("trainer:\n  _target_: subprocess.call\n", "dangerous-class"),
    "a loader": ("flavors:\n  python_function:\n    loader_module: os\n", "dangerous-class"),
    "a loader of the team's": ("flavors:\n  python_function:\n    loader_module: acme.loader\n", "unknown-class"),
}
QUIET = {
    "tokenizer_config.json": json.dumps({"chat_template": CHAT, "bos_token": "<s>"}),
    "vocab.json": json.dumps({"caf\u00e9": 1, "\u0120the": 2}),
    "config.json": json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}),
    "model_config.yaml": "encoder:\n  _target_: nemo.collections.asr.modules.ConformerEncoder\noptim: {_target_: torch.optim.Adam}",
    "hparams.yaml": "dims: !!python/tuple [1, 2]\npath: !!python/object/apply:pathlib.PosixPath [a]\n",
    "MLmodel": "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n",
    "chat_template.jinja": CHAT,
    "notes.yaml": "use: 'python: yes'\n",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_configuration_that_acts_is_seen(name: str) -> None:
    path, document, rule = DOCUMENTS[name]
    assert look(json.dumps(document).encode(), path) == ({rule}, set())


def test_a_key_whose_letters_are_escaped_is_the_same_key() -> None:
    data = json.dumps({"chat_template": ESCAPE}).replace("chat_", "\\u0063hat\\u005f")
    assert look(data.encode(), "tokenizer_config.json")[0] == {"template-escape"}


@pytest.mark.parametrize("name", YAML)
def test_yaml_that_acts_is_seen(name: str) -> None:
    text, rule = YAML[name]
    assert look(text.encode(), "conf/a.yaml") == ({rule}, set())


@pytest.mark.parametrize("path", QUIET)
def test_ordinary_configurations_are_quiet(path: str) -> None:
    assert look(QUIET[path].encode(), path) == (set(), set())


def test_a_template_of_its_own_is_judged() -> None:
    assert look(ESCAPE.encode(), "additional_chat_templates/tool.jinja")[0] == {"template-escape"}
    assert look(b"{% if %}", "chat_template.jinja") == (set(), {GapReason.CORRUPT})


def test_templates_of_a_gguf_file_are_judged_and_ordinary_ones_are_quiet() -> None:
    assert look(gguf(ESCAPE), "m.gguf") == ({"template-escape"}, set())
    assert look(gguf(CHAT), "m.gguf") == (set(), set())
    assert look(binary_gguf.model(), "m.gguf") == (set(), set())


def test_a_gguf_file_that_lies_about_its_tensors_is_an_error() -> None:
    data = binary_gguf.Writer().file([], [("w", [2**62, 4], 0, 0)], b"\0" * 64)
    rules, gaps = look(data, "m.gguf")
    assert rules == {"malformed-header"} or gaps == {GapReason.CORRUPT}


def test_an_onnx_model_of_standard_operators_is_quiet() -> None:
    assert look(binary_onnx.linear(), "m.onnx") == (set(), set())
    assert look(binary_onnx.elsewhere("weights.bin"), "m.onnx") == (set(), set())


@pytest.mark.parametrize(
    "where", ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:\\a", "..\\b", "https://a.example/b"]
)
def test_onnx_data_outside_of_the_folder_is_an_error(where: str) -> None:
    assert look(binary_onnx.elsewhere(where), "m.onnx") == ({"outside-file"}, set())


def test_onnx_operators_of_nobody_and_of_python() -> None:
    assert look(onnx(("acme", "Fast")), "m.onnx")[0] == {"custom-operator"}
    assert look(onnx(("ai.onnx.contrib", "PyOp")), "m.onnx")[0] == {"dangerous-operator"}


KERAS = {
    "bytecode": (binary_keras.config(binary_keras.lambda_layer()), "lambda-layer"),
    "bytecode of Keras 2": (binary_keras.legacy(), "lambda-layer"),
    "a function of the system": (binary_keras.config(binary_keras.named("os", "system")), "dangerous-class"),
    "a function of a package": (binary_keras.config(binary_keras.named("numpy", "sum")), "unknown-class"),
    "a download": (binary_keras.config(binary_keras.named("keras.utils", "get_file")), "dangerous-class"),
    "a switch": (
        binary_keras.config(binary_keras.named("keras.config", "enable_unsafe_deserialization")),
        "dangerous-class",
    ),
    "a function of the team": (binary_keras.legacy("relu6", "function"), "unknown-class"),
    "a class of the system": (binary_keras.config(binary_keras.layer("Popen", "subprocess")), "dangerous-class"),
    "a class of another package": (binary_keras.config(binary_keras.layer("Net", "acme.nets")), "unknown-class"),
    "a function as a class": (binary_keras.config(binary_keras.layer("get_file", "keras.utils")), "dangerous-class"),
    "a registered class": (
        binary_keras.config(binary_keras.layer("Net", "keras.layers", "acme>Net")),
        "unknown-class",
    ),
    "a pickle in a layer": (binary_keras.config(binary_keras.layer("TorchModuleWrapper")), "dangerous-class"),
    "a module that is a list": (binary_keras.config(binary_keras.layer("Dense", ["os"])), "dangerous-class"),
    "a file of the host": (
        binary_keras.config(binary_keras.layer("StringLookup", vocabulary="/etc/passwd")),
        "outside-file",
    ),
}


@pytest.mark.parametrize("name", KERAS)
@pytest.mark.parametrize("wrap", ["json", "hdf5", "hdf5 behind a block"])
def test_a_keras_model_that_acts_is_seen(name: str, wrap: str) -> None:
    config, rule = KERAS[name]
    data, path = config, "config.json"
    if wrap != "json":
        data, path = binary_hdf5.keras(config.decode()), "model.h5"
    if wrap == "hdf5 behind a block":
        data = b"#!/bin/sh\n".ljust(1024, b"\0") + data
    assert rule in look(data, path)[0]


def test_an_ordinary_keras_model_is_quiet() -> None:
    assert look(binary_keras.config(), "config.json") == (set(), set())
    assert look(binary_hdf5.keras(), "model.h5") == (set(), set())
    assert look(binary_hdf5.keras(new=True), "model.h5") == (set(), set())
    lookup = binary_keras.layer("StringLookup", vocabulary="assets/words.txt")
    activation = binary_keras.layer(
        "Activation",
        activation={
            "module": "keras.activations",
            "class_name": "function",
            "config": "relu",
            "registered_name": "relu",
        },
    )
    assert look(binary_keras.config(lookup, activation), "config.json") == (set(), set())


def test_hdf5_data_in_other_files_is_an_error() -> None:
    for item in (
        binary_hdf5.External("/etc/passwd", "/x"),
        binary_hdf5.Data((3,), external="/etc/passwd"),
        binary_hdf5.Data((3,), virtual="../other.h5"),
    ):
        data = binary_hdf5.file(binary_hdf5.Group({"w": item}))
        assert look(data, "w.h5") == ({"outside-file"}, set())


def test_hdf5_that_is_damaged_is_no_clean_file() -> None:
    data = binary_hdf5.keras()
    assert look(data[:200], "w.h5")[1]


def node(module: str, name: str, **more: object) -> dict[str, object]:
    return {"__class__": name, "__module__": module, "__loader__": "ObjectNode", "__id__": 1, **more}


@pytest.mark.parametrize(
    ("module", "name", "rules"),
    [
        ("sklearn.linear_model._base", "LinearRegression", set()),
        ("builtins", "dict", set()),
        ("builtins", "str", set()),
        ("collections", "OrderedDict", set()),
        ("numpy", "dtype", set()),
        ("os", "system", {"dangerous-class"}),
        ("builtins", "eval", {"dangerous-class"}),
        ("operator", "methodcaller", {"dangerous-class"}),
        ("acme", "Net", {"unknown-class"}),
    ],
)
def test_nodes_of_skops_are_judged_by_their_classes(module: str, name: str, rules: set[str]) -> None:
    schema = {**node("sklearn.pipeline", "Pipeline", content=[node(module, name)]), "_skops_version": "0.11"}
    assert look(json.dumps(schema).encode(), "schema.json") == (rules, set())


def test_operators_of_tensorflow_that_reach_out_are_errors() -> None:
    reads = binary_saved_model.saved_model(binary_saved_model.meta_graph(ops=[*["Const"] * 40, "ReadFile"]))
    calls = binary_saved_model.saved_model(
        binary_saved_model.meta_graph(functions=[binary_saved_model.function("f", "EagerPyFunc")])
    )
    for data in (reads, calls, binary_saved_model.serving()):
        assert look(data, "saved_model.pb") == ({"dangerous-operator"}, set())
    assert look(reads, "model.bin") == ({"dangerous-operator"}, set())
    custom = binary_saved_model.saved_model(binary_saved_model.meta_graph(ops=["Addons>Gelu"]))
    assert look(custom, "saved_model.pb") == ({"custom-operator"}, set())


def test_ordinary_graphs_are_quiet() -> None:
    saves = ("Placeholder", "MatMul", "SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename")
    data = binary_saved_model.saved_model(binary_saved_model.meta_graph(ops=saves))
    assert look(data, "saved_model.pb") == (set(), set())
    assert look(binary_saved_model.fingerprint(), "fingerprint.pb") == (set(), set())


def test_a_frozen_graph_is_a_graph() -> None:
    graph = b"".join(binary_saved_model.block(1, binary_saved_model.node(op)) for op in ("Const", "WriteFile"))
    assert look(graph, "frozen_inference_graph.pb") == ({"dangerous-operator"}, set())
    assert look(b"node { op: 'ReadFile' }", "graph.pbtxt") == (set(), {GapReason.UNSUPPORTED})
    assert look(b"name: 'm'", "config.pbtxt") == (set(), set())
    assert look(b"\x01\x02\x03", "frozen.pb") == (set(), {GapReason.CORRUPT})


def test_keras_metadata_beside_a_graph_is_judged() -> None:
    bad = binary_saved_model.keras_metadata(("root.layer", "_tf_keras_layer", binary_keras.legacy().decode()))
    good = binary_saved_model.keras_metadata(("root", "_tf_keras_layer", '{"class_name": "Dense"}'))
    assert look(bad, "keras_metadata.pb") == ({"lambda-layer"}, set())
    assert look(good, "keras_metadata.pb") == (set(), set())


def test_custom_operators_of_tensorflow_lite() -> None:
    operator = binary_tflite.operator
    assert look(binary_tflite.model(), "m.tflite") == (set(), set())
    assert look(binary_tflite.model([operator(32, "TFLite_Detection_PostProcess")]), "m.tflite") == (set(), set())
    assert look(binary_tflite.model([operator(32, "FlexErf")]), "m.tflite") == (set(), set())
    assert look(binary_tflite.model([operator(32, "FlexReadFile")]), "m.tflite") == ({"dangerous-operator"}, set())
    assert look(binary_tflite.model([operator(32, "AcmeOp")]), "m.tflite") == ({"custom-operator"}, set())


def script(body: str) -> bytes:
    head = (
        "class Net(Module):\n  __parameters__ = []\n  __buffers__ = []\n  def forward(self: __torch__.Net) -> Tensor:\n"
    )
    return (head + f"    {body}\n").encode()


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("return torch.add(torch.relu(x), CONSTANTS.c0, alpha=1)", set()),
        ("return ops.quantized.linear(x, w, 0.1, 0)", set()),
        ('ops.prim.RaiseException("torch.from_file(x)")', set()),
        ("w = torch.from_file('/etc/passwd', False, 10)", {"dangerous-operator"}),
        ("ops.aten.save(x, 'a')", {"dangerous-operator"}),
        ("return ops.acme.fast(x)", {"custom-operator"}),
        ("h = __torch__.torch.classes.acme.Handle.__new__(x)", {"custom-operator"}),
    ],
    ids=["arithmetic", "quantized", "a text", "a file", "saves", "an operator of others", "a class of others"],
)
def test_programs_of_torchscript_are_judged_by_their_operators(body: str, rules: set[str]) -> None:
    assert look(script(body), "net/code/__torch__.py") == (rules, set())


@pytest.mark.parametrize(
    ("module", "name", "rules"),
    [
        ("builtins", "relu", set()),
        ("keras.activations", "gelu", set()),
        ("keras.src.losses.losses", "mse", set()),
        ("builtins", "eval", {"dangerous-class"}),
        ("builtins", "os.system", {"dangerous-class"}),
        ("keras.activationsx", "gelu", {"dangerous-class"}),
        ("kerasx.activations", "gelu", {"unknown-class"}),
    ],
)
def test_functions_of_keras_are_its_own_or_not(module: str, name: str, rules: set[str]) -> None:
    function = {"module": module, "class_name": "function", "config": name, "registered_name": "function"}
    assert look(binary_keras.config(binary_keras.layer("Dense", activation=function)), "config.json")[0] == rules


@pytest.mark.parametrize("name", ["os", "builtins.eval", "eval", "subprocess.Popen", "numpy.os.system", "sys.modules"])
def test_names_that_lead_to_the_system_are_dangerous(name: str) -> None:
    assert look(json.dumps({"_target_": name}).encode(), "c.json")[0] == {"dangerous-class"}


@pytest.mark.parametrize("name", ["mymodel", "acme", "acme.nets.Net"])
def test_names_that_nobody_knows_are_a_doubt(name: str) -> None:
    assert look(f"loader_module: {name}".encode(), "MLmodel")[0] == {"unknown-class"}


def test_filters_of_hdf5_that_are_libraries_are_a_doubt() -> None:
    data = binary_hdf5.file(binary_hdf5.Group({"w": binary_hdf5.Data(filters=(1, 32001))}))
    assert look(data, "w.h5") == ({"custom-operator"}, set())


def test_what_readers_merge_or_replace_is_malformed() -> None:
    assert look(binary_onnx.linear() + binary_saved_model.block(7), "m.onnx")[0] == {"malformed-header"}


def test_core_ml_and_openvino_need_what_they_name() -> None:
    assert look(binary_openvino.model(), "m.xml")[0] == {"custom-operator"}
    assert look(binary_openvino.net(binary_openvino.layer("ReLU", "r")), "m.xml") == (set(), set())
    assert look(binary_coreml.classifier(), "m.mlmodel") == (set(), set())
    assert look(binary_coreml.model(403, binary_coreml.network("Mine")), "m.mlmodel")[0] == {"custom-operator"}


@pytest.mark.parametrize(
    "data",
    [binary_trees.xgboost_ubj(), binary_trees.lightgbm(), binary_trees.catboost()],
    ids=["xgboost", "lightgbm", "catboost"],
)
def test_trees_are_numbers(data: bytes) -> None:
    assert look(data, "model") == (set(), set())


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_a_json_document_in_a_wide_encoding_is_read_as_its_loader_does(codec: str) -> None:
    wide = binary_keras.config(binary_keras.lambda_layer()).decode().encode(codec)
    assert json.loads(wide)["class_name"] == "Sequential"
    assert "lambda-layer" in look(wide, "config.json")[0]
    assert look(wide[:-1], "config.json") == (set(), {GapReason.CORRUPT})


@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig"])
def test_yaml_behind_a_byte_order_mark_is_read(codec: str) -> None:
    assert look("a: !!python/object/apply:os.system ['true']".encode(codec), "a.yaml")[0] == {"dangerous-class"}


def test_keras_metadata_that_cannot_be_read_is_no_clean_one() -> None:
    twice = binary_keras.legacy().decode().replace("{", '{"class_name": "Dense", ', 1)
    for metadata in (twice, "{"):
        data = binary_saved_model.keras_metadata(("root.layer", "_tf_keras_layer", metadata))
        assert look(data, "keras_metadata.pb") == (set(), {GapReason.CORRUPT})


@pytest.mark.parametrize("data", [DANGEROUS["hidden-in-dict"], DANGEROUS["protocol-0"]], ids=["binary", "text"])
def test_an_attribute_that_pytables_unpickles_is_walked(data: bytes) -> None:
    file = binary_hdf5.file(Group({"df": Group(attributes={"non_index_axes": [data]})}))
    assert look(file, "store.h5") == ({"dangerous-call"}, set())


def test_attributes_that_are_sentences_or_plain_pickles_are_quiet() -> None:
    texts = {"note": [b"This is a sentence."], "axes": [pickle.dumps([(1, ["a", "b"])], 0)], "v": "Coordinates."}
    assert look(binary_hdf5.file(Group(attributes=texts)), "store.h5") == (set(), set())


def test_arrays_whose_rows_are_pickles_are_a_gap() -> None:
    file = binary_hdf5.file(Group({"x": Group(attributes={"PSEUDOATOM": [b"object"]})}))
    assert look(file, "store.h5") == (set(), {GapReason.UNSUPPORTED})


def test_lines_that_every_start_of_python_runs_are_told() -> None:
    assert look(b"src\nimport os; os.getcwd()\n", "evil.pth") == ({"startup-code"}, set())
    for quiet in (b"src\n../lib\n", b"# import os\n", b"imported\n", b""):
        assert look(quiet, "paths.pth") == (set(), set())
