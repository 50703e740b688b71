"""Texts made to cost time or memory, to hide a credential, or to bring one into the output."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from fixtures.secrets import places
from fixtures.secrets.issued import issued
from gate.archive.budget import Budget
from gate.archive.member import Entry, Member
from gate.archive.source import Memory
from gate.core.finding import Finding
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from gate.facts.secrets import Credential
from gate.facts.store import Said
from gate.formats import secrets_tally
from gate.formats.secrets_tally import CAP, LISTED
from gate.formats.text import OVERLAP, WINDOW
from gate.inspectors.secrets import inspector

TOKEN = issued("github-token")[0]
KEY = issued("private-key")[0]


def said(data: bytes, path: str = "a.txt") -> list[Said]:
    budget = Budget(Limits())
    budget.admit(len(data))
    member = Member(path, Entry(b"", None, window=Memory(data, budget)), budget)
    return list(inspector.inspect(member)) if inspector.wants(member) is not None else []


def places_of(data: bytes) -> list[tuple[str, int]]:
    return [(item.discriminator, item.location.start) for item in said(data) if isinstance(item, Finding)]


def test_one_line_of_many_megabytes_costs_little_time_and_memory() -> None:
    data = b"lorem ipsum " * (8 * 2**20 // 12) + TOKEN.encode()
    said(b"warm " + TOKEN.encode())
    tracemalloc.start()
    start = time.process_time()
    found = places_of(data)
    took, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [("github-token", len(data) - len(TOKEN))]
    assert took < 12 and peak < 64 * 2**20


def test_a_dump_of_tokens_is_counted_as_a_thousand_or_more() -> None:
    data = (places.many(4000) * 8).encode()
    start = time.process_time()
    result = said(data)
    assert time.process_time() - start < 6
    assert [(row.count, row.complete) for row in result if isinstance(row, Credential)] == [(CAP, 0)]
    assert sum(isinstance(item, Finding) for item in result) == LISTED


def test_look_alikes_without_end_are_given_up_with_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_tally, "TRIED", 2000)
    result = said(b"hf_x " * 3000 + TOKEN.encode())
    assert [(item.reason, "Hugging Face" in item.detail) for item in result if isinstance(item, Gap)] == [
        (GapReason.BUDGET, True)
    ]
    assert [item.discriminator for item in result if isinstance(item, Finding)] == ["github-token"]


@pytest.mark.parametrize("value", [TOKEN, KEY], ids=["token", "key"])
@pytest.mark.parametrize("shift", [-OVERLAP - 30, -OVERLAP, -700, -36, -5, 0, 1, OVERLAP - 20])
def test_a_border_between_windows_hides_nothing_and_doubles_nothing(value: str, shift: int) -> None:
    before = "x\n" * ((WINDOW + shift) // 2) + "y" * ((WINDOW + shift) % 2)
    data = (before + "\n" + value + "\n" + "z\n" * WINDOW).encode()
    ((kind, start),) = places_of(data)
    assert kind in ("github-token", "private-key") and start >= len(before)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_encodings_hide_nothing(codec: str) -> None:
    data = f"# a longer first line of plain text\nTOKEN={TOKEN}\n".encode(codec)
    assert [kind for kind, _ in places_of(data)] == ["github-token"]


def test_a_nul_here_and_there_hides_nothing() -> None:
    lines = b"a line of an ordinary log file without much in it\n" * 40
    assert [kind for kind, _ in places_of(lines + b"\0" + TOKEN.encode() + b"\0" + lines)] == ["github-token"]
    assert [kind for kind, _ in places_of(lines + b"\xff\xfe" + TOKEN.encode() + b"\xff" + lines)] == ["github-token"]


@pytest.mark.parametrize(
    "unit",
    ["://", ":/a:", "x://a:", "password=", 'password="', '"key": "', "-----BEGIN ", "-----BEGIN RSA PRIVATE KEY-----",
     "-----BEGIN PGP PRIVATE KEY BLOCK-----a", "PuTTY-User-Key-File-3: ", '"kty": "RSA" {', "kind: Config token: a ", "[pypi] a",
     "machine a login b ", "eyJhbGciOiJIUzI1NiJ9.", "AKIAABCDEFGHIJKLMNOP ", "sig=", '"auth":"YTpi', "Basic YTpiYTpiYTpi ",
     "LS0tLS1CRUdJTi", "token: a1b2c3d4e5f6g7h8i9 ", "SK", "\\n", "secret" * 20, '"private_key": "-----BEGIN PRIVATE KEY-----'],
    ids=range(25),
)  # fmt: skip
def test_no_repetition_takes_long(unit: str) -> None:
    data = (unit * (100_000 // len(unit))).encode()
    start = time.process_time()
    said(b"text " + data)
    assert time.process_time() - start < 5
