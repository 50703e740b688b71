"""What the form of a value cannot say: check digits, structure, and what stands beside it.

One function a name of the tables: from a match to a verdict. None of them looks further than NEAR characters.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
import re
import zlib
from collections.abc import Callable
from urllib.parse import unquote

from gate.formats import secrets_keys as keys
from gate.formats.secrets_words import RANDOM, STRONG, drawn, entropy, harmless, mixed, placeholder, wordy

NEAR = 512
"""Characters on both sides in which the other half of a pair stands."""
FAR = 3000
"""The same for the parts of one document."""
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_AWS_ID = re.compile(r"A[KS]IA[A-Z2-7]{16}")
_PRIVATE_PART = re.compile(r'"(?:d|k)"\s{0,20}:\s{0,20}"[A-Za-z0-9_-]{20,}')
_SIGNED_FOR = re.compile(r"[?&;](?:sv=20[0-9]{2}-|se=20[0-9]{2}-|sr=|sp=)")
_NOBODY = re.compile(
    r"(?:localhost|127(?:\.[0-9]+){3}|0\.0\.0\.0|\[::1?\]|(?:[\w.-]+\.)?(?:example|test|invalid|localhost)(?:\.[a-z]{2,3})?"
    r"|(?:[\w-]+\.)*(?:example|domain|server|host|hostname|foo|bar)\.(?:com|org|net|io|tld)|[$%{<]|host(?:name)?|server|proxy|db|addr(?:ess)?|ip)",
    re.IGNORECASE,
)
"""Hosts that are nobody's: RFC 2606, this machine, and words for a host."""
_SEVERAL_HOSTS = re.compile(r"[0-9]{1,5},")
"""What seems to be the user is the first host, and this its port."""
_NAME = re.compile(r"[A-Za-z_]\w*")
_CONFIG = ("kind: Config", '"kind": "Config"', '"kind":"Config"')
_CODE = re.compile(r"(?:[A-Za-z_]\w*(?:\.|->|::|\[))+[A-Za-z_]\w*\]?")
_SYMBOL = re.compile(r"[^A-Za-z0-9]")
_LINE_START = re.compile(
    r"(?:^|[\n\r]|\\n|[{,;] ?|export |env |ENV |ARG |-e |--[\w-]{0,40}|[\"'])[ \t]*[\w.\"'-]{0,60}\Z"
)


class Verdict(enum.Enum):
    """What a check says of a match."""

    SURE = 1
    LOCKED = 2
    DOUBT = 3
    NOTHING = 4


Match = re.Match[str]


def value_of(match: Match) -> str:
    """What is secret in a match."""
    groups = match.groupdict()
    return groups.get("value") or groups.get("bare") or groups.get("body") or match[0]


def _random(match: Match) -> Verdict:
    return Verdict.SURE if drawn(_body(match)) else Verdict.NOTHING


def _body(match: Match) -> str:
    """The random part, without a prefix that its issuer puts before it."""
    groups = match.groupdict()
    return groups.get("body") or groups.get("value") or match[0]


def _crc32_base62(match: Match) -> Verdict:
    """The last six characters are the CRC-32 of those before, in base 62."""
    body = match["body"]
    if not drawn(body):
        return Verdict.NOTHING
    number, digits = zlib.crc32(body[:-6].encode()), ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return Verdict.SURE if digits.rjust(6, "0") == body[-6:] else Verdict.DOUBT


def _openai(match: Match) -> Verdict:
    """Every key has "OpenAI" in base64 in its middle."""
    if not drawn(match["body"], STRONG):
        return Verdict.NOTHING
    return Verdict.SURE if "T3BlbkFJ" in match["body"] else Verdict.DOUBT


def _macaroon(match: Match) -> Verdict:
    """Version 2 of libmacaroons, whose location is an index."""
    binary = _decoded(match["body"], b"-_")
    return Verdict.SURE if re.match(rb"\x02\x01.(?:test\.)?pypi\.org\x02", binary, re.DOTALL) else Verdict.DOUBT


def _aws_pair(match: Match) -> Verdict:
    if not drawn(match["value"][4:], RANDOM - 0.5):
        return Verdict.NOTHING
    near = match.string[max(match.start() - NEAR, 0) : match.end() + NEAR]
    pair = any(_is_aws_secret(secret) for secret in _AWS_SECRET.findall(near))
    return Verdict.SURE if pair and _AWS_ID.fullmatch(match["value"]) else Verdict.DOUBT


