"""Our reader of ELF files: what was written is what is read, by segments alone, and nothing else ends it than an error."""

from __future__ import annotations

import os
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.native.elf import AARCH64, I686, PPC64, S390X, X86_64, Elf
from gate.archive.budget import Budget
from gate.archive.source import Memory, Window
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats import elf_header
from gate.formats.elf import Reader
from gate.targets import elf_file

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
LISTS = st.lists(NAMES, max_size=5, unique=True)
SHAPES = [(X86_64, 64, "little"), (I686, 32, "little"), (S390X, 64, "big"), (20, 32, "big"), (PPC64, 64, "big")]


def source_of(data):
    return Memory(bytes(data), Budget(Limits()))


def reader_of(data):
    source = source_of(data)
    return Reader(source, elf_header.read(source.read_at))


@given(
    needed=LISTS, soname=NAMES, nodes=LISTS, defines=LISTS, imports=LISTS, exports=LISTS, weak=st.booleans(),
    rpath=st.none() | NAMES, runpath=st.none() | NAMES, build_id=st.binary(max_size=20), isa=st.sampled_from([0, 1, 4, 15]),
    shape=st.sampled_from(SHAPES), sections=st.booleans(), gnu_hash=st.booleans(),
)  # fmt: skip
@settings(max_examples=80, deadline=None, derandomize=True)
def test_what_was_written_is_what_is_read(
    needed, soname, nodes, defines, imports, exports, weak, rpath, runpath, build_id, isa, shape, sections, gnu_hash
):
    machine, bits, order = shape
    library = needed[0] if needed else "libx.so"
    built = Elf(
        needed=needed, soname=soname, versions={library: nodes}, weak=nodes if weak else (), defines=defines,
        imports=imports, exports=exports, rpath=rpath, runpath=runpath, build_id=build_id, isa=isa,
        machine=machine, bits=bits, order=order, sections=sections, gnu_hash=gnu_hash,
    )  # fmt: skip
    reader = reader_of(built.build())
    elf = reader.read()
    assert (elf.needed, elf.soname) == (tuple(needed), soname)
    assert (elf.rpath, elf.runpath) == tuple(() if path is None else (path,) for path in (rpath, runpath))
    assert [(v.library, v.name, v.weak) for v in elf.needs] == [(library, node, weak) for node in nodes]
    assert [v.name for v in elf.defines] == defines
    assert elf.notes.build_id == build_id.hex()
    assert elf.notes.isa_needed == {0: "", 1: "x86-64-baseline", 4: "x86-64-v3", 15: "x86-64-v4"}[isa]
    assert [symbol.name for symbol in reader.imports()] == imports
    assert [symbol.name for symbol in reader.exports()] == exports


def test_renamed_and_missing_sections_change_nothing():
    built = {"needed": ["libc.so.6"], "versions": {"libc.so.6": ["GLIBC_2.38"]}, "imports": ["system"]}
    renamed = Elf(**built).build().replace(b".gnu.version_r", b".gnu.nothing_r").replace(b".dynsym", b".nosyms")
    for data in (Elf(**built).build(), renamed, Elf(**built, sections=False).build()):
        reader = reader_of(data)
        assert [v.name for v in reader.read().needs] == ["GLIBC_2.38"]
        assert [s.name for s in reader.imports()] == ["system"]


def test_a_member_in_the_middle_of_a_file_is_read_without_a_copy(tmp_path):
    data = Elf(needed=["libc.so.6"], data={".data": bytes(300_000)}).build()
    path = tmp_path / "archive"
    path.write_bytes(b"x" * 777 + data + b"y" * 50)
    with path.open("rb") as file:
        budget = Budget(Limits())
        source = Window(file.fileno(), 777, len(data), budget)
        assert Reader(source, elf_header.read(source.read_at)).read().needed == ("libc.so.6",)
        assert budget.bytes < 20_000


def change(data, tag, value):
    """The same file with another value in its dynamic table."""
    data = bytearray(data)
    table = struct.unpack_from("<Q", data, 64 + 2 * 56 + 8)[0]
    at = next(at for at in range(table, len(data), 16) if struct.unpack_from("<Q", data, at)[0] == tag)
    struct.pack_into("<Q", data, at + 8, value)
    return data


