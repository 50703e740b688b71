"""Credentials put into files of ordinary archives: how many gate finds, how many detect-secrets finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.secrets import places, quiet
from gate.core.finding import Finding
from tests.inspectors.test_secrets import said

PLACED = places.injected(150)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of members in which detect-secrets finds anything with its default plugins, without verification."""
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    folder, found = tmp_path_factory.mktemp("oracle"), set()
    with default_settings() as settings:
        settings.disable_filters("detect_secrets.filters.common.is_ignored_due_to_verification_policies")
        for _, _, name, data in PLACED:
            path: Path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            secrets = SecretsCollection()
            secrets.scan_file(str(path))
            if secrets.data:
                found.add(name)
    return found


def test_nearly_every_credential_is_found_as_what_it_is_and_more_than_the_oracle_finds(theirs: set[str]) -> None:
    assert {kind for kind, *_ in PLACED} == set(places.KINDS) and len(places.KINDS) == 13
    ours, named = set(), 0
    for kind, _, name, data in PLACED:
        kinds = {dict(item.args)["kind"] for item in said(data, name) if isinstance(item, Finding)}
        named += kind in kinds
        if kinds:
            ours.add(name)
    assert len(ours) >= 145 and named >= 145
    assert len(theirs) > 30, "the oracle works"
    assert len(ours) > len(theirs) and len(theirs - ours) <= 2


def test_nothing_is_found_where_nothing_is() -> None:
    assert [(name, said(data, name)) for name, data in quiet.QUIET.items() if said(data, name)] == []
