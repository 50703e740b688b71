"""Target profiles: what a person may write, and where it is wrong."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.errors import UsageError
from gate.targets.profile import Profile, read_profile
from tests.conftest import ROOT

HEAD = "schema: gate.target/v1\nname: t\n"


def read(text):
    return read_profile((HEAD + text).encode(), "t.yaml")


def test_every_example_of_the_documentation_is_read():
    examples = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "profiles.md").read_text(), re.DOTALL)
    profiles = [read_profile(example.encode(), "docs.yaml") for example in examples]
    full = profiles[0]
    assert (full.name, full.arch, full.libc) == ("prod-h100", "x86_64", "glibc")
    assert full.versions == {"GLIBC": "2.31", "GLIBCXX": "3.4.28", "CXXABI": "1.3.12"}
    assert (full.cuda, full.cuda_libs["cudnn"], full.gpu) == ((12,), (9,), True)
    assert len(profiles) >= 2


def test_the_documentation_names_every_key():
    page = (ROOT / "docs" / "profiles.md").read_text()
    for key in re.findall(r'^        "(\w+)":', (ROOT / "gate" / "targets" / "profile.py").read_text(), re.MULTILINE):
        assert f"`{key}`" in page or f"`{key}." in page, key


def test_the_digest_is_that_of_the_file():
    data = HEAD.encode()
    assert read_profile(data, "x") == Profile("t", hashlib.sha256(data).hexdigest())


def test_other_names_of_a_machine_are_known():
    assert read("arch: amd64\n").arch == "x86_64"
    assert read("arch: ARM64\n").arch == "aarch64"


def test_musl_has_no_version_of_symbols():
    assert read('libc: {family: musl, version: "1.2.4"}\n').versions == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("libc: {family: glibc, version: 2.31}\n", r't.yaml > libc > version: is a number.*quotes, as "2.31"'),
        ("libc: {family: glibc, version: 2.30}\n", r't.yaml > libc > version: is a number.*quotes, as "2.30"'),
        ("libc: {family: glibc, version: 3}\n", r't.yaml > libc > version: is a number.*quotes, as "3"'),
        ("versions: {GLIBCXX: 3.4}\n", r"t.yaml > versions > GLIBCXX: is a number"),
        ('libc: {family: glibc, version: "two"}\n', r"t.yaml > libc > version: must be a version"),
        ('libc: {version: "2.31"}\n', r"t.yaml > libc > family: is missing"),
        ("libc: {family: uclibc}\n", r"t.yaml > libc > family: must be one of glibc, musl"),
        ("colour: red\n", r"t.yaml > colour: is unknown; known: schema, name, arch"),
        ("libs: {deny: [x]}\n", r"t.yaml > libs > deny: is unknown"),
        ("libs: {allow: libx.so}\n", r"t.yaml > libs > allow: must be a list"),
        ("libs: {allow: [libx.so, 3]}\n", r"t.yaml > libs > allow > 1: must be text"),
        ("cuda: {major: [12.4]}\n", r"t.yaml > cuda > major > 0: must be a whole number"),
        ("cuda: {major: [true]}\n", r"t.yaml > cuda > major > 0: must be a whole number"),
        ("cuda_libs: {cudaart: [12]}\n", r"t.yaml > cuda_libs > cudaart: is no component; there are cudart"),
        ("arch: vax\n", r"t.yaml > arch: is no machine"),
        ("arch: x86_64\narch: arm64\n", r"t.yaml: is not YAML: .*a key stands twice"),
        ("name: other\n", r"a key stands twice"),
        ("gpu: {cc: [9.0]}\n", r't.yaml > gpu > cc > 0: is a number.*"9.0"'),
        ("versions: {glibcxx: '3'}\n", r"t.yaml > versions > glibcxx: is no family"),
        ("python: 3.11\n", r"t.yaml > python: must be a mapping"),
        ("libs: [unclosed\n", r"t.yaml: is not YAML"),
        ("libs: !!python/object/apply:os.system [id]\n", r"t.yaml: is not YAML"),
        ("[]: x\n", r"t.yaml: is not YAML"),
        ("isa: 2026-99-99\n", r"t.yaml: is not YAML"),
        ("? {a: b}\n: x\n", r"t.yaml: is not YAML"),
        ("x: " + "[" * 5000 + "\n", r"t.yaml: is n"),
    ],
)
def test_what_is_wrong_is_told_with_the_way_to_it(text, complaint):
    with pytest.raises(UsageError, match=complaint):
        read(text)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "must be a mapping"),
        (b"name: x", "schema: is missing"),
        (b"schema: gate.target/v2\nname: x", "schema: must be gate.target/v1"),
        (b"schema: gate.target/v1", "name: is missing"),
        (b"schema: gate.target/v1\nname: 'a b'", "name: must be a name"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b" " * (2**20 + 1), "is larger"),
    ],
)
def test_a_file_that_is_no_profile_is_refused(data, complaint):
    with pytest.raises(UsageError, match=complaint):
        read_profile(data, "t.yaml")


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_bytes_are_a_profile_or_a_usage_error(data):
    for text in (data, HEAD.encode() + data):
        try:
            read_profile(text, "t.yaml")
        except UsageError as error:
            assert str(error).startswith("t.yaml")
