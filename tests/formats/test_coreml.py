"""Core ML models and packages."""

from __future__ import annotations

import pytest

from fixtures.metadata import binary_coreml as build
from fixtures.metadata.binary_protobuf import block, integer
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import coreml as module
from gate.formats import coreml_words
from gate.formats.coreml import CoreMl, Package, PackageItem, read_coreml, read_package
from gate.formats.port import Port
from tests.formats.hostile import source, stands


def read(data):
    return read_coreml(source(data))


def test_a_model_is_read_whole():
    assert read(build.classifier()) == CoreMl(
        version=8,
        kinds=("mlProgram",),
        description="Tells cats",
        model_version="1.4.0",
        author="A Team",
        license="MIT",
        user=(("com.example.run", "42"),),
        inputs=(Port("image", "float32", (1, 3, 224, 224)), Port("flag", "int64", None, True)),
        outputs=(Port("label", "string", None),),
        custom=(),
        files=("@model_path/weights/weight.bin",),
        operations=(("cond", 1), ("const", 1), ("conv", 1), ("relu", 1)),
        repeated=(),
    )


def test_native_classes_are_found_in_pipelines():
    inner = build.model(403, build.network("MyLayer", "Other"))
    custom = build.model(555, block(10, "MyModel"))
    pipeline = block(1, inner) + block(1, custom)
    for kind, body in ((202, pipeline), (200, block(1, pipeline)), (201, block(1, pipeline))):
        found = read(build.model(kind, body))
        assert found.kinds == (coreml_words.KINDS[kind], "neuralNetworkClassifier", "customModel")
        assert found.custom == ("MyLayer", "Other", "MyModel")


def test_a_linked_model_is_a_file():
    body = block(1, block(1, block(1, "other.mlmodelc")), block(2, block(1, "../../elsewhere")))
    assert read(build.model(556, body)).files == ("../../elsewhere", "other.mlmodelc")


def test_what_is_appended_is_told():
    data = build.classifier() + build.model(555, block(10, "Evil"), version=9)
    found = read(data)
    assert (found.version, found.kinds, found.custom) == (9, ("mlProgram", "customModel"), ("Evil",))
    assert found.repeated == ("version", "model")


@pytest.mark.parametrize("data", [b"", integer(1, 8), block(500), b"\x08", b"\x12\x7f"])
def test_what_is_no_model_is_a_format_error(data):
    with pytest.raises(FormatError):
        read(data)


def test_numbers_of_things_and_depth_are_bounded(monkeypatch):
    deep = build.model(900, b"")
    for _ in range(60):
        deep = build.model(202, block(1, deep))
    with pytest.raises(NotExamined) as error:
        read(deep)
    assert error.value.reason is GapReason.TOO_DEEP
    monkeypatch.setattr(module, "ITEMS", 2)
    with pytest.raises(NotExamined) as error:
        read(build.model(500, build.network("A", "B", "C")))
    assert error.value.reason is GapReason.TOO_MANY


def test_a_package_names_its_model():
    assert read_package(source(build.package())) == Package(
        "1.0.0",
        "com.apple.CoreML/model.mlmodel",
        (
            PackageItem("com.apple.CoreML/model.mlmodel", "model.mlmodel", "com.apple.CoreML"),
            PackageItem("com.apple.CoreML/weights", "weights", "com.apple.CoreML"),
        ),
    )
    assert read_package(source(build.package(root="X"))).root == ""
    for data in (b"[]", b"{}", b'{"itemInfoEntries": []}', b"x"):
        with pytest.raises(FormatError):
            read_package(source(data))


def test_hostile_bytes_raise_nothing_else():
    assert stands(read_coreml, build.classifier()) > 0
    assert stands(read_coreml, build.model(202, block(1, build.model(403, build.network("A"))))) > 0
    assert stands(read_package, build.package()) > 0


def test_the_library_writes_the_same(tmp_path):
    """Only where coremltools is installed."""
    pytest.importorskip("coremltools")
    from coremltools.proto import Model_pb2

    model = Model_pb2.Model.FromString(build.classifier())
    assert model.description.metadata.author == "A Team"
    assert model.WhichOneof("Type") == "mlProgram"
    assert [feature.name for feature in model.description.input] == ["image", "flag"]
    assert list(model.description.input[0].type.multiArrayType.shape) == [1, 3, 224, 224]
    block_ = model.mlProgram.functions["main"].block_specializations["CoreML7"]
    assert [operation.type for operation in block_.operations] == ["const", "conv", "cond"]
    assert block_.operations[0].attributes["val"].blobFileValue.fileName == "@model_path/weights/weight.bin"
    assert read(model.SerializeToString()) == read(build.classifier())
    custom = Model_pb2.Model.FromString(build.model(403, build.network("MyLayer")))
    assert custom.neuralNetworkClassifier.layers[0].custom.className == "MyLayer"
