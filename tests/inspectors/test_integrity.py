import base64
import hashlib
import io
import json
import tracemalloc
import zipfile
from typing import Any, cast

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.churn import contents
from fixtures.churn.build import TAMPERED, mar, with_digests
from fixtures.integrity import build
from gate import resources
from gate.archive.budget import Budget
from gate.archive.inventory import Inventory, InventoryRow
from gate.archive.member import Entry, Member
from gate.archive.paths import encode
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.finding import Finding, Rule
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from gate.core.location import Location
from gate.facts.digests import Declared
from gate.facts.seen import Seen
from gate.facts.store import Store
from gate.inspectors.integrity import inspector

BOUNDED = settings(max_examples=100, deadline=None, derandomize=True)
RULES = {row["id"]: row for row in yaml.safe_load((resources.rules() / "integrity.yaml").read_text("utf-8"))}


class Archive:
    """Members by their encoded path; None is one that could not be read."""

    def __init__(self, files):
        self.files = files

    def inventory(self):
        rows = Inventory()
        for path, data in self.files.items():
            rows.add(
                InventoryRow(path, -1, "", None) if data is None else InventoryRow(path, len(data), sha(data), None)
            )
        return iter(rows)

    def members(self):
        for path, data in self.files.items():
            if data is not None:
                budget = Budget(Limits())
                member = Member(path, Entry(b"", None, window=Memory(data, budget)), budget)
                need = inspector.wants(member)
                if need is not None:
                    member.take(need)
                    yield member


class Result:
    """What the inspector says about an archive, as the pipeline collects it."""

    def __init__(self, files):
        archive, store = Archive(files), Store()
        for member in archive.members():
            try:
                store.extend(inspector.inspect(member), "integrity")
            except NotExamined as error:
                store.add(Gap(Location(member.path), error.reason, detail=str(error)), "integrity")
        seen = Seen(store, inspector.produces)
        self.declared = [(row.path, row.sha256, row.size, row.by) for row in seen.rows(Declared)]
        store.extend(conclude(store, archive), "integrity")
        self.all = list(store.findings)
        self.findings = [(f.rule.removeprefix("integrity."), f.location.path) for f in self.all]
        self.gaps = [(gap.location.path, gap.reason, gap.detail) for gap in store.gaps]
        self.section = dict(inspector.section(seen))

    def counts(self):
        return {key: value for key, value in self.section.items() if value}


def conclude(store, archive):
    return inspector.conclude(Seen(store, inspector.produces), cast(Any, archive))


def sha(data):
    return hashlib.sha256(data).hexdigest()


def listing(files, form="{hex}  {name}\n"):
    return "".join(form.format(hex=sha(data), name=name) for name, data in files.items()).encode()


def tensors(header, data=b"", pad=0):
    text = (header if isinstance(header, str) else json.dumps(header)).encode() + b" " * pad
    return len(text).to_bytes(8, "little") + text + data


A, B = b"alpha", b"beta" * 10
PAIR = {"a.bin": A, "sub/b.bin": B}
W = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


# -- lists of digests -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        "{hex}  {name}\n",
        "{hex} *{name}\n",
        "{hex} {name}\n",
        "{hex}  ./{name}\r\n",
        "{hex}  sub/.././{name}\n",
        "SHA256 ({name}) = {hex}\n",
        "SHA2-256({name})= {hex}\n",
        "# comment\n\n{hex}  {name}\n",
    ],
)
@pytest.mark.parametrize(
    "name", ["SHA256SUMS", "sha256sums.txt", "CHECKSUMS", "checksums.txt", "x.sha256", "SHA256SUMS#2"]
)
def test_every_form_of_list_is_compared_with_the_members(form, name):
    good = Result({**PAIR, name: listing(PAIR, form)})
    assert good.counts() == {"declared": 2, "matched": 2}
    assert not good.findings and not good.gaps
    bad = Result({**PAIR, "a.bin": b"other", name: listing(PAIR, form)})
    assert bad.findings == [("digest-mismatch", "a.bin")]
    assert bad.counts() == {"declared": 2, "matched": 1, "mismatched": 1}


