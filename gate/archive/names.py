"""Names of members: what a name alone does to readers, and what two names in one container do to each other.

What each system makes of a name: https://learn.microsoft.com/windows/win32/fileio/naming-a-file (reserved names,
trailing dots), UAX #15 (normalisation), UAX #9 (bidirectional controls, https://trojansource.codes/).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from gate.archive.paths import escapes
from gate.core.errors import Spent
from gate.core.gap import GapReason

_PLAIN = bytes(range(0x20, 0x7F)).translate(None, b"\\")
_PORTS = (b"%s%d" % (kind, i) for kind in (b"com", b"lpt") for i in range(10))
_DEVICES = frozenset((b"con", b"prn", b"aux", b"nul", b"conin$", b"conout$", *_PORTS))
_DEVICES_BEGIN = b"cpanlCPANL"
_LONGEST_DEVICE = 7
_TRAILING = re.compile(rb"(?:[^/. ][. ]+|^[. ]*[ ][. ]*|/[. ]*[ ][. ]*|\.{3,})(?:/|$)")
"""A part that ends in dots or spaces, which Windows drops; not the parts `.` and `..`."""
_CONTROL = re.compile("[\x01-\x1f\x7f-\x9f]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Overrides, embeddings and isolates. The marks U+200E and U+200F, and joiners, stand in honest names."""
_SEPARATORS = str.maketrans(dict.fromkeys("\u2044\u2215\u29f8", "/") | dict.fromkeys("\u2216\u29f5\u29f9", "\\"))
"""Look-alikes that NFKC leaves; Windows makes separators of most where it fits a name into a code page."""
_REPEATED = re.compile(rb"//+|/\./(?:\./)*")
_LONGEST, _LONGEST_PART, _DEEPEST = 1024, 255, 64
"""Bytes of a name and of one of its parts (NAME_MAX of every file system in use), and parts: real ones have 20."""


def rules(name: bytes) -> tuple[str, ...]:
    """The rules that hold for a name by itself; none for nearly every one, which is told in a microsecond."""
    cut = name.rfind(b"/")
    if _is_plain(name[cut + 1 :]) and (cut < 0 or _is_plain_folder(name[:cut])):
        return ()
    return tuple(rule for rule, holds in _SLOW if holds(name))


def _is_plain(part: bytes) -> bool:
    """Whether there is nothing to say about a part of a name in printable ASCII; False where it must be looked at."""
    return (
        0 < len(part) <= _LONGEST_PART
        and not part.translate(None, _PLAIN)
        and part[-1] not in b". "
        and part[1:2] != b":"
        and (part[0] not in _DEVICES_BEGIN or not _is_device(part))
    )


def _is_device(part: bytes) -> bool:
    """Windows opens a device of that name in any folder, whatever stands behind its first dot."""
    stem = part.partition(b".")[0]
    return len(stem) <= _LONGEST_DEVICE and stem.rstrip(b" ").lower() in _DEVICES


@lru_cache(maxsize=2048)
def _is_plain_folder(path: bytes) -> bool:
    parts = path.split(b"/")
    return len(parts) < _DEEPEST and len(path) < _LONGEST - _LONGEST_PART and all(map(_is_plain, parts))


def _ambiguous(name: bytes) -> bool:
    return b"\0" in name


def _controls(name: bytes) -> bool:
    return _CONTROL.search(name.decode("utf-8", "surrogateescape")) is not None


def _deceives(name: bytes) -> bool:
    """Shown as another name than it is, or one that leads out once somebody has replaced look-alikes.

    By NFKC, or as Windows does: https://worst.fit/.
    """
    if name.isascii():
        return False
    text = name.decode("utf-8", "surrogateescape")
    if _BIDI.search(text):
        return True
    folded = unicodedata.normalize("NFKC", text.translate(_SEPARATORS)).encode("utf-8", "surrogateescape")
    return escapes(folded) and not escapes(name)


def _not_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _irregular(name: bytes) -> bool:
    """A part that says nothing; `./` at the very front is how tar spells a folder that it was told to pack."""
    path = name.removeprefix(b"./").removesuffix(b"/")
    return (path in (b"", b".") and name != b"./") or not {b"", b"."}.isdisjoint(path.split(b"/")[1:] or [b"x"])


