"""Each sample gives exactly the rules and gaps that stand beside it, at exactly those places."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.archive import streams, tars
from fixtures.archive.samples import PICKLE, SOUND, TEXT
from fixtures.archive.tar_samples import QUIET, STREAMS, TARS
from gate.archive import frames, walk
from gate.core.limits import Limits
from tests.walking import look

ALL = {**TARS, **STREAMS}
NESTED = [name for name in TARS if "zip" not in name and "2^90" not in name]
"""A zip needs random access; a member without end that goes by only once is a gap, and is not opened."""


@pytest.mark.parametrize("name", sorted(ALL))
def test_each_sample_is_told_exactly(name):
    walked = look(ALL[name].data)
    assert {(path, rule.removeprefix("archive.")) for path, rule in walked.findings} == ALL[name].rules
    assert set(walked.gaps) == ALL[name].gaps


@pytest.mark.parametrize("pack", [streams.gz, streams.zstd_raw], ids=["gzip", "zstd"])
@pytest.mark.parametrize("name", sorted(NESTED))
def test_a_packed_tar_is_told_as_the_tar_is(name, pack):
    """A stream goes forward only: what other readers see is found by unpacking once more."""
    plain, packed = look(TARS[name].data), look(pack(TARS[name].data))
    assert sorted(packed.findings) == sorted(plain.findings)
    assert sorted(packed.gaps) == sorted(plain.gaps)
    assert {path: data for path, data in packed.members.items() if path} == {
        path: data for path, data in plain.members.items() if path
    }


@pytest.mark.parametrize("name", sorted(name for name, sample in ALL.items() if PICKLE in sample.data))
def test_the_payload_is_seen_or_something_is_said_at_its_place(name):
    walked = look(ALL[name].data)
    inside = [data for path, data in walked.members.items() if path]
    assert any(PICKLE in data for data in inside) or walked.gaps


@pytest.mark.parametrize("name", sorted(QUIET))
def test_what_ordinary_tools_write_is_quiet(name):
    walked = look(QUIET[name])
    assert (walked.findings, walked.gaps) == ([], [])
    assert TEXT in walked.members.values() or TEXT + b"more" in walked.members.values()


# -- ordinary tools -----------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    long = "d" * 90
    for name, data in {
        "a.txt": b"1" * 700,
        f"{long}/{long}/name": b"2",
        "ünïcödé/x": b"3",
        "empty": b"",
        "bin/run": b"4" * 512,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    os.symlink("a.txt", root / "link")
    os.symlink("../a.txt", root / "bin" / "up")
    os.link(root / "a.txt", root / "same")
    return root


@pytest.mark.parametrize("options", [(), ("--numeric-owner", "--sort=name", "--mtime=@0"), ("--blocking-factor=1",)])
@pytest.mark.parametrize("form", ["gnu", "oldgnu", "pax", "ustar", "v7"])
def test_gnu_tar_is_quiet(tree, form, options):
    if form == "v7":
        subprocess.run(["rm", "-rf", str(tree / ("d" * 90))], check=True)
    data = subprocess.run(
        ["tar", f"--format={form}", *options, "-cf", "-", "."], cwd=tree, capture_output=True, check=True
    ).stdout
    walked = look(data)
    assert walked.clean and walked.members["./a.txt" if "./a.txt" in walked.members else "./same"] == b"1" * 700


def test_incremental_gnu_tar_says_only_what_it_has_of_its_own(tree, tmp_path):
    command = ["tar", "--format=gnu", f"--listed-incremental={tmp_path / 'state'}", "-cf", "-", "."]
    walked = look(subprocess.run(command, cwd=tree, capture_output=True, check=True).stdout)
    assert walked.findings == [] and walked.reasons <= {"unsupported"}  # entries of type D list folders


def test_a_sparse_file_of_gnu_tar_is_a_gap_and_no_finding(tmp_path):
    with open(tmp_path / "s", "wb") as file:
        file.seek(2**24)
        file.write(b"end")
    for form in ("gnu", "pax"):
        command = ["tar", f"--format={form}", "--sparse", "-cf", "-", "s"]
        data = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
        walked = look(data)
        assert (walked.findings, walked.gaps) == ([], [("s", "unsupported")])


def test_git_archive_is_quiet(tree):
    run = {"cwd": tree, "check": True, "capture_output": True}
    name = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run(["git", "init", "-q"], **run)
    subprocess.run(["git", "add", "-A"], **run)
    subprocess.run(["git", *name, "commit", "-qm", "x"], **run)
    for form in ("tar", "tar.gz"):
        walked = look(subprocess.run(["git", "archive", f"--format={form}", "HEAD"], **run).stdout)
        assert walked.clean and walked.members["a.txt"] == b"1" * 700


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz", "w|", "w|gz"])
def test_python_tarfile_is_quiet(tree, form, mode):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as archive:
        archive.add(tree, "tree")
    walked = look(out.getvalue())
    assert walked.clean and b"1" * 700 in walked.members.values()


@pytest.mark.parametrize("tool", ["zstd", "lz4"])
def test_what_the_tools_of_the_formats_write_is_quiet(tool):
    data = tars.simple({"a": TEXT * 1000})
    packed = subprocess.run([tool, "-c"], input=data * 3, capture_output=True, check=True).stdout
    walked = look(packed)
    assert walked.members["a"] == TEXT * 1000 and "archive.tar-behind-end" in walked.rules
    packed = subprocess.run([tool, "-c", "-9"], input=data, capture_output=True, check=True).stdout
    assert look(packed).clean and look(packed).formats == f"tar.{tool}"


# -- as tarfile ---------------------------------------------------------------------------------------------------------

PARTS = st.lists(
    st.one_of(
        st.builds(
            tars.member,
            st.sampled_from([b"a", b"b/c", b"d/", b"x" * 100]),
            st.binary(max_size=600),
            st.sampled_from([b"0", b"\0", b"7", b"1", b"2", b"5", b"L", b"x"]),
        ),
        st.builds(tars.long_name, st.binary(min_size=1, max_size=200)),
        st.builds(lambda path, size: tars.pax({b"path": path, b"size": b"%d" % size}), st.binary(min_size=1, max_size=150), st.integers(0, 2000)),
        st.builds(lambda n: bytes(512 * n), st.integers(1, 3)),
        st.binary(min_size=512, max_size=512),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True)
@given(PARTS)
def test_a_walk_that_finds_nothing_lists_what_tarfile_lists(parts):
    data = tars.build(tars.member(b"begin", TEXT), *parts)
    walked = look(data)
    if not walked.clean:
        return
    with tarfile.open(fileobj=io.BytesIO(data), errorlevel=2) as archive:
        files = {}
        for info in archive.getmembers():
            if info.isreg() and not info.name.endswith("/"):  # a folder for everybody else
                file = archive.extractfile(info)
                files[info.name] = file.read() if file else None
    assert len(files) == len(walked.members) - 1
    assert sorted(files.values()) == sorted(data for path, data in walked.members.items() if path)


# -- what is not installed, what holds itself, what is too much ---------------------------------------------------------


@pytest.mark.parametrize("name", ["zstd", "lz4"])
def test_a_library_that_is_missing_is_named(monkeypatch, name):
    def missing(module):
        raise ImportError(module)

    monkeypatch.setattr(frames, "import_module", missing)
    frames._zstd.cache_clear(), frames._lz4.cache_clear(), frames.damage.cache_clear()
    try:
        for data in (streams.PACK[name](TEXT), streams.PACK[name](tars.simple({"a": TEXT}))):
            walked = look(tars.simple({"m.bin": data, "next": TEXT}))
            assert walked.gaps == [("m.bin", "missing-extra")]
            assert name in walked.details[0] and "mlgate[scan]" in walked.details[0]
            assert walked.members["next"] == TEXT
    finally:
        monkeypatch.undo()
        frames._zstd.cache_clear(), frames._lz4.cache_clear(), frames.damage.cache_clear()


def test_what_holds_itself_is_a_finding_and_ends(monkeypatch):
    """A gzip file that unpacks to itself (https://research.swtch.com/zip), without its 200 bytes of magic."""
    quine = streams.gz(TEXT)
    monkeypatch.setattr(walk.unpack, "unpack", lambda kind, source: iter([quine]))
    walked = look(quine)
    assert ("content!/content", "archive.bomb") in walked.findings
    assert walked.gaps == [("content!/content", "too-deep")]


@pytest.mark.parametrize("name", ["gzip", "zstd", "bzip2", "xz"])
def test_a_bomb_is_a_finding_and_what_stands_beside_it_is_walked(name):
    zeros = bytes(2**23)
    packed = streams.zstd_bomb(len(zeros)) if name == "zstd" else streams.PACK[name](zeros)
    data = tars.simple({"before.pkl": PICKLE, "b": packed})
    walked = look(data, Limits(expansion_floor_bytes=2**20, expansion_ratio=20))
    assert walked.members["before.pkl"] == PICKLE
    assert "budget" in walked.reasons and [rule for _, rule in walked.findings] == ["archive.bomb"]


def test_nesting_without_end_is_a_finding():
    walked = look(tars.nested(20))
    assert walked.rules == {"archive.deep-nesting"} and walked.reasons == {"too-deep"}


@pytest.mark.parametrize("name", sorted(SOUND))
def test_no_sound_sample_is_a_bomb(name):
    assert look(SOUND[name]).rules == set()