def test_upper_case_digests_and_utf16_lists_are_read():
    text = listing(PAIR).decode().upper().replace("A.BIN", "a.bin").replace("SUB/B.BIN", "sub/b.bin")
    assert Result({**PAIR, "SHA256SUMS": text.encode("utf-16")}).counts() == {"declared": 2, "matched": 2}


def test_paths_begin_at_the_folder_of_the_list_in_its_own_container():
    files = {f"out/in.zip!/w/{name}": data for name, data in PAIR.items()}
    result = Result({**files, "out/in.zip!/w/SHA256SUMS": listing(PAIR), "a.bin": b"not this one"})
    assert result.counts() == {"declared": 2, "matched": 2}
    assert result.declared[0] == ("out/in.zip!/w/a.bin", sha(A), -1, "out/in.zip!/w/SHA256SUMS")


def test_names_written_as_dot_slash_stay_so():
    files = {"./a.bin": A, "./sub/b.bin": B, "./SHA256SUMS": listing(PAIR)}
    assert Result(files).counts() == {"declared": 2, "matched": 2}
    up = {"./a.bin": A, "./sub/SHA256SUMS": listing({"../a.bin": A})}
    assert Result(up).counts() == {"declared": 1, "matched": 1}


@pytest.mark.parametrize(
    "name", [b"new\nline", b"back\\slash", b"caf\xc3\xa9", b"\xff\xfe", b"50%", b"a#2", b"x!/y", b" lead"]
)
def test_odd_names_are_found_under_their_spelling(name):
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")
    line = (b"\\" if escaped != name else b"") + sha(A).encode() + b"  " + escaped + b"\n"
    text = listing({"é" * 3: A}) + line if name == b"\xff\xfe" else line
    result = Result({encode(name): A, "ééé": A, "SHA256SUMS": text})
    assert result.section["matched"] == result.section["declared"] == len(result.declared) > 0


def test_a_bare_digest_belongs_to_the_file_it_lies_beside():
    files = {"m/model.pkl": A, "m/model.pkl.sha256": sha(A).encode() + b"\n"}
    assert Result(files).counts() == {"declared": 1, "matched": 1}
    assert Result({**files, "m/model.pkl": B}).findings == [("digest-mismatch", "m/model.pkl")]
    stdin = {"m/50%25": A, "m/50%25.sha256": sha(A).encode() + b"  -\n"}
    assert Result(stdin).counts() == {"declared": 1, "matched": 1}


def test_a_missing_member_is_named_with_who_declared_it():
    result = Result({"a.bin": A, "SHA256SUMS": listing(PAIR)})
    assert result.findings == [("missing-member", "sub/b.bin")]
    assert dict(result.all[0].args) == {"declared_in": "SHA256SUMS"}
    assert result.counts() == {"declared": 2, "matched": 1, "missing": 1}


def test_a_member_that_was_not_read_is_neither_missing_nor_different():
    result = Result({"a.bin": None, "sub/b.bin": B, "SHA256SUMS": listing(PAIR)})
    assert not result.findings
    assert result.counts() == {"declared": 2, "matched": 1, "unread": 1}


def test_each_of_several_declarations_about_one_member_is_checked():
    lists = {
        "SHA256SUMS": listing({"a.bin": A}),
        "checksums.txt": listing({"a.bin": B}),
        "a.bin.sha256": sha(B).encode(),
    }
    result = Result({"a.bin": A, **lists})
    assert result.findings == [("digest-mismatch", "a.bin")] * 2
    assert {f.discriminator for f in result.all} == {"checksums.txt", "a.bin.sha256"}


def test_the_digest_of_the_list_itself_is_not_compared():
    assert Result({"a.bin": A, "SHA256SUMS": listing({"a.bin": A, "./SHA256SUMS": b""})}).counts() == {
        "declared": 1,
        "matched": 1,
    }


@pytest.mark.parametrize("name", ["/etc/passwd", "../a.bin", "sub/../../a.bin", "C:\\a.bin", "C:/a.bin", "\\\\host\\a"])
def test_a_path_out_of_the_container_is_a_finding_and_no_lookup(name):
    result = Result({"a.bin": A, "in.zip!/SHA256SUMS": listing({name: A})})
    assert result.findings == [("path-outside", "in.zip!/SHA256SUMS")]
    assert (result.declared, result.section["outside"]) == ([], 1)


