"""Every algorithm and every manifest that states digests, each compared with the bytes."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.paths import encode
from gate.core.gap import GapReason
from tests.inspectors.images import layout
from tests.inspectors.looking import PAIR, A, B, Result, listing, sha, tensors

ALGORITHMS = ("md5", "sha1", "sha224", "sha384", "sha512", "sha3-256", "sha3-512")


def of(name, data):
    return hashlib.new(name.replace("-", "_"), data).hexdigest()


def git(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


# -- lists ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("form", ["{name}SUMS", "a.bin.{name}"])
def test_every_algorithm_of_a_list_is_compared(algorithm, form):
    name = form.format(name=algorithm)
    text = f"{of(algorithm, A)}  a.bin\n".encode()
    assert Result({"a.bin": A, name: text}).counts()["matched"] == 1
    bad = Result({"a.bin": B, name: text})
    (finding,) = (f for f in bad.all if f.rule == "integrity.digest-mismatch")
    assert dict(finding.args) == {
        "declared_in": name,
        "algorithm": algorithm,
        "declared": of(algorithm, A),
        "actual": of(algorithm, B),
    }
    assert not bad.gaps


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("B2SUMS", hashlib.blake2b(A).hexdigest() + "  a.bin"),
        ("B2SUMS", hashlib.blake2b(A, digest_size=32).hexdigest() + " *a.bin"),
        ("CHECKSUMS", f"BLAKE2b (a.bin) = {hashlib.blake2b(A).hexdigest()}"),
        ("CHECKSUMS", f"BLAKE2b-256 (a.bin) = {hashlib.blake2b(A, digest_size=32).hexdigest()}"),
        ("CHECKSUMS", f"SHA1 (a.bin) = {of('sha1', A)}"),
        ("CHECKSUMS", f"SHA3-256 (a.bin) = {of('sha3-256', A)}"),
        ("CHECKSUMS", f"MD5(a.bin)= {of('md5', A).upper()}"),
    ],
)
def test_blake2b_and_tagged_lines_are_compared(name, line):
    assert Result({"a.bin": A, name: line.encode()}).counts()["matched"] == 1
    assert ("digest-mismatch", "a.bin") in Result({"a.bin": B, name: line.encode()}).findings


@pytest.mark.parametrize("line", ["MD5 (a.bin) = " + "0" * 64, "SHA512 (a.bin) = " + "0" * 40])
def test_a_digest_of_the_wrong_length_is_a_gap(line):
    result = Result({"a.bin": A, "CHECKSUMS": line.encode()})
    assert result.gaps == [("CHECKSUMS", GapReason.CORRUPT, "1 lines are no digests of files, first line 1")]


def test_two_lists_that_disagree_about_a_member_are_judged_each_for_itself():
    files = {"a.bin": A, "SHA256SUMS": listing({"a.bin": A}), "SHA512SUMS": f"{of('sha512', B)}  a.bin\n".encode()}
    result = Result(files)
    assert result.findings == [("digest-mismatch", "a.bin")]
    assert [f.discriminator for f in result.all] == ["SHA512SUMS"]
    assert result.counts() == {"declared": 2, "matched": 1, "mismatched": 1}


def test_a_weak_digest_is_told_once_for_each_list_and_only_where_no_other_stands_beside_it():
    weak = "".join(f"{of('md5', data)}  {name}\n" for name, data in PAIR.items()).encode()
    alone = Result({**PAIR, "MD5SUMS": weak})
    assert alone.findings == [("weak-digest", "MD5SUMS")]
    assert dict(alone.all[0].args) == {"algorithm": "md5", "members": "2"}
    assert Result({**PAIR, "MD5SUMS": weak, "SHA256SUMS": listing(PAIR)}).findings == []
    partly = Result({**PAIR, "MD5SUMS": weak, "SHA512SUMS": f"{of('sha512', A)}  a.bin\n".encode()})
    assert dict(partly.all[0].args)["members"] == "1"


def test_a_member_that_was_not_read_is_not_opened_again():
    result = Result({"a.bin": None, "MD5SUMS": b"0" * 32 + b"  a.bin\n"})
    assert result.counts() == {"declared": 1, "unread": 1} and not result.gaps


def test_a_list_of_many_lines_about_one_file_is_one_second_look():
    line = f"{of('md5', A)}  a.bin\n"
    result = Result({"a.bin": A, "MD5SUMS": (line * 15_000).encode()})
    assert result.counts() == {"declared": 15_000, "matched": 15_000}
    assert result.findings == [("weak-digest", "MD5SUMS")]


# -- stores that call files by their digest ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        f"blobs/sha256/{sha(A)}",
        f"image.tar!/x/blobs/sha512/{of('sha512', A)}",
        f"models/blobs/sha256-{sha(A)}",
        f"hub/models--acme--m/blobs/{sha(A)}",
        f"hub/datasets--acme--m/blobs/{git(A)}",
        f".git/lfs/objects/{sha(A)[:2]}/{sha(A)[2:4]}/{sha(A)}",
        f".dvc/cache/files/md5/{of('md5', A)[:2]}/{of('md5', A)[2:]}",
        f".dvc/cache/{of('md5', A)[:2]}/{of('md5', A)[2:]}",
    ],
)
def test_a_file_that_is_called_by_its_digest_must_have_it(path):
    assert (Result({path: A}).findings, Result({path: A}).counts()) == ([], {"declared": 1, "matched": 1})
    bad = Result({path: B})
    assert bad.findings == [("digest-mismatch", path)]
    assert dict(bad.all[0].args)["declared_in"] == "its name"


@pytest.mark.parametrize(
    "path",
    [
        sha(A),
        f"a/{sha(A)}.bin",
        f"blobs/{sha(A)}",
        f"blobs/sha256/{sha(A)[:-1]}",
        f"lfs/objects/00/11/{sha(A)}",
        f"models--x/blobs/sub/{sha(A)}",
        f"blobs/sha256/{sha(A).upper()}",
    ],
)
def test_other_names_of_hexadecimal_digits_promise_nothing(path):
    assert Result({path: B}).counts() == {}


# -- DVC -----------------------------------------------------------------------------------------------------------


def dvc(path, data, **more):
    rows = {"md5": of("md5", data), "size": len(data), "path": path, **more}
    return ("outs:\n- " + "\n  ".join(f"{key}: {value}" for key, value in rows.items()) + "\n").encode()


def test_a_file_beside_its_dvc_file_is_compared():
    files = {"m/model.pkl": A, "m/model.pkl.dvc": dvc("model.pkl", A, hash="md5")}
    good = Result(files)
    assert (good.findings, good.gaps, good.references) == ([("weak-digest", "m/model.pkl.dvc")], [], [])
    assert ("digest-mismatch", "m/model.pkl") in Result({**files, "m/model.pkl": B}).findings


def test_dvc_before_version_3_counted_windows_line_ends_as_unix_ones_in_text_only():
    text, binary = b"a\r\nb\r\n" * 300, b"\0a\r\nb\r\n" * 300
    digest = hashlib.md5(text.replace(b"\r\n", b"\n")).hexdigest()
    for data, stated in ((text, digest), (binary, of("md5", binary))):
        result = Result({"d.csv": data, "d.csv.dvc": dvc("d.csv", data, md5=stated)})
        assert result.counts() == {"declared": 1, "matched": 1}
    exact = Result({"d.csv": text, "d.csv.dvc": dvc("d.csv", text, md5=digest, hash="md5")})
    assert ("digest-mismatch", "d.csv") in exact.findings


def folder(files, digest=lambda data: hashlib.md5(data).hexdigest(), **more):
    rows = [{"md5": digest(data), "relpath": name} for name, data in sorted(files.items())]
    return dvc("data", b"", md5=of("md5", json.dumps(rows, sort_keys=True).encode()) + ".dir", **more)


SET = {"a.csv": b"1\r\n2\r\n", "b/\u00e9 %#!/x": b"3", "b!": b"", "b/a": A}


def in_folder(files):
    return {f"data/{encode(name.encode())}": data for name, data in files.items()}


@pytest.mark.parametrize("more", [{"hash": "md5"}, {}], ids=["DVC 3", "DVC 2"])
def test_a_folder_beside_its_dvc_file_is_compared(more):
    by = folder(SET, **({"hash": "md5"} if more else {"digest": lambda data: of("md5", data.replace(b"\r\n", b"\n"))}))
    files = {**in_folder(SET), "data.dvc": by, "data2/x": B, "data.txt": B}
    good = Result(files)
    assert (good.findings, good.gaps, good.references) == ([("weak-digest", "data.dvc")], [], [])
    assert good.section["matched"] == 1
    for change in ({"data/a.csv": B}, {"data/more": B}):
        bad = Result({**files, **change})
        assert ("digest-mismatch", "data") in bad.findings and bad.section["mismatched"] == 1
    assert ("digest-mismatch", "data") in Result({k: v for k, v in files.items() if k != "data/b/a"}).findings


def test_a_folder_that_was_not_read_whole_is_neither_right_nor_wrong():
    files = {**in_folder(SET), "data.dvc": folder(SET, hash="md5")}
    assert Result({**files, "data/a.csv": None}).section["unread"] == 1
    assert Result({**files, "data/a.csv#2": B}).section["unread"] == 1
    ignoring = Result({**files, ".dvcignore": b"*.tmp"})
    assert [reason for _, reason, _ in ignoring.gaps] == [GapReason.UNSUPPORTED] and ".dvcignore" in ignoring.gaps[0][2]


def test_a_folder_of_a_lock_that_is_not_here_is_not_asked_for():
    lock = f"stages: {{train: {{deps: [{{path: data, hash: md5, md5: {'0' * 32}.dir}}]}}}}".encode()
    absent = Result({"dvc.lock": lock})
    assert (absent.findings, absent.gaps) == ([], [])
    assert ("digest-mismatch", "data") in Result({"dvc.lock": lock, "data/a": A}).findings


def test_folders_without_number_are_bounded():
    outs = "".join(f"- {{md5: {i:032x}.dir, path: d{i:03}, hash: md5}}\n" for i in range(70))
    result = Result({"x.dvc": f"outs:\n{outs}".encode(), **{f"d{i:03}/a": A for i in range(70)}})
    assert result.section["mismatched"] == 64 and "64 folders" in result.gaps[0][2]


def test_a_lock_is_compared_with_what_is_there_and_asks_for_nothing_else():
    lock = f"""
