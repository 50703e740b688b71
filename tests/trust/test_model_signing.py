"""OpenSSF Model Signing: what a signature over a list of files is worth for an archive of files."""

import hashlib
import io
import json
import tarfile
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.signature.build import dump
from fixtures.signature.certificates import private_key
from fixtures.signature.local import Sigstore, statement
from fixtures.signature.models import PREDICATE, by_key, listed, signed_list
from gate.core.attachment import Attachment
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import dsse
from gate.formats.model_signing import signed_model
from gate.trust.coverage import There, cover
from tests.conftest import zipped
from tests.inspectors.test_signature import CI, Result, key_trust

KEY = private_key("release")
TRUST = key_trust(KEY)
LOCAL = Sigstore()
FILES = {"config.json": b"{}", "sub/w.bin": bytes(range(256)) * 8, "tokenizer.txt": b"a b c"}
SIGNED = dump(by_key(KEY, listed(FILES)))
PARTS = {"method": "files", "hash_type": "sha256"}


@pytest.fixture
def judge(make):
    """What is said of an archive of these files that holds this signature."""

    def run(files, signature=SIGNED, trust=TRUST, name="model.sig", **options):
        return Result(make(zipped({**files, name: signature})), trust, **options)

    return run


def coverage(result):
    (fact,) = [fact for fact in result.report.facts if fact.kind == "signature.coverage"]
    return {name: getattr(fact, name) for name in ("covered", "changed", "missing", "added", "ignored")}, fact.whole


def counts(covered=0, changed=0, missing=0, added=0, ignored=0):
    return {"covered": covered, "changed": changed, "missing": missing, "added": added, "ignored": ignored}


# -- what holds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["", "model/"])
@pytest.mark.parametrize("algorithm", ["sha256", "blake2b"])
@pytest.mark.parametrize("shard", [0, 100])
def test_a_model_is_covered_file_by_file(judge, folder, algorithm, shard):
    signature = dump(by_key(KEY, listed(FILES, algorithm=algorithm, shard=shard)))
    result = judge({folder + name: data for name, data in FILES.items()}, signature, name=f"{folder}model.sig")
    assert result.said == [("verified", "")] and not result.findings and not result.gaps
    assert coverage(result) == (counts(covered=3), True)
    assert (result.section["member_verified"], result.section["verified"]) == (1, 0), "it is a member's"
    changed = {folder + name: data + b"!" * (name == "sub/w.bin") for name, data in FILES.items()}
    assert judge(changed, signature, name=f"{folder}model.sig").said == [("invalid", "model-files")]


def test_an_identity_signs_a_model(judge):
    result = judge(FILES, dump(LOCAL.attest(listed(FILES))), CI)
    assert result.said == [("verified", "")] and result.facts[0].verified_time == "2025-06-02T12:00:00Z"
    assert result.facts[0].predicate == PREDICATE


@pytest.mark.parametrize("folder", ["", "model/"])
def test_a_signature_beside_the_archive_stands_for_it(make, folder):
    target = make(zipped({folder + name: data for name, data in FILES.items()}))
    result = Result(target, TRUST, [Attachment("model.sig", SIGNED)])
    assert result.said == [("verified", "")] and result.section["verified"] == 1
    assert result.section["grants"] == [{"signer": "release", "stages": ["*"], "environments": ["*"]}]


def test_a_model_that_is_one_file_is_covered(make):
    for name in (".", "model.bin"):
        signature = dump(by_key(KEY, listed({name: b"weights"})))
        beside = Result(make(b"weights", "model.bin"), TRUST, [Attachment("model.sig", signature)])
        assert beside.said == [("verified", "")] and coverage(beside) == (counts(covered=1), True)
        other = Result(make(b"changed", "model.bin"), TRUST, [Attachment("model.sig", signature)])
        assert other.said == [("invalid", "model-files")]
        inside = Result(make(zipped({"d/model.bin": b"weights", "d/model.bin.sig": signature, "x": b""})), TRUST)
        assert inside.said == [("verified", "")] and coverage(inside) == (counts(covered=1), False)


def test_a_folder_is_a_model(tmp_path):
    for name, data in {**FILES, "model.sig": SIGNED, ".gitattributes": b"*.bin lfs"}.items():
        (tmp_path / "m" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "m" / name).write_bytes(data)
    assert Result(tmp_path / "m", TRUST).said == [("invalid", "model-files")], "nobody said to leave it out"
    (tmp_path / "m" / "model.sig").write_bytes(dump(by_key(KEY, listed(FILES, [".gitattributes", "model.sig"]))))
    result = Result(tmp_path / "m", TRUST)
    assert result.said == [("verified", "")] and coverage(result) == (counts(covered=3, ignored=1), True)


