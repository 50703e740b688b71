"""What the certificates of Fulcio, the certificate authority of Sigstore, say about a signer.

https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_OIDS = {
    "issuer": "1.3.6.1.4.1.57264.1.8",
    "repository": "1.3.6.1.4.1.57264.1.12",
    "ref": "1.3.6.1.4.1.57264.1.14",
    "trigger": "1.3.6.1.4.1.57264.1.20",
}
_OLD_ISSUER = "1.3.6.1.4.1.57264.1.1"
_USERNAME = "1.3.6.1.4.1.57264.1.7"


@dataclass(frozen=True, slots=True)
class Claims:
    """What the certificate authority attests about a signer; "" where it says nothing.

    `identity` is the one subject alternative name, `issuer` the OpenID Connect provider that vouched for it.
    `repository` is a URI, `ref` a git reference and `trigger` the event that started the build.
    """

    identity: str
    issuer: str
    repository: str = ""
    ref: str = ""
    trigger: str = ""


def claims(leaf: Certificate) -> Claims | None:
    """What a verified certificate says; None for one that says less than Fulcio's do, or two different things."""
    from cryptography import x509

    values: dict[str, str] = {}
    for name, oid in _OIDS.items():
        raw = _extension(leaf, oid)
        text = "" if raw is None else _utf8(raw)
        if text is None:
            return None
        values[name] = text
    old = _extension(leaf, _OLD_ISSUER)
    if old is not None:
        issuer = old.decode("utf-8", "replace")
        if values["issuer"] not in ("", issuer):
            return None
        values["issuer"] = issuer
    names = list(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    identity = _name(names[0]) if len(names) == 1 else ""
    return Claims(identity, **values) if identity and values["issuer"] else None


def _extension(leaf: Certificate, oid: str) -> bytes | None:
    from cryptography import x509

    try:
        value = leaf.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value
    except x509.ExtensionNotFound:
        return None
    return value.value if isinstance(value, x509.UnrecognizedExtension) else b""


def _name(name: object) -> str:
    from cryptography import x509

    if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier):
        return name.value
    if isinstance(name, x509.OtherName) and name.type_id.dotted_string == _USERNAME:
        return _utf8(name.value) or ""
    return ""


def _utf8(der: bytes) -> str | None:
    """A DER UTF8String, or None."""
    from cryptography.hazmat import asn1

    try:
        return asn1.decode_der(str, der)
    except ValueError:
        return None
