"""Keyless signatures, through sigstore-python: offline, against a trusted root that the caller names.

What sigstore-python leaves to its caller is done here or by gate.trust: the windows in which the keys of the trusted
root were in force (4.5 reads them and does not enforce them), that all timestamps verify and not only one, who the
signer is, the type of the payload and its subject.
"""

from __future__ import annotations

import hashlib
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gate.adapters.fulcio import Claims, claims
from gate.core.errors import FormatError, NotExamined, site
from gate.core.gap import GapReason

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.models import Bundle, TrustedRoot
    from sigstore_models.common.v1 import TimeRange
    from sigstore_models.trustroot import v1

logging.getLogger("sigstore").addHandler(logging.NullHandler())  # what it would print to stderr is said here
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SAID = (
    # How messages of sigstore.errors.VerificationError begin, and the reason that each of them is.
    ("not enough sources of verified time", "no-time"),
    ("no Timestamp Authorities", "timestamp"),
    ("too many signed timestamp", "timestamp"),
    ("duplicate timestamp", "timestamp"),
    ("Invalid Timestamp Response", "timestamp"),
    ("failed to verify SCT", "certificate-log"),
    ("Key usage", "certificate"),
    ("Extended usage", "certificate"),
    ("failed to build timestamp certificate chain", "certificate"),
    ("invalid signing cert", "certificate-expired"),
    ("invalid log entry", "log"),
    ("DSSE: invalid signature", "signature"),
    ("Signature is invalid", "signature"),
    ("transparency log entry is inconsistent", "log-mismatch"),
    ("log entry", "log-mismatch"),
    ("Integrated time only supported", "log-mismatch"),
    ("Expected entry type", "log-mismatch"),
    ("Unsupported DSSE log entry", "log-mismatch"),
    ("Unsupported hashedrekord", "log-mismatch"),
)


_NO_TIME = "bundle must contain an inclusion promise"
NOBODY = Claims("", "")


@dataclass(frozen=True, slots=True)
class Checked:
    """`reason` is "" for a genuine signature, else why it is none; the rest is proven, and empty when it is none.

    `times` are when it was seen (RFC 3339, UTC), sorted. `envelope` is the type and the bytes of a payload.
    """

    reason: str
    claims: Claims = NOBODY
    times: tuple[str, ...] = ()
    envelope: tuple[str, bytes] = ("", b"")


def shipped_root() -> bytes:
    """The trusted root of the public Sigstore that came inside of the sigstore wheel; no cache, no HOME, no network."""
    from importlib import resources

    try:
        folder = resources.files("sigstore._store")
        return folder.joinpath("https%3A%2F%2Ftuf-repo-cdn.sigstore.dev", "trusted_root.json").read_bytes()
    except (ImportError, OSError) as error:
        raise NotExamined(GapReason.UNAVAILABLE, "sigstore ships no trusted root") from error


