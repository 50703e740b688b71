"""The header of a GGUF file."""

from __future__ import annotations

import time

import pytest

from fixtures.metadata.binary_gguf import CARD, Writer, model, vocabulary
from gate.archive.budget import Budget
from gate.archive.source import Forward
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats import gguf
from gate.formats.gguf import Entry, Template, Tensor, read_gguf
from tests.formats.hostile import Sparse, source, stands

TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}"


def read(data):
    return read_gguf(source(data))


def reason(data):
    with pytest.raises(NotExamined) as error:
        read(data)
    return error.value.reason


@pytest.mark.parametrize(("version", "order"), [(1, "<"), (2, "<"), (3, "<"), (3, ">")])
def test_every_version_and_byte_order_reads_alike(version, order):
    found = read(model(version, order))
    assert (found.version, found.order, found.problems) == (version, "big" if order == ">" else "little", ())
    assert found.entries[:4] == (
        Entry("general.architecture", "string", "llama", (), 5),
        Entry("general.name", "string", "Small Llama", (), 11),
        Entry("general.version", "string", "v1.2", (), 4),
        Entry("general.license", "string", "apache-2.0", (), 10),
    )
    assert found.value("llama.rope.freq_base") == "10000.0"
    assert found.value("tokenizer.ggml.add_bos_token") == "true"
    assert found.value("general.file_type") == "7"
    assert found.value("nothing") == ""
    by_key = {entry.key: entry for entry in found.entries}
    assert by_key["general.tags"] == Entry("general.tags", "array of string", "", ("text-generation", "small"), 2)
    assert by_key["tokenizer.ggml.tokens"] == Entry("tokenizer.ggml.tokens", "array of string", "", (), 100)
    assert by_key["tokenizer.ggml.token_type"].kind == "array of int32"
    assert found.templates == (Template("tokenizer.chat_template", TEMPLATE, True),)
    assert found.tensors == (
        Tensor("token_embd.weight", "Q8_0", (64, 100), 0),
        Tensor("output_norm.weight", "F32", (64,), 6816),
    )
    assert found.dtypes == (("F32", 64, 256), ("Q8_0", 6400, 6800))
    assert (found.parameters, found.alignment) == (6464, 32)


def test_it_is_read_forward():
    data = model()
    assert read_gguf(Forward(lambda: iter([data]), len(data), Budget(Limits()))) == read(data)


def test_templates_are_found_by_name_and_by_content():
    values = [
        ("tokenizer.chat_template", "plain"),
        ("tokenizer.chat_template.tool_use", "{{ x }}"),
        ("general.description", "a {% if %}"),
        ("general.long", "x" * 2**20 + "{{ y }}"),
        ("general.name", "none"),
    ]
    found = read(Writer().file(values))
    assert [t.key for t in found.templates] == [key for key, _ in values[:4]]


def test_a_template_beyond_its_bound_is_told():
    found = read(Writer().file([("tokenizer.chat_template", "{{" + "x" * 2**20)]))
    assert (found.templates[0].whole, len(found.templates[0].text)) == (False, 2**20)
    assert (len(found.entries[0].text), found.entries[0].length) == (4096, 2**20 + 2)


def test_a_key_that_stands_twice_is_told():
    found = read(Writer().file([("general.license", "mit"), ("general.license", "gpl-3.0")]))
    assert found.problems == ("general.license stands 2 times",)
    assert found.value("general.license") == "gpl-3.0"


@pytest.mark.parametrize(
    ("tensors", "extra", "problem"),
    [
        ((("a", (8,), 0, 32), ("b", (16,), 0, 64)), 64, "64 bytes behind the last tensor"),
        ((("a", (2**40, 2**40), 0, 32),), 0, "more elements"),
        ((("a", (1, 1, 1, 1, 1), 0, 4),), 0, "5 dimensions"),
        ((("a", (33,), 8, 68),), 0, "does not divide"),
        ((("a", (8,), 4, 32),), 0, "not known: 4"),
        ((("a", (800,), 0, 32),), 0, "of a file of"),
        ((("a", (2**40, 2**22), 0, 32),), 0, "of a file of"),
    ],
)
def test_what_breaks_the_layout_is_told(tensors, extra, problem):
    data = Writer().file((), tensors)
    found = read(data + bytes(extra))
    assert [text for text in found.problems if problem in text], found.problems


