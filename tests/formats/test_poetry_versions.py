import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from gate.formats.poetry_versions import specifier


@pytest.mark.parametrize(
    ("constraint", "wanted"),
    [  # the examples of poetry's own documentation
        ("^1.2.3", ">=1.2.3,<2"), ("^1.2", ">=1.2,<2"), ("^1", ">=1,<2"), ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"), ("^0.0", ">=0.0,<0.1"), ("^0", ">=0,<1"),
        ("~1.2.3", ">=1.2.3,<1.3"), ("~1.2", ">=1.2,<1.3"), ("~1", ">=1,<2"),
        ("1.*", "==1.*"), ("1.2.*", "==1.2.*"), ("==1.2.*", "==1.2.*"), ("*", ""), ("", ""),
        (">= 1.2, < 1.5", ">=1.2,<1.5"), (">=1.2 <1.5", ">=1.2,<1.5"), ("~=1.4", "~=1.4"), ("!=1.5", "!=1.5"),
        ("1.2.3", "==1.2.3"), ("==1.2.3", "==1.2.3"), ("^1.0 || ^2.0", ""), ("nonsense", ""), ("^", ""), ("^x", ""),
        ("^1.2.3,!=1.4", ">=1.2.3,<2,!=1.4"), ("^" + "9" * 600, ""),
    ],
)  # fmt: skip
def test_a_constraint_means_what_poetry_means(constraint, wanted):
    assert SpecifierSet(specifier(constraint)) == SpecifierSet(wanted)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.sampled_from("^~"))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_caret_or_tilde_allows_its_version_and_not_the_next_major_one(numbers, sign):
    version = ".".join(map(str, numbers))
    allowed = SpecifierSet(specifier(sign + version))
    assert allowed.contains(Version(version))
    assert not allowed.contains(Version(f"{numbers[0] + 1}.0"))


@given(st.text("^~<>=!|,*. 0123456789abrc+", max_size=40))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_text_is_a_specifier_or_any_version(text):
    SpecifierSet(specifier(text))
