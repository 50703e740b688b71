"""A saved result and inventory are a stranger's text: refused in one line, or read."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.compare.compare import compare
from gate.compare.saved import RESULT_BYTES, begins, read_saved
from gate.core.errors import NotExamined
from gate.output.comparison import RENDERERS
from tests.compare.pairs import RULES, base, config, scanned
from tests.compare.saving import saved


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return saved(scanned(base(), tmp_path_factory.mktemp("saved") / "m"))


def changed(data, *path, to):
    row = json.loads(data)
    at = row
    for key in path[:-1]:
        at = at[key]
    if to is None:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return json.dumps(row, sort_keys=True).encode()


def refused(data, lines=None):
    with pytest.raises(NotExamined) as caught:
        read_saved(data, lines)
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)
    return str(caught.value)


def test_what_gate_wrote_is_known_by_its_first_bytes(result):
    data, lines = result
    pretty = json.dumps(json.loads(data), indent=2, sort_keys=True).encode()
    assert begins(data[:100]) and begins(pretty[:100]) and begins(next(lines()))
    assert begins(b'{"schema": "gate.compare/v1"}')
    assert not begins(config()) and not begins(b"PK\3\4") and not begins(b"") and not begins(b'["decision"]')


@pytest.mark.parametrize(
    ("path", "to", "says"),
    [
        (("schema",), "gate.result/v2", "is no gate.result/v1"),
        (("schema",), "gate.inventory/v1", "is no gate.result/v1"),
        (("subject",), None, "subject: no object"),
        (("subject", "digest"), {"md5": "0" * 64}, "algorithm"),
        (("subject", "digest"), {"sha256": "00"}, "no digest in hex"),
        (("subject", "size"), -1, "less than nothing"),
        (("subject", "size"), 1.5, "no number"),
        (("subject", "size"), True, "no number"),
        (("subject", "name"), ["x"], "no text"),
        (("subject", "name"), "x" * 70_000, "no text"),
        (("facts",), {}, "facts: no list"),
        (("facts", 0, "location"), "x", "facts[0].location: no object"),
        (("facts", 0, "kind"), 3, "facts[0].kind: no text"),
        (("totals", "metadata.value"), 3, "no object"),
        (("totals", "metadata.value", "truncated"), "many", "no number"),
        (("gaps",), [{"reason": "because", "location": {"path": ""}, "inspector": "", "detail": ""}], "none of gate's"),
        (("inventory", "root"), "x", "no object"),
        (("inventory", "members"), 2**60, "no number"),
        (("model",), None, "model: no object"),
    ],
)
def test_another_shape_is_refused_with_its_place(result, path, to, says):
    assert says in refused(changed(result[0], *path, to=to))


@pytest.mark.parametrize("field", ["about", "key", "values", "line", "chosen"])
@pytest.mark.parametrize("to", [{"x": 1}, None])
def test_a_fact_of_another_shape_is_refused(result, field, to):
    facts = json.loads(result[0])["facts"]
    place = next(i for i, fact in enumerate(facts) if fact["kind"] == "metadata.value")
    assert f"facts[{place}].{field}" in refused(changed(result[0], "facts", place, "data", field, to=to))


def test_a_fact_with_a_field_more_is_of_a_newer_gate_and_is_read(result):
    data = changed(result[0], "facts", 0, "data", "colour", to="red")
    assert compare(read_saved(data, result[1]), read_saved(*result)).equal


def test_a_truncated_result_is_refused(result):
    for end in (1, 50, len(result[0]) // 2, len(result[0]) - 3):
        refused(result[0][:end])


def test_two_results_in_one_file_are_refused(result):
    refused(result[0] + result[0])


def test_a_key_that_stands_twice_is_refused(result):
    assert "stands twice" in refused(result[0].replace(b'{"decision":', b'{"subject":{},"decision":', 1))


def test_a_deep_or_wide_result_is_refused_at_once():
    begin = time.monotonic()
    for data in (
        b'{"decision":' + b"[" * 100_000,
        b'{"a":' + b"[0," * 2_000_000,
        b'{"a":1e999}',
        b'{"a":NaN}',
        b"\xff",
    ):
        refused(data)
    assert time.monotonic() - begin < 5


def test_a_result_that_lists_only_a_part_says_which(result):
    data = changed(result[0], "totals", "metadata.value", "truncated", to=7)
    new, _ = saved_other(result[0])
    answer = compare(read_saved(data, None), new)
    assert {row.reason for row in answer.uncompared} == {"no-inventory", "result-cut"}


def saved_other(data):
    row = json.loads(data)
    row["subject"]["digest"] = {"dirHash": "0" * 64}
    return read_saved(json.dumps(row).encode(), None), None


# -- inventories -------------------------------------------------------------------------------------------------------


def lines_of(result, change):
    rows = list(result[1]())
    return lambda: iter(change(rows))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: [], "line 1"),
        (lambda rows: [b"{}\n", *rows[1:]], "is no gate.inventory/v1"),
        (lambda rows: [rows[0].replace(b'"members":8', b'"members":9'), *rows[1:]], "another archive"),
        (lambda rows: [rows[0], *rows[:0:-1]], "not behind"),
        (lambda rows: [*rows, rows[-1]], "not behind"),
        (lambda rows: [*rows, rows[-1].replace(b'"path":"', b'"path":"z')], "9 members, the result has 8"),
        (lambda rows: [*rows[:-1], rows[-1].replace(b'"path":"', b'"path":"z')], "are not those of the result"),
        (lambda rows: [*rows[:-1], rows[-1][:-9] + b"\n"], "cut off"),
        (lambda rows: [*rows[:-1], b"[" * 500_000], "cut off"),
        (lambda rows: [*rows[:-1], b"[]\n"], "no object"),
        (lambda rows: [*rows[:-1], b'{"path": "z", "sha256": 3, "size": 4}\n'], "sha256: no text"),
        (lambda rows: [*rows[:-1], b'{"path": 3, "sha256": null, "size": null}\n'], "path: no text"),
    ],
    ids=[
        *(
            "empty",
            "no header",
            "of another count",
            "unsorted",
            "twice",
            "more",
            "renamed",
            "truncated",
            "deep",
            "a list",
        ),
        *("digest", "path"),
    ],
)
def test_an_inventory_that_is_not_that_of_the_result_is_refused(result, change, says):
    assert says in refused(result[0], lines_of(result, change))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_result_with_damage_is_read_or_refused_and_nothing_else(data, result):
    text, lines = bytearray(result[0]), list(result[1]())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.sampled_from(b'"{}[]:,0x\\\x00\xff'))
    line = data.draw(st.integers(0, len(lines) - 1))
    if data.draw(st.booleans()):
        lines[line] = lines[line][: data.draw(st.integers(0, len(lines[line])))]
    try:
        one = read_saved(bytes(text), lambda: iter(lines))
    except NotExamined:
        return
    answer = compare(one, read_saved(*result))
    for render in RENDERERS.values():
        assert render(answer, RULES).endswith("\n")


def test_control_characters_of_a_result_are_escaped(result):
    evil = "\x1b[2J##[group]\u202e\ud800"
    row = json.loads(result[0])
    row["subject"]["name"] = row["model"]["name"] = row["subject"]["kind"] = row["model"]["version"] = evil
    row["subject"]["digest"] = {}
    for fact in row["facts"]:
        if fact["kind"] == "metadata.value":
            fact["data"]["values"] = [evil]
            fact["location"]["path"] = evil + fact["location"]["path"]
    answer = compare(read_saved(json.dumps(row).encode(), None), read_saved(*result))
    for render in RENDERERS.values():
        text = render(answer, RULES)
        assert "\x1b" not in text and "##[" not in text and "\u202e" not in text
        assert text.encode()


def test_a_result_may_not_be_larger_than_its_bound():
    assert 2 * 2**20 < RESULT_BYTES < 100 * 10**6
