"""What native libraries need, how they are protected, and whether they load on a target."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.churn import elf as churn
from fixtures.native import device, others
from fixtures.native.elf import AARCH64, CUDA, DYN, EXEC, I686, PPC64, REL, S390X, X86_64, Elf
from gate import registry
from gate.core.finding import Confidence
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.inspectors import Need
from gate.output.dump import plain
from gate.targets.profile import Profile, read_profile
from tests.inspectors.natives import Result, look

LIBC = {"needed": ["libc.so.6"]}
H100 = read_profile(
    b"""
schema: gate.target/v1
name: prod-h100
arch: x86_64
libc: {family: glibc, version: "2.31"}
versions: {GLIBCXX: "3.4.28", CXXABI: "1.3.12"}
cuda: {major: [11]}
python: {version: "3.11"}
""",
    "prod-h100.yaml",
)


def glibc(*versions):
    return Elf(needed=["libc.so.6"], versions={"libc.so.6": versions}).build()


def against(target, library, **more):
    return Result({"lib/libx.so": library.build() if isinstance(library, Elf) else library, **more}, (target,))


# -- facts ------------------------------------------------------------------------------------------------------------


def test_the_library_of_the_demo_is_described_as_it_was_built():
    (fact,) = look(churn.shared_object()).facts
    assert (fact.format, fact.type, fact.machine, fact.bits) == ("elf", "shared", "x86_64", 64)
    assert (fact.soname, fact.needed) == (churn.SONAME, (churn.NEEDED,))
    assert fact.versions == (f"{churn.NEEDED}:{churn.VERSION}",)
    assert fact.highest == (churn.VERSION,)
    assert fact.hardening == ("nx", "relro-full")


def test_an_ordinary_library_is_quiet():
    result = look(Elf(**LIBC, soname="libx.so.1", runpath="$ORIGIN/../lib:/usr/lib64").build())
    assert (result.findings, result.gaps) == ([], [])


def test_versions_are_strong_or_weak_and_the_highest_is_found_by_number():
    versions = {
        "libc.so.6": ["GLIBC_2.4", "GLIBC_2.30", "GLIBC_2.38"],
        "libstdc++.so.6": ["GLIBCXX_3.4.9", "CXXABI_1.3"],
    }
    (fact,) = look(Elf(needed=list(versions), versions=versions, weak=["GLIBC_2.38"]).build()).facts
    assert fact.versions == (
        "libc.so.6:GLIBC_2.30", "libc.so.6:GLIBC_2.4", "libstdc++.so.6:CXXABI_1.3", "libstdc++.so.6:GLIBCXX_3.4.9",
    )  # fmt: skip
    assert fact.weak_versions == ("libc.so.6:GLIBC_2.38",)
    assert fact.highest == ("GLIBC_2.30", "GLIBCXX_3.4.9", "CXXABI_1.3")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"now": False}, ("nx", "relro-partial")),
        ({"imports": ["__stack_chk_fail", "__memcpy_chk"]}, ("canary", "fortify", "nx", "relro-full")),
        ({"imports": ["my_chk", "x__memcpy_chk"]}, ("nx", "relro-full")),
        ({"interpreter": "/lib64/ld-linux-x86-64.so.2"}, ("nx", "pie", "relro-full")),
        ({"interpreter": "/lib64/ld-linux-x86-64.so.2", "type": EXEC}, ("nx", "relro-full")),
    ],
)
def test_what_protects_a_library_is_said_in_words(changes, words):
    (fact,) = look(Elf(**changes).build()).facts
    assert fact.hardening == words


@pytest.mark.parametrize(
    ("machine", "bits", "order", "name"),
    [
        (X86_64, 64, "little", "x86_64"),
        (X86_64, 32, "little", "x86_64"),
        (I686, 32, "little", "i686"),
        (AARCH64, 64, "little", "aarch64"),
        (PPC64, 64, "little", "ppc64le"),
        (PPC64, 64, "big", "ppc64"),
        (S390X, 64, "big", "s390x"),
        (4711, 64, "little", "unknown-4711"),
    ],
)
def test_machines_have_the_names_that_linux_gives_them(machine, bits, order, name):
    (fact,) = look(Elf(**LIBC, machine=machine, bits=bits, order=order).build()).facts
    assert (fact.machine, fact.bits, fact.needed) == (name, bits, ("libc.so.6",))


@pytest.mark.parametrize(
    ("needed", "cuda"),
    [
        (["libcudart.so.12"], "12"),
        (["libcudart.so.11.0", "libcurand.so.10"], "11"),
        (["libcufft.so.12"], "13"),
        (["libcurand.so.10"], ""),
        (["libcudart.so.12", "libcudart.so.11.0"], "11,12"),
        (["libc.so.6"], ""),
    ],
)
def test_the_major_of_cuda_is_that_of_the_runtime_or_of_what_only_one_toolkit_ships(needed, cuda):
    result = look(Elf(needed=needed).build())
    assert result.facts[0].cuda_major == cuda
    assert result.section["cuda"] == [major for major in cuda.split(",") if major]


@pytest.mark.parametrize(
    ("data", "kind", "machine"),
    [
        (Elf(type=REL).build(), "object", "x86_64"),
        (Elf(type=4).build(), "core", "x86_64"),
        (Elf(machine=CUDA, writable_code=True).build(), "device-code", "cuda"),
        (b"!<arch>\nfoo.o/", "static-archive", ""),
    ],
)
def test_what_no_loader_takes_is_described_and_not_judged(data, kind, machine):
    result = look(data, profiles=(H100,))
    assert [(fact.type, fact.machine) for fact in result.facts] == [(kind, machine)]
    assert (result.findings, result.gaps, result.section["judged"]) == ([], [], 0)


def test_a_pe_library_is_described():
    (fact,) = look(others.pe(("KERNEL32.dll", "python311.dll")), "x.pyd").facts
    assert (fact.format, fact.type, fact.machine, fact.bits) == ("pe", "shared", "x86_64", 64)
    assert fact.needed == ("KERNEL32.dll", "python311.dll")
    assert fact.hardening == ("aslr", "high-entropy-va", "nx")


def test_every_machine_of_a_universal_file_is_described():
    parts = [
        (machine, others.macho(machine=machine, name="@rpath/libx.dylib", rpath="@loader_path/.."))
        for machine in (others.X86_64_MACHO, others.AARCH64_MACHO)
    ]
    facts = look(others.universal(*parts), "x.dylib").facts
    assert [(fact.machine, fact.soname, fact.rpath) for fact in facts] == [
        (name, "@rpath/libx.dylib", ("@loader_path/..",)) for name in ("aarch64", "x86_64")
    ]
    assert {fact.needed for fact in facts} == {("/usr/lib/libSystem.B.dylib",)}


def test_a_slice_that_cannot_be_read_is_a_gap():
    broken = others.universal((others.X86_64_MACHO, others.macho()), (others.AARCH64_MACHO, b"nothing" * 40))
    assert look(broken, "x.dylib").gaps[0][1] == GapReason.CORRUPT


def test_a_java_class_and_text_that_begins_with_mz_are_of_no_interest():
    result = Result({"A.class": bytes.fromhex("cafebabe00000041") + bytes(99), "t.txt": b"MZ is a code" * 30})
    assert (result.facts, result.gaps) == ([], [])


def test_who_built_at_home_is_not_named():
    result = look(Elf(needed=["/home/alice/lib/liba.so"], runpath="/home/alice/build/lib:/Users/bob/x").build())
    text = repr((result.facts, result.all))
    assert "alice" not in text and "bob" not in text
    assert result.facts[0].runpath == ("/home/*/build/lib", "/Users/*/x")


NAMES = st.from_regex(r"lib[a-z]{1,8}\.so(\.[0-9]{1,2})?", fullmatch=True)
NODES = st.from_regex(r"[A-Z]{2,7}_[0-9]\.[0-9]{1,2}", fullmatch=True)


@given(
    needed=st.lists(NAMES, max_size=5, unique=True),
    soname=st.one_of(st.just(""), NAMES),
    nodes=st.lists(NODES, max_size=4, unique=True),
    shape=st.sampled_from([(X86_64, 64, "little"), (I686, 32, "little"), (S390X, 64, "big"), (20, 32, "big")]),
    runpath=st.one_of(st.none(), st.just("$ORIGIN"), st.just("$ORIGIN/a:/usr/lib")),
    now=st.booleans(),
    sections=st.booleans(),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_what_was_built_is_what_is_read(needed, soname, nodes, shape, runpath, now, sections):
    machine, bits, order = shape
    versions = {needed[0]: nodes} if needed else {}
    built = Elf(
        needed=needed, soname=soname, versions=versions, runpath=runpath, now=now, sections=sections,
        machine=machine, bits=bits, order=order,
    )  # fmt: skip
    result = look(built.build())
    (fact,) = result.facts
    assert (fact.needed, fact.soname, fact.bits) == (tuple(needed), soname, bits)
    assert fact.versions == tuple(sorted(f"{needed[0]}:{node}" for node in nodes) if needed else ())
    assert fact.runpath == (tuple(runpath.split(":")) if runpath else ())
    assert ("relro-full" in fact.hardening) == now
    assert ("no-section-headers" in [rule for rule, _ in result.findings]) == (not sections)


# -- weaknesses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"stack": 7}, "exec-stack"),
        ({"stack": None}, "exec-stack"),
        ({"writable_code": True}, "writable-code"),
        ({"text_relocations": True}, "text-relocations"),
        ({"relro": False}, "no-relro"),
        ({"sections": False}, "no-section-headers"),
    ],
)
def test_a_weakness_is_found_by_its_header(changes, rule):
    assert look(Elf(**changes).build()).findings == [(rule, "lib/libx.so")]


def test_a_stack_header_is_missed_only_where_the_default_is_executable():
    assert look(Elf(stack=None, machine=AARCH64).build()).findings == []
    assert look(Elf(stack=None).build()).all[0].confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        ("$ORIGIN/../lib", []),
        ("${ORIGIN}", []),
        ("/usr/lib/x86_64-linux-gnu:/usr/local/cuda/lib64:/lib", []),
        ("", []),
        ("$ORIGIN:", [""]),
        ("lib:./x", ["lib", "./x"]),
        ("/tmp/build:/var/tmp", ["/tmp/build", "/var/tmp"]),
        ("/usr/lib/../../tmp", ["/usr/lib/../../tmp"]),
        ("/tmpfoo", ["/tmpfoo"]),
        ("//usr/lib:/usrlib", ["/usrlib"]),
        ("$ORIGINAL/x", ["$ORIGINAL/x"]),
        ("/opt/build/lib", ["/opt/build/lib"]),
    ],
)
@pytest.mark.parametrize("tag", ["rpath", "runpath"])
def test_a_search_path_is_safe_below_the_library_and_below_the_system(tag, path, bad):
    result = look(Elf(**{tag: path}).build())
    assert [args["folder"] for args in result.said("insecure-rpath")] == sorted(bad)
    assert all(args["tag"] == tag.upper() for args in result.said("insecure-rpath"))


def test_writable_code_is_found_in_pe_and_mach_o_too():
    assert look(others.pe(code=0xA0000000), "x.dll").findings == [("writable-code", "x.dll")]
    assert look(others.macho(protection=7), "x.dylib").findings == [("writable-code", "x.dylib")]


def test_a_library_that_was_cut_off_is_a_finding_and_a_gap_and_no_fact():
    whole = Elf(**LIBC).build()
    result = look(whole[:-10])
    assert result.said("truncated") == [{"size": str(len(whole) - 10), "end": str(len(whole))}]
    assert (result.facts, result.gaps[0][1]) == ([], GapReason.CORRUPT)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (others.pe(("KERNEL32.dll", "USER32.dll")), "x.dll"),
        (others.macho(("/usr/lib/a.dylib", "/usr/lib/b.dylib"), name="@rpath/libx.dylib"), "x.dylib"),
        (others.universal((7, others.macho()), (12, others.macho())), "x.dylib"),
    ],
)
def test_other_formats_that_were_cut_off_are_never_described_as_whole(data, name):
    assert look(data, name).gaps == []
    for size in range(64, len(data.rstrip(b"\0")), max(len(data) // 24, 8)):
        result = look(data[:size], name)
        assert (result.facts, len(result.gaps)) == ([], 1), size


def test_a_decoy_of_the_dynamic_segment_is_found():
    data = bytearray(Elf(needed=["libevil.so"]).build())
    decoy = len(data)
    data += bytes(4096)
    at = 64 + 2 * 56  # the third program header is the dynamic segment
    assert data[at] == 2
    data[at + 8 : at + 16] = decoy.to_bytes(8, "little")  # its offset, not its address
    result = look(bytes(data))
    assert result.findings == [("misleading-headers", "lib/libx.so")]
    assert result.facts == [] and result.gaps[0][1] == GapReason.CORRUPT


def test_what_lief_leaves_out_is_a_gap_and_not_a_fact():
    data = bytearray(Elf(needed=["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.38"]}).build())
    table = int.from_bytes(data[64 + 2 * 56 + 8 :][:8], "little")
    tags = {int.from_bytes(data[at : at + 8], "little"): at for at in range(table, table + 16 * 12, 16)}
    data[tags[0x6FFFFFFE] + 8 : tags[0x6FFFFFFE] + 16] = (2**40).to_bytes(8, "little")  # versions: nowhere
    result = look(bytes(data))
    assert (result.facts, [reason for _, reason, _ in result.gaps]) == ([], [GapReason.CORRUPT])


def test_two_readers_that_disagree_are_a_finding_beside_the_facts():
    result = look(Elf(needed=["liba.so"], versions={"lib\udcff.so": ["A_1"]}).build())  # LIEF has no name for it
    assert result.findings == [("parser-discrepancy", "lib/libx.so")]
    assert result.facts[0].versions == ("lib\\xff.so:A_1",)


def test_code_for_gpus_is_part_of_the_facts_and_folded():
    pair = device.container(device.Image(arch=90, suffix="a"), device.Image("ptx", 90, version=(9, 0)))
    built = Elf(
        code={".nv_fatbin": pair * 5 + device.container(device.Image(arch=80)), ".hip_fatbin": device.bundle("gfx90a")},
        build_id=b"\x12\x34", isa=4,
    )  # fmt: skip
    (fact,) = look(built.build()).facts
    assert (fact.build_id, fact.isa, fact.rocm) == ("1234", "x86-64-v3", ("gfx90a",))
    assert plain(fact.cuda) == {
        "images": [
            {"kind": "cubin", "arch": 80, "suffix": "", "ptx_version": ""},
            {"kind": "cubin", "arch": 90, "suffix": "a", "ptx_version": ""},
            {"kind": "ptx", "arch": 90, "suffix": "", "ptx_version": "9.0"},
        ],
        "containers": [
            {"number": 1, "relocatable": False, "images": [0]},
            {"number": 5, "relocatable": False, "images": [1, 2]},
        ],
    }


@pytest.mark.parametrize(
    ("data", "format_"),
    [(device.container(device.Image(arch=80)), "fatbin"), (device.cubin(80), "elf")],
)
def test_device_code_in_a_file_of_its_own_is_described(data, format_):
    result = look(data, "kernels/axpy.bin")
    assert [(fact.format, fact.type, fact.cuda.images) for fact in result.facts] == [
        (format_, "device-code", (("cubin", 80, "", ""),))
    ]
    assert (result.findings, result.gaps) == ([], [])


def test_damaged_device_code_is_a_gap_beside_the_facts():
    result = look(Elf(needed=["libc.so.6"], code={".nv_fatbin": device.container(device.Image())[:-9]}).build())
    assert result.facts[0].needed == ("libc.so.6",)
    assert [reason for _, reason, _ in result.gaps] == [GapReason.CORRUPT]


# -- targets ----------------------------------------------------------------------------------------------------------


def test_the_verdict_names_the_library_the_version_and_what_the_target_has():
    result = against(H100, glibc("GLIBC_2.2.5", "GLIBC_2.31", "GLIBC_2.38"))
    assert result.findings == [("version-too-new", "lib/libx.so")]
    (args,) = result.said("version-too-new")
    assert args == {"version": "GLIBC_2.38", "library": "libc.so.6", "target": "prod-h100", "has": "GLIBC_2.31"}
    rule = registry.load().rules["native.version-too-new"]
    assert rule.say(args) == "needs GLIBC_2.38 of libc.so.6; prod-h100 has GLIBC_2.31"
    assert result.all[0].discriminator == "prod-h100 libc.so.6:GLIBC_2.38"
    assert result.section["mismatches"] == 1 and result.section["judged"] == 1


@pytest.mark.parametrize(
    ("version", "rules"),
    [
        ("GLIBC_2.4", []),
        ("GLIBC_2.31", []),
        ("GLIBC_2.31.0", []),
        ("GLIBC_2.31.1", ["version-too-new"]),
        ("GLIBC_2.100", ["version-too-new"]),
        ("GLIBC_3", ["version-too-new"]),
        ("GLIBC_ABI_DT_RELR", ["version-too-new"]),  # as old as 2.36
        ("GLIBC_PRIVATE", ["version-unknown"]),
        ("GLIBC_2.x", ["version-unknown"]),
        ("GLIBC_99999999999999999999", ["version-unknown"]),
    ],
)
def test_versions_are_compared_as_numbers_and_those_without_one_on_purpose(version, rules):
    assert [rule for rule, _ in against(H100, glibc(version)).findings] == rules


def test_a_version_that_may_be_missing_is_not_judged():
    library = Elf(needed=["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.38"]}, weak=["GLIBC_2.38"])
    assert against(H100, library).findings == []


def test_each_profile_is_judged_on_its_own():
    newer = dataclasses.replace(H100, name="new", versions={"GLIBC": "2.41"})
    result = Result({"lib/libx.so": glibc("GLIBC_2.38")}, (H100, newer))
    assert [args["target"] for args in result.said("version-too-new")] == ["prod-h100"]


def test_a_bundled_library_has_the_versions_that_it_has_but_libc_is_the_targets():
    needs = Elf(
        needed=["libstdc++.so.6", "libc.so.6"],
        versions={"libstdc++.so.6": ["GLIBCXX_3.4.33"], "libc.so.6": ["GLIBC_2.38"]},
    )
    bundle = {"lib/libstdc++.so.6": Elf().build(), "lib/libc.so.6": Elf(soname="libc.so.6").build()}
    assert {args["version"] for args in against(H100, needs).said("version-too-new")} == {
        "GLIBCXX_3.4.33",
        "GLIBC_2.38",
    }
    assert {args["version"] for args in against(H100, needs, **bundle).said("version-too-new")} == {"GLIBC_2.38"}


@pytest.mark.parametrize(
    ("needed", "missing"),
    [
        (["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "libstdc++.so.6", "libgcc_s.so.1", "libz.so.1"], []),
        (["libtorch.so", "libtorch_cpu.so", "libc10.so", "libc10_cuda.so"], []),
        (["libpython3.11.so.1.0"], []),
        (["libpython3.9.so.1.0"], ["libpython3.9.so.1.0"]),
        (["libb.so.1"], []),
        (["libssl.so.3", "libGL.so.1"], ["libGL.so.1", "libssl.so.3"]),
        (["/opt/x/libfoo.so"], ["/opt/x/libfoo.so"]),
        (["libc.musl-x86_64.so.1"], ["libc.musl-x86_64.so.1"]),
    ],
)
def test_a_library_is_missing_that_nobody_brings(needed, missing):
    result = against(H100, Elf(needed=needed), **{"lib/b.so": Elf(soname="libb.so.1").build()})
    assert [args["library"] for args in result.said("missing-library")] == missing


def test_a_library_for_another_machine_does_not_count_as_bundled():
    result = against(H100, Elf(needed=["libb.so"]), **{"arm/libb.so": Elf(machine=AARCH64).build()})
    assert ("missing-library", "lib/libx.so") in result.findings


def test_a_profile_can_allow_libraries_and_rule_out_packages():
    needs = Elf(needed=["libssl.so.3", "libtorch.so"])
    allowed = dataclasses.replace(H100, allow=("libssl.so.*",), packages={"numpy": "2.0"})
    assert [args["library"] for args in against(allowed, needs).said("missing-library")] == ["libtorch.so"]


def test_a_library_that_the_profile_allows_has_the_versions_that_it_has():
    needs = Elf(needed=["libssl.so.3"], versions={"libssl.so.3": ["OPENSSL_3.0.0"]})
    assert against(dataclasses.replace(H100, allow=("libssl*",)), needs).findings == []


@pytest.mark.parametrize(
    ("profile", "needed", "found"),
    [
        ({}, "libcudart.so.12", [("cuda-major-mismatch", "CUDA 11")]),
        ({}, "libcudart.so.11.0", []),
        ({}, "libcufft.so.10", []),
        ({}, "libcufft.so.11", [("cuda-major-mismatch", "CUDA 11")]),
        ({}, "libcuda.so.1", []),
        ({"cuda": (11, 12)}, "libcudart.so.12", []),
        ({"cuda": ()}, "libcudart.so.12", [("cuda-major-mismatch", "no CUDA")]),
        ({"cuda": None}, "libcudart.so.12", [("missing-library", "")]),
        ({"cuda": None}, "libcuda.so.1", [("missing-library", "")]),
        ({"cuda": None, "gpu": True}, "libcuda.so.1", []),
        ({"cuda": None, "cuda_libs": {"cudart": (12,)}}, "libcublas.so.12", []),
        ({"cuda_libs": {"cudnn": (9,)}}, "libcudnn.so.8", [("cuda-major-mismatch", "cudnn 9")]),
        ({"cuda_libs": {"cudnn": (9,)}}, "libcudnn.so.9", []),
        ({}, "libcudnn.so.9", [("missing-library", "")]),
    ],
)
def test_libraries_of_cuda_are_compared_by_the_table(profile, needed, found):
    result = against(dataclasses.replace(H100, **profile), Elf(needed=[needed]))
    assert [(f.rule.removeprefix("native."), dict(f.args).get("has", "")) for f in result.all] == found


def test_bundled_cuda_is_not_asked_of_the_target():
    assert against(H100, Elf(needed=["libcudart.so.12"]), **{"lib/libcudart.so.12": Elf().build()}).findings == []


def test_another_machine_is_a_mismatch_unless_the_target_has_its_own_library_of_that_name():
    arm = Elf(machine=AARCH64).build()
    assert against(H100, arm).said("machine-mismatch") == [
        {"machine": "aarch64 (64-bit)", "target": "prod-h100", "has": "x86_64"}
    ]
    assert against(H100, arm, **{"x86/libx.so": Elf().build()}).findings == []
    assert [rule for rule, _ in against(H100, Elf(bits=32)).findings] == ["machine-mismatch"]


def test_other_platforms_are_a_note():
    result = Result({"x.dll": others.pe(), "x.dylib": others.macho()}, (H100,))
    assert result.findings == [("other-platform", "x.dll"), ("other-platform", "x.dylib")]
    assert {args["system"] for args in result.said("other-platform")} == {"Windows", "macOS"}


def test_a_profile_that_says_nothing_judges_nothing_but_what_every_target_lacks():
    bare = Profile("bare", "0" * 64)
    assert against(bare, Elf(needed=["libfoo.so", "libc.so.6"], versions={"libc.so.6": ["GLIBC_2.17"]})).findings == []
    assert against(bare, glibc("GLIBC_2.18")).findings == [("version-unknown", "lib/libx.so")]


def test_unknown_versions_are_one_finding_a_library():
    (args,) = against(H100, glibc("GLIBC_PRIVATE", "GLIBC_FOO", "GLIBC_BAR")).said("version-unknown")
    assert (args["version"], args["count"]) == ("GLIBC_BAR", "3")


def test_without_a_profile_there_are_facts_only():
    result = Result(
        {"a.so": glibc("GLIBC_2.99"), "b.dll": others.pe(), "c.so": Elf(needed=["libcudart.so.12"]).build()}
    )
    assert result.section == {
        "libraries": 3, "formats": {"elf": 2, "pe": 1}, "profiles": 0, "judged": 0, "cuda": ["12"], "mismatches": 0,
    }  # fmt: skip
    assert result.findings == []


# -- reading ----------------------------------------------------------------------------------------------------------


def test_bytes_decide_and_not_names():
    from gate.archive.budget import Budget
    from gate.archive.member import Entry, Member
    from gate.archive.source import Memory
    from gate.inspectors.native import inspector

    def wants(path, data):
        budget = Budget(Limits())
        return inspector.wants(Member(path, Entry(b"", None, window=Memory(data, budget)), budget))

    assert wants("weights.bin", Elf().build()) is Need.SEEK
    assert wants("README.md", others.pe()) is Need.STREAM
    assert wants("libx.so", b"text") is None
    assert wants("libx.a", b"!<arch>\n") is Need.HEAD


def test_every_rule_is_reached_by_a_test_here():
    text = Path(__file__).read_text()
    for rule in registry.load().rules:
        if rule.startswith("native."):
            assert re.search(rf'"{rule.removeprefix("native.")}"', text), rule


def test_a_library_of_a_dynamic_type_only_is_taken_by_a_loader():
    assert look(Elf(type=DYN).build()).facts[0].loaded
    assert not look(Elf(type=REL).build()).facts[0].loaded


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("pytorch_model.bin", True),
        ("sub/weights.PT", True),
        ("config.json", True),
        ("lib.so", False),
        ("tool.bin", False),
        ("model.bin/run", False),
    ],
)
def test_code_under_a_name_for_data_is_found(name, found):
    assert (("disguised", name) in look(Elf().build(), name).findings) is found
