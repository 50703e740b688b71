import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.metadata import text_sources as made
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.limits import Limits
from gate.formats.claims import CLAIMS, claimed, key_lines, meanings, publishable, steps
from gate.formats.licences import says_nothing, spdx
from gate.formats.model_files import form_of

GOOD = {
    "MLmodel": made.mlmodel(),
    "registered_model_meta": b"model_name: a\nmodel_version: 1\n",
    "MAR-INF/MANIFEST.json": made.torchserve(),
    "bento.yaml": made.bento(),
    "Kitfile": made.kitfile(),
    "blobs/sha256/" + "a" * 64: made.modelpack(),
    "config.json": made.huggingface()["generation_config.json"],
    "README.md": made.card("license: mit", "model-index: [{name: a, results: [{metrics: [{type: b, value: 1}]}]}]"),
    "model_card.json": made.model_card(),
    "config.pbtxt": made.TRITON,
    "dvc.lock": made.DVC_LOCK,
    "data.dvc": made.DVC,
    "schema.json": made.skops("1.2.3", "1.2.4"),
    "bom.json": made.cyclonedx(),
    "a.spdx.json": made.spdx3(),
    "b.spdx.json": made.spdx2(),
    "x.intoto.jsonl": made.provenance(),
    "sbom.cdx.xml": made.cyclonedx_xml(),
    "prefixed.bom.xml": made.cyclonedx_xml(prefix="cdx"),
    "c.spdx": made.spdx_tags(),
    "m/models/model.json": made.exported(),
    "gate-model.yaml": made.own(params={"a": [1, {"b": 2}]}, data=[{"name": "n", "digest": made.DATA}]),
}


def read(path, data):
    form = form_of(path, data)
    return form.reader(Memory(data, Budget(Limits())))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.rpartition("/")[2][:20])
def test_every_row_of_the_table_reads_its_document(path):
    claims = read(path, GOOD[path])
    assert claims.claims and not claims.repeated and not claims.cut


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_a_changed_document_is_read_or_refused_and_nothing_else(path, data):
    raw = bytearray(GOOD[path])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        cut = data.draw(st.integers(0, 3))
        raw[at : at + cut] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"[", b"{", b"null", b"- ", b": ", b"&a ", b"*a"])
        )
    form = form_of(path, GOOD[path])
    try:
        claims = form.reader(Memory(bytes(raw), Budget(Limits())))
    except NotExamined as error:
        assert str(error)
        return
    for row in claims.claims:
        assert row.values and all(value.isprintable() and len(value) <= 400 for value in row.values)
        assert row.key.isprintable() and row.field.isprintable() and (row.line == -1 or row.line > 0)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=12,
)
FIELDS = st.lists(st.sampled_from(["a", "b", "c[]", "*", "**", "@keys", "d"]), min_size=1, max_size=4).map(".".join)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(VALUES, FIELDS)
def test_any_path_may_be_asked_of_any_document(value, field):
    for row in claimed(meanings({"k.{}.{a}": field}), value):
        assert row.values and row.key.startswith("k.")


def test_a_path_says_where_it_found_what():
    document = {"a": {"x": [{"n": "one", "v": 1}, {"v": 2}]}, "b": {"c": {"d": True}}}
    table = meanings({"m.{n}": "a.x[].v", "p.{}": "b.**", "k": "a.@keys", "none": ["q", "b.c.d"]})
    rows = [(row.key, row.values, row.field) for row in claimed(table, document)]
    assert rows == [
        ("m.one", ("1",), "a.x[0].v"),
        ("m.?", ("2",), "a.x[1].v"),
        ("p.c.d", ("true",), "b.c.d"),
        ("k", ("x",), "a"),
        ("none", ("true",), "b.c.d"),
    ]
    assert steps("a.b[].c") == ("a", "b", "[]", "c")


def test_lines_are_told_where_they_are_sure():
    text = 'a: 1\nb:\n  c: 2\n"d": 3\n{"e": 4, \'f\':5}\nc: 9\n'
    assert key_lines(text) == {"a": 1, "b": 2, "c": -1, "d": 4, "e": 5, "f": 5}
    assert key_lines(text + " " * 2**18) == {}


@pytest.mark.parametrize(
    ("key", "text", "shown"),
    [
        ("owner", "Jane", "…"),
        ("owner", "Jane Doe", "Ja…"),
        ("description", "anything", "stated"),
        ("name", "bert", "bert"),
        ("name", "by jane@x.example", "by …"),
        ("base_model", "org/name", "org/name"),
        ("base_model", "C:\\Users\\jane\\m", "…/m"),
        ("base_model", "file:///home/jane/m/", "…/m"),
        ("repository", "https://a:b@git.example/x?t=1", "https://git.example"),
        ("param.lr", "1e-5", "1e-5"),
        ("param.solver", "lbfgs", "lbfgs"),
        ("param.api_key", "lbfgs", "…"),
        ("param.note", "two words", "…"),
        ("tag.team", "x" * 40, "…"),
    ],
)
def test_what_may_be_published(key, text, shown):
    assert publishable(key, text) == shown


@pytest.mark.parametrize(
    ("declared", "expression"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("Apache 2.0", "Apache-2.0"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("gpl", ""),
        ("openrail", ""),
        ("llama3.1", ""),
        ("", ""),
        ("(" * 500, ""),
        ("LicenseRef-Own", "LicenseRef-Own"),
        ("odc-by", "ODC-By-1.0"),
    ],
)
def test_licences_in_spdx(declared, expression):
    assert spdx(declared) == expression


def test_words_that_say_nothing_about_a_licence():
    assert [says_nothing(word) for word in ("other", "Unknown", "NOASSERTION", "mit")] == [True, True, True, False]


def test_a_hundred_thousand_names_that_are_none_of_them_cost_little():
    begin = time.process_time()
    for i in range(100_000):
        assert form_of(f"data/images/class-{i % 100}/{i:07}.png", b"\x89PNG") is None
    assert time.process_time() - begin < 2


def test_a_document_of_too_many_claims_is_cut():
    claims = read("params.yaml", b"".join(b"p%d: %d\n" % (i, i) for i in range(CLAIMS + 5)))
    assert (len(claims.claims), claims.cut) == (CLAIMS, True)


def test_a_bill_of_materials_says_the_same_as_json_and_as_xml():
    def said(path, data):
        return {(row.key, row.values) for row in read(path, data).claims}

    xml = said("bom.xml", made.cyclonedx_xml())
    assert xml == said("bom.xml", made.cyclonedx_xml(prefix="c"))
    assert xml == said("bom.json", made.cyclonedx()) - {("architecture", ("two-tower",))}
    assert said("c.spdx", made.spdx_tags()) == said("b.spdx.json", made.spdx2())


@pytest.mark.parametrize(
    "data", [b"<project/>", b"<bom/>", b"<bom><components><component type='file'/></components></bom>"]
)
def test_other_xml_says_nothing(data):
    assert read("bom.xml", data).claims == ()


def test_of_two_models_in_one_bill_neither_is_the_model():
    one = b"<component type='machine-learning-model'><name>a</name></component>"
    assert read("bom.xml", b"<bom><components>" + one + b"</components></bom>").claims
    assert read("bom.xml", b"<bom><components>" + 2 * one + b"</components></bom>").claims == ()
