from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.advisories.build import affects, feed, record, small
from gate.adapters import signer as keys
from gate.advisories.database import open_database
from gate.advisories.importing import Origin, import_feed
from gate.attest import advisory_bundle
from gate.attest.advisory_bundle import RECORDS, SIGNED, UNSIGNED, is_bundle, opened, write
from gate.attest.envelope import bundle, sign
from gate.core.errors import UsageError
from gate.trust.words import Key, Signer, Trust
from tests.advisories.model import NOW

KEY, OTHER = keys.generate("ed25519"), keys.generate("ed25519")
WHEN = "2026-03-02T00:00:00Z"


def trusting(key=KEY, **terms):
    return Trust("", keys=(Key(Signer("carrier", **{"roles": ("evidence",), **terms}), key.public, ""),))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "feed.zip").write_bytes(
        feed(
            record("X-1", affects("Glow.Worm", "introduced 0", "fixed 1.2"), aliases=["CVE-1"], summary="S"),
            record("X-2", affects("b", "introduced 0"), withdrawn="2026-01-01T00:00:00Z"),
        )
    )  # fmt: skip
    import_feed(
        str(folder / "feed.zip"),
        str(folder / "db"),
        now=NOW,
        origin=Origin(NOW - 7200, url="https://x.example/all.zip"),
    )
    return str(folder / "db")


def written(path, signer=KEY):
    out = io.BytesIO()
    with open_database(path) as database:
        write(database, out, signer)
    return out.getvalue()


@pytest.fixture
def carry(tmp_path):
    """carry(bytes, trust) -> what was imported from that bundle."""

    def run(data, trust, now=WHEN, **options):
        file = tmp_path / "bundle"
        file.write_bytes(data)
        with opened(str(file), trust, now, **options) as carried:
            return import_feed(carried.path, str(tmp_path / "there"), now=NOW, origin=carried.origin, force=True).about

    return run


def test_what_was_carried_is_what_was_sent_to_the_byte(path, carry):
    about = carry(written(path), trusting())
    with open_database(path) as database:
        sent = database.about
    assert replace(about, digest="", signer="") == replace(sent, digest="", signer="")
    assert (about.fetched, about.url, about.signer) == ("2026-03-01T22:00:00Z", "https://x.example/all.zip", "carrier")
    unsigned = carry(written(path, None), None, unsigned=True)
    assert unsigned.digest == sent.digest


def test_equal_data_bases_give_equal_bundles_and_other_tools_read_them(path):
    data = written(path)
    assert data == written(path)
    with zipfile.ZipFile(io.BytesIO(data)) as outer, zipfile.ZipFile(outer.open(RECORDS)) as inner:
        assert outer.namelist() == [SIGNED, RECORDS] and inner.namelist() == ["X-1.json", "X-2.json"]
        assert json.loads(inner.read("X-1.json"))["summary"] == "S"


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (None, "--trust"),
        (trusting(OTHER), "no key of the trust file|not one over these bytes"),
        (trusting(roles=("model",)), "may not sign this kind"),
        (trusting(roles=("verifier",)), "may not sign this kind"),
        (trusting(not_after="2026-01-01T00:00:00Z"), "no longer trusted"),
        (trusting(revoked="2026-01-01T00:00:00Z"), "revoked"),
    ],
    ids=["nobody", "another key", "a model signer", "a verifier", "ended", "revoked"],
)
def test_a_bundle_counts_when_somebody_vouches_who_may(path, carry, trust, words):
    with pytest.raises(UsageError, match=words):
        carry(written(path), trust)


def test_an_unsigned_bundle_needs_to_be_wanted(path, carry):
    for trust in (None, trusting()):
        with pytest.raises(UsageError, match="--allow-unsigned"):
            carry(written(path, None), trust)
    assert carry(written(path, None), trusting(), unsigned=True).signer == ""


def test_a_signature_is_checked_where_there_is_trust_even_if_unsigned_ones_are_wanted(path, carry):
    with pytest.raises(UsageError, match="does not count"):
        carry(written(path), trusting(OTHER), unsigned=True)
    assert carry(written(path), None, unsigned=True).signer == ""


