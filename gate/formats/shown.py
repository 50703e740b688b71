"""Addresses as they may be printed: whoever writes one may have put credentials anywhere into it."""

from __future__ import annotations

import re

_ADDRESS = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]{0,20})://(?:[^/?#\\@]*@)?([A-Za-z0-9.-]{1,253})(:[0-9]{1,5})?(?:[/?#\\]|\Z)"
)
_PATH = re.compile(r"[\w.+~/\\${} -]{1,200}")
"""What file names are made of; nothing that separates the parts of an address."""
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}\.[A-Za-z0-9-]{1,63}:[0-9]{1,5}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,20}):")


def shown(address: str) -> str:
    """Scheme and host of an address, and no more: user, password and tokens stand in every other part.

    Where the host cannot be told for sure, the scheme. What can only be a path or the name of a host stays.
    """
    match = _ADDRESS.match(address)
    if match is not None and "@" not in address[match.end() :]:
        return f"{match[1].lower()}://{match[2].lower()}{match[3] or ''}"
    if _HOST.fullmatch(address):
        return address
    scheme = _SCHEME.match(address)
    if scheme is not None:
        return f"{scheme[1].lower()}://…"
    return address if _PATH.fullmatch(address) else "…"


_IMAGE = re.compile(r"[A-Za-z0-9._/-]{1,200}(?::[0-9]{1,5}/[A-Za-z0-9._/-]{1,200})?(?::[A-Za-z0-9._-]{1,128})?")


def image_shown(image: str) -> str:
    """A reference to an image as it may be printed; "…" for what is none, which may be anything."""
    return image if _IMAGE.fullmatch(image) else "…"
