"""What the tests of the walker share."""

from __future__ import annotations

import pytest

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.limits import Limits


@pytest.fixture
def budget():
    return Budget(Limits())


@pytest.fixture
def source(budget):
    """source(b"...") -> the bytes as a Source."""
    return lambda data: Memory(data, budget)