schema: "2.0"
stages:
  train:
    cmd: python train.py
    deps:
    - {{path: data/raw.csv, hash: md5, md5: {"0" * 32}, size: 9}}
    - {{path: /mnt/data/x.csv, hash: md5, md5: {"1" * 32}}}
    outs:
    - {{path: model.pkl, hash: md5, md5: {of("md5", A)}, size: 5}}
"""
    good = Result({"model.pkl": A, "dvc.lock": lock.encode()})
    assert good.findings == [("weak-digest", "dvc.lock")] and not good.gaps
    assert ("digest-mismatch", "model.pkl") in Result({"model.pkl": B, "dvc.lock": lock.encode()}).findings


# -- bills of materials --------------------------------------------------------------------------------------------


def cyclonedx(name, data, alg="SHA-256"):
    hashes = [{"alg": alg, "content": of(alg.lower().replace("-", ""), data)}]
    nested = {"type": "file", "name": name, "hashes": hashes}
    other = {"type": "library", "name": "a.bin", "hashes": [{"alg": "SHA-256", "content": "0" * 64}]}
    components = [{"type": "application", "name": "m", "components": [nested]}, other]
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}).encode()


def spdx(name, data):
    checksums = [{"algorithm": "SHA1", "checksumValue": of("sha1", data)}]
    checksums += [{"algorithm": "SHA256", "checksumValue": sha(data)}]
    return json.dumps({"spdxVersion": "SPDX-2.3", "files": [{"fileName": name, "checksums": checksums}]}).encode()


def spdx3(name, data):
    file = {"type": "software_File", "name": name, "verifiedUsing": [{"algorithm": "sha256", "hashValue": sha(data)}]}
    return json.dumps({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [file]}).encode()


@pytest.mark.parametrize("make", [cyclonedx, spdx, spdx3])
@pytest.mark.parametrize("bom", ["sbom.json", "_manifest/spdx_2.2/manifest.spdx.json", "x-1.dist-info/sboms/a.json"])
def test_a_bill_of_materials_is_compared_with_the_files_that_it_names(make, bom):
    assert Result({"a.bin": A, bom: make("./a.bin", A)}).findings == []
    bad = Result({"a.bin": B, bom: make("./a.bin", A)})
    assert set(bad.findings) == {("digest-mismatch", "a.bin")}
    elsewhere = Result({bom: make("gone.bin", A)})
    assert (elsewhere.findings, elsewhere.gaps) == ([], [])


# -- manifests that name files -------------------------------------------------------------------------------------


def test_the_model_and_code_of_a_kitfile_must_be_there_and_its_datasets_need_not():
    kit = b"""
