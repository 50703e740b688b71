"""Signing by a private key, which needs nobody else."""

from __future__ import annotations

from dataclasses import dataclass

from gate.adapters.signer import Signer
from gate.attest.envelope import bundle, sign
from gate.core.errors import GateError
from gate.trust.reasons import TEXT
from gate.trust.words import Key, Trust
from gate.trust.words import Signer as Trusted


@dataclass(frozen=True, slots=True)
class Keyed:
    """Whoever holds this key."""

    signer: Signer

    def begin(self) -> Keyed:
        """The same key signs everything."""
        return self

    @property
    def trust(self) -> Trust:
        return Trust("", keys=(Key(Trusted("self", roles=("verifier",)), self.signer.public, ""),))

    def bundle(self, statement: bytes) -> bytes:
        """The statement in a bundle that names the key."""
        return bundle(sign(statement, self.signer), self.signer)

    def refused(self, reason: str) -> GateError:
        """A key that is at hand signs what it is given, so this is an error of gate."""
        return GateError(f"what was signed does not verify: {TEXT.get(reason, 'another predicate')}")
