"""Keyless signing, through sigstore-python: a certificate for an identity, a timestamp, and an entry of a public log.

Every request goes through gate.adapters.service_http, and every failure ends as ServiceFailed, which names the service.
What comes out is not verified here: gate.attest does that as a stranger would.
"""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.adapters.fulcio import Claims, claims
from gate.adapters.identity_token import Token
from gate.core.errors import FormatError, NotExamined, ServiceFailed, site
from gate.core.gap import GapReason
from gate.core.text import printable

if TYPE_CHECKING:
    from sigstore.models import SigningConfig, TrustedRoot
    from sigstore.sign import Signer

    from gate.adapters.service_http import Service

logging.getLogger("sigstore").addHandler(logging.NullHandler())  # what it would print to stderr is said here
_ADDRESS = "see its address in --signing-config"
_OUTDATED = (
    "the identity token is not in force now, or lacks a claim; get a fresh one, and see the clock of this machine"
)
_REFUSED = "it does not accept the identity token: check that it is fresh, and that its issuer is known there"


def shipped_config() -> bytes:
    """The signing config of the public Sigstore that came inside of the sigstore wheel."""
    from importlib import resources

    try:
        folder = resources.files("sigstore._store")
        return folder.joinpath("https%3A%2F%2Ftuf-repo-cdn.sigstore.dev", "signing_config.v0.2.json").read_bytes()
    except (ImportError, OSError) as error:
        raise NotExamined(GapReason.UNAVAILABLE, "sigstore ships no signing config") from error


