"""Verify one signature of one artifact: pure, from bytes and digests; no file, network or clock is touched here."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from gate.adapters import keys
from gate.adapters.sigstore import Checked, Root, shipped_root
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import dsse, model_signing
from gate.formats.dsse import Envelope, Statement
from gate.formats.model_signing import SignedModel
from gate.formats.sigstore_bundle import Bundle, Detached, Message, Signed
from gate.trust.reasons import WRONG_SUBJECT, Status
from gate.trust.signers import identified, refusal
from gate.trust.words import Key, Signer, Trust

MODEL_SIGNING = "https://model_signing/"
"""How predicate types of OpenSSF Model Signing begin; their subject is not the digest of an archive.

https://github.com/ossf/model-signing-spec/blob/main/spec/v1.0.md
"""
_GAPS = {
    "no-digest": GapReason.UNREADABLE,
    "other-digest": GapReason.UNSUPPORTED,
    "model-signing": GapReason.UNSUPPORTED,
    "whole-message": GapReason.TOO_LARGE,
}
"""Why something was not examined, where that is not that something was not given."""

WHY = {
    GapReason.UNSUPPORTED: "unsupported",
    GapReason.TOO_LARGE: "too-large",
    GapReason.TOO_DEEP: "too-large",
    GapReason.TOO_MANY: "too-large",
}
"""The reason of a signature that was not examined for one of these; for any other it is `failed`."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a signature must be about: its digests in hex by algorithm (sha256, sha384, sha512, dirHash).

    `message` is the whole of it, None where that is too much to hold; only keys that sign whole messages need it.
    A `model` is many files: what a statement lists of them, whoever asks compares by gate.trust.coverage.
    """

    digests: Mapping[str, str]
    message: bytes | None = None
    model: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one signature; `reason` is a code of gate.trust.reasons, "" for a verified one.

    `signers` are the entries of the trust file that it counts for; `signer` names whoever made it, as far as that is
    proven: an identity or the name of a key. `times` are when it was seen (RFC 3339, UTC). `statement` is there once it
    is genuine, and so is the `model` that it lists. `gap` says why it was not examined; only unverifiable ones have it.
    """

    status: Status
    reason: str = ""
    signer: str = ""
    issuer: str = ""
    times: tuple[str, ...] = ()
    signers: tuple[Signer, ...] = ()
    statement: Statement | None = None
    model: SignedModel | None = None
    root: str = ""
    gap: GapReason | None = None
    detail: str = ""


