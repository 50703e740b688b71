"""Archives that scanners let through: for each, the payload reaches the inspectors, and the trick itself is said.

The list only grows. References name where the trick was published or asked about.
"""

from __future__ import annotations

import gzip
import io
import lzma
import time
import zipfile
import zlib

import pytest

from fixtures.archive import bombs, streams, tars, zips
from fixtures.archive.samples import DIFFERENT, EVIL, PICKLE, TEXT
from fixtures.archive.zips import Item, build
from gate.archive.member import Need
from tests.walking import look

PICKLESCAN = "https://github.com/mmaitre314/picklescan/security/advisories/"
MODELSCAN = "https://github.com/protectai/modelscan/issues/"

# What the sample is, the path at which the payload is seen, what is said about it, and who was fooled.
TRICKS = [
    ("wrong crc", "data.pkl", "corrupt", "CVE-2025-10156"),
    ("encrypted", "data.pkl", "encrypted", "CVE-2025-1945"),
    ("encrypted, locally only", "data.pkl", "encrypted", "CVE-2025-1945"),
    ("strongly encrypted", "data.pkl", "encrypted", f"{MODELSCAN}263"),
    ("local name differs", "data.pkl", "archive.header-mismatch", "CVE-2025-1944"),
    ("local size differs", "data.pkl", "archive.header-mismatch", f"{PICKLESCAN}GHSA-w8jq-xcqf-f792"),
    ("size too small", "data.pkl", "corrupt", f"{PICKLESCAN}GHSA-7q5r-7gvp-wc82"),
    ("size too large", "data.pkl", "corrupt", f"{PICKLESCAN}GHSA-7q5r-7gvp-wc82"),
    ("duplicate", "data.pkl#2", "archive.duplicate-name", "zipfile loads the last, libzip the first"),
    ("folder with data", "data.pkl/", "corrupt", "extractors make a folder, open() reads a file"),
    ("unicode path differs", "data.txt", "archive.ambiguous-entry", "libarchive and Python 3.13 take the other name"),
    ("NUL in a name", "data.pkl%00.txt", "archive.ambiguous-entry", "zipfile cuts the name at NUL"),
    ("count too low", "evil", "corrupt", "zipfile reads to the end of the directory"),
    ("count of zero", "evil", "corrupt", "zipfile reads to the end of the directory"),
    ("safetensors before zip", "evil.pkl", "archive.data-before-zip", "zipfile.is_zipfile looks at the end"),
    (
        "safetensors before zip, 64 KiB behind it",
        "evil.pkl",
        "archive.data-before-zip",
        "zipfile looks 65,558 bytes back",
    ),
    ("bytes missing in front", "evil.pkl", "archive.ambiguous-directory", "zipfile counts back from the end record"),
    ("two end records", "evil.pkl", "archive.ambiguous-directory", "CVE-2025-54368"),
    ("zip64 and plain end record differ", "a", "archive.ambiguous-directory", "CVE-2025-8291"),
    ("zip that begins like a tar", "evil", "archive.second-reading", "tarfile.open"),
    ("tar and zip", "evil.pkl", "archive.second-reading", "keras loads by zipfile"),
    ("tar with a zip in a pax header", "evil.pkl", "archive.second-reading", "keras loads by zipfile"),
    ("gzip and zip", "evil.pkl", "archive.second-reading", "keras loads by zipfile"),
    ("gzip with a zip in its extra field", "evil.pkl", "archive.second-reading", "keras loads by zipfile"),
    ("gzip and tar", "content", "archive.second-reading", "joblib loads gzip"),
    ("gzip with a wrong checksum", "content", "corrupt", "joblib unpickles before it checks"),
    ("damaged deflate", "a", "corrupt", "a loader that streams has run it before the damage"),
    ("pax size of a folder", "evil", "archive.tar-size", "CVE-2025-62518"),
    ("pax size hides a member", "good", "archive.tar-size", "CVE-2025-62518"),
    ("v7 folder with data", "d!/evil", "archive.tar-size", "tarfile takes the data for headers"),
    ("two names", "two", "archive.tar-name", "tarfile and libarchive choose another"),
    ("tar after the end", "evil", "archive.tar-behind-end", "tar --ignore-zeros goes on"),
    ("unknown zero block", "evil", "archive.tar-hidden-member", "GNU tar warns of a lone zero block and goes on"),
    ("unknown type", "u", "unsupported", "tarfile takes it for a file"),
    ("sparse", "evil", "unsupported", "the map goes on in blocks of its own"),
]


