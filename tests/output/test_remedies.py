import pytest

from gate.core.gap import GapReason
from gate.output.remedies import advice

ENGINE = (
    "unavailable",
    "timed-out",
    "trapped",
    "undefined",
    "bad-result",
    "over-cap",
    "engines-differ",
    "digest-mismatch",
)
FAMILIES = (
    *("versioning", "provenance", "governance", "evidence", "readiness", "lifecycle"),
    *("limits", "advisories", "gap", "engine", "site", "admission"),
)


@pytest.mark.parametrize("code", [*(f"gap.{reason}" for reason in GapReason), *(f"engine.{code}" for code in ENGINE)])
def test_every_gap_and_every_engine_code_has_words_of_its_own(code):
    assert advice(code) != advice(code.partition(".")[0] + ".anything")


@pytest.mark.parametrize("code", [f"{family}.x" for family in FAMILIES] + ["unheard.of"])
def test_every_family_has_a_title_and_one_sentence_of_remedy(code):
    title, remedy = advice(code)
    assert title
    assert not title.endswith(".")
    assert remedy.endswith(".")
    if code != "unheard.of":
        assert advice(code) != advice("unheard.of")
