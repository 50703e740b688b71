"""Which members declare something about others: names say what they may be, the first bytes whether they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, TypeAlias

from gate.archive.member import HEAD, Member, Need
from gate.archive.source import Source
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.facts.digests import Closed, Declared, TensorTotal
from gate.formats import bom, checksums, dvc, oci, references
from gate.formats.blob_names import digest_in_name
from gate.formats.file_claims import Claim, Elsewhere
from gate.formats.hashing import canonical
from gate.formats.lfs import MOST, pointer
from gate.formats.manifests import Named, read_index, read_kitfile, read_mlmodel, read_torchserve
from gate.formats.onnx import read_onnx
from gate.formats.relative import name_of, relative
from gate.formats.text import Text, detect, in_utf8, read_text
from gate.formats.wheel_record import PATH as RECORD
from gate.formats.wheel_record import recorded

_FIRST_LINES = 4096
_SURE = re.compile(r"sha256sums?|\.sha256\Z", re.IGNORECASE)
_NTH = re.compile(r"#[0-9]+\Z")
_BLOB = re.compile(r"(?:.*/)?blobs/[a-z0-9]+/[^/]+", re.DOTALL)
_WHEEL = re.compile(r"(?:.*!/)?[^/]+\.dist-info/RECORD", re.DOTALL)
"""A RECORD whose folder lies at the top of its container, as in a wheel."""
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://|[^/]*:[^/]*@")
"""No path: an address, perhaps with a password."""
_SHA1 = 40
"""Digits of the checksum that a tensor may have of its file (onnx.proto, TensorProto.external_data)."""
_SHORTEST = 30
"""Characters of the shortest name that is a digest: DVC makes a folder of the first two."""
_LAST = frozenset("bBcCDeEkKlmMnNsStT0123456789")
"""How the names end that are looked at below: a data set has a million that end in .png, .jpg or .csv."""
_MARKED = frozenset((b"\xef", b"\xff", b"\xfe", b"\0", b"v"))
"""First bytes of a text that begins with a byte order mark, or whose characters have two bytes and more."""
_WIDEST = 4 * MOST + 4
"""Bytes of the longest pointer in UTF-32."""
_MARGIN = 256
"""Bytes of white space before a document."""
_KITFILES = frozenset(("Kitfile", "kitfile", ".kitfile"))

Item: TypeAlias = Claim | Elsewhere | Closed | Declared | TensorTotal | checksums.Unread


class Look(NamedTuple):
    """One way in which a member declares something; its names begin `up` folders above its own."""

    read: Callable[[Member], Iterator[Item]]
    up: int = 0
    need: Need = Need.STREAM


def looks(member: Member) -> list[Look]:
    """Every way in which this member declares something about itself or others; nearly always none."""
    path = _NTH.sub("", member.path) if "#" in member.path else member.path  # the second of a name is as good
    name = path[path.rfind("/") + 1 :]
    found = []
    stored = digest_in_name(path) if len(name) >= _SHORTEST else None
    if stored is not None:
        found.append(Look(partial(_stored, *stored), need=Need.HEAD))
        if _is_descriptor(path, member):
            found.append(Look(partial(_read, oci.read_blob), up=2))
    if _may_point(member.head) and pointer(in_utf8(member.head)) is not None:
        return [*found, Look(_pointer, need=Need.HEAD)]  # whatever its name says, nothing else of it is here
    if name.endswith(".onnx"):
        return [*found, Look(_tensors)]
    if name[-1:] not in _LAST:
        return found
    other = _by_name(path, name, member)
    if other is not None:
        found.append(other)
    if (mark := references.mark(name)) and _may_say(member.head, mark):
        found.append(Look(partial(_read, references.reader(name))))
    return found


def _may_point(head: bytes) -> bool:
    return head[:8] == b"version " or (head[:1] in _MARKED and len(head) <= _WIDEST)


def _may_say(head: bytes, mark: bytes) -> bool:
    """Whether a document may hold a key: one that is not read to its end, or spells letters by number, may."""
    return len(head) >= HEAD or b"\\" in head or mark in in_utf8(head)


def _by_name(path: str, name: str, member: Member) -> Look | None:
    head = member.head
    if _is_list(name, head):
        return Look(_digest_list)
    if name == "RECORD" and RECORD.fullmatch(path):
        return Look(_record, up=1)
    if name == "MANIFEST.json":
        return Look(partial(_named, read_torchserve), up=1) if path.endswith("MAR-INF/MANIFEST.json") else None
    if name == "MLmodel":
        return Look(partial(_named, read_mlmodel)) if _may_say(head, b"flavors") else None
    if name in _KITFILES:
        return Look(partial(_named, read_kitfile)) if _may_say(head, b"manifestVersion") else None
    if name.endswith(".dvc"):
        return Look(partial(_read, dvc.read_dvc)) if _may_say(head, b"outs") else None
    if name == "dvc.lock":
        return Look(partial(_read, dvc.read_lock))
    return _json(path, name, head) if name.endswith(".json") else None


def _json(path: str, name: str, head: bytes) -> Look | None:
    head = in_utf8(head)
    if name.endswith(".index.json"):
        return Look(_shards) if name.endswith(".safetensors.index.json") or b'"weight_map"' in head else None
    if name == "index.json":
        return Look(partial(_read, oci.read_index)) if b'"manifests"' in head and b'"schemaVersion"' in head else None
    if name == "manifest.json" and b'"Layers"' in head and b'"Config"' in head:
        return Look(partial(_read, oci.read_saved))
    if any(mark in head[:_FIRST_LINES] for mark in bom.MARKS):
        return Look(partial(_read, bom.read_bom), up=bom.up(path))
    return None


def _is_list(name: str, head: bytes) -> bool:
    """Most names need a first line that is a digest; what says SHA256SUMS and has none is a damaged list."""
    if checksums.named(name) is None:
        return False
    encoding = detect(head)
    if encoding is None or _SURE.search(name):
        return _SURE.search(name) is not None
    return checksums.begins(head[encoding.mark :].decode(encoding.codec, "replace"), whole=len(head) < HEAD)


def _is_descriptor(path: str, member: Member) -> bool:
    """Whether a blob of an OCI layout names other blobs."""
    head = member.head
    return (
        head[:_MARGIN].lstrip()[:1] == b"{"
        and member.size <= oci.DOCUMENT
        and b'"schemaVersion"' in head
        and (b'"layers"' in head or b'"manifests"' in head)
        and _BLOB.fullmatch(path) is not None
    )


# -- what each of them says -------------------------------------------------------------------------------------------


def _stored(algorithm: str, digits: str, member: Member) -> Iterator[Item]:
    yield Declared(member.path, algorithm, digits, -1, member.path)


def _pointer(member: Member) -> Iterator[Item]:
    found = pointer(in_utf8(member.head))
    if found is not None:
        yield Elsewhere("git-lfs", "", f"sha256:{found.sha256}", found.size)


def _read(reader: Callable[[Source], tuple[Item, ...]], member: Member) -> Iterator[Item]:
    return iter(member.read(reader))


def _named(reader: Callable[[Source], tuple[Named, ...]], member: Member) -> Iterator[Item]:
    for named in member.read(reader):
        if _ADDRESS.match(named.name):
            yield Elsewhere("url", named.name)
        else:
            yield Claim(named.name.encode())


def _shards(member: Member) -> Iterator[Item]:
    index = member.read(read_index)
    for shard in index.shards:
        name = shard.name.encode()
        yield Claim(name)
        yield Elsewhere("shard", shard.name, name=name)
    if index.total >= 0:
        yield TensorTotal(member.path, index.total)


def _tensors(member: Member) -> Iterator[Item]:
    """Files with the tensors of an ONNX model; one that lies outside of its folder is a matter of what loading does."""
    for location, digest in sorted(
        {(row.location, row.checksum) for row in member.read(read_onnx).external if row.used}
    ):
        name = location.encode("utf-8", "surrogateescape")
        if relative(member.path, name) is not None:
            yield Claim(name, "sha1", digest.lower()) if len(digest) == _SHA1 else Claim(name)
            yield Elsewhere("tensors", location, name=name)


def _text(member: Member) -> Text:
    """The lines of a list; NotExamined when it is larger than any that people make."""
    if member.size > member.budget.limits.text_bytes:
        raise NotExamined(GapReason.TOO_LARGE, f"a list of {member.size} bytes, more than text_bytes")
    return member.read(read_text)


def _digest_list(member: Member) -> Iterator[Item]:
    name = name_of(member.path)
    for item in checksums.digests(_text(member), checksums.named(name.decode("utf-8", "replace")) or ""):
        if isinstance(item, checksums.Unread):
            yield item
        elif file := item.name or checksums.beside(name):
            yield Claim(file, item.algorithm, item.hex, line=item.line, sure=bool(item.name))
        else:
            yield checksums.Unread(item.line)


def _record(member: Member) -> Iterator[Item]:
    """A wheel, or what pip left behind when it installed one: scripts outside of the folder are normal there."""
    text = _text(member)
    installed = any(row.name.endswith(b".dist-info/INSTALLER") for row in recorded(text))
    for row in recorded(text):
        if not installed or (row.algorithm and relative(member.path, row.name, up=1) is not None):
            yield Claim(row.name, row.algorithm and canonical(row.algorithm, len(row.hex)), row.hex, row.size)
    if not installed and _WHEEL.fullmatch(_NTH.sub("", member.path)):
        yield Closed(member.path)
