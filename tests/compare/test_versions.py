"""How far two versions are apart, and whether that is enough: a table for each."""

import pytest

from gate.compare.verdict import findings, made
from gate.compare.versions import initial, step
from gate.core.comparison import Bump, Side
from gate.core.subject import Subject

STEPS = [
    # semver
    ("1.2.3", "2.0.0", "semver", "major"),
    ("1.2.3", "1.3.0", "semver", "minor"),
    ("1.2.3", "1.2.4", "semver", "patch"),
    ("1.9.0", "1.10.0", "semver", "minor"),
    ("v1.2.3", "1.2.4", "semver", "patch"),
    ("1.2.3", "3.1.4", "semver", "major"),
    ("1.2.3", "1.2.3", "", "none"),
    ("1.2.3", "v1.2.3", "semver", "none"),
    ("1.2.3+a", "1.2.3+b", "semver", "none"),
    ("1.2.0", "1.3.0-rc.1", "semver", "minor"),
    ("1.3.0-rc.1", "1.3.0-rc.2", "semver", "minor"),
    ("1.3.0-rc.2", "1.3.0-rc.10", "semver", "minor"),
    ("1.3.0-rc.1", "1.3.0", "semver", "minor"),
    ("2.0.0-alpha", "2.0.0-beta", "semver", "major"),
    ("2.0.0-rc.1", "2.0.0", "semver", "major"),
    ("1.2.4-rc.1", "1.2.4", "semver", "patch"),
    ("0.1.0", "0.2.0", "semver", "minor"),
    # back
    ("2.0.0", "1.9.9", "semver", "back"),
    ("1.3.0", "1.3.0-rc.1", "semver", "back"),
    ("1.3.0-2", "1.3.0-1", "semver", "back"),
    ("1.3.0-rc", "1.3.0-1", "semver", "back"),
    ("2.0", "1.0", "pep440", "back"),
    # only PEP 440 reads one of them
    ("1.4", "1.5", "pep440", "minor"),
    ("1.4", "2.0", "pep440", "major"),
    ("1.4.0", "1.5", "pep440", "minor"),
    ("1.4", "1.4.0", "pep440", "none"),
    ("1.4.0.post1", "1.4.0.post2", "pep440", "patch"),
    ("1.4", "1.4.0.1", "pep440", "patch"),
    ("1.5.dev1", "1.5", "pep440", "minor"),
    ("1.5a1", "1.5b1", "pep440", "minor"),
    ("1.4+cu118", "1.4+cu121", "pep440", "none"),
]
NOT = [
    ("", "1.0.0", "old version: none is stated"),
    ("1.0.0", "", "new version: none is stated"),
    ("1.0.0", "latest", "new version latest"),
    ("1.0.0", "production", "branch or a stage"),
    ("1.0.0", "prod-eu", "branch or a stage"),
    ("1", "2", "registry counts"),
    ("2026-11-20", "2026-11-21", "a date"),
    ("2026.11.20", "2026.11.21", "a date"),
    ("8f14e45", "9a14e45", "a hash"),
    ("banana 9", "1.0.0", "neither"),
    ("1.0.0", "1.x", "newest"),
    ("1.0.0", "1.2.0-SNAPSHOT", "newest"),
    ("1.0-foo-bar-baz", "1.0.0", "neither|PEP 440"),
]


@pytest.mark.parametrize(("old", "new", "scheme", "bump"), STEPS)
def test_the_step_between_two_versions(old, new, scheme, bump):
    found = step(old, new)
    assert (found.scheme, "back" if found.back else found.bump.word) == (scheme, bump)


@pytest.mark.parametrize(("old", "new", "why"), NOT)
def test_versions_without_an_order_are_not_compared_and_say_why(old, new, why):
    found = step(old, new)
    assert found.bump is None
    assert any(part in found.why for part in why.split("|")), found.why


def side(version, name="m", digest="a"):
    return Side("archive", Subject("m", "file", {"sha256": digest * 64}, 1, None), name, version, 1, 1, None)


def judged(old, new, required, *, names=("m", "m"), allowed=None):
    first, second = side(old, names[0]), side(new, names[1], "b")
    rows = findings(first, second, required, required if allowed is None else allowed, made(first, second))
    return [row.rule.removeprefix("metadata.") for row in rows]


@pytest.mark.parametrize(
    ("old", "new", "required", "expected"),
    [
        ("1.0.0", "1.0.1", Bump.PATCH, []),
        ("1.0.0", "1.0.1", Bump.MINOR, ["version-bump-too-small"]),
        ("1.0.0", "1.0.1", Bump.MAJOR, ["version-bump-too-small"]),
        ("1.0.0", "1.1.0", Bump.MINOR, []),
        ("1.0.0", "1.1.0", Bump.MAJOR, ["version-bump-too-small"]),
        ("1.0.0", "2.0.0", Bump.PATCH, []),
        ("1.0.0", "0.9.0", Bump.PATCH, ["version-bump-too-small"]),
        ("1.0.0", "0.9.0", Bump.NONE, []),
        ("1.0.0", "1.0.0", Bump.PATCH, ["version-reused", "version-bump-too-small"]),
        ("1.0.0", "1.0.0", Bump.NONE, ["version-reused"]),
        ("1.0.0", "v1.0.0", Bump.NONE, ["version-reused"]),
        ("1.0.0+a", "1.0.0+b", Bump.NONE, []),
        ("latest", "latest", Bump.MINOR, ["version-reused", "version-bump-too-small"]),
        ("1", "2", Bump.MAJOR, []),
        ("", "", Bump.MAJOR, []),
    ],
)
def test_a_smaller_step_than_the_changes_need_is_a_finding(old, new, required, expected):
    assert judged(old, new, required) == expected


def test_a_reused_version_needs_a_name_that_both_state():
    assert judged("1.0.0", "1.0.0", Bump.NONE, names=("", "")) == []
    assert judged("1.0.0", "1.0.0", Bump.NONE, names=("m", "")) == []


def test_versions_of_two_models_are_not_compared():
    found = made(side("1.0.0", "a"), side("1.0.1", "b"))
    assert (found.bump, found.why) == (None, "two models: a and b")


def test_while_the_major_version_is_zero_a_minor_step_may_break():
    assert initial("0.1.0", "0.2.0") and initial("v0.1", "0.2") and not initial("0.9.0", "1.0.0")
    assert judged("0.1.0", "0.2.0", Bump.MAJOR, allowed=Bump.MINOR) == []


@pytest.mark.parametrize(
    "text", ["1." * 60 + "0", "9" * 120 + ".0.0", "1.0.0-" + "a." * 40 + "a", "\u0661.\u0662.\u0663", "1.0.0\n"]
)
def test_odd_versions_end_in_an_answer(text):
    for pair in ((text, "1.0.0"), ("1.0.0", text), (text, text)):
        found = step(*pair)
        assert found.bump is not None or found.why