class Verification:
    """Verifies signatures for one role, under one trust file (None: nobody is trusted) at one time.

    `now` is RFC 3339 in UTC, "" where no time was given. Trusted roots are parsed once, when they are needed.
    """

    def __init__(self, trust: Trust | None, now: str, role: str = "model") -> None:
        self.trust, self.now, self.role = trust, now, role
        self._roots: tuple[Root, ...] | None = None

    def verify(self, signed: Signed, artifact: Artifact) -> Outcome:
        """What this signature says about this artifact. Raises nothing about either of them."""
        if is_model_signing(signed) != artifact.model:
            return _unverifiable("model-signing")
        if artifact.model and claimed(signed) != model_signing.PREDICATE:  # older ones were signed over other bytes
            return _unexamined(NotExamined(GapReason.UNSUPPORTED, "an OpenSSF Model Signing signature older than 1.0"))
        content = signed.content if isinstance(signed, Bundle) else signed
        try:
            if isinstance(signed, Bundle) and signed.chained:
                raise NotExamined(GapReason.UNSUPPORTED, "a bundle with a chain of certificates")
            if isinstance(signed, Bundle) and signed.certificate:
                return self._keyless(signed, artifact)
            hint = signed.hint if isinstance(signed, Bundle) else signed.keyid if isinstance(signed, Envelope) else ""
            return self._keyed(content, hint, artifact)
        except NotExamined as error:
            return _unexamined(error)

    # -- by certificate ------------------------------------------------------------------------------------------

    def _keyless(self, bundle: Bundle, artifact: Artifact) -> Outcome:
        content, digest = bundle.content, None
        if isinstance(content, Message):
            if content.algorithm not in ("", "sha256"):
                return _unverifiable("other-digest")
            # By the digest that it names, where it names one: a genuine signature of something else can be told then.
            digest = content.digest or bytes.fromhex(artifact.digests.get("sha256", ""))
            if not digest:
                return _unverifiable("no-digest")
        checked, root = self._check(bundle.raw, digest)
        if checked.reason == "unknown-root":
            return _unverifiable("no-root") if self.trust is None else Outcome(Status.UNTRUSTED, "unknown-root")
        proven = Outcome(
            Status.INVALID,
            checked.reason,
            checked.claims.identity,
            checked.claims.issuer,
            checked.times,
            root=root,
        )
        if checked.reason:
            return proven
        if isinstance(content, Envelope) and (content.payload_type, content.payload) != checked.envelope:
            return replace(proven, reason="malformed")  # sigstore read another envelope than was read here
        about = _about(content, artifact)
        if about.reason:
            return replace(about, signer=proven.signer, issuer=proven.issuer, times=proven.times, root=root)
        proven = replace(proven, statement=about.statement, model=about.model)
        if self.trust is None:
            return replace(proven, status=Status.UNTRUSTED, reason="unknown-identity")
        return self._judge(proven, identified(checked.claims, self.trust), "unknown-identity")

    def _check(self, bundle: bytes, digest: bytes | None) -> tuple[Checked, str]:
        """The first trusted root that takes it, else the first refusal by one that issued its certificate."""
        refused: list[tuple[Checked, str]] = []
        for root in self._trusted_roots():
            checked = root.check(bundle, digest)
            if not checked.reason:
                return checked, root.sha256
            refused.append((checked, root.sha256))
        return next((one for one in refused if one[0].reason != "unknown-root"), refused[0])

    def _trusted_roots(self) -> tuple[Root, ...]:
        if self._roots is None:
            given = tuple(Root(root.data) for root in self.trust.roots) if self.trust else ()
            self._roots = given or (Root(shipped_root()),)
        return self._roots

    # -- by key --------------------------------------------------------------------------------------------------

    def _keyed(self, content: Message | Envelope | Detached, hint: str, artifact: Artifact) -> Outcome:
        if self.trust is None:
            return _unverifiable("no-key")
        untried = ""
        for key in self.trust.keys:
            made = _made(key, content, artifact)
            if made is None:
                untried = untried or ("no-digest" if not artifact.digests else "whole-message")
            elif made:
                return self._by_key(key, content, artifact)
        if untried:
            return _unverifiable(untried)
        # A hint is not authenticated: it can only make this worse. Where none says whose it is, and somebody could have
        # made it, it must be theirs.
        mine = [key for key in self.trust.keys if self.role in key.signer.roles]
        claimed = any(hint in _hints(key) for key in self.trust.keys) if hint else bool(mine)
        if claimed:
            return Outcome(Status.INVALID, "signature")
        return Outcome(Status.UNTRUSTED, "unknown-key")

    def _by_key(self, key: Key, content: Message | Envelope | Detached, artifact: Artifact) -> Outcome:
        about = _about(content, artifact)
        if about.reason:
            return replace(about, signer=key.signer.name)
        return self._judge(replace(about, signer=key.signer.name), (key.signer,), "unknown-key")

    # -- by whom -------------------------------------------------------------------------------------------------

    def _judge(self, proven: Outcome, signers: Iterable[Signer], nobody: str) -> Outcome:
        """A genuine signature about this artifact counts when one of the signers that it names may make it."""
        refusals = {signer: refusal(signer, self.role, proven.times, self.now) for signer in signers}
        accepted = tuple(signer for signer, reason in refusals.items() if not reason)
        if accepted:
            return replace(proven, status=Status.VERIFIED, reason="", signers=accepted)
        reason = next(iter(refusals.values()), nobody)
        if reason == "no-clock":
            return replace(_unverifiable(reason), signer=proven.signer, issuer=proven.issuer)
        return replace(proven, status=Status.UNTRUSTED, reason=reason)


# -- about what -------------------------------------------------------------------------------------------------------