def test_names_are_compared_as_they_are_spelled_in_paths(judge):
    files = {"50%.txt": b"a", "w#1": b"b", "größe:1:2.bin": b"c", "a b": b"d"}
    for shard in (0, 1):
        assert judge(files, dump(by_key(KEY, listed(files, shard=shard)))).said == [("verified", "")]


def test_a_tar_is_read_again_once_for_all_that_it_holds(make):
    """Each member of a tar is found by reading all before it: one by one, a thousand would spend the budget."""
    files = {f"layers/{number:03}": b"%d" % number for number in range(1000)}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        signature = dump(by_key(KEY, listed(files, algorithm="blake2b")))
        for name, data in {**files, "model.sig": signature}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    result = Result(make(out.getvalue(), "m.tar"), TRUST)
    assert result.said == [("verified", "")] and coverage(result) == (counts(covered=1000), True)


# -- threats -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({**FILES, "config.json": b"{ }"}, counts(covered=2, changed=1)),
        ({name: FILES[name] for name in ("config.json", "sub/w.bin")}, counts(covered=2, missing=1)),
        ({**FILES, "evil.py": b"import os"}, counts(covered=3, added=1)),
        ({**FILES, "sub/__init__.py": b""}, counts(covered=3, added=1)),
        ({**FILES, ".git/config": b"[core]"}, counts(covered=3, added=1)),
        ({**FILES, "CONFIG.JSON": b"{}"}, counts(covered=3, added=1)),
    ],
)
def test_a_file_that_was_changed_taken_or_added_breaks_it(judge, files, expected):
    result = judge(files)
    assert result.said == [("invalid", "model-files")] and coverage(result) == (expected, False)
    assert result.findings == [("signature.invalid", "model.sig")] and "changed" in result.messages[0]


def test_what_the_signer_left_out_is_told_and_stands_for_nothing(judge, make):
    payload = listed(FILES, [".git", "./cache/", "tokenizer.txt.bak"])
    signature, more = dump(by_key(KEY, payload)), {**FILES, ".git/config": b"[core]", "cache/x.py": b"import os"}
    result = judge(more, signature)
    assert result.said == [("verified", "")] and coverage(result) == (counts(covered=3, ignored=2), False)
    assert judge({**more, ".github/x": b"", "cachet": b""}, signature).said == [("invalid", "model-files")]
    beside = Result(make(zipped(more)), TRUST, [Attachment("model.sig", signature)])
    assert beside.said == [("untrusted", "partial")] and not beside.section["verified"]
    assert beside.findings == [("signature.untrusted", "")] and "2 members" in beside.messages[0]


def test_a_signer_who_left_out_everything_signed_nothing(judge, make):
    signature = dump(by_key(KEY, listed({}, ["."])))
    assert coverage(judge(FILES, signature)) == (counts(ignored=3), False)
    assert Result(make(zipped(FILES)), TRUST, [Attachment("s", signature)]).said == [("untrusted", "partial")]


def test_empty_files_are_invisible_to_shards(judge):
    signature = dump(by_key(KEY, listed(FILES, shard=100)))
    result = judge({**FILES, "sub/__init__.py": b""}, signature)
    assert coverage(result) == (counts(covered=3, ignored=1), False)


@pytest.mark.parametrize("end", [50, 100, 150, 2048])
def test_shards_cover_every_byte_once(judge, end):
    data = bytes(200)
    rows = [(0, 100), (100, 200)] if end == 100 else [(0, 100), (end, 200)]
    resources = [
        {
            "name": f"w:{start}:{stop}",
            "algorithm": "sha256-sharded-100",
            "digest": hashlib.sha256(data[start:stop]).hexdigest(),
        }
        for start, stop in rows
        if start < stop
    ]
    root = hashlib.sha256(b"".join(bytes.fromhex(row["digest"]) for row in resources)).hexdigest()
    payload = signed_list(resources, root, {**PARTS, "method": "shards"})
    expected = ("verified", "") if end == 100 else ("invalid", "model-files")
    assert judge({"w": data}, dump(by_key(KEY, payload))).said == [expected]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../config.json", "..", "", "config.json/", "a!/b"])
def test_a_name_that_leaves_the_model_is_a_file_that_is_missing(judge, name):
    result = judge(FILES, dump(by_key(KEY, listed({**FILES, name: b"x"}))))
    assert result.said == [("invalid", "model-files")] and coverage(result)[0]["missing"] == 1


def test_a_member_of_a_nested_archive_is_covered_by_its_archive(judge):
    files = {"in.zip": zipped({"w": b"w"})}
    result = judge(files, dump(by_key(KEY, listed(files))))
    assert result.said == [("verified", "")] and coverage(result) == (counts(covered=1), True)


def test_the_digest_of_the_list_is_not_that_of_the_archive(make):
    """Whoever names the archive's own digest in such a statement has listed no files."""
    archive = zipped(FILES)
    payload = statement({"sha256": hashlib.sha256(archive).hexdigest()}, predicate_type=PREDICATE)
    result = Result(make(archive), TRUST, [Attachment("model.sig", dump(by_key(KEY, payload)))])
    assert result.said == [("invalid", "statement")]