def _is_aws_secret(text: str) -> bool:
    cases = text.lower() != text and text.upper() != text
    return cases and any(c.isdigit() for c in text) and drawn(text, STRONG + 0.5)


def _access_signature(match: Match) -> Verdict:
    near = match.string[max(match.start() - NEAR, 0) : match.end() + NEAR]
    return Verdict.SURE if _SIGNED_FOR.search(near) and drawn(match["value"]) else Verdict.NOTHING


def _service_account(match: Match) -> Verdict:
    near = match.string[max(match.start() - FAR, 0) : match.end() + FAR]
    known = "gserviceaccount.com" in near or '"service_account"' in near
    text = match["value"].partition("KEY-----")[2]
    return Verdict.SURE if known and keys.armoured("PRIVATE KEY", text) else Verdict.NOTHING


def _pem(match: Match) -> Verdict:
    return _state(keys.armoured(match["label"], match["value"]), match["value"])


def _encoded_pem(match: Match) -> Verdict:
    label, text = keys.encoded(match["value"])
    return _state(keys.armoured(label, text), text) if label else Verdict.NOTHING


def _state(state: str, text: str) -> Verdict:
    """A doubt where it is no key, but as long and as mixed as one."""
    if state:
        return Verdict.SURE if state == "open" else Verdict.LOCKED
    longest = max(re.findall(r"[A-Za-z0-9+/]{20,}", text[:1000]), key=len, default="")
    return Verdict.DOUBT if len(longest) >= 40 and drawn(longest, STRONG) else Verdict.NOTHING


def _openpgp(match: Match) -> Verdict:
    return Verdict.SURE if keys.openpgp(match["value"]) else _state("", match["value"])


def _putty(match: Match) -> Verdict:
    return Verdict.SURE if match["cipher"] == "none" else Verdict.LOCKED


def _kubeconfig(match: Match) -> Verdict:
    """What stands in a document that says what it is."""
    text, low, high = match.string, max(match.start() - FAR, 0), match.end() + FAR
    known = any(text.find(said, low, high) >= 0 for said in _CONFIG)
    return Verdict.SURE if known and drawn(match["value"]) else Verdict.NOTHING


def _bech32(match: Match) -> Verdict:
    if not drawn(match[0][16:]):
        return Verdict.NOTHING
    return Verdict.SURE if keys.bech32(match[0]) else Verdict.DOUBT


def _web_key(match: Match) -> Verdict:
    """RFC 7517: what stands in the same object."""
    text, at = match.string, match.start()
    start, end = text.rfind("{", max(at - FAR, 0), at), text.find("}", at, at + FAR)
    part = _PRIVATE_PART.search(text, max(start, at - FAR, 0), end if end >= 0 else at + FAR)
    return Verdict.SURE if part and drawn(part[0].rpartition('"')[2]) else Verdict.NOTHING


def _kaggle(match: Match) -> Verdict:
    near = match.string[max(match.start() - 200, 0) : match.end() + 200]
    return Verdict.SURE if '"username"' in near and drawn(match["value"]) else Verdict.NOTHING


def _web_token(match: Match) -> Verdict:
    """RFC 7515: a header that names how it is signed, and claims."""
    head, claims, signature = match["value"].split(".")
    header, payload = _object(head), _object(claims)
    signed = isinstance(header.get("alg"), str) and str(header["alg"]).lower() != "none"
    return Verdict.SURE if signed and payload and drawn(signature) else Verdict.NOTHING


