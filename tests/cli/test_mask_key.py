"""--mask-key: credentials that can be compared, and a key that is nobody else's."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from fixtures.secrets.issued import issued
from tests.cli.inside import inside  # noqa: F401

VALUE, TEXT = issued("groq-key", "mask key")
FILES = {"job.env": TEXT.encode()}


def properties(run) -> dict[str, str]:
    (finding,) = [f for f in json.loads(run.stdout)["findings"] if f["rule"] == "secrets.service-token"]
    return finding["properties"]


def test_with_a_key_a_finding_has_a_keyed_hash_and_without_it_none(inside, make, tmp_path) -> None:  # noqa: F811
    key = tmp_path / "mask.key"
    key.write_bytes(bytes(range(64)))
    target = make(FILES)
    run = inside("scan", target, "-f", "json", "--jobs", "0", "--mask-key", key)
    assert properties(run)["hmac_sha256"] == hmac.new(key.read_bytes(), VALUE.encode(), hashlib.sha256).hexdigest()
    assert json.loads(run.stdout)["inputs"]["mask_key"] is True
    assert hashlib.sha256(key.read_bytes()).hexdigest() not in run.stdout
    plain = inside("scan", target, "-f", "json", "--jobs", "0")
    assert "hmac_sha256" not in properties(plain) and "mask_key" not in json.loads(plain.stdout)["inputs"]
    assert properties(plain)["sample"] == "gs******" and run.returncode == 1


@pytest.mark.parametrize(("content", "complaint"), [(b"short", "fewer than 32 bytes"), (None, "No such file")])
def test_a_key_that_is_short_or_missing_is_refused(inside, make, tmp_path, content, complaint) -> None:  # noqa: F811
    key = tmp_path / "mask.key"
    if content is not None:
        key.write_bytes(content)
    run = inside("scan", make(FILES), "--mask-key", key)
    assert run.returncode == 2 and complaint in run.stderr


def test_a_key_inside_of_a_target_is_refused(inside, tmp_path) -> None:  # noqa: F811
    (tmp_path / "mask.key").write_bytes(bytes(32))
    run = inside("scan", tmp_path, "--mask-key", tmp_path / "mask.key")
    assert run.returncode == 2 and "lies inside the target" in run.stderr