def _about(content: Message | Envelope | Detached, artifact: Artifact) -> Outcome:
    """Whether a genuine signature is about this artifact: an outcome without reason when it is."""
    if isinstance(content, Detached):
        return Outcome(Status.VERIFIED)
    if isinstance(content, Message):
        named = {content.algorithm: content.digest.hex()} if content.algorithm else {}
        return _compare((tuple(named.items()),), artifact) if named else Outcome(Status.VERIFIED)
    if content.payload_type != dsse.IN_TOTO:
        return Outcome(Status.INVALID, "payload-type")
    try:
        statement = _statement(content.payload)
        model = model_signing.signed_model(statement) if artifact.model else None
    except FormatError as error:
        return Outcome(Status.INVALID, "statement", detail=str(error) if artifact.model else "")
    if model is not None:
        return Outcome(Status.VERIFIED, statement=statement, model=model)
    return replace(_compare(statement.subjects, artifact), statement=statement)


def _compare(subjects: tuple[tuple[tuple[str, str], ...], ...], artifact: Artifact) -> Outcome:
    """One subject must agree in every digest that both sides have, and in at least one."""
    if not artifact.digests:
        return _unverifiable("no-digest")
    comparable = False
    for subject in subjects:
        shared = [(value, artifact.digests[name]) for name, value in subject if name in artifact.digests]
        comparable = comparable or bool(shared)
        if shared and all(value == actual for value, actual in shared):
            return Outcome(Status.VERIFIED)
    # A file that is signed by a digest that nobody computed may be the right one; another kind of artifact is not.
    names = {name for subject in subjects for name, _ in subject}
    foreign = names & ({"sha256"} if "dirHash" in artifact.digests else {"dirHash"})
    return Outcome(Status.INVALID, WRONG_SUBJECT) if comparable or foreign else _unverifiable("other-digest")


def _made(key: Key, content: Message | Envelope | Detached, artifact: Artifact) -> bool | None:
    """Whether this key made this signature; None where what it signs is not at hand."""
    public = key.public
    if isinstance(content, Envelope):
        return keys.verifies(public, content.signature, content.pae())
    if isinstance(content, Message) and public.digest and content.algorithm == public.digest:
        return keys.verifies_digest(public, content.signature, content.digest)
    if public.digest:
        digest = artifact.digests.get(public.digest)
        return None if digest is None else keys.verifies_digest(public, content.signature, bytes.fromhex(digest))
    return None if artifact.message is None else keys.verifies(public, content.signature, artifact.message)


def needs(trust: Trust | None) -> frozenset[str]:
    """What an Artifact must hold besides sha256 for signatures without envelope: hashes, or "" for the message."""
    return frozenset(key.public.digest for key in trust.keys) - {"sha256"} if trust else frozenset()


def _hints(key: Key) -> tuple[str, ...]:
    """What bundles call this key: the digest of its DER in base64 or hex, of its PEM in hex, or by its name."""
    raw = hashlib.sha256(key.public.spki).digest()
    return base64.b64encode(raw).decode(), raw.hex(), key.sha256, key.signer.name


def is_model_signing(signed: Signed) -> bool:
    """Whether this is an OpenSSF Model Signing signature, which lists the files of a model."""
    return claimed(signed).startswith(MODEL_SIGNING)


@lru_cache(maxsize=2)
def _statement(payload: bytes) -> Statement:
    """Asked for several times about one signature, and one over 10,000 files has two megabytes."""
    return dsse.statement(payload)


def claimed(signed: Signed) -> str:
    """The predicate type that an envelope claims, genuine or not; "" for anything else."""
    content = signed.content if isinstance(signed, Bundle) else signed
    if not isinstance(content, Envelope):
        return ""
    try:
        return _statement(content.payload).predicate_type
    except NotExamined:
        return ""


def _unverifiable(reason: str) -> Outcome:
    return Outcome(Status.UNVERIFIABLE, reason, gap=_GAPS.get(reason, GapReason.UNAVAILABLE))


def _unexamined(error: NotExamined) -> Outcome:
    return Outcome(Status.UNVERIFIABLE, WHY.get(error.reason, "failed"), gap=error.reason, detail=str(error))