def _object(text: str) -> dict[str, object]:
    try:
        value = json.loads(_decoded(text, b"-_"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _decoded(text: str, more: bytes = b"+/") -> bytes:
    """Base64 without its padding; nothing for what is none."""
    try:
        return base64.b64decode(text[: len(text) - (len(text.rstrip("=")) % 4 == 1)] + "==", more)
    except (binascii.Error, ValueError):
        return b""


def _registry(match: Match) -> Verdict:
    """RFC 7617: user and password in base64."""
    try:
        login = base64.b64decode(match["value"], validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return Verdict.NOTHING
    user, colon, password = login.partition(":")
    if not colon or not user or not password or not login.isprintable():
        return Verdict.NOTHING
    return Verdict.NOTHING if _weak(user, password) else Verdict.SURE


def _weak(user: str, password: str) -> bool:
    return placeholder(password) or password.lower() == user.lower() or len(set(password)) < 3


def _address(match: Match) -> Verdict:
    user, password, host = match["user"], unquote(match["value"]), match["host"]
    if _SEVERAL_HOSTS.match(password):
        return Verdict.NOTHING
    if (
        placeholder(password)
        or placeholder(password.rpartition(":")[2])
        or (placeholder(user) and user.startswith(("$", "{", "<", "%")))
        or len(set(password)) < 3
    ):
        return Verdict.NOTHING
    if user and password.lower() in (user.lower(), user.lower() + "pw", user.lower() + "pass"):
        return Verdict.NOTHING
    if _NOBODY.fullmatch(host):
        return Verdict.DOUBT if _strong(password) else Verdict.NOTHING
    return Verdict.DOUBT if password.islower() and password.isalpha() else Verdict.SURE


def _login(match: Match) -> Verdict:
    groups = match.groupdict()
    if _weak(groups.get("user") or "", match["value"]):
        return Verdict.NOTHING
    nobody = _NOBODY.fullmatch(groups.get("host") or "")
    return Verdict.DOUBT if nobody and not _strong(match["value"]) else Verdict.SURE


def _strong(password: str) -> bool:
    """Whether people who choose words for examples would not choose this: three sorts of characters, or long."""
    sorts = sum(1 for sort in (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]") if re.search(sort, password))
    return len(password) >= 8 and sorts >= 3 and drawn(password, RANDOM - 0.5)


def _password(match: Match) -> Verdict:
    """A password that somebody chose: no word, no expression of a program."""
    value = value_of(match)
    if _expression(match, value) or placeholder(value) or not drawn(value, RANDOM - 0.8):
        return Verdict.NOTHING
    letters = any(c.isalpha() for c in value)
    other = any(c.isdigit() for c in value) or (_SYMBOL.search(value) and not _plain(value))
    return Verdict.SURE if letters and other and mixed_or_symbol(value) else Verdict.NOTHING


def mixed_or_symbol(value: str) -> bool:
    """Letters with digits that are no name with a number, or three sorts of characters."""
    return mixed(value) or _strong(value)


def _plain(value: str) -> bool:
    """Words joined by what joins words."""
    return re.fullmatch(r"[A-Za-z]+(?:[ _.:/\\-][A-Za-z]*)*", value) is not None


def _assigned(match: Match) -> Verdict:
    value = value_of(match)
    before = match.string[max(match.start() - 20, 0) : match.start()]
    if harmless(before) or _expression(match, value) or placeholder(value) or not mixed(value):
        return Verdict.NOTHING
    hexadecimal = re.fullmatch(r"[0-9a-fA-F]+", value) is not None
    enough = RANDOM if hexadecimal else STRONG
    return Verdict.SURE if entropy(value) >= enough and drawn(value, enough) else Verdict.NOTHING


def _expression(match: Match, value: str) -> bool:
    """Whether a value without quotes is code, or stands where no configuration has one."""
    if match.groupdict().get("bare") is None:
        return False
    if _NAME.fullmatch(value) and wordy(value):
        return True
    if _CODE.fullmatch(value) or value.endswith((".", ":", "=>")) or ("=" in value[:-2] and "==" not in value[-2:]):
        return True
    if match["by"] == "=" and match.string[match.start("by") - 1].isalnum() and match.start("bare") == match.end("by"):
        return False  # NAME=value, as in a shell
    return _LINE_START.search(match.string, max(match.start() - 80, 0), match.start()) is None


CHECKS: dict[str, Callable[[Match], Verdict]] = {
    "access_signature": _access_signature,
    "address": _address,
    "assigned": _assigned,
    "aws_pair": _aws_pair,
    "bech32": _bech32,
    "crc32_base62": _crc32_base62,
    "encoded_pem": _encoded_pem,
    "kaggle": _kaggle,
    "kubeconfig": _kubeconfig,
    "login": _login,
    "macaroon": _macaroon,
    "openai": _openai,
    "openpgp": _openpgp,
    "password": _password,
    "pem": _pem,
    "putty": _putty,
    "random": _random,
    "registry": _registry,
    "service_account": _service_account,
    "web_key": _web_key,
    "web_token": _web_token,
}
"""By their names in the tables."""
