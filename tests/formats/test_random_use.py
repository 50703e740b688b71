import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.determinism.runs import SEEDED, UNSEEDED
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.limits import Limits
from gate.formats.random_use import BYTES, SIGNS, read_random_use


def read(source):
    return read_random_use(Memory(source, Budget(Limits())))


def signs(source):
    return [(sign.kind, sign.name, sign.line) for sign in read(source).signs]


def test_seeded_source():
    assert signs(SEEDED) == [
        ("seed", "transformers.set_seed", 4),
        ("use", "random.shuffle", 5),
        ("seed", "numpy.random.default_rng", 6),
    ]


def test_source_without_seeds():
    assert signs(UNSEEDED) == [
        ("use", "random.shuffle", 4),
        ("unseeded", "numpy.random.default_rng", 5),
        ("unseeded", "numpy.random.RandomState", 6),
        ("unseeded", "torch.manual_seed", 7),
        ("use", "torch.randn", 8),
        ("flag", "torch.backends.cudnn.benchmark", 9),
        ("flag", "torch.use_deterministic_algorithms", 10),
    ]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("from sklearn.model_selection import train_test_split as s\ns(x, y)", "unseeded"),
        ("from sklearn.model_selection import train_test_split as s\ns(x, random_state=0)", "seed"),
        ("import numpy\nnumpy.random.default_rng(seed=None)", "unseeded"),
        ("import numpy\nnumpy.random.default_rng(**options)", "seed"),
        ("import torch\ntorch.randn(3, generator=g)", None),
        ("import torch\ntorch.use_deterministic_algorithms(True)", "steady"),
        ("import torch\ntorch.backends.cudnn.benchmark = enabled", None),
        ("from .random import seed\nseed()", None),
        ("def shuffle(x): pass\nshuffle(1)", None),
        ("random.shuffle(x)", None),
    ],
)
def test_what_is_called_is_told_by_what_was_imported(line, kind):
    assert [sign[0] for sign in signs(line.encode())] == ([kind] if kind else [])


@pytest.mark.parametrize(
    "source",
    [
        b"print 'two'",
        b"\0",
        b"(" * 5000,
        b"-" * 200_000 + b"1",
        b"x = [" * 3000,
        b"# coding: nothing\n",
        b"\xff\xfe",
        b"a." * 100_000,
    ],
    ids=range(8),
)
def test_what_is_no_source_says_nothing(source):
    result = read(source)
    assert (result.signs, result.parsed) == ((), False)


def test_a_large_file_is_not_read_and_many_signs_are_cut():
    with pytest.raises(NotExamined):
        read(b"#" * (BYTES + 1))
    assert len(signs(b"import random\n" + b"random.seed()\n" * 500)) == SIGNS


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_changed_source_is_read_or_says_nothing(data):
    raw = bytearray(UNSEEDED)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    assert isinstance(read(bytes(raw)).parsed, bool)
