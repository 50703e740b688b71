"""Lists of digests as `sha256sum`, `b2sum`, `shasum`, `sha256 -r` and `openssl dgst` write them.

https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gate.formats.hashing import canonical
from gate.formats.text import Encoding, Line, Text

_NAME = re.compile(
    r"(?:(?:.*[._-])?(?P<kind>sha-?(?:1|224|256|384|512|3)|sha3-(?:224|256|384|512)|md5|b[23]|blake(?:2b?|3))(?:sums?)?|(?:check|hash)sums?)"
    r"(?:[._-]?(?:txt|asc))?",
    re.IGNORECASE | re.DOTALL,
)
_HEX = r"(?P<hex>[0-9a-fA-F]{32,128})"
_GNU = re.compile(rf"(?P<escaped>\\?){_HEX} [ *]?(?P<name>.+)", re.DOTALL)
_BSD = re.compile(rf"(?P<escaped>\\?)(?P<kind>[A-Za-z][A-Za-z0-9/-]{{1,15}}) ?\((?P<name>.+)\) ?= {_HEX}", re.DOTALL)
_BARE = re.compile(rf"{_HEX} *")
_ASIDE = re.compile(r"\s*(?:[#;].*)?|-----(?:BEGIN|END) .*|Hash: .*", re.DOTALL)
_ESCAPE = re.compile(r"\\([\\nr])")
_ESCAPED = {"\\": "\\", "n": "\n", "r": "\r"}
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"


@dataclass(frozen=True, slots=True)
class Digest:
    """One line; the algorithm by its name in gate.formats.hashing, the digest in lower-case hex.

    The name of the file is b"" for a digest without one.
    """

    algorithm: str
    hex: str
    name: bytes
    line: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that is neither a digest nor a comment."""

    line: int


def named(name: str) -> str | None:
    """The algorithm that the name of such a list says, "" when it says none; None for names of other files.

    `model.pkl.sha256` is a list for one file, `sha256sums.txt` one for many. The content decides.
    """
    match = _NAME.fullmatch(name)
    return None if match is None else (match["kind"] or "").lower().replace("sha-", "sha")


def beside(name: bytes) -> bytes:
    """The file that `model.pkl.sha256` lies beside; b"" for a name that has no such ending."""
    return name.removesuffix(b".txt").removesuffix(b".asc").rpartition(b".")[0]


def begins(head: str, *, whole: bool = True) -> bool:
    """Whether the first line that is no comment is a digest; where none is, and not the `whole` was seen, it may be."""
    for line in head.splitlines():
        if not _ASIDE.fullmatch(line):
            return any(form.fullmatch(line) for form in (_GNU, _BSD, _BARE))
    return not whole


def digests(text: Text, algorithm: str = "") -> Iterator[Digest | Unread]:
    """Every digest of a list; `algorithm` is what the list's name says, for lines that do not say it themselves."""
    for line in text.lines():
        if line.text == _SIGNATURE:
            return
        if not _ASIDE.fullmatch(line.text):
            yield _parse(line, algorithm, text.encoding)


def _parse(line: Line, algorithm: str, encoding: Encoding) -> Digest | Unread:
    match = _BSD.fullmatch(line.text) or _GNU.fullmatch(line.text) or _BARE.fullmatch(line.text)
    if line.cut or match is None:
        return Unread(line.number)
    groups = match.groupdict("")
    name = groups.get("name", "")
    if groups.get("escaped"):
        name = _ESCAPE.sub(lambda escape: _ESCAPED[escape[1]], name)
    digest = match["hex"].lower()
    kind = _algorithm(groups.get("kind", "").lower() or algorithm, len(digest))
    return Digest(kind, digest, b"" if name == "-" else encoding.raw(name), line.number)


def _algorithm(said: str, length: int) -> str:
    """What is said, unless that cannot be: a list that is named for sha256 may hold others."""
    name = canonical(said, length)
    return canonical("", length) if name == "sha256" and length != 64 else name
