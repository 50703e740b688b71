"""What kind of licence is declared."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.formats.licence_kinds import ORDER, categories


@pytest.mark.parametrize(
    ("licence", "kinds"),
    [
        ("apache-2.0", "permissive"),
        ("MIT", "permissive"),
        ("cc-by-4.0", "permissive"),
        ("openmdw-1.0", "permissive"),
        ("GPL-3.0-only", "copyleft"),
        ("gpl", "copyleft"),
        ("lgpl-2.1", "copyleft"),
        ("cc-by-sa-4.0", "copyleft"),
        ("agpl-3.0", "network-copyleft"),
        ("cc-by-nc-4.0", "non-commercial"),
        ("cc-by-nc-sa-4.0", "non-commercial"),
        ("creativeml-openrail-m", "use-restricted"),
        ("openrail++", "use-restricted"),
        ("llama3.1", "use-restricted"),
        ("gemma", "use-restricted"),
        ("other", "unknown"),
        ("ask my manager", "unknown"),
        ("cc", "unknown"),
        ("", "unknown"),
        ("MIT OR GPL-3.0-only", "permissive"),
        ("MIT AND GPL-3.0-only", "permissive copyleft"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "copyleft"),
        ("(MIT AND AGPL-3.0-only) OR Apache-2.0", "permissive"),
        ("(MIT OR AGPL-3.0-only) AND CC-BY-NC-4.0", "permissive non-commercial"),
        ("LicenseRef-Own OR AGPL-3.0-only", "network-copyleft"),
        ("(" * 40 + "MIT" + ")" * 40, "unknown"),
    ],
)
def test_the_kind_of_a_licence(licence, kinds):
    assert categories([licence]) == tuple(kinds.split())


def test_several_licences_hold_at_once():
    assert categories(["mit", "llama2"]) == ("permissive", "use-restricted") and categories([]) == ()


WORDS = st.sampled_from(
    ["MIT", "GPL-3.0-only", "AND", "OR", "WITH", "(", ")", "x", "Classpath-exception-2.0", "\n", "*"]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_any_text_has_a_kind(text):
    assert set(categories([text])) <= set(ORDER) and categories([text])
