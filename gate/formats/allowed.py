"""Values that somebody has allowed, known by digests only: a list of them must not be the leak.

One a line, `#` begins a comment:

    sha256:HEX        SHA-256 of an e-mail address (in lower case) or a network address, in UTF-8
    hmac-sha256:HEX   HMAC-SHA-256 (RFC 2104) of any value, with the secret of --mask-key

There are so few social security numbers, cards and telephone numbers that a digest without a secret is the number
itself, found by trying all of them in minutes. So only what is meant to be public may be allowed without one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

from gate.core.errors import FormatError

_LINE = re.compile(r"(sha256|hmac-sha256):([0-9a-f]{64})")
_PUBLIC = frozenset({"pii.email-address", "pii.network-address"})
"""Rules of values that may be allowed without a secret."""
_MAIL = "pii.email-address"


@dataclass(frozen=True, slots=True)
class Allowed:
    """`plain` and `keyed` are digests in hex, `key` the secret of the latter."""

    plain: frozenset[str] = frozenset()
    keyed: frozenset[str] = frozenset()
    key: bytes = field(default=b"", repr=False)

    def holds(self, value: str, rule: str) -> bool:
        """Whether a value that is a finding of this rule is allowed."""
        data = (value.lower() if rule == _MAIL else value).encode("utf-8", "surrogatepass")
        if self.plain and rule in _PUBLIC and hashlib.sha256(data).hexdigest() in self.plain:
            return True
        return bool(self.keyed) and hmac.new(self.key, data, hashlib.sha256).hexdigest() in self.keyed


def read_allowed(data: bytes, key: bytes = b"") -> Allowed:
    """The list; FormatError with the line for what is none, or needs a secret where there is no `key`."""
    found: dict[str, set[str]] = {"sha256": set(), "hmac-sha256": set()}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.partition("#")[0].strip().lower()
        match = _LINE.fullmatch(text)
        if match is not None:
            found[match[1]].add(match[2])
        elif text:  # which is not quoted: it may be the value itself
            raise FormatError(f"line {number} is neither sha256:HEX nor hmac-sha256:HEX")
    if found["hmac-sha256"] and not key:
        raise FormatError("hmac-sha256 needs the secret of --mask-key")
    return Allowed(frozenset(found["sha256"]), frozenset(found["hmac-sha256"]), key)