@pytest.mark.parametrize("need", [Need.STREAM, Need.SEEK])
@pytest.mark.parametrize(("name", "path", "said", "reference"), TRICKS, ids=[trick[0] for trick in TRICKS])
def test_the_payload_is_seen_and_the_trick_is_said(name, path, said, reference, need):
    walked = look(DIFFERENT[name], need=need)
    assert PICKLE in walked.members[path]
    assert said in walked.rules | walked.reasons


BLOCKED = [
    ("unknown method", "unsupported"),
    ("negative size", "corrupt"),
    ("absolute and relative directory", "archive.ambiguous-directory"),
    ("local method differs", "archive.header-mismatch"),
    ("unlisted local entry", "archive.hidden-data"),
    ("trailing pickle", "archive.trailing-data"),
    ("link through a link", "archive.link-escape"),
    ("symbolic link out", "archive.link-escape"),
]


@pytest.mark.parametrize(("name", "said"), BLOCKED)
def test_what_cannot_be_shown_is_said(name, said):
    walked = look(DIFFERENT[name])
    assert said in walked.rules | walked.reasons


@pytest.mark.parametrize("name", ["pickle before zip", "pickle before zip, offsets adjusted"])
def test_a_pickle_in_front_of_a_zip_is_the_subject_and_the_zip_is_walked(name):
    """torch.load and pickle.load take the file for a pickle, zipfile for a zip."""
    walked = look(DIFFERENT[name])
    assert walked.members[""].startswith(PICKLE)
    assert walked.members["good"] == TEXT
    assert walked.rules == {"archive.data-before-zip"}


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("method", [zips.STORED, zips.DEFLATED])
def test_nesting_hides_nothing(levels, method):
    """modelscan and picklescan look into one level."""
    walked = look(bombs.nested(EVIL, levels, method))
    assert walked.members["n.zip!/" * levels + "evil.pkl"] == PICKLE


@pytest.mark.parametrize("kind", sorted(streams.PACK))
def test_compression_hides_nothing(kind):
    """joblib.load unpacks all of them by their first bytes."""
    assert look(streams.PACK[kind](PICKLE)).members["content"] == PICKLE
    assert look(zips.simple({"model.joblib": streams.PACK[kind](PICKLE)})).members["model.joblib!/content"] == PICKLE
    assert look(streams.PACK[kind](tars.simple({"x": PICKLE}))).members["x"] == PICKLE


@pytest.mark.parametrize(
    "name", ["data.txt", "README.md", "weights.safetensors", "x.zip", ".hidden", "tests/a.pkl", "no-suffix"]
)
def test_names_decide_nothing(name):
    """CVE-2025-1889: scanners that went by the suffix."""
    inner = zips.simple({name: PICKLE})
    assert look(zips.simple({name: inner})).members[f"{name}!/{name}"] == PICKLE


@pytest.mark.parametrize("first", sorted(DIFFERENT))
def test_a_bad_member_does_not_end_the_walk(first):
    """modelscan issue 354: one corrupt entry in front, and the rest was never looked at."""
    items = [Item(b"0-first", DIFFERENT[first]), Item(b"data.pkl", PICKLE)]
    assert look(build(items)).members["data.pkl"] == PICKLE
    assert look(tars.simple({"0-first": DIFFERENT[first], "data.pkl": PICKLE})).members["data.pkl"] == PICKLE


