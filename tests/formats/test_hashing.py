"""Digests under the names of lists, against tools that others made."""

import hashlib
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.declared.looks import _LAST
from gate.formats.hashing import Dos2Unix, canonical, hasher, length

DATA = b"alpha\r\nbeta\r\n" * 100


def digest(name, data, cut=7):
    maker = hasher(name, len(data))
    for at in range(0, len(data), cut):
        maker.update(data[at : at + cut])
    return maker.hexdigest()


@pytest.mark.parametrize(
    ("said", "digits", "name"),
    [
        ("", 64, "sha256"),
        ("", 50, "200 bits"),
        ("SHA2-256", 64, "sha256"),
        ("SHA_512", 128, "sha512"),
        ("SHA512/256", 64, "sha512-256"),
        ("b2", 128, "blake2b-512"),
        ("BLAKE2b", 64, "blake2b-256"),
        ("BLAKE2b-256", 64, "blake2b-256"),
        ("sha3", 96, "sha3-384"),
        ("blake3", 64, "blake3"),
    ],
)
def test_one_algorithm_has_one_name(said, digits, name):
    assert canonical(said, digits) == name


def test_only_what_can_be_computed_has_a_length():
    assert [length(name) for name in ("md5", "git-blob", "sha3-384", "blake2b-160")] == [32, 40, 96, 40]
    assert not any(length(name) for name in ("blake3", "sha512-256", "blake2b-0", "blake2b-9", "blake2b-520", "", "x"))


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
@pytest.mark.parametrize("data", [b"", b"alpha", DATA])
def test_the_id_of_git_is_that_of_git(data):
    command = ["git", "hash-object", "--stdin", "--no-filters"]
    theirs = subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode().strip()
    assert digest("git-blob", data) == theirs


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"text of a line"]), max_size=200), st.integers(1, 600))
def test_line_ends_are_normalised_wherever_blocks_end(parts, cut):
    data = b"".join(parts)
    assert digest("md5-dos2unix", data, cut) == hashlib.md5(data.replace(b"\r\n", b"\n")).hexdigest()


def test_a_digest_may_be_asked_for_twice():
    maker = Dos2Unix()
    maker.update(b"a\r")
    assert maker.hexdigest() == maker.hexdigest() == hashlib.md5(b"a\r").hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "SHA256SUMS",
        "x.sha1",
        "MD5",
        "b2sum",
        "checksums.TXT",
        "SHA256SUMS.asc",
        "hashsum",
        "x.sha384",
        "X.BLAKE2B",
        "RECORD",
        "MANIFEST.json",
        "MLmodel",
        "Kitfile",
        "x.dvc",
        "dvc.lock",
        "bento.yaml",
        "x.sha224",
        "x.sha512",
    ],
)
def test_no_name_of_a_list_or_manifest_is_passed_over(name):
    assert name[-1] in _LAST
