import hashlib
import io
import tracemalloc
import zipfile

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.churn import contents
from fixtures.churn.build import TAMPERED, mar, with_digests
from fixtures.integrity import build
from gate import resources
from gate.archive.budget import Budget
from gate.archive.inventory import InventoryRow
from gate.archive.member import Entry, Member
from gate.archive.paths import encode
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.finding import Finding, Rule
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.declared.expected import Expectation
from gate.facts.digests import Declared
from gate.facts.store import Store
from gate.inspectors import Inputs
from gate.inspectors.integrity import inspector
from tests.inspectors.looking import PAIR, A, B, Result, W, conclude, listing, manifest, record, sha, tensors

BOUNDED = settings(max_examples=100, deadline=None, derandomize=True)
RULES = {row["id"]: row for row in yaml.safe_load((resources.rules() / "integrity.yaml").read_text("utf-8"))}


# -- lists of digests --------------------------------------------------------------------------------------------------


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
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        assert Result({**PAIR, "SHA256SUMS": text.encode(encoding)}).counts() == {"declared": 2, "matched": 2}
        assert Result({**PAIR, "checksums.txt": text.encode(encoding)}).counts() == {"declared": 2, "matched": 2}
    assert [reason for _, reason, _ in Result({"SHA256SUMS": text.encode("utf-32-le")}).gaps] == [GapReason.CORRUPT]


def test_comments_without_end_do_not_hide_a_list():
    text = b"# " + b"x" * 100 + b"\n"
    assert Result({**PAIR, "checksums.txt": text * 700 + listing(PAIR)}).counts() == {"declared": 2, "matched": 2}


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
    elsewhere = {"sha256/model.sha256": sha(A).encode(), "models/model": A}  # names no file, so none is missing
    assert Result(elsewhere).findings == []
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
    [("b3sums", 64, "blake3"), ("x.blake3", 64, "blake3"), ("checksums.txt", 50, "200 bits")],
)
def test_algorithms_that_nobody_here_computes_are_a_gap_that_names_them(name, digits, algorithm):
    result = Result({"a.bin": A, name: b"0" * digits + b"  a.bin\n"})
    assert result.gaps == [(name, GapReason.UNSUPPORTED, f"1 {algorithm} digests were not compared")]
    assert not result.findings
    assert Result({name: b"0" * digits + b"  a.bin\n"}).findings == [("missing-member", "a.bin")]


def test_algorithms_without_end_are_counted_together():
    text = "".join(f"X{i} (a) = {'0' * 64}\n" for i in range(1000)).encode()
    assert len(Result({"a": A, "SHA256SUMS": text}).gaps) <= 17


def test_lines_that_are_no_digests_are_a_gap():
    result = Result({**PAIR, "SHA256SUMS": b"hello\n" + listing(PAIR) + b"0" * 64 + b"\n"})
    assert result.gaps == [("SHA256SUMS", GapReason.CORRUPT, "2 lines are no digests of files, first line 1")]
    assert result.counts() == {"declared": 2, "matched": 2}


def test_a_list_that_is_larger_than_the_limit_is_a_gap():
    budget = Budget(Limits(text_bytes=100))
    member = Member("SHA256SUMS", Entry(b"", None, window=Memory(listing(PAIR) * 2, budget)), budget)
    with pytest.raises(NotExamined) as error:
        list(inspector.inspect(member))
    assert error.value.reason is GapReason.TOO_LARGE


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


# -- all of it ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", build.CASES)
def test_the_fixtures_break_the_rules_that_they_say(case):
    make, rules = build.CASES[case]
    with zipfile.ZipFile(io.BytesIO(make())) as archive:
        result = Result({name: archive.read(name) for name in archive.namelist()})
    assert tuple(finding.rule for finding in result.all) == rules
    assert [gap[1] for gap in result.gaps] == [GapReason.NOT_FETCHED] * (case in build.ELSEWHERE)


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
    findings += Result({"a.bin": A, "MD5SUMS": hashlib.md5(A).hexdigest().encode() + b"  a.bin\n"}).all
    findings += Result({"adapter_config.json": b'{"peft_type": "LORA", "base_model_name_or_path": "acme/base"}'}).all
    index = b'{"metadata": {"total_size": 9}, "weight_map": {"w": "w.safetensors"}}'
    findings += Result({"w.safetensors": tensors({"w": W}, b"\0" * 8), "a.index.json": index}).all
    findings += Result({"a": A}, Inputs(expected=Expectation("sha512", "0" * 128))).all
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
        contents.mlflow(False)["MLmodel"],
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
        store.add(Declared(f"f{i:06d}", "sha256", f"{i:064x}", -1, "SHA256SUMS"), "integrity")
    tracemalloc.start()
    missing = sum(isinstance(said, Finding) for said in conclude(store, Large()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert missing == 30_000
    assert peak < 4 * 2**20