@pytest.mark.parametrize(
    ("name", "digits", "algorithm"),
    [
        ("MD5SUMS", 32, "md5"),
        ("x.sha1", 40, "sha1"),
        ("SHA512SUMS", 128, "sha512"),
        ("checksums.txt", 96, "sha384"),
        ("b3sums", 64, "b3"),
    ],
)
def test_other_algorithms_are_a_gap_that_names_them(name, digits, algorithm):
    result = Result({"a.bin": A, name: b"0" * digits + b"  a.bin\n"})
    assert result.gaps == [(name, GapReason.UNSUPPORTED, f"1 {algorithm} digests were not compared; only sha256 is")]
    assert not result.findings


def test_algorithms_without_end_are_counted_together():
    text = "".join(f"X{i} (a) = {'0' * 64}\n" for i in range(1000)).encode()
    assert len(Result({"a": A, "SHA256SUMS": text}).gaps) <= 17


def test_lines_that_are_no_digests_are_a_gap():
    result = Result({**PAIR, "SHA256SUMS": b"hello\n" + listing(PAIR) + b"0" * 64 + b"\n"})
    assert result.gaps == [("SHA256SUMS", GapReason.CORRUPT, "2 lines are no digests of files, first line 1")]
    assert result.counts() == {"declared": 2, "matched": 2}


def test_a_list_that_is_no_text_is_a_gap():
    assert [gap[:2] for gap in Result({"SHA256SUMS": b"\0\1\2\3" * 9}).gaps] == [("SHA256SUMS", GapReason.CORRUPT)]


def test_a_signed_list_is_read_up_to_its_signature():
    signed = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + listing(PAIR)
    signed += b"-----BEGIN PGP SIGNATURE-----\n\niQIzBAEBCgAdFiEE\n-----END PGP SIGNATURE-----\n"
    result = Result({**PAIR, "SHA256SUMS.asc": signed})
    assert (result.counts(), result.gaps) == ({"declared": 2, "matched": 2}, [])


@pytest.mark.parametrize(
    "name", ["checksums.txt", "CHECKSUMS", "notes.md", "train.csv", "model.pkl", "about-sha256.txt"]
)
def test_other_files_are_left_alone(name):
    assert Result({name: b"a text about sha256\n", "data.txt": listing({"gone": A})}).counts() == {}


# -- wheels -----------------------------------------------------------------------------------------------------------


def record(files, *rows):
    def row(name, data):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        return f'"{name}",sha256={digest},{len(data)}\n' if "," in name else f"{name},sha256={digest},{len(data)}\n"

    return ("".join(row(*item) for item in files.items()) + "".join(f"{row}\n" for row in rows)).encode()


def test_a_wheel_is_compared_with_its_record():
    files = {"x/__init__.py": A, "x/a,b.py": B, "x-1.dist-info/METADATA": A}
    text = record(files, "x-1.dist-info/RECORD,,")
    assert Result({**files, "x-1.dist-info/RECORD": text}).counts() == {"declared": 3, "matched": 3}
    changed = Result({**files, "x/a,b.py": b"evil", "x-1.dist-info/RECORD": text})
    assert changed.findings == [("digest-mismatch", "x/a,b.py")]


def test_a_wrong_size_is_a_finding_of_its_own():
    text = record({"x.py": A}).replace(b",5\n", b",6\n")
    result = Result({"w.whl!/x.py": A, "w.whl!/x-1.dist-info/RECORD": text})
    assert result.findings == [("size-mismatch", "w.whl!/x.py")]
    assert dict(result.all[0].args) == {"declared_in": "w.whl!/x-1.dist-info/RECORD", "declared": "6", "actual": "5"}


def test_an_installed_distribution_may_have_scripts_outside_and_no_bytecode():
    rows = ("../../bin/x,sha256=AAAA,3", "x-1.dist-info/INSTALLER,,", "__pycache__/x.pyc,,", "x-1.dist-info/RECORD,,")
    files = {"x.py": A, "x-1.dist-info/RECORD": record({"x.py": A}, *rows)}
    assert (Result(files).findings, Result(files).counts()) == ([], {"declared": 1, "matched": 1})
    wheel = Result({"x.py": A, "x-1.dist-info/RECORD": record({"x.py": A}, rows[0])})
    assert wheel.findings == [("path-outside", "x-1.dist-info/RECORD")]