def test_tensors_that_overlap_are_told():
    w = Writer()
    header = b"GGUF" + w.number("I", 3) + w.count(2) + w.count(0)
    header += w.tensor("a", (16,), 0, 0) + w.tensor("b", (16,), 0, 32)
    found = read(header.ljust(-(-len(header) // 32) * 32, b"\0") + bytes(96))
    assert found.problems == ("b begins at byte 32 of the data, the one before ends at 64",)


def test_an_alignment_is_obeyed_or_told():
    found = read(Writer().file([("general.alignment", 64)], [("a", (1,), 0, 4), ("b", (1,), 0, 4)], alignment=64))
    assert (found.alignment, found.problems) == (64, ())
    for value in (3, 0, "64"):
        assert "general.alignment is no power of two" in read(Writer().file([("general.alignment", value)])).problems


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GGUF",
        b"GGML" + bytes(30),
        b"GGUF\x04\0\0\0" + bytes(30),
        b"GGUF\0\0\0\0" + bytes(30),
        model()[:200],
        b"GGUF\x03\0\0\0" + bytes(8) + b"\x01" + bytes(7) + (2**60).to_bytes(8, "little"),
        Writer().file([("a", 1)]).replace(b"\x04\0\0\0\x01\0\0\0", b"\x63\0\0\0\x01\0\0\0"),
    ],
)
def test_what_is_no_file_of_this_kind_is_a_format_error(data):
    assert reason(data) is GapReason.CORRUPT


def test_countless_things_are_not_read():
    w = Writer()
    assert reason(b"GGUF" + w.number("I", 3) + w.count(2**63) + w.count(0)) is GapReason.TOO_MANY
    assert reason(b"GGUF" + w.number("I", 3) + w.count(0) + w.count(2**63)) is GapReason.TOO_MANY
    one = b"GGUF" + w.number("I", 3) + w.count(0) + w.count(1) + w.text("a") + w.number("I", 9)
    assert reason(one + w.number("I", 8) + w.count(2**60) + bytes(100)) is GapReason.CORRUPT
    assert reason(one + w.number("I", 12) + w.count(2**62) + bytes(100)) is GapReason.CORRUPT
    assert reason(one + w.number("I", 9) + w.count(1) + bytes(100)) is GapReason.UNSUPPORTED


def test_a_header_without_end_is_not_read(monkeypatch):
    monkeypatch.setattr(gguf, "HEADER", 1000)
    assert reason(model()) is GapReason.TOO_LARGE


def test_texts_without_end_are_not_kept(monkeypatch):
    monkeypatch.setattr(gguf, "KEPT", 3000)
    assert reason(Writer().file([("chat_template", "x" * 4000)])) is GapReason.BUDGET


def test_many_tensors_with_a_long_name_are_not_kept(monkeypatch):
    monkeypatch.setattr(gguf, "KEPT", 10_000)
    assert reason(Writer().file((), [("x" * 6000, (1,), 0, 4)] * 2)) is GapReason.BUDGET


def test_a_large_file_costs_its_header():
    head = Writer().file(CARD, [("w", (2**20, 2500), 0, 2**22 * 2500)], data=b"")
    large = Sparse(len(head) + 2**22 * 2500, (0, head))
    found = read_gguf(large)
    assert (found.problems, found.parameters) == ((), 2**20 * 2500)
    assert large.read <= 65_536 + found.header_bytes


def test_a_vocabulary_is_walked_quickly():
    data = vocabulary(150_000)
    begun = time.process_time()
    found = read(data)
    assert [entry.length for entry in found.entries] == [150_000, 150_000]
    assert time.process_time() - begun < 2


def test_hostile_bytes_raise_nothing_else():
    assert stands(read_gguf, model()) > 0
    assert stands(read_gguf, model(3, ">")) > 0


def test_the_library_reads_the_same(tmp_path):
    """Only where gguf is installed."""
    library = pytest.importorskip("gguf")
    path = tmp_path / "m.gguf"
    writer = library.GGUFWriter(path, "llama")
    numpy = pytest.importorskip("numpy")
    writer.add_name("n")
    writer.add_license("mit")
    writer.add_tags(["a", "b"])
    writer.add_chat_template([{"name": "default", "template": "{{ a }}"}, {"name": "tool", "template": "{{ b }}"}])
    writer.add_float64("x.y", 1.5)
    writer.add_uint64("x.z", 2**63)
    writer.add_tensor("a", numpy.zeros((3, 5), numpy.float32))
    writer.add_tensor("b", numpy.zeros((3, 5), numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = read(path.read_bytes())
    other = library.GGUFReader(path)
    assert found.problems == ()
    assert [e.key for e in found.entries] == [key for key in other.fields if not key.startswith("GGUF.")]
    assert {t.name: t.shape for t in found.tensors} == {t.name: tuple(map(int, t.shape)) for t in other.tensors}
    assert [t.text for t in found.templates] == ["{{ b }}", "{{ a }}"]
    assert (found.value("x.y"), found.value("x.z")) == ("1.5", str(2**63))
