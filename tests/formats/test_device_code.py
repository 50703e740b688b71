"""Code for GPUs in libraries: what was written is what is listed, with section names and without them."""

from __future__ import annotations

import os
import random
import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.native import device
from fixtures.native.device import Image, container
from fixtures.native.elf import REL, Elf
from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats import cubin, device_code, elf_header, fatbin

IMAGES = st.builds(
    Image, kind=st.sampled_from(["cubin", "ptx", "nvvm"]), arch=st.integers(10, 999), suffix=st.sampled_from(["", "a", "f"]),
    version=st.tuples(st.integers(0, 99), st.integers(0, 99)), compression=st.sampled_from(["", "lz4", "zstd"]),
    size=st.integers(8, 200), extra=st.sampled_from([0, 16, 32, 48, 72]), kernel=st.booleans(),
    whole=st.sampled_from([900, 1799, 1800, 9000]),
)  # fmt: skip


def source_of(data):
    return Memory(bytes(data), Budget(Limits()))


def in_elf(data):
    source = source_of(data)
    return device_code.in_elf(source, elf_header.read(source.read_at))


def names(found):
    """Each set of images once, as people call them: sm_90a, compute_90 with its version, lto_90."""
    words = {"cubin": "sm", "ptx": "compute", "nvvm": "lto"}
    return [
        (" ".join(f"{words[k.kind]}_{k.arch}{k.suffix}{k.ptx_version and ':' + k.ptx_version}" for k in kinds), n)
        for _, kinds, n in found.containers
    ]


@given(st.lists(st.lists(IMAGES, min_size=1, max_size=5), max_size=5), st.sampled_from([0, 8, 64]))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_what_was_written_is_what_is_listed(sets, gap):
    data = b"".join(container(*images) + bytes(gap) for images in sets)
    found = list(fatbin.containers(source_of(data), 0, len(data)))
    assert [c.damaged for c in found] == [""] * len(sets)
    for images, read in zip(sets, found, strict=True):
        for image, one in zip(images, read.images, strict=True):
            version, size = image.version, image.size if image.compression else image.size + -image.size % 8
            assert (one.kind, one.arch, one.suffix, one.version) == (image.kind, image.arch, image.suffix, version)
            assert (one.compression, one.size) == (image.compression, size)
            assert one.stub == (
                image.kind == "cubin" and (image.whole < 1800 if image.compression else not image.kernel)
            )