def test_a_record_with_another_digest_is_a_gap():
    result = Result({"x.py": A, "x-1.dist-info/RECORD": b"x.py,sha384=AAAA,1\n"})
    assert [gap[:2] for gap in result.gaps] == [("x-1.dist-info/RECORD", GapReason.UNSUPPORTED)]


@pytest.mark.parametrize(
    "text", [b"a,b\n", b"x.py,sha256=?,1\n", b"x.py,sha256=AAAA,one\n", b'"x.py', b"\0\0\0\0\0", b"a" * 200_000]
)
def test_a_damaged_record_is_a_gap(text):
    assert [gap[:2] for gap in Result({"x-1.dist-info/RECORD": text}).gaps] == [
        ("x-1.dist-info/RECORD", GapReason.CORRUPT)
    ]


# -- manifests --------------------------------------------------------------------------------------------------------


def manifest(**model):
    return json.dumps({"model": {"modelName": "m", **model}}).encode()


def test_the_files_of_a_torchserve_manifest_must_exist():
    model = {
        "serializedFile": "model.pt",
        "modelFile": "net.py",
        "handler": "h.py:run",
        "requirementsFile": "requirements.txt",
    }
    model |= {"configFile": "model-config.yaml", "extensions": "extra/a.txt, extra/b.txt"}
    named = ["model.pt", "net.py", "h.py", "requirements.txt", "model-config.yaml", "extra/a.txt", "extra/b.txt"]
    files = {f"m.mar!/{name}": A for name in named} | {"m.mar!/MAR-INF/MANIFEST.json": manifest(**model)}
    assert Result(files).counts() == {"declared": 7, "matched": 7}
    for name in named:
        left = {path: data for path, data in files.items() if path != f"m.mar!/{name}"}
        assert Result(left).findings == [("missing-member", f"m.mar!/{name}")]


def test_a_handler_that_torchserve_brings_along_is_no_file():
    assert Result({"MAR-INF/MANIFEST.json": manifest(handler="image_classifier")}).counts() == {}


def test_a_manifest_that_points_out_of_the_archive_is_a_finding():
    result = Result({"MAR-INF/MANIFEST.json": manifest(serializedFile="../../etc/model.pt")})
    assert result.findings == [("path-outside", "MAR-INF/MANIFEST.json")]


@pytest.mark.parametrize("data", [b"[]", b"{", b"{}", b'{"model": 1}', b"\0"])
def test_a_damaged_manifest_is_a_gap(data):
    assert [gap[1] for gap in Result({"MAR-INF/MANIFEST.json": data}).gaps] == [GapReason.CORRUPT]


MLMODEL = b"""
artifact_path: file:///home/ci/mlruns/0/model
flavors:
  python_function:
    data: model
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    artifacts:
      vocab: {path: artifacts/vocab.txt, uri: s3://bucket/vocab.txt}
  sklearn: {pickled_model: model.pkl, sklearn_version: 1.9.1, code: null}
  custom: {data: nowhere}
saved_input_example_info: {artifact_path: input_example.json, type: dataframe}
"""
ML_FILES = {"model/MLmodel": A, "conda.yaml": A, "python_env.yaml": A, "artifacts/vocab.txt": A, "model.pkl": A}
ML_FILES |= {"input_example.json": A}


def test_the_files_and_folders_of_an_mlmodel_must_exist():
    files = {f"ml/{name}": data for name, data in ML_FILES.items()} | {"ml/MLmodel": MLMODEL}
    assert Result(files).counts() == {"declared": 6, "matched": 6}
    del files["ml/model/MLmodel"], files["ml/artifacts/vocab.txt"]
    # names that sort between a folder and what lies in it
    files |= {"ml/model-card.md": A, "ml/model.txt": A, "ml/model0": A}
    assert Result(files).findings == [("missing-member", "ml/artifacts/vocab.txt"), ("missing-member", "ml/model")]


