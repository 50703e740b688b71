"""Graphs of OpenVINO models, and the XML that they are written in."""

from __future__ import annotations

import time

import pytest

from fixtures.metadata import binary_openvino as build
from gate.archive.budget import Budget
from gate.archive.source import Forward
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats import openvino as module
from gate.formats import xml_events
from gate.formats.openvino import LayerType, OpenVino, read_openvino
from gate.formats.port import Port
from tests.formats.hostile import source, stands


def read(data):
    return read_openvino(source(data))


def reason(data):
    with pytest.raises(NotExamined) as error:
        read(data)
    return error.value.reason


def test_a_model_is_read_whole():
    data = build.model()
    expected = OpenVino(
        name="mymodel",
        version=11,
        layers=(
            LayerType("my_extension", "Custom", 1),
            LayerType("opset1", "Const", 1),
            LayerType("opset1", "Parameter", 2),
            LayerType("opset1", "ReLU", 1),
            LayerType("opset1", "Result", 1),
            LayerType("opset5", "Loop", 1),
        ),
        inputs=(Port("x", "float32", (None, 3)),),
        outputs=(Port("y", "int64", (None, 2)),),
        info=(("info/OpenVINO Runtime", "2026.4.1"), ("model_info/version", "1.2")),
        dtypes=(("float32", 6, 24),),
        weights=88,
    )
    assert read(data) == expected
    assert read_openvino(Forward(lambda: iter([data[:99], data[99:]]), len(data), Budget(Limits()))) == expected


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE net>",
        '<!DOCTYPE net SYSTEM "http://example.com/x.dtd">',
        '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_a_document_type_is_refused(before):
    with pytest.raises(FormatError) as error:
        read(build.net(before=before))
    assert "document type" in str(error.value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<net",
        b"<other version='1'/>",
        b"<net name='x'/>",
        b"<net version='11'>&undefined;</net>",
        build.net().replace(b"mymodel", b"\xff"),
        b"\x80\x04.",
    ],
)
def test_what_is_no_model_is_a_format_error(data):
    assert reason(data) is GapReason.CORRUPT


def test_other_encodings_read_the_same_or_not_at_all():
    assert read(build.model().decode().encode("utf-16")) == read(build.model())
    for name in ("utf-7", "nothing", "utf-32", "latin-1"):
        data = build.model().replace(b'"1.0"', f'"1.0" encoding="{name}"'.encode())
        assert read(data) == read(build.model())


def test_xml_is_bounded(monkeypatch):
    assert reason(b"<net version='11'>" + b"<a>" * 100_000) is GapReason.TOO_DEEP
    monkeypatch.setattr(xml_events, "ELEMENTS", 5)
    assert reason(build.model()) is GapReason.TOO_MANY
    monkeypatch.setattr(xml_events, "BYTES", 50)
    assert reason(build.model()) is GapReason.TOO_LARGE


def test_numbers_of_things_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "ITEMS", 2)
    assert reason(build.net(*(build.layer(f"T{i}", "x") for i in range(3)))) is GapReason.TOO_MANY
    assert reason(build.net(*(build.layer("Parameter", "x") for i in range(3)))) is GapReason.TOO_MANY
    assert reason(build.net(info="<a value='1'/>" * 3)) is GapReason.TOO_MANY


def test_sizes_that_cannot_be_count_nothing():
    found = read(build.net(build.constant("w", "9" * 18 + "," + "9" * 18, 0, 4), build.constant("v", "a,-1", 0, 4)))
    assert found.dtypes == (("float32", 1, 8),)


def test_a_long_text_costs_little():
    begun = time.process_time()
    read(b"<net version='11'><a>" + b"x" * 10**7 + b"</a></net>")
    read(b"<net version='11'><a b='" + b"x" * 10**7 + b"'/></net>")
    assert time.process_time() - begun < 2


def test_hostile_bytes_raise_nothing_else():
    assert stands(read_openvino, build.model()) > 0


def test_the_library_writes_the_same(tmp_path):
    """Only where openvino is installed."""
    ov = pytest.importorskip("openvino")
    numpy = pytest.importorskip("numpy")
    from openvino import opset13 as ops

    x = ops.parameter([-1, 3], numpy.float32, name="x")
    product = ops.matmul(x, ops.constant(numpy.ones((3, 2), numpy.float32)), False, False)
    model = ov.Model([ops.result(product, name="y")], [x], "mymodel")
    model.set_rt_info("1.2", ["model_info", "version"])
    ov.save_model(model, tmp_path / "m.xml", compress_to_fp16=False)
    found = read((tmp_path / "m.xml").read_bytes())
    assert (found.name, found.inputs) == ("mymodel", (Port("x", "float32", (None, 3)),))
    assert found.outputs == (Port("y", "float32", (None, 2)),)
    assert ("model_info/version", "1.2") in found.info
    assert (found.dtypes, found.weights) == ((("float32", 6, 24),), (tmp_path / "m.bin").stat().st_size)