manifestVersion: 1.0.0
model: {name: m, path: ./model.pkl, parts: [{path: tok}]}
code: [{path: src}]
datasets: [{path: data/train.csv}]
docs: [{path: README.md}]
"""
    files = {"Kitfile": kit, "model.pkl": A, "tok/a": A, "src/b.py": A}
    assert Result(files).counts() == {"declared": 3, "matched": 3}
    del files["tok/a"]
    assert Result(files).findings == [("missing-member", "tok")]


def shard(n):
    return tensors({"w": {"dtype": "U8", "shape": [n], "data_offsets": [0, n]}}, bytes(n))


@pytest.mark.parametrize(("total", "rules"), [(7, []), (8, [("index-total", "m.safetensors.index.json")])])
def test_the_bytes_that_an_index_counts_are_those_of_its_shards(total, rules):
    index = {"metadata": {"total_size": total}, "weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}
    files = {"m.safetensors.index.json": json.dumps(index).encode()}
    assert Result({**files, "1.safetensors": shard(3), "2.safetensors": shard(4)}).findings == rules
    missing = Result({**files, "1.safetensors": shard(3)})
    assert missing.findings == [("missing-member", "2.safetensors")]


# -- anything ------------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.sampled_from(
        ["index.json", "manifest.json", f"blobs/sha256/{sha(A)}", "x.dvc", "dvc.lock", "a.json", "Kitfile", "MD5SUMS"]
    ),
    st.data(),
)
def test_hostile_bytes_end_in_gaps_and_findings_only(path, data):
    seeds = [layout()[0]["index.json"], layout()[1], dvc("a", A), cyclonedx("a", A), spdx("a", A), spdx3("a", A)]
    seeds += [b"stages: {a: {outs: [{path: a, md5: %s}]}}" % (b"0" * 32), b"manifestVersion: 1\nmodel: {path: a}"]
    seed = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(seed) - 1))
        seed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    Result({path: bytes(seed), "a": A})


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c/d"]), st.sampled_from([A, B]), st.sampled_from(ALGORITHMS))))
def test_any_mixture_of_algorithms_agrees_with_a_table(claims):
    files = {"a": A, "b": B, "c/d": A}
    text = "".join(f"{name.upper()} ({path}) = {of(name, data)}\n" for path, data, name in claims).encode()
    result = Result({**files, "CHECKSUMS": text})
    wrong = sum(files[path] != data for path, data, _ in claims)
    assert (result.section["mismatched"], result.section["matched"]) == (wrong, len(claims) - wrong)
    weak = {path for path, _, name in claims if name in ("md5", "sha1")}
    strong = {path for path, _, name in claims if name not in ("md5", "sha1")}
    assert (("weak-digest", "CHECKSUMS") in result.findings) == bool(weak - strong)