def test_a_folder_is_found_behind_names_that_sort_before_it():
    files = {
        "model!": A,
        "model#2": A,
        "model-1": A,
        "model.pkl": A,
        "model/x": A,
        "MLmodel": b"flavors: {onnx: {data: model}}",
    }
    assert Result(files).counts() == {"declared": 1, "matched": 1}
    assert Result({"MLmodel": b"flavors: {onnx: {data: .}}"}).findings == []


def test_the_shards_of_an_index_must_exist():
    index = json.dumps(
        {"metadata": {}, "weight_map": {f"w{i}": f"model-{i % 2}.safetensors" for i in range(9)}}
    ).encode()
    files = {
        "model.safetensors.index.json": index,
        "model-0.safetensors": tensors({}),
        "model-1.safetensors": tensors({}),
    }
    assert Result(files).counts() == {"declared": 2, "matched": 2}
    del files["model-1.safetensors"]
    assert Result(files).findings == [("missing-member", "model-1.safetensors")]
    torch = {"pytorch_model.bin.index.json": index}
    assert len(Result(torch).findings) == 2
    outside = {"a/x.safetensors.index.json": b'{"weight_map": {"w": "/mnt/x", "v": "../../x"}}'}
    assert Result(outside).findings == [("path-outside", "a/x.safetensors.index.json")] * 2


# -- safetensors ------------------------------------------------------------------------------------------------------


def problem(data, path="w.safetensors"):
    result = Result({path: data})
    assert not result.gaps
    return [dict(f.args)["problem"] for f in result.all]


def test_tensors_that_fill_the_file_are_fine():
    header = {"__metadata__": {"format": "pt"}, "b": W, "a": {"dtype": "F4", "shape": [3, 2], "data_offsets": [8, 11]}}
    assert problem(tensors(header, b"\0" * 11, pad=5)) == []
    assert problem(tensors({})) == []


@pytest.mark.parametrize(
    ("header", "data", "says"),
    [
        ({"w": W}, b"\0" * 9, "end at byte 8 of 9"),
        ({"w": W}, b"\0" * 7, "end at byte 8 of 7"),
        ({}, b"MZ hidden", "end at byte 0 of 9"),
        ({"w": W | {"data_offsets": [1, 9]}}, b"\0" * 9, "begins at byte 1"),
        ({"w": W, "v": W | {"data_offsets": [4, 12]}}, b"\0" * 12, "begins at byte 4"),
        ({"w": W | {"shape": [3]}}, b"\0" * 8, "need another size"),
        ({"w": W | {"shape": [2**62, 2**62]}}, b"\0" * 8, "need another size"),
        ({"w": W | {"data_offsets": [8, 0], "shape": [0]}}, b"\0" * 8, "begins at byte 8"),
        ({"w": W | {"shape": [True, 2]}}, b"\0" * 8, "no description"),
        ({"w": W | {"shape": [-2]}}, b"\0" * 8, "no description"),
        ({"w": W | {"data_offsets": [0, 8, 9]}}, b"\0" * 8, "no description"),
        ({"w": 1}, b"", "no description"),
        ({"__metadata__": {"a": 1}, "w": W}, b"\0" * 8, "more than texts"),
        ('{"w":' + json.dumps(W) + ',"w":' + json.dumps(W) + "}", b"\0" * 8, "stands twice"),
    ],
)
def test_a_broken_layout_is_a_finding(header, data, says):
    assert [says in text for text in problem(tensors(header, data))] == [True]


def test_a_file_of_that_name_with_other_content_is_a_finding():
    assert problem(b"version https://git-lfs.github.com/spec/v1\n") == [
        "it does not begin with the length of a JSON header"
    ]
    assert problem(b"") == ["it does not begin with the length of a JSON header"]


def test_a_safetensors_file_is_known_by_its_content():
    assert len(problem(tensors({"w": W}, b"\0" * 9), path="weights.bin")) == 1
    assert len(problem(tensors({"w": W}, b"\0" * 9), path="")) == 1
    assert problem(tensors({"schema": 1}, b"\0" * 9), path="table.bin") == []


def test_a_header_that_cannot_be_read_is_a_gap():
    for data in (tensors('{"w": }'), (2**20).to_bytes(8, "little") + b'{"w":' + b" " * 9):
        result = Result({"w.safetensors": data})
        assert [gap[1] for gap in result.gaps] == [GapReason.CORRUPT]


