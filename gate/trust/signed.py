"""What all signatures of an archive come to."""

from __future__ import annotations

from collections.abc import Collection

from gate.facts.signatures import Signature
from gate.trust.reasons import Status

ABSENT = "absent"


def overall(rows: Collection[Signature], *, finished: bool, whole: Collection[str] = ()) -> str:
    """A status of gate.trust.reasons, or ABSENT.

    An invalid signature outweighs everything, also one of a member. Otherwise one signature of the archive by somebody
    trusted is enough, as long as everything was looked at (`finished`): what was not might be invalid. `whole` are the
    members whose signatures cover all of the archive, and so stand for it.
    """
    if any(row.status == Status.INVALID for row in rows):
        return Status.INVALID.value
    own = {row.status for row in rows if not row.path or row.path in whole}
    if finished and Status.VERIFIED in own:
        return Status.VERIFIED.value
    if not finished or own & {Status.VERIFIED, Status.UNVERIFIABLE}:
        return Status.UNVERIFIABLE.value
    return Status.UNTRUSTED.value if own else ABSENT


def exit_code(status: str, *, trusting: bool) -> int:
    """0 verified, 1 not, 3 it cannot be told; whether somebody is trusted, only a trust file (`trusting`) can tell."""
    if status == Status.VERIFIED:
        return 0
    if status == Status.INVALID:
        return 1
    return 1 if trusting and status != Status.UNVERIFIABLE else 3