PTX = Image("ptx", 90, version=(9, 0), compression="zstd")
LAYOUTS = {
    "one": ([[Image(arch=80)]], [("sm_80", 1)]),
    "with ptx": ([[Image(arch=80), Image("ptx", 80, version=(9, 0))]], [("sm_80 compute_80:9.0", 1)]),
    "many": (
        [[*(Image(arch=arch) for arch in (75, 80, 86, 89, 90)), PTX]],
        [("sm_75 sm_80 sm_86 sm_89 sm_90 compute_90:9.0", 1)],
    ),
    "ptx only": ([[Image("ptx", 75, version=(7, 8))]], [("compute_75:7.8", 1)]),
    "accelerated": ([[Image(arch=90, suffix="a"), Image("ptx", 90, "a", (8, 5))]], [("sm_90a compute_90a:8.5", 1)]),
    "family": ([[Image(arch=103, suffix="f", extra=48)]], [("sm_103f", 1)]),
    "folded": ([[Image(arch=80), PTX]] * 7 + [[PTX]], [("sm_80 compute_90:9.0", 7), ("compute_90:9.0", 1)]),
    "stub of the linker": ([[Image(arch=80)], [Image(arch=80, kernel=False)]], [("sm_80", 1)]),
    "packed stub": ([[PTX], [Image(arch=80, compression="zstd", whole=1664)]], [("compute_90:9.0", 1)]),
    "for linking": ([[Image("nvvm", 90)]], [("lto_90", 1)]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("how", ["named", "renamed", "without sections"])
def test_containers_are_found_with_and_without_their_sections(layout, how):
    sets, wanted = LAYOUTS[layout]
    data = b"".join(container(*images) for images in sets)
    section = ".nv_fatbin" if how == "named" else ".rodata"
    built = Elf(code={section: data}, data={".data": device.wrapper()}, sections=how != "without sections").build()
    found = in_elf(built)
    assert (sorted(names(found)), found.damaged) == (sorted(wanted), 0)


def test_relocatable_images_are_told_apart():
    built = Elf(type=REL, code={"__nv_relfatbin": container(Image()), ".nv_fatbin": container(Image(arch=90))}).build()
    assert {(relocatable, kinds[0].arch) for relocatable, kinds, _ in in_elf(built).containers} == {
        (True, 80),
        (False, 90),
    }


def test_broken_sections_are_searched_around_in_a_library_and_refused_in_an_object():
    for kind in (3, REL):
        data = bytearray(Elf(type=kind, code={".nv_fatbin": container(Image())}).build())
        struct.pack_into("<H", data, 62, 99)  # e_shstrndx
        if kind == REL:
            with pytest.raises(FormatError):
                in_elf(data)
        else:
            assert names(in_elf(data)) == [("sm_80", 1)]


def test_a_library_without_device_code_is_not_searched():
    source = source_of(Elf(code={".rodata": bytes(500_000)}).build())
    assert device_code.in_elf(source, elf_header.read(source.read_at)) == device_code.NONE
    assert source._budget.bytes < 10_000


@pytest.mark.parametrize("cut", [1, 30, 70, 90])
def test_a_container_that_ends_early_is_counted_as_damaged(cut):
    whole = container(Image(), Image(arch=90))
    found = list(fatbin.containers(source_of(whole[:-cut]), 0, len(whole) - cut))
    assert found[0].damaged


@pytest.mark.parametrize(("at", "value"), [(16 + 4, 8), (16 + 4, 2**31), (16 + 28, 5), (16 + 28, 10**6)])
def test_an_image_that_cannot_be_is_counted_as_damaged(at, value):
    data = bytearray(container(Image()))
    struct.pack_into("<L", data, at, value)
    assert device_code.in_fatbin(source_of(data)).damaged == 1


@pytest.mark.parametrize(("arch", "suffix"), [(80, ""), (90, "a"), (121, "a")])
@pytest.mark.parametrize("new", [True, False])
def test_a_bare_cubin_says_what_it_is_for(arch, suffix, new):
    source = source_of(device.cubin(arch, suffix, new=new))
    assert cubin.target(source, elf_header.read(source.read_at)) == (arch, suffix)


BUNDLES = [device.bundle("gfx90a:xnack-", "gfx1100"), device.bundle("gfx942:sramecc+:xnack-", "gfx9-4-generic")]


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_bundles_for_amd_are_listed_by_target(version):
    parts = [device.packed(part, version) if version else part for part in BUNDLES]
    data = b"".join(part + bytes(-len(part) % 64) for part in parts)
    found = in_elf(Elf(code={".hip_fatbin": data}).build())
    assert (found.rocm, found.damaged) == (("gfx1100", "gfx9-4-generic", "gfx90a:xnack-", "gfx942:sramecc+:xnack-"), 0)


@pytest.mark.parametrize("data", [BUNDLES[0][:60], device.packed(BUNDLES[0])[:30] + bytes(40)])
def test_a_damaged_bundle_is_counted(data):
    assert in_elf(Elf(code={".hip_fatbin": data}).build()).damaged == 1


def test_too_many_images_are_refused_with_little_memory(monkeypatch):
    monkeypatch.setattr(fatbin, "IMAGES", 2000)
    data = container(*[Image(size=8)] * 10) * 1000
    tracemalloc.start()
    with pytest.raises(NotExamined) as error:
        device_code.in_fatbin(source_of(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.value.reason is GapReason.TOO_MANY and peak < 2**20
    different = b"".join(container(Image(arch=10 + n)) for n in range(300))
    with pytest.raises(NotExamined, match="kinds"):
        device_code.in_fatbin(source_of(different))


def test_a_mutant_is_listed_or_refused():
    random_ = random.Random(20261121)
    plain = container(Image(), PTX) + container(Image("nvvm", 90))
    seeds = [
        Elf(code={".nv_fatbin": plain, ".hip_fatbin": BUNDLES[0]}).build(),
        Elf(code={".nv_fatbin": plain, ".x": BUNDLES[1]}, data={".d": device.wrapper(2)}, sections=False).build(),
        Elf(code={".hip_fatbin": device.packed(BUNDLES[0])}).build(),
        device.cubin(90, "a"),
    ]
    for n in range(int(os.environ.get("GATE_MUTANTS", "300"))):
        data = bytearray(seeds[n % len(seeds)])
        used = [at for at, byte in enumerate(data) if byte]
        for _ in range(random_.randint(1, 6)):
            data[min(random_.choice(used) + random_.randint(0, 3), len(data) - 1)] = random_.randrange(256)
        data[:4] = b"\x7fELF"
        source = source_of(data)
        try:
            header = elf_header.read(source.read_at)
            device_code.in_elf(source, header)
            cubin.target(source, header)
        except NotExamined:
            pass
