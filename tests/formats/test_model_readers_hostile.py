"""What every reader of a model or of a document about one must stand: each in the same way."""

from __future__ import annotations

from contextlib import suppress

import pytest

from fixtures.metadata import binary_gguf
from gate.core.errors import NotExamined
from gate.formats.model_files import form_of
from gate.formats.model_headers import header_of
from gate.formats.model_kinds import READ
from gate.formats.weights import measured_npy
from tests.formats.hostile import Sparse, mutations
from tests.formats.test_model_document import SAID
from tests.formats.test_model_files import GOOD

MODELS = {kind: said[0] for kind, said in SAID.items()} | {"gguf": binary_gguf.model()}
READERS = {kind: (header_of(kind).reader, data) for kind, data in MODELS.items()}
READERS |= {path: (form_of(path, data).reader, data) for path, data in GOOD.items()}
NAMES = sorted(READERS)
CHANGES = 40
AHEAD = 2**16
"""Bytes that a reader may ask for beyond what it needs, each time."""


@pytest.mark.parametrize("name", NAMES, ids=[name.replace("/", "-")[:40] for name in NAMES])
def test_a_changed_file_is_read_or_refused_and_never_read_again_and_again(name):
    read, data = READERS[name]
    step = max(1, len(data) // 40)
    for changed in (*(data[:i] for i in range(0, len(data), step)), *mutations(data, CHANGES)):
        given = Sparse(len(changed), (0, changed))
        try:
            answer = read(given)
        except NotExamined as error:
            assert str(error) and len(str(error)) < 1000
        else:
            rows = (answer.claims if name in MODELS else answer).claims
            assert all(value.isprintable() and len(value) <= 400 for row in rows for value in row.values)
        assert given.read <= 64 * len(changed) + AHEAD


@pytest.mark.parametrize("name", NAMES, ids=[name.replace("/", "-")[:40] for name in NAMES])
def test_a_terabyte_behind_a_good_beginning_is_not_read(name):
    read, data = READERS[name]
    given = Sparse(2**40, (0, data))
    with suppress(NotExamined):
        read(given)
    assert given.read <= 40 * 2**20


def test_every_reader_is_here():
    assert MODELS.keys() == READ - {"npy"}


def test_the_header_of_an_array_is_refused_by_one_error():
    from fixtures.metadata import binary_npy

    for changed in mutations(binary_npy.npy(), 300):
        try:
            measured_npy(changed)
        except NotExamined:
            continue