class Root:
    """One trusted root, parsed when it is first needed.

    `sha256` is that of its bytes. Raises FormatError from check() for bytes that are no trusted root.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._parsed: v1.TrustedRoot | None = None

    def check(self, bundle: bytes, digest: bytes | None) -> Checked:
        """Verify a bundle with a certificate, given as JSON.

        `digest` is the sha256 of the signed message, None for a bundle that holds an envelope.
        Raises NotExamined when this cannot be told: sigstore is missing, the root is none, the library failed.
        """
        try:
            import sigstore.models  # noqa: F401
        except ImportError as error:
            raise NotExamined(GapReason.UNAVAILABLE, "sigstore is not installed") from error
        if self._parsed is None:
            self._parsed = parse_root(self._data)
        return _check(self._parsed, bundle, digest)


def parse_root(data: bytes) -> v1.TrustedRoot:
    """A trusted_root.json; FormatError for anything else."""
    from sigstore.models import TrustedRoot
    from sigstore_models.trustroot import v1

    with failures("the trusted root"):
        try:
            parsed = v1.TrustedRoot.from_json(data)
            TrustedRoot(parsed).get_fulcio_certs()
        except ValueError as error:
            raise FormatError("not a Sigstore trusted root") from error
    return parsed


def _check(root: v1.TrustedRoot, raw: bytes, digest: bytes | None) -> Checked:
    """The order of the steps is that of the questions: readable, whose, when, within which windows, genuine."""
    from cryptography.x509 import InvalidVersion
    from sigstore.errors import Error
    from sigstore.models import Bundle, InvalidBundle, TrustedRoot
    from sigstore.verify import Verifier

    with failures("a bundle"):
        try:
            bundle = Bundle.from_json(raw)
        except (InvalidBundle, ValueError, InvalidVersion) as error:
            return Checked("no-time" if str(error).startswith(_NO_TIME) else "malformed")
        except Error:
            return Checked("certificate")
        # 1. A certificate of an authority that this root does not name says nothing at all.
        whole = TrustedRoot(root)
        if not _issued(bundle.signing_certificate, whole):
            return Checked("unknown-root")
        # 2. When was it signed? That a log entry tells its time truly is verified in step 4.
        try:
            times = [found.time for found in Verifier(trusted_root=whole)._establish_time(bundle)]
        except Error as error:
            return Checked(_reason(error))
        except (OverflowError, OSError, ValueError):
            return Checked("malformed")
        if times and len(times) != _claimed(bundle):
            return Checked("timestamp")
        leaf = bundle.signing_certificate
        if any(not leaf.not_valid_before_utc <= time <= leaf.not_valid_after_utc for time in times):
            return Checked("certificate-expired")
        # 3. Only what the root had in force then may speak for it.
        inner = _in_force(root, times, leaf.not_valid_before_utc)
        # 4. Certificate, its log, the entry of the signature, and the signature itself.
        reason, envelope = _verify(TrustedRoot(inner), bundle, digest)
        if reason:
            return Checked(_verify(whole, bundle, digest)[0] or "root-window")
        who = claims(leaf)
        if who is None:
            return Checked("certificate")
        moments = tuple(sorted(time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for time in times))
        return Checked("", who, moments, envelope)


class _Anybody:
    """The policy that asks for nobody: who signed is judged by the trust file, once it is proven who it was."""

    def verify(self, cert: Certificate) -> None:
        """Accepts every certificate."""


def _verify(root: TrustedRoot, bundle: Bundle, digest: bytes | None) -> tuple[str, tuple[str, bytes]]:
    """Why it is not genuine, or "" and the type and bytes of the payload."""
    from sigstore.errors import Error
    from sigstore.hashes import Hashed
    from sigstore.verify import Verifier
    from sigstore_models.common.v1 import HashAlgorithm

    try:
        verifier = Verifier(trusted_root=root)
        if digest is None:
            return "", verifier.verify_dsse(bundle, _Anybody())
        verifier.verify_artifact(Hashed(algorithm=HashAlgorithm.SHA2_256, digest=digest), bundle, _Anybody())
    except Error as error:
        return _reason(error), ("", b"")
    return "", ("", b"")


def _reason(error: Exception) -> str:
    return next((reason for start, reason in _SAID if str(error).startswith(start)), "signature")


# -- the trusted root -------------------------------------------------------------------------------------------------


def _issued(leaf: Certificate, root: TrustedRoot) -> bool:
    """Whether an authority of the root signed this certificate."""
    from cryptography.exceptions import InvalidSignature

    for authority in root.get_fulcio_certs():
        try:
            leaf.verify_directly_issued_by(authority)
        except (InvalidSignature, ValueError, TypeError):
            continue
        return True
    return False


def _claimed(bundle: Bundle) -> int:
    """How many times the bundle names; a log entry's counts when the log signed it."""
    stamps = bundle.verification_material.timestamp_verification_data
    entry = bundle.log_entry._inner
    return len(stamps.rfc3161_timestamps if stamps else ()) + bool(entry.integrated_time and entry.inclusion_promise)


def _in_force(root: v1.TrustedRoot, times: list[datetime], issued: datetime) -> v1.TrustedRoot:
    """What of the root was in force: authorities and logs at all these times, certificate logs at that of issue.

    The windows are taken off what is left, because sigstore compares their start with the clock of this machine; those
    of timestamp authorities it enforces itself.
    """

    def held(window: TimeRange | None, *moments: datetime) -> bool:
        return window is None or all(
            window.start <= moment and (window.end is None or moment <= window.end) for moment in moments
        )

    def log(one: v1.TransparencyLogInstance) -> v1.TransparencyLogInstance:
        return one.model_copy(update={"public_key": one.public_key.model_copy(update={"valid_for": None})})

    def authority(one: v1.CertificateAuthority) -> v1.CertificateAuthority:
        return one.model_copy(update={"valid_for": one.valid_for.model_copy(update={"start": _EPOCH})})

    return root.model_copy(
        update={
            "tlogs": [log(one) for one in root.tlogs if held(one.public_key.valid_for, *times)],
            "ctlogs": [log(one) for one in root.ctlogs if held(one.public_key.valid_for, issued)],
            "certificate_authorities": [
                authority(one) for one in root.certificate_authorities if held(one.valid_for, *times)
            ],
        }
    )


# -- the boundary -----------------------------------------------------------------------------------------------------


@contextmanager
def failures(what: str) -> Iterator[None]:
    """Whatever else the libraries raise, about bytes that nobody foresaw, could not be checked: NotExamined."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509 import DuplicateExtension, ExtensionNotFound, InvalidVersion
    from sigstore.errors import Error

    try:
        with warnings.catch_warnings():  # libraries warn about odd certificates; what those are worth is said here
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            yield
    except (
        Error,
        InvalidSignature,
        InvalidVersion,
        UnsupportedAlgorithm,
        DuplicateExtension,
        ExtensionNotFound,
    ) as error:
        raise NotExamined(GapReason.UNSUPPORTED, f"sigstore cannot judge {what}: {site(error)}") from error
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, struct.error, RecursionError) as error:
        raise NotExamined(GapReason.CRASHED, f"sigstore failed at {what}: {site(error)}") from error