def test_a_stranger_signs_models_without_being_trusted(judge):
    assert judge(FILES, dump(by_key(private_key("stranger"), listed(FILES)))).said[0][0] in ("invalid", "untrusted")
    by_identity = dump(Sigstore("stranger").attest(listed(FILES)))
    assert judge(FILES, by_identity, CI).said == [("untrusted", "unknown-root")]
    assert judge(FILES, trust=None).said == [("unverifiable", "no-key")]


def test_a_forged_list_is_not_even_compared(judge):
    bundle = json.loads(SIGNED)
    other = by_key(KEY, listed({**FILES, "config.json": b"evil"}))
    bundle["dsseEnvelope"]["payload"] = other["dsseEnvelope"]["payload"]
    result = judge({**FILES, "config.json": b"evil"}, dump(bundle))
    assert result.said[0][0] != "verified" and not [f for f in result.report.facts if f.kind == "signature.coverage"]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (signed_list([], hashlib.sha256().hexdigest(), {**PARTS, "hash_type": "blake3"}), "blake3"),
        (signed_list([], hashlib.sha256().hexdigest(), {**PARTS, "method": "tree"}), "not known"),
        (listed({"a": b"", "link": b""}, symlinks=True), "symbolic links"),
        (statement({"sha256": "00" * 32}, predicate_type="https://model_signing/Digests/v0.1"), "older than 1.0"),
    ],
)
def test_what_cannot_be_told_is_a_gap_that_says_why(judge, payload, said):
    result = judge({"a": b""}, dump(by_key(KEY, payload)))
    assert result.said == [("unverifiable", "unsupported")] and result.gaps == [(GapReason.UNSUPPORTED, "model.sig")]
    assert said in result.details[0]


# -- the list ----------------------------------------------------------------------------------------------------------

ROW = {"name": "a", "algorithm": "sha256", "digest": "00" * 32}


def read(resources, how=PARTS, root=None):
    root = root or hashlib.sha256(bytes(32) * len(resources)).hexdigest()
    return signed_model(dsse.statement(signed_list(resources, root, how)))


@pytest.mark.parametrize(
    ("resources", "more"),
    [
        ([{**ROW, "digest": "zz"}], {}),
        ([{**ROW, "digest": "00" * 31}], {}),
        ([{**ROW, "algorithm": "md5"}], {}),
        ([{**ROW, "name": 1}], {}),
        ([ROW, ROW], {}),
        ([{"name": "a"}], {}),
        ([1], {}),
        ([ROW], {"method": "shards"}),
        ([{**ROW, "algorithm": "sha256-sharded-9"}], {"method": "shards"}),
        ([{**ROW, "algorithm": "sha256-sharded-9", "name": "a:5:5"}], {"method": "shards"}),
        ([{**ROW, "algorithm": "sha256-sharded-9", "name": "a:-1:5"}], {"method": "shards"}),
        ([{**ROW, "algorithm": "sha256-sharded-9", "name": "a:0:" + "9" * 30}], {"method": "shards"}),
        ([ROW], {"ignore_paths": "x"}),
        ([ROW], {"ignore_paths": [1]}),
        ([ROW], {"ignore_paths": ["x"] * 1001}),
    ],
)
def test_a_malformed_list_is_refused(resources, more):
    with pytest.raises(FormatError):
        read(resources, {**PARTS, **more})


def test_the_subject_is_the_digest_of_the_list():
    assert len(read([ROW]).resources) == 1
    with pytest.raises(FormatError, match="subject"):
        read([ROW], root="00" * 32)


_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(value=_VALUE, key=st.sampled_from(["serialization", "resources"]), inner=st.sampled_from([*PARTS, *ROW, ""]))
def test_any_predicate_is_read_or_refused(value, key, inner):
    predicate = {"serialization": dict(PARTS), "resources": [dict(ROW)]}
    if not inner:
        predicate[key] = value
    else:
        (predicate["resources"][0] if inner in ROW else predicate["serialization"])[inner] = value
    said = dsse.Statement(((("sha256", hashlib.sha256(bytes(32)).hexdigest()),),), PREDICATE, predicate)
    try:
        signed_model(said)
    except NotExamined:
        return


def test_ten_thousand_files_are_compared_in_a_moment():
    """Below what hashing them takes by far; bench/ has the ratio."""
    files = {f"layer_{n:05}/w.bin": b"%d" % n for n in range(10_000)}
    model = signed_model(dsse.statement(listed(files, [".git", "cache"])))
    there = [There(name, name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()]
    begin = time.process_time()
    result = cover(model, there, lambda *_: b"")
    assert result.covered == 10_000 and result.holds and time.process_time() - begin < 1