class Services:
    """The services of one Sigstore: a signing config and the trusted root that belongs to it, as JSON.

    Raises FormatError for bytes that are none, or name no service that is in use now; NotExamined without sigstore.
    """

    def __init__(self, config: bytes, root: bytes) -> None:
        try:
            from sigstore._internal.trust import KeyringPurpose
            from sigstore.models import SigningConfig, TrustedRoot
            from sigstore_models.trustroot import v1
        except ImportError as error:
            raise NotExamined(GapReason.UNAVAILABLE, "sigstore is not installed") from error
        self.root = root
        with _malformed("signing config"):
            self._config: SigningConfig = SigningConfig(v1.SigningConfig.from_json(config))
        if not self._config._tsas and self._config._tlogs[0].major_api_version > 1:
            raise FormatError("names a log that tells no time (version 2), and no timestamp authority that does")
        with _malformed("trusted root"):
            self._trusted: TrustedRoot = TrustedRoot(v1.TrustedRoot.from_json(root))
            self._trusted.get_fulcio_certs()
            self._trusted.ct_keyring(KeyringPurpose.SIGN)
            self._trusted.rekor_keyring(KeyringPurpose.SIGN)

    def certify(self, token: Token) -> Certified:
        """A new key, and a certificate for it that names the holder of the token; raises ServiceFailed."""
        from sigstore.oidc import IdentityError, IdentityToken
        from sigstore.sign import Signer, SigningContext

        asked = _Asked.new()
        fulcio, rekor, clocks = self._config.get_fulcio(), self._config.get_tlogs()[0], self._config.get_tsas()
        asked.authority.attach(fulcio.session)
        asked.log.attach(rekor._session)  # type: ignore[attr-defined]  # both kinds have it, their base class has not
        for clock in clocks:
            asked.clock.attach(clock._session)
        try:
            identity = IdentityToken(token.text)
        except IdentityError:
            raise ServiceFailed(_OUTDATED) from None
        context = SigningContext(fulcio=fulcio, rekor=rekor, trusted_root=self._trusted, tsa_clients=clocks)
        with _lies(asked.authority):
            signer = Signer(identity, context)
            leaf = signer._signing_cert()
            mine = signer._private_key.public_key() == leaf.public_key()
            who = claims(leaf)
        if not mine:
            raise asked.authority.lied("its certificate is for another key")
        if who is None or not token.covers(who):
            raise asked.authority.lied("its certificate names somebody else than the identity token")
        return Certified(who, signer, asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The services of one signature, by what they do."""

    authority: Service
    log: Service
    clock: Service

    @classmethod
    def new(cls) -> _Asked:
        from gate.adapters.service_http import Service

        return cls(
            Service("the certificate authority (Fulcio)", remedies=dict.fromkeys((400, 401, 403), _REFUSED)),
            Service("the transparency log (Rekor)"),
            Service("the timestamp authority", _stamp),
        )


def _stamp(answer: bytes) -> None:
    """ValueError for anything but a timestamp; sigstore-python only logs that there is none (RFC 3161, 2.4.2)."""
    from rfc3161_client import decode_timestamp_response

    if decode_timestamp_response(answer).status not in (0, 1):
        raise ValueError("not granted")


@dataclass(frozen=True, slots=True)
class Certified:
    """A key that nobody keeps, and whose it is, as the certificate authority says it."""

    claims: Claims
    _signer: Signer
    _asked: _Asked

    def seal(self, statement: bytes) -> bytes:
        """A Sigstore bundle as JSON: an envelope around this in-toto statement, logged; raises ServiceFailed."""
        from sigstore.dsse import Statement

        # Its own reader of statements knows no dirHash; what is signed are these bytes, whatever they say.
        given = Statement.__new__(Statement)
        given._contents = statement
        with _lies(self._asked.log):
            bundle = self._signer.sign_dsse(given)
            # An authority whose address cannot be used is only logged by sigstore-python.
            stamps = bundle.verification_material.timestamp_verification_data
            stamped = len(stamps.rfc3161_timestamps) if stamps else 0
            raw = bundle.to_json().encode()
        if stamped != len(self._signer._signing_ctx._tsa_clients):
            raise self._asked.clock.failed("gave no timestamp", _ADDRESS)
        return raw

    def lied(self, reason: str, words: str) -> ServiceFailed:
        """Who is to blame for a bundle that does not verify, by a reason of gate.trust.reasons and its words."""
        authority, log, clock = self._asked.authority, self._asked.log, self._asked.clock
        if reason == "certificate-expired":
            where = ", ".join(service.place for service in (authority, log, clock) if service.asked)
            return ServiceFailed(f"{where}: do not agree on the time, {words}; compare their clocks")
        if reason == "root-window":
            return ServiceFailed(f"the trusted root is out of date: {words}; give the current one, or raise sigstore")
        at_fault = {"log": log, "log-mismatch": log, "malformed": log, "timestamp": clock, "no-time": clock}
        return at_fault.get(reason, authority).lied(f"what was signed does not verify: {words}")


# -- the boundary -----------------------------------------------------------------------------------------------------


@contextmanager
def _lies(service: Service) -> Iterator[None]:
    """Whatever the libraries raise about an answer that could be read is the fault of who gave it."""
    import requests
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509 import DuplicateExtension, ExtensionNotFound, InvalidVersion
    from sigstore._internal.fulcio import ExpiredCertificate
    from sigstore._internal.fulcio.client import FulcioClientError
    from sigstore.errors import Error, VerificationError
    from sigstore.oidc import ExpiredIdentity

    try:
        with warnings.catch_warnings():  # libraries warn about odd certificates; what those are worth is said here
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            yield
    except requests.RequestException:  # before anything is sent: what is sent raises ServiceFailed
        raise service.failed("cannot be asked", _ADDRESS) from None
    except ExpiredIdentity:
        raise ServiceFailed(_OUTDATED) from None
    except VerificationError:  # of what it verifies while signing: the timestamp of the certificate log
        raise service.lied("no certificate transparency log of the trusted root vouches for its certificate") from None
    except ExpiredCertificate:
        raise service.failed(
            "its certificate has ended already", "compare its clock with that of this machine"
        ) from None
    except (
        Error,
        FulcioClientError,
        InvalidSignature,
        InvalidVersion,
        UnsupportedAlgorithm,
        DuplicateExtension,
        ExtensionNotFound,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        ArithmeticError,
        AssertionError,
        RecursionError,
        struct.error,
    ) as error:
        if not service.asked:
            raise service.failed("cannot be asked", _ADDRESS) from None
        raise service.lied(f"its answer is not what it should be ({site(error)})") from None


@contextmanager
def _malformed(what: str) -> Iterator[None]:
    """Bytes of the user that are no signing config or no trusted root."""
    from sigstore.errors import Error

    try:
        yield
    except Error as error:
        raise FormatError(f"is no {what} that can be used now: {printable(str(error))}") from error
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise FormatError(f"is no Sigstore {what}") from error
