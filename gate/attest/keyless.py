"""Signing by an identity, which a certificate authority, a transparency log and a timestamp authority vouch for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from gate.adapters.identity_token import Token
from gate.adapters.keyless import Certified, Services
from gate.core.errors import FormatError, GateError, NotExamined
from gate.formats.sigstore_bundle import Bundle, signature
from gate.trust.reasons import TEXT
from gate.trust.words import Identity, Trust, TrustedRoot
from gate.trust.words import Signer as Trusted


@dataclass(frozen=True, slots=True)
class Keyless:
    """Whoever holds the token; `token` gets a fresh one, and raises ServiceFailed."""

    services: Services
    token: Callable[[], Token]

    def begin(self) -> Certificate:
        """A certificate of a few minutes, for the statements about one artifact."""
        return Certificate(self.services.certify(self.token()), self.services.root)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A key with its certificate; `root` is the trusted root that everything has to verify against."""

    certified: Certified
    root: bytes

    @property
    def trust(self) -> Trust:
        claims = self.certified.claims
        who = Identity(Trusted("self", roles=("verifier",)), issuer=claims.issuer, identity=claims.identity)
        root = TrustedRoot("own", hashlib.sha256(self.root).hexdigest(), self.root)
        return Trust("", roots=(root,), identities=(who,))

    def bundle(self, statement: bytes) -> bytes:
        """The statement in a bundle with certificate, log entry and timestamps, as canonical JSON."""
        try:
            read = signature(self.certified.seal(statement))
        except FormatError as error:
            raise self.refused("malformed") from error
        except NotExamined as error:
            raise self.refused("log-mismatch") from error
        assert isinstance(read, Bundle)
        return read.raw + b"\n"

    def refused(self, reason: str) -> GateError:
        """The services are at fault: the key signed what it was given."""
        return self.certified.lied(reason, TEXT.get(reason, "another predicate"))
