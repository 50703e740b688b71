import pytest

from gate.core.decision import Request
from gate.core.model import UNNAMED, Model, version_kind


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("1.4.0", "semver"),
        ("v1.4.0", "semver"),
        ("1.4.0-rc.1+build.5", "semver"),
        ("0.0.0", "semver"),
        ("1.4", "numeric"),
        ("1.04.0", "numeric"),
        ("1.4.0.dev3", "numeric"),
        ("1.4.0-", "other"),
        ("7", "integer"),
        ("v7", "integer"),
        ("2026-11-21", "date"),
        ("20261121", "date"),
        ("2026.11.21", "date"),
        ("2026-11-21T10:00:00Z", "date"),
        ("20261121_100000", "date"),
        ("2026.13.1", "semver"),
        ("latest", "moving"),
        ("Latest-gpu", "moving"),
        ("main", "moving"),
        ("refs/heads/main", "moving"),
        ("Production", "moving"),
        ("champion", "moving"),
        ("mainline-7", "other"),
        ("gpu-latest", "moving"),
        ("v1-latest", "moving"),
        ("recsys:latest", "moving"),
        ("prod-eu", "moving"),
        ("models/Production", "moving"),
        ("@champion", "moving"),
        ("1.2.0-SNAPSHOT", "moving"),
        ("1.2.0-nightly", "moving"),
        ("1.2.0-nightly.4", "semver"),
        ("1.2.0-rc.1", "semver"),
        ("release-1.2.0", "other"),
        ("production-ready-7", "other"),
        ("1.x", "moving"),
        ("1.2.*", "moving"),
        (">=1.2", "moving"),
        ("^1.2.0", "moving"),
        ("2026-11", "date"),
        ("2026.11", "date"),
        ("26.3", "numeric"),
        ("2026-W47", "date"),
        ("21-11-2026", "date"),
        ("10.12.2024", "semver"),
        ("nov-2026", "date"),
        ("21 Nov 2026", "date"),
        ("2026-Nov-21", "date"),
        ("v2026.11.21", "date"),
        ("model-2026-11-21", "date"),
        ("20261121-2", "date"),
        ("20261121100000", "date"),
        ("2026-11-21T10:00:00.123+01:00", "date"),
        ("2026-11-21-8f14e45", "date"),
        ("2026.4.1", "semver"),
        ("march-to-2026", "other"),
        ("8f14e45", "hash"),
        ("deadbee", "other"),
        ("k3dzz5tx2gqblhxj", "other"),
        ("banana 9", "other"),
        ("", "none"),
        ("  ", "none"),
        (None, "none"),
    ],
)
def test_what_kind_of_version_it_is(version, kind):
    assert version_kind(version) == kind


def test_a_long_version_is_told_in_no_time():
    for text in ("1." * 50_000, "1.2.3-" + "a." * 50_000, "1" * 100_000, "-" * 100_000, "-" * 127, "x." * 63):
        version_kind(text)


def test_what_is_asked_for_by_name_stays_and_the_archive_fills_the_rest():
    model = Model("recsys", "1.4.0", "run-7")
    asked = Request("staging", "2026-11-21T10:00:00Z", model_version="2.0.0").about(model)
    assert (asked.model_name, asked.model_version, asked.build_id) == ("recsys", "2.0.0", "run-7")
    assert asked.claimed == {"model_name", "build_id"}
    assert asked.about(model) == asked
    bare = Request("staging", "2026-11-21T10:00:00Z")
    assert bare.about(UNNAMED) == bare