@pytest.mark.parametrize(
    "bad", ["wrong crc", "encrypted", "unknown method", "damaged deflate", "local name differs", "size too small"]
)
def test_a_bad_entry_does_not_end_the_walk(bad):
    items = {
        "wrong crc": Item(b"0", TEXT, crc=1),
        "encrypted": Item(b"0", TEXT, flags=1),
        "unknown method": Item(b"0", TEXT, method=99),
        "damaged deflate": Item(b"0", b"", 8, packed=b"\xff\xff"),
        "local name differs": Item(b"0", TEXT, local={"name": b"1"}),
        "size too small": Item(b"0", TEXT, 8, central={"size": 1}),
    }
    walked = look(build([items[bad], Item(b"data.pkl", PICKLE)]))
    assert walked.members["data.pkl"] == PICKLE
    assert {path for path, _ in walked.findings + walked.gaps} == {"0"}


@pytest.mark.parametrize(
    "magic",
    [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\0", b"\x22\xb5\x2f\xfd", b"\x02\x21\x4c\x18"],
    ids=["7z", "rar", "zstd 0.2", "lz4 legacy"],
)
def test_a_container_that_cannot_be_opened_is_never_clean(magic):
    """nullifAI: a 7z archive under the suffix .pt."""
    assert look(magic + PICKLE).gaps == [("", "unsupported")]
    assert look(zips.simple({"model.pt": magic + PICKLE})).gaps == [("model.pt", "unsupported")]


@pytest.mark.parametrize("pack", [streams.zstd_raw, streams.lz4_raw], ids=["zstd", "lz4"])
def test_a_frame_that_is_skipped_hides_nothing(pack):
    assert PICKLE in look(streams.SKIPPABLE + pack(PICKLE)).members.values()
    assert PICKLE in look(streams.SKIPPABLE + pack(tars.simple({"a": PICKLE}))).members.values()
    long = streams.SKIPPABLE[:4] + (2**17).to_bytes(4, "little") + bytes(2**17)
    walked = look(long + pack(PICKLE))
    assert PICKLE in walked.members.values() or "corrupt" in walked.reasons


def test_what_zipfile_finds_in_a_polyglot_was_walked():
    for name in ("safetensors before zip", "gzip with a zip in its extra field", "tar with a zip in a pax header"):
        with zipfile.ZipFile(io.BytesIO(DIFFERENT[name])) as archive:
            assert {archive.read(info) for info in archive.infolist()} <= set(look(DIFFERENT[name]).members.values())


_LOADED = {"evil.pkl": PICKLE}
NESTED = [
    ("a zip as the comment of a zip", zips.simple({"a": TEXT})[:-2] + len(zips.simple(_LOADED)).to_bytes(2, "little") + zips.simple(_LOADED), "evil.pkl",
     "archive.ambiguous-directory"),
    ("a zip behind a gzip stream", gzip.compress(TEXT) + zips.simple(_LOADED), "evil.pkl", "archive.second-reading"),
    ("a zip behind a zlib stream", zlib.compress(TEXT * 9) + zips.simple(_LOADED), "evil.pkl",
     "archive.second-reading"),
    ("a zip in a frame that zstd skips", streams.SKIPPABLE[:4] + len(zips.simple(_LOADED)).to_bytes(4, "little")
     + zips.simple(_LOADED) + streams.zstd_raw(TEXT), "evil.pkl", "archive.second-reading"),
    ("a zip in nothing but a frame that is skipped", streams.SKIPPABLE[:4]
     + len(zips.simple(_LOADED)).to_bytes(4, "little") + zips.simple(_LOADED), "evil.pkl", "archive.second-reading"),
    ("a zip in the padding of a tar", tars.member(b"a", b"x")[:513] + zips.simple(_LOADED).ljust(511, b"\0") + tars.END,
     "evil.pkl", "archive.second-reading"),
    ("a zip in the middle of a picture", b"\x89PNG\r\n\x1a\n" + bytes(99) + zips.simple(_LOADED) + bytes(99), "evil.pkl",
     "archive.data-before-zip"),
    ("a tar behind an empty block", bytes(512) + tars.simple(_LOADED), "evil.pkl", "archive.tar-hidden-member"),
    ("a tar behind an end mark", bytes(1024) + tars.simple(_LOADED), "evil.pkl", "archive.tar-behind-end"),
    ("a tar over two gzip streams", gzip.compress(tars.simple(_LOADED)[:700]) + gzip.compress(tars.simple(_LOADED)[700:]),
     "evil.pkl", ""),
    ("a hard link in a packed tar", gzip.compress(tars.build(tars.member(b"notes.txt", PICKLE), tars.header(b"evil.pkl", 0,
     b"1", link=b"notes.txt"))), "evil.pkl", ""),
]  # fmt: skip


@pytest.mark.parametrize("need", [Need.HEAD, Need.SEEK])
@pytest.mark.parametrize(("name", "data", "path", "said"), NESTED, ids=[nested[0] for nested in NESTED])
def test_what_one_of_two_readings_holds_is_seen(name, data, path, said, need):
    """Also as a member, where nobody asks for its bytes and nothing but the walker looks."""
    assert len(name) > 9
    walked = look(data, need=need)
    assert PICKLE in walked.members[path] and walked.rules >= {said} - {""}
    inside = look(zips.simple({"data.bin": data}), need=need)
    assert PICKLE in inside.members[f"data.bin!/{path}"] and inside.rules >= {said} - {""}


_XZ = lzma.compress(TEXT * 99)
FAILING = [
    ("an xz index that lies", _XZ[:-20] + bytes([_XZ[-20] ^ 1]) + _XZ[-19:], "corrupt"),
    ("an xz stream without its footer", lzma.compress(TEXT)[:-12], "corrupt"),
    ("a frame that says it is longer than the file", streams.SKIPPABLE[:4] + b"\xff" * 4 + PICKLE, "corrupt"),
    ("an old lz4 frame behind a new one", streams.lz4_raw(TEXT) + b"\x02\x21\x4c\x18\5\0\0\0", "corrupt"),
    ("an old lz4 frame", b"\x02\x21\x4c\x18\5\0\0\0\x10abcd", "unsupported"),
    ("a zip before more than loaders search", zips.simple(_LOADED) + b"j" * 80_000, "corrupt"),
    ("a cpio archive in gzip", gzip.compress(b"070701" + b"0" * 104 + b"a\0"), "unsupported"),
    ("a pax size of nothing", tars.build(tars.pax({b"size": b""}), tars.member(b"s", PICKLE)), "corrupt"),
    ("a name without an entry", tars.build(tars.long_name(b"x" * 200)), "corrupt"),
    ("a sparse map in a pax header", tars.build(tars.pax({b"GNU.sparse.map": b"0,1,1024,1", b"GNU.sparse.size": b"4096"}),
     tars.member(b"s", b"ab")), "unsupported"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "reason"), FAILING, ids=[failing[0] for failing in FAILING])
def test_what_readers_fail_at_differently_is_never_clean(name, data, reason):
    assert len(name) > 9
    assert reason in look(data).reasons
    assert reason in look(zips.simple({"data.bin": data})).reasons


@pytest.mark.parametrize("parts", [10**3, 10**5])
def test_a_name_of_folders_without_end_costs_its_length_only(parts):
    data = tars.build(tars.long_name(b"d/" * parts + b"x"), tars.member(data=PICKLE))
    begin = time.process_time()
    walked = look(data)
    assert walked.rules == {"archive.unportable-name"} and PICKLE in walked.members.values()
    assert time.process_time() - begin < 2
