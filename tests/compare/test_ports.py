import pytest

from gate.compare.ports import compare_ports, line
from gate.compare.table import table


def words(side, old, new):
    return [change.word for change in compare_ports(side, old, new)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("age: long", ("age", "long", None, False)),
        ("x?: float32[-1, 3]", ("x", "float32", ("-1", "3"), True)),
        ("x: float32[]", ("x", "float32", (), False)),
        ("float32[N, 3]", ("", "float32", ("N", "3"), False)),
        ("a: b: int64[N]", ("a", "b: int64", ("N",), False)),
        ("", ("", "", None, False)),
    ],
)
def test_a_line_of_the_record_is_read_back(text, parts):
    found = line(text)
    assert (found.name, found.dtype, found.shape, found.optional) == parts


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["a: long"], ["a: long"], []),
        (["a: long"], [], ["removed"]),
        ([], ["a: long"], ["added"]),
        ([], ["a?: long"], ["added-optional"]),
        (["a: long"], ["a: string"], ["dtype"]),
        (["a: integer"], ["a: long"], ["wider"]),
        (["a: long"], ["a: integer"], ["dtype"]),
        (["a: int32[1]"], ["a: int64[1]"], ["dtype"]),
        (["a: long"], ["a?: long"], ["optional"]),
        (["a?: long"], ["a: long"], ["required"]),
        (["a: f[1]"], ["a: f[-1]"], ["wider"]),
        (["a: f[1]"], ["a: f[N]"], ["wider"]),
        (["a: f[-1]"], ["a: f[1]"], ["narrower"]),
        (["a: f[1]"], ["a: f[2]"], ["shape"]),
        (["a: f[1]"], ["a: f[1, 1]"], ["shape"]),
        (["a: f[1, N]"], ["a: f[2, 3]"], ["narrower", "shape"]),
        (["a: f[N]"], ["a: f[M]"], ["symbol"]),
        (["a: f"], ["a: f[1]"], ["narrower"]),
        (["a: f", "b: g"], ["b: g", "a: f"], ["reordered"]),
        (["f", "g"], ["g", "f"], ["order"]),
        (["f"], ["f", "g"], ["added"]),
        (["f", "g"], ["f"], ["removed"]),
        (["f"], ["g"], ["dtype"]),
    ],
)
def test_what_differs_between_inputs(old, new, expected):
    assert words("inputs", old, new) == expected


def test_who_reads_an_output_is_hurt_by_the_opposite_of_who_sends_an_input():
    rows = table().ports
    for word, opposite in (("wider", "narrower"), ("optional", "required")):
        assert rows["inputs"][word].word == rows["outputs"][opposite].word == "minor"
        assert rows["inputs"][opposite].word == rows["outputs"][word].word == "major"


def test_every_word_has_a_step_on_every_side():
    rows = table().ports
    said = {"removed", "added", "added-optional", "dtype", "required", "optional", "wider", "narrower", "shape"}
    assert all(side.keys() == said | {"order", "reordered", "symbol"} for side in rows.values())


def test_hostile_lines_take_no_time():
    for text in (": " * 200, "?" * 400, "[" * 400, "a: b[" + "," * 390, "x" * 400 + "?"):
        assert line(text[:400])
