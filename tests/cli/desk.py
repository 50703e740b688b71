"""A key, archives, and a place for attestations."""

from __future__ import annotations

import pytest

from fixtures.churn.contents import safetensors
from gate.adapters import signer
from tests.attest.samples import payload

PASSWORD = {"GATE_KEY_PASSWORD": "correct horse"}
KEY = signer.generate("p256")
WEIGHTS = {"model.safetensors": safetensors({"w": ((2,), bytes(8))}, {"format": "np"})}
EVIL = {"weights.pkl": b"cos\nsystem\n(S'id'\ntR."}


@pytest.fixture
def desk(tmp_path):
    """A folder with keys, and an empty one for attestations."""
    (tmp_path / "out").mkdir()
    (tmp_path / "k.key").write_bytes(signer.private_pem(KEY, b"correct horse"))
    (tmp_path / "k.pub").write_bytes(signer.public_pem(KEY))
    return tmp_path


def read(desk, name):
    """The statement in one of the files."""
    return payload((desk / "out" / name).read_bytes())
