import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.records import same


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("2.3", "2.3.0", True),
        ("v2.3", "2.3.0", True),
        ("2.1.0+cu118", "2.1.0", True),
        ("0", "0.0.0", True),
        ("1!2.0", "2.0", False),
        ("2.30", "2.3", False),
        ("2.3.0.post1", "2.3", False),
        ("2.3rc1", "2.3.0-rc.1", True),
        ("x", "X ", True),
    ],
)
def test_versions(one, other, equal):
    assert (same.versions([one]) == same.versions([other])) is equal


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=12))
def test_every_text_is_the_same_as_itself(text):
    for normal in (same.versions, same.licences, same.names, same.plain):
        assert normal([text]) == normal([text])
    assert same.allows(text, text, "") is True


@pytest.mark.parametrize(
    ("version", "exact", "specifier", "fits"),
    [
        ("1.9.1", "1.9.1", "", True),
        ("1.9.1", "1.9.1.0", "", True),
        ("1.9.1", "1.9.2", "", False),
        ("1.9.1", "", ">=1,<2", True),
        ("1.9.1", "", "~=1.8.0", False),
        ("2.0.0rc1", "", ">=1", True),
        ("unknown", "1.9", "", True),
        ("1.9", "", "!!", True),
        ("1" * 200, "1", "", True),
    ],
)
def test_a_requirement_is_fulfilled_or_cannot_be_read(version, exact, specifier, fits):
    assert same.allows(version, exact, specifier) is fits