def packed(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def parts(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_other_records_under_a_genuine_statement_are_refused(path, carry):
    known = parts(written(path))
    other = feed(record("X-1", affects("glow-worm", "introduced 5")))
    with pytest.raises(UsageError, match="another artifact"):
        carry(packed([(SIGNED, known[SIGNED]), (RECORDS, other)]), trusting())
    plain = parts(written(path, None))
    with pytest.raises(UsageError, match="other records"):
        carry(packed([(UNSIGNED, plain[UNSIGNED]), (RECORDS, other)]), None, unsigned=True)


def test_a_genuine_statement_about_something_else_is_refused(path, carry):
    known = parts(written(path, None))
    said = json.loads(known[UNSIGNED])
    said["predicateType"] = "https://mlgate.example/gate/decision/v1"
    signed = bundle(sign(json.dumps(said).encode(), KEY), KEY)
    with pytest.raises(UsageError, match="not about advisories"):
        carry(packed([(SIGNED, signed), (RECORDS, known[RECORDS])]), trusting())
    for change in ({"fetched": "yesterday"}, {"source": 5}, {"fetched": "2026-13-40T00:00:00Z"}):
        said = json.loads(known[UNSIGNED])
        said["predicate"].update(change)
        with pytest.raises(UsageError, match="does not say"):
            carry(packed([(UNSIGNED, json.dumps(said)), (RECORDS, known[RECORDS])]), None, unsigned=True)


def test_a_bundle_is_two_members_and_nothing_else(path, carry):
    known = parts(written(path))
    for members in (
        [(SIGNED, known[SIGNED])],
        [(SIGNED, known[SIGNED]), (RECORDS, known[RECORDS]), ("more", b"")],
        [(SIGNED, known[SIGNED]), (UNSIGNED, b"{}"), (RECORDS, known[RECORDS])],
    ):
        with pytest.raises(UsageError, match="bundle"):
            carry(packed(members), trusting())
    with pytest.raises(UsageError, match="compressed"):
        carry(packed([(SIGNED, known[SIGNED]), (RECORDS, known[RECORDS])], zipfile.ZIP_DEFLATED), trusting())


def test_what_a_bundle_is_shows_at_its_beginning(path, tmp_path):
    for name, data, expected in (
        ("signed", written(path), True),
        ("unsigned", written(path, None), True),
        ("feed", small(), False),
        ("text", b"PK", False),
        ("empty", b"", False),
    ):
        (tmp_path / name).write_bytes(data)
        assert is_bundle(str(tmp_path / name)) is expected
    os.mkfifo(tmp_path / "pipe")
    assert not is_bundle(str(tmp_path / "pipe")) and not is_bundle("/dev/zero")
    assert not is_bundle(str(tmp_path)) and not is_bundle("/nothing/there")


def test_a_label_and_the_time_of_fetching_travel(path, carry):
    known = parts(written(path, None))
    said = json.loads(known[UNSIGNED])
    said["predicate"]["label"] = "ONLY HALF"
    about = carry(packed([(UNSIGNED, json.dumps(said)), (RECORDS, known[RECORDS])]), None, unsigned=True)
    assert about.label == "ONLY HALF"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_one_changed_byte_is_noticed(path, tmp_path_factory, at, bits):
    data = bytearray(DATA.setdefault("bundle", written(path)))
    at %= len(data)
    data[at] ^= bits
    file = Path(DATA.setdefault("file", str(tmp_path_factory.mktemp("changed") / "x")))
    file.write_bytes(data)
    expected = parts(DATA["bundle"])[RECORDS]
    try:
        with opened(str(file), trusting(), WHEN) as carried:
            assert Path(carried.path).read_bytes() == expected  # what is not signed of a zip, as a time
    except UsageError:
        pass


DATA: dict = {}


def test_a_statement_is_bounded(path, carry, monkeypatch):
    monkeypatch.setattr(advisory_bundle, "_STATEMENT_BYTES", 100)
    with pytest.raises(UsageError, match="100 bytes"):
        carry(written(path), trusting())