def _unportable(name: bytes) -> bool:
    parts = name.split(b"/")
    return (
        len(name) > _LONGEST
        or len(parts) > _DEEPEST
        or max(map(len, parts)) > _LONGEST_PART
        or any(map(_is_device, parts))
        or _TRAILING.search(name) is not None
    )


_SLOW: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("archive.unsafe-name", escapes),
    ("archive.ambiguous-entry", _ambiguous),
    ("archive.deceptive-name", _deceives),
    ("archive.control-name", _controls),
    ("archive.name-encoding", _not_utf8),
    ("archive.backslash-name", lambda name: b"\\" in name),
    ("archive.irregular-name", _irregular),
    ("archive.unportable-name", _unportable),
)


class Names:
    """The names of one container, by their hashes: a set of numbers costs a third of a set of names.

    Hashes of bytes are keyed by the interpreter, so nobody can make two names meet. Names may imply many more folders
    than there are entries; beyond `folders` of them see() raises Spent.
    """

    def __init__(self, folders: int = 2**22) -> None:
        self._most = folders
        self._once: set[int] = set()
        self._more: dict[int, int] = {}
        self._folders: set[int] = set()
        self._forms: tuple[set[int], set[int], set[int]] = (set(), set(), set())
        """What names become: as a path, in NFC, and without case; only where that is something else than the name."""
        self._parent = b""

    def see(self, name: bytes, folder: bool) -> tuple[int, tuple[str, ...]]:
        """How often a file of this name was seen, this time included, and the rules that hold beside earlier names."""
        if folder:
            return 1, self._folder(name.removesuffix(b"/"))
        key = hash(name)
        if key in self._once:
            self._more[key] = nth = self._more.get(key, 1) + 1
            return nth, ("archive.duplicate-name",)
        paths, composed, caseless = self._forms
        same = name.islower() and name.isascii() and b"./" not in name and b"//" not in name and b"\\" not in name
        if same and key not in caseless and key not in composed and key not in paths:
            meets: tuple[str, ...] = ()
        else:
            meets = self._meets(name, key)
        self._once.add(key)
        if key in self._folders:
            meets = (*meets, "archive.file-and-folder")
        parent = name[: name.rfind(b"/") + 1]
        if parent != self._parent:
            meets = (*meets, *self._folder(parent[:-1]))
            self._parent = parent
        return 1, meets

    def has(self, name: bytes) -> bool:
        """Whether a file of this name, with or without `./` in front as tar spells it, was seen before."""
        bare = name.removeprefix(b"./")
        return not self._once.isdisjoint((hash(bare), hash(b"./" + bare)))

    def _meets(self, name: bytes, key: int) -> tuple[str, ...]:
        """The first form in which the name is that of an earlier file."""
        found: tuple[str, ...] = ()
        for i, (rule, form) in enumerate(_FORMS):
            became = form(name)
            if became != name:
                name, key = became, hash(became)
                seen = key in self._once or any(key in forms for forms in self._forms[: i + 1])
                self._forms[i].add(key)
            else:
                seen = key in self._forms[i]
            if seen and not found:
                found = (rule,)
        return found

    def _folder(self, path: bytes) -> tuple[str, ...]:
        """A folder and those that it lies in, up to the first that is known."""
        if len(path) > _LONGEST or path.count(b"/") >= _DEEPEST:
            return ()  # said to be unportable; to look at all its parents would be the attack
        found: tuple[str, ...] = ()
        while path and (key := hash(path)) not in self._folders:
            self._folders.add(key)
            if len(self._folders) > self._most:
                raise Spent(GapReason.TOO_MANY, f"more than {self._most} folders; the rest was not listed")
            if key in self._once:
                found = ("archive.file-and-folder",)
            path = path[: max(path.rfind(b"/"), 0)]
        return found


def _path(name: bytes) -> bytes:
    """Where an extractor puts it."""
    if b"\\" in name:
        name = name.replace(b"\\", b"/")
    if b"//" in name or b"/./" in name:
        name = _REPEATED.sub(b"/", name)
    return name.removeprefix(b"./") if name[:2] == b"./" else name


def _composed(name: bytes) -> bytes:
    if name.isascii():
        return name
    return unicodedata.normalize("NFC", name.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _caseless(name: bytes) -> bytes:
    if name.isascii():
        return name.lower()
    text = name.decode("utf-8", "surrogateescape").casefold()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")


_FORMS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    ("archive.same-path", _path),
    ("archive.unicode-collision", _composed),
    ("archive.case-collision", _caseless),
)
