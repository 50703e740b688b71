"""Digests of what the reader of GGUF jumps over."""

import pytest

from fixtures.metadata.binary_gguf import Writer, model, vocabulary
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.limits import Limits
from gate.formats.gguf import read_gguf
from gate.formats.gguf_digests import read_gguf_digests


def read(data, reader=read_gguf_digests):
    return reader(Memory(data, Budget(Limits())))


def entry(data, key):
    return next(row for row in read(data).entries if row.key == key)


@pytest.mark.parametrize("data", [model(), model(2, ">"), vocabulary(10)], ids=["model", "big-endian", "short"])
def test_what_the_reader_keeps_is_the_same(data):
    plain, digested = read(data, read_gguf), read(data)
    assert (plain.tensors, plain.header_bytes, plain.problems) == (
        digested.tensors,
        digested.header_bytes,
        digested.problems,
    )
    assert [row.key for row in plain.entries] == [row.key for row in digested.entries]


def test_a_long_list_of_texts_has_a_digest_that_changes_with_any_of_them():
    data = vocabulary(5000)
    tokens = entry(data, "tokenizer.ggml.tokens")
    assert tokens.length == 5000 and len(tokens.items) == 1 and tokens.items[0].startswith("sha256:")
    at = data.index(b"token004321")
    other = data[:at] + b"tokem" + data[at + 5 :]
    assert entry(other, "tokenizer.ggml.tokens").items != tokens.items
    assert entry(other, "tokenizer.ggml.merges").items == entry(data, "tokenizer.ggml.merges").items


def test_a_long_list_of_numbers_has_a_digest():
    first, second = (Writer().file((("scores", [1] * 99 + [last]),)) for last in (1, 2))
    assert entry(first, "scores").items != entry(second, "scores").items
    assert entry(first, "scores").length == 100


def test_a_text_that_is_longer_than_what_is_kept_has_one_too():
    first, second = (Writer().file((("text", "a" * 5000 + last),)) for last in "xy")
    assert entry(first, "text").text == entry(second, "text").text
    assert entry(first, "text").items != entry(second, "text").items
    assert entry(Writer().file((("text", "short"),)), "text").items == ()


def test_a_list_that_claims_more_than_there_is_is_refused():
    data = vocabulary(100)
    length = (100).to_bytes(8, "little")
    for claim in (101, 10**6, 2**60):
        with pytest.raises(NotExamined):
            read(data.replace(length, claim.to_bytes(8, "little"), 1))