def test_a_dtype_of_unknown_size_is_a_gap():
    result = Result({"w.safetensors": tensors({"w": W | {"dtype": "F2"}}, b"\0" * 8)})
    assert ([gap[1] for gap in result.gaps], result.findings) == ([GapReason.UNSUPPORTED], [])


# -- all of it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", build.CASES)
def test_the_fixtures_break_the_rules_that_they_say(case):
    make, rules = build.CASES[case]
    with zipfile.ZipFile(io.BytesIO(make())) as archive:
        result = Result({name: archive.read(name) for name in archive.namelist()})
    assert tuple(finding.rule for finding in result.all) == rules
    assert not result.gaps


@pytest.mark.parametrize("variant", ["clean", "dirty"])
def test_the_bank_s_model_is_whole_but_for_the_member_that_was_tampered_with(variant):
    with zipfile.ZipFile(io.BytesIO(mar(variant == "dirty"))) as archive:
        result = Result({name: archive.read(name) for name in archive.namelist()})
    assert result.findings == ([("digest-mismatch", TAMPERED)] if variant == "dirty" else [])
    mlflow = Result(with_digests(contents.mlflow(variant == "dirty")))
    assert not result.gaps and not mlflow.gaps and not mlflow.findings


def test_every_finding_has_a_rule_whose_message_it_fills():
    good = {"a.bin": A, "SHA256SUMS": listing({"a.bin": B, "gone": A, "/etc/x": A}), "w.safetensors": tensors({}, b"x")}
    findings = Result({**good, "x-1.dist-info/RECORD": record({"a.bin": A}).replace(b",5", b",6")}).all
    assert {f.rule for f in findings} == set(RULES)
    for finding in findings:
        assert "?" not in Rule(**RULES[finding.rule]).say(dict(finding.args))


@BOUNDED
@given(
    st.sampled_from(
        [
            "SHA256SUMS",
            "x-1.dist-info/RECORD",
            "MAR-INF/MANIFEST.json",
            "MLmodel",
            "a.safetensors.index.json",
            "a.safetensors",
        ]
    ),
    st.data(),
)
def test_hostile_bytes_raise_nothing_but_gaps(path, data):
    seeds = [
        listing(PAIR),
        record(PAIR),
        manifest(handler="h.py"),
        MLMODEL,
        b'{"weight_map": {"a": "b"}}',
        tensors({"w": W}, b"\0" * 8),
    ]
    seed = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(seed) - 1))
        seed[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    result = Result({path: bytes(seed), "a": A})
    assert all(isinstance(finding, Finding) for finding in result.all)


@BOUNDED
@given(st.dictionaries(st.text("ab/.#!-", min_size=1, max_size=5), st.sampled_from([A, B]), max_size=8), st.data())
def test_the_merge_agrees_with_a_table(files, data):
    files = {path: content for path, content in files.items() if path.strip("/.") and not path.startswith("/")}
    claims = data.draw(
        st.lists(st.tuples(st.text("abc.", min_size=1, max_size=3), st.sampled_from([A, B])), max_size=8)
    )
    text = "".join(f"{sha(content)}  {name}\n" for name, content in claims if name.strip(".")).encode()
    result = Result({**files, "SHA256SUMS": text})
    wanted = {"matched": 0, "mismatched": 0, "missing": 0}
    for name, content in claims:
        if name.strip("."):
            wanted["missing" if name not in files else "matched" if files[name] == content else "mismatched"] += 1
    assert {key: result.section[key] for key in wanted} == wanted


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the spill closes its file when it is let go
def test_the_merge_holds_no_table_in_memory():
    class Large:
        def inventory(self):
            return (InventoryRow(f"f{i:06d}", 1, f"{i:064x}", None) for i in range(0, 60_000, 2))

    store = Store()
    for i in range(60_000):
        store.add(Declared(f"f{i:06d}", f"{i:064x}", -1, "SHA256SUMS"), "integrity")
    tracemalloc.start()
    missing = sum(isinstance(said, Finding) for said in conclude(store, Large()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert missing == 30_000
    assert peak < 4 * 2**20
