"""Symbol versions are compared as numbers."""

from __future__ import annotations

import pytest

from gate.targets.versions import highest, node, numbers


@pytest.mark.parametrize(
    ("text", "family", "number"),
    [
        ("GLIBC_2.2.5", "GLIBC", (2, 2, 5)),
        ("GLIBCXX_3.4.30", "GLIBCXX", (3, 4, 30)),
        ("GCC_7.0.0", "GCC", (7,)),
        ("CXXABI_1.3", "CXXABI", (1, 3)),
    ],
)
def test_a_numbered_version_has_a_family_and_integers(text, family, number):
    found = node(text)
    assert found is not None and (found.family, found.number) == (family, number)


@pytest.mark.parametrize(
    "text", ["GLIBC_PRIVATE", "libcudart.so.12", "", "_2.3", "GLIBC_", "GLIBC_2.", "GLIBC_2..3", "GLIBC_٢"]
)
def test_a_version_without_a_number_does_not_count(text):
    assert node(text) is None


def test_zeros_at_the_end_do_not_count_and_2_30_is_above_2_4():
    assert numbers("2.30") == (2, 30) > numbers("2.4")
    assert numbers("2.0.0") == numbers("2") == (2,)
    assert numbers("1" * 10) is None


def test_the_highest_of_each_family_is_found():
    texts = ["GLIBC_2.4", "GLIBC_2.38", "GLIBC_2.9", "GLIBC_PRIVATE", "CXXABI_1.3.9", "FOO_9"]
    assert highest(texts, ("GLIBC", "GLIBCXX", "CXXABI")) == ("GLIBC_2.38", "CXXABI_1.3.9")