SEED = Elf(
    needed=["libc.so.6", "libm.so.6"], soname="libx.so", versions={"libc.so.6": ["A_1", "A_2"], "libm.so.6": ["B_1"]},
    defines=["X_1", "X_2"], imports=["a", "b"], exports=["c", "d"], build_id=b"12345678", isa=3, gnu_hash=True,
).build()  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (1, 10**6), (1, 400), (5, 2**40), (10, 2**40), (10, 3), (6, 2**60), (14, 2**63),
        (0x6FFFFFFE, 2**40), (0x6FFFFFFE, 0), (0x6FFFFFFF, 1), (0x6FFFFFFF, 3), (0x6FFFFFFC, 8), (0x6FFFFFFD, 9),
        (0x6FFFFFF0, 2**50), (0x6FFFFEF5, 2**50), (0x6FFFFEF5, 0),
    ],
)  # fmt: skip
def test_a_table_that_lies_elsewhere_or_has_another_length_is_an_error(tag, value):
    with pytest.raises(NotExamined):
        reader = reader_of(change(SEED, tag, value))
        reader.read()
        list(reader.imports()), list(reader.exports())


def test_an_import_that_the_hash_table_does_not_reach_is_found_by_its_relocation():
    """A hash table that ends early hides an import from who counts by it; a loader gets there by the relocation."""
    data = Elf(imports=["a", "system"], data={"rela": struct.pack("<QQq", 0x1000, 2 << 32 | 6, 0)}).build()
    hashes = struct.unpack_from("<Q", data, data.index(struct.pack("<Q", 4), 0x1000) + 8)[0]
    data = bytearray(data)
    struct.pack_into("<L", data, hashes + 4, 2)
    assert [s.name for s in reader_of(data).imports()] == ["a"]
    rela = bytes(data).index(struct.pack("<QQq", 0x1000, 2 << 32 | 6, 0))
    for old, new, value in ((10, 10, None), (24, 7, rela), (30, 8, 24)):  # BIND_NOW and FLAGS become RELA and RELASZ
        table = struct.unpack_from("<Q", data, 64 + 2 * 56 + 8)[0]
        at = next(at for at in range(table, len(data), 16) if struct.unpack_from("<Q", data, at)[0] == old)
        if value is not None:
            struct.pack_into("<QQ", data, at, new, value)
    assert [s.name for s in reader_of(data).imports()] == ["a", "system"]


def test_four_million_symbols_are_told_by_a_few_bytes():
    data = change(Elf(symbols=2).build(), 10, 1)
    hashes = struct.unpack_from("<Q", data, data.index(struct.pack("<Q", 4), 0x1000) + 8)[0]
    struct.pack_into("<L", data, hashes + 4, 4_000_000)
    source = source_of(data)
    with pytest.raises(NotExamined) as error:
        list(Reader(source, elf_header.read(source.read_at)).imports())
    assert error.value.reason is GapReason.TOO_MANY


def test_a_symbol_of_a_version_that_nobody_has_is_an_error():
    data = bytearray(Elf(imports=["a"], versions={"libc.so.6": ["A_1"]}).build())
    versym = struct.unpack_from("<Q", data, data.index(struct.pack("<Q", 0x6FFFFFF0)) + 8)[0]
    struct.pack_into("<H", data, versym + 2, 77)
    with pytest.raises(FormatError, match="defined nowhere"):
        list(reader_of(data).imports())


SEEDS = [
    SEED,
    Elf(needed=["a"], versions={"a": ["A_1"]}, imports=["x"], bits=32, machine=I686, sections=False).build(),
    Elf(needed=["a"], versions={"a": ["A_1"]}, imports=["x"], exports=["y"], machine=S390X, order="big").build(),
    Elf(needed=["a"], machine=AARCH64, build_id=b"1" * 20, imports=["__stack_chk_fail"], rpath="x").build(),
]


def mutant(seed, random_):
    """A seed with a few bytes changed, most of them in its tables."""
    data = bytearray(seed)
    used = [at for at, byte in enumerate(seed) if byte]
    for _ in range(random_.randint(1, 6)):
        at = min(random_.choice(used) + random_.randint(0, 3), len(data) - 1)
        data[at] = random_.choice([0, 1, 0x7F, 0x80, 0xFF, random_.randrange(256)])
    if random_.random() < 0.1:
        del data[random_.randrange(64, len(data)) :]
    data[:4] = seed[:4]
    return bytes(data)


def test_a_mutant_is_read_or_refused():
    random_ = random.Random(20261121)
    for n in range(int(os.environ.get("GATE_MUTANTS", "300"))):
        data = mutant(SEEDS[n % len(SEEDS)], random_)
        try:
            elf_file.read(source_of(data))
            list(reader_of(data).exports())
        except NotExamined:
            pass
