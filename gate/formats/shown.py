"""Addresses as they may be printed: whoever writes one may have put credentials anywhere into it."""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]{0,20}):/{2,3}(?:[^/?#\\@]*@)?([A-Za-z0-9.-]{1,253})(:[0-9]{1,5})?(?:[/?#\\]|\Z)"
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,20}):")


def shown(address: str) -> str:
    """Scheme and host of an address, and no more: user, password and tokens stand in every other part.

    Where the host cannot be told for sure, the scheme. What has no scheme is a path or a host and stays.
    """
    match = _ADDRESS.match(address)
    if match is not None and "@" not in address[match.end() :]:
        return f"{match[1].lower()}://{match[2].lower()}{match[3] or ''}"
    scheme = _SCHEME.match(address)
    if scheme is not None:
        return f"{scheme[1].lower()}://…"
    return "…" if "@" in address else address
