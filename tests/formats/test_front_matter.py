import pytest

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats.front_matter import BYTES, begins, read_front_matter


def read(data):
    return read_front_matter(Memory(data, Budget(Limits())))


@pytest.mark.parametrize(
    ("data", "block"),
    [
        (b"---\na: 1\n---\ntext", b"\na: 1\n"),
        (b"\xef\xbb\xbf---\r\na: 1\r\n---\r\n", b"\na: 1\r\n"),
        (b"--- \na: 1\n---  ", b"\na: 1\n"),
        (b"---\n---\n", b"\n"),
        (b"---\na: 1\n", b""),
        (b"# T\n---\na: 1\n---\n", b""),
        (b"----\na: 1\n----\n", b""),
        (b"", b""),
    ],
)
def test_the_block_between_the_first_two_rules(data, block):
    assert read(data) == block
    assert begins(data) == data.lstrip(b"\xef\xbb\xbf").startswith((b"---\n", b"---\r", b"--- "))


def test_a_block_that_does_not_end_is_not_read_to_its_end():
    with pytest.raises(NotExamined) as error:
        read(b"---\n" + b"a" * (BYTES + 1))
    assert error.value.reason is GapReason.TOO_LARGE
