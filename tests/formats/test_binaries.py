"""Which kind of native code a file is, by its first bytes."""

from __future__ import annotations

import pytest

from fixtures.native import others
from fixtures.native.elf import Elf
from gate.formats.binaries import kind, slices


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (Elf().build(), "x.txt", "elf"),
        (b"\x7fELF", "x", "elf"),
        (others.pe(), "x", "pe"),
        (b"MZ", "x.dll", "pe"),
        (b"MZ" + bytes(200), "x.bin", ""),
        (b"MZ text", "notes.txt", ""),
        (others.macho(), "x", "macho"),
        (others.universal((7, others.macho())), "x", "macho"),
        (bytes.fromhex("feedface"), "x", "macho"),
        (bytes.fromhex("cafebabe00000034"), "A.class", ""),
        (bytes.fromhex("cafebabe00000000"), "x", ""),
        (b"!<arch>\n", "x.a", "ar"),
        (b"", "x.so", ""),
        (b"\x80\x04K\x01.", "x.so", ""),
    ],
)
def test_bytes_decide(head, name, expected):
    assert kind(head, name) == expected


def test_a_universal_file_says_for_how_many_machines_it_is():
    assert slices(others.universal((7, others.macho()), (7, others.macho()))) == 2
    assert slices(others.macho()) == 1
