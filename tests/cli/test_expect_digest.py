"""--expect-digest: the archive that was meant, or a denial."""

from __future__ import annotations

import hashlib
import json

import pytest

from gate.archive.archive import Archive
from gate.archive.root import Root
from gate.core.errors import UsageError
from gate.core.limits import Limits
from gate.declared.expected import Expectation, answer, expectation
from gate.sources import open_target
from tests.conftest import NOW

CONTENT = {"a.txt": b"hello"}


def of(name, path):
    data = path.read_bytes()
    return (hashlib.blake2b(data) if name == "blake2b" else hashlib.new(name, data)).hexdigest()


def codes(result):
    return [reason["code"] for reason in json.loads(result.stdout)["decision"]["reasons"]]


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512", "blake2b"])
def test_the_archive_that_was_expected_is_allowed_and_another_one_denied(gate, make, algorithm):
    target = make(CONTENT)
    digest = of(algorithm, target)
    good = gate("scan", target, "--expect-digest", f"{algorithm}:{digest.upper()}", "-f", "json")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["inputs"]["expected"] == [{algorithm: digest}]
    bad = gate(
        "scan", target, "--expect-digest", f"{algorithm}:{'0' * len(digest)}", "-f", "json", "--stage", "staging"
    )
    assert bad.returncode == 1 and codes(bad) == ["integrity.unexpected-digest"]
    (finding,) = json.loads(bad.stdout)["findings"]
    assert finding["location"]["path"] == ""
    assert finding["properties"] == {"algorithm": algorithm, "expected": "0" * len(digest), "actual": digest}


def test_standard_input_may_be_expected_too(gate, make):
    target = make(CONTENT)
    for digest, code in ((of("sha256", target), 0), ("1" * 64, 1)):
        stdin = target.read_bytes()
        assert gate("scan", "-", "--expect-digest", f"sha256:{digest}", stdin=stdin).returncode == code


def test_a_folder_is_expected_by_its_dir_hash(gate, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"hello")
    line = f"{hashlib.sha256(b'hello').hexdigest()}  a.txt\n"
    digest = hashlib.sha256(line.encode()).hexdigest()
    for name in ("dirHash", "sha256"):
        assert gate("scan", folder, "--expect-digest", f"{name}:{digest}").returncode == 0
        assert gate("scan", folder, "--expect-digest", f"{name}:{'0' * 64}").returncode == 1


def test_a_folder_with_a_member_that_cannot_be_read_is_inconclusive(tmp_path):
    (tmp_path / "a").write_bytes(b"hello")
    archive = Archive(open_target(str(tmp_path), Limits()), Limits())
    archive.rows.add("a", -1, "", b"a")
    assert answer(Expectation("dirHash", "0" * 64), archive).actual is None
    archive.close()


def test_a_file_that_is_written_to_meanwhile_has_no_digest(make):
    path = make(CONTENT)
    archive = Archive(open_target(str(path), Limits()), Limits())
    archive.sha256 = "0" * 64  # what the walk saw
    assert answer(Expectation("sha512", "0" * 128), archive)[2:] == (None, "the file changed")
    archive.close()
    assert isinstance(archive.root, Root)


def test_each_target_has_its_own_digest_in_order(gate, make):
    one, two = make(CONTENT, "one.zip"), make({"b": b"other"}, "two.zip")
    right = [f"sha256:{of('sha256', path)}" for path in (one, two)]
    expect = ("--expect-digest", right[0], "--expect-digest", right[1])
    assert gate("scan", one, two, *expect).returncode == 0
    swapped = gate("scan", two, one, *expect, "-f", "json")
    assert swapped.returncode == 1 and swapped.stdout.count('"integrity.unexpected-digest"') >= 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sha256:abc", "64 hexadecimal digits"),
        ("sha256:" + "g" * 64, "64 hexadecimal digits"),
        ("sha256:" + "0" * 128, "64 hexadecimal digits"),
        ("0" * 64, "no ALGORITHM:HEX"),
        ("crc32:00000000", "no ALGORITHM:HEX"),
        ("md5:" + "0" * 32, "does not pin"),
        ("sha1:" + "0" * 40, "does not pin"),
        ("dirHash:" + "0" * 64, "is no folder"),
        ("", "no ALGORITHM:HEX"),
    ],
)
def test_what_is_no_digest_is_a_usage_error(gate, make, text, complaint):
    result = gate("scan", make(CONTENT), "--expect-digest", text)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith("gate: --expect-digest") and complaint in result.stderr


def test_a_folder_has_no_other_digest_and_each_target_needs_one(gate, make, tmp_path):
    target = make(CONTENT)
    assert gate("scan", tmp_path, "--expect-digest", "sha512:" + "0" * 128).returncode == 2
    result = gate("scan", target, target, "--expect-digest", "sha256:" + "0" * 64)
    assert result.returncode == 2 and "1 digests for 2 targets" in result.stderr


def test_the_policy_document_says_whether_it_was_expected(gate, make):
    target = make(CONTENT)
    for extra, said in (
        ((), None),
        (("--expect-digest", f"sha256:{of('sha256', target)}"), True),
        (("--expect-digest", "sha256:" + "0" * 64), False),
    ):
        document = json.loads(gate("facts", target, *extra, "--effective-time", NOW).stdout)
        assert document["integrity"]["expected"] is said


def test_an_expectation_is_read_without_a_target():
    assert expectation("sha256:" + "A" * 64, "--x") == ("sha256", "a" * 64)
    with pytest.raises(UsageError, match="--x sha9"):
        expectation("sha9:00", "--x")
