import os

import pytest

from fixtures.archive import bombs, streams, tars, zips
from fixtures.archive.samples import DIFFERENT, EVIL, PICKLE, SOUND, TENSORS, TEXT
from fixtures.archive.zips import Item, build
from gate.archive.member import Member, Need
from gate.core.finding import Finding
from gate.core.limits import Limits
from tests.walking import look, opened


@pytest.mark.parametrize("name", sorted(SOUND))
def test_sound_archives_have_no_findings_and_no_gaps(name):
    walked = look(SOUND[name])
    assert (walked.findings, walked.gaps) == ([], [])
    assert walked.digest is not None


@pytest.mark.parametrize("name", sorted(DIFFERENT))
def test_nothing_that_readers_disagree_about_is_clean(name):
    assert not look(DIFFERENT[name]).clean


def test_the_subject_comes_first_and_once():
    assert next(iter(look(EVIL).members)) == ""


def test_paths_name_every_level():
    inner = tars.simple({"x": TEXT})
    data = zips.simple({"a.tar.gz": streams.gz(inner), "b.gz": streams.gz(TEXT), "c.zip": zips.simple({"d/y": TEXT})})
    assert list(look(data).members) == [
        "", "a.tar.gz", "a.tar.gz!/x", "b.gz", "b.gz!/content", "c.zip", "c.zip!/d/y"
    ]  # fmt: skip


BAD = {
    "crc": Item(b"bad", TEXT, crc=1),
    "method": Item(b"bad", TEXT, method=99),
    "deflate": Item(b"bad", b"", 8, packed=b"\xff" * 9),
    "encrypted": Item(b"bad", TEXT, 8, flags=1, packed=b"\xff" * 9),
    "offset": Item(b"bad", TEXT, central={"offset": 2**31}),
    "nested": Item(b"bad", EVIL[:-9]),
    "gzip": Item(b"bad", streams.gz(TEXT)[:-4]),
    "rar": Item(b"bad", b"Rar!\x1a\x07\0 and so on"),
    "huge": Item(b"bad", TEXT, central={"packed": 2**32 - 2, "size": 2**32 - 2}),
}


@pytest.mark.parametrize("kind", sorted(BAD))
def test_one_bad_entry_is_one_gap_and_hides_nothing(kind):
    walked = look(build([Item(b"before.pkl", PICKLE), BAD[kind], Item(b"after.pkl", PICKLE)]))
    assert {path.partition("!/")[0] for path, _ in walked.gaps} == {"bad"}
    assert len(walked.gaps) == 1 or kind == "huge"  # whose bytes reach into the directory of the archive itself
    assert walked.members["before.pkl"] == walked.members["after.pkl"] == PICKLE


@pytest.mark.parametrize("name", [b"../x", b"/x", b"C:\\x"])
def test_names_that_lead_out_are_findings_also_of_folders(name):
    walked = look(build([Item(name, TEXT), Item(b"d/" + name + b"/../")]))
    assert [rule for _, rule in walked.findings].count("archive.unsafe-name") == 2


def test_duplicates_are_members_of_their_own():
    walked = look(
        build([Item(b"a", b"1"), Item(b"a", b"2"), Item(b"a", b"3"), Item(b"", b"4"), Item(b"d/"), Item(b"d/")])
    )
    assert walked.members.items() >= {"a": b"1", "a#2": b"2", "a#3": b"3", "#1": b"4"}.items()
    twice = [path for path, rule in walked.findings if rule == "archive.duplicate-name"]
    assert twice == ["a#2", "a#3"]


def test_nesting_beyond_the_limit_is_a_gap_there():
    walked = look(bombs.nested(EVIL, 5), Limits(depth=3))
    assert walked.gaps == [("n.zip!/n.zip!/n.zip", "too-deep")]
    assert len(walked.members) == 4


def test_a_tar_in_a_gzip_is_one_level():
    data = streams.gz(tars.simple({"a.tgz": streams.gz(tars.simple({"b": TEXT}))}))
    assert look(data, Limits(depth=2)).members["a.tgz!/b"] == TEXT
    assert look(data, Limits(depth=1)).gaps == [("a.tgz", "too-deep")]


def test_members_beyond_the_limit_are_a_gap_each_and_then_one_for_the_rest():
    walked = look(zips.many(20), Limits(members=5))
    assert walked.gaps == [*((f"d0/f{i}", "too-many") for i in range(5, 10)), ("", "too-many")]
    assert len(walked.members) == 6


def test_a_spent_byte_budget_is_a_gap_for_each_further_member():
    files = {f"m{i}": bytes(50_000) for i in range(4)}
    walked = look(
        zips.simple(files, zips.DEFLATED), Limits(expansion_floor_bytes=120_000, expansion_ratio=1), Need.HEAD
    )
    assert len([1 for _, reason in walked.gaps if reason == "budget"]) >= 2
    assert "m0" in walked.members and walked.digest is None


def test_needs_are_asked_with_the_head_and_answered_before_the_member_comes():
    asked = []

    def wants(member):
        asked.append((member.path, member.head, member.sha256))
        return Need.HEAD

    look(zips.simple({"a": TEXT}), need=wants)
    assert asked == [("", zips.simple({"a": TEXT}), ""), ("a", TEXT, "")]


@pytest.mark.parametrize(("need", "spooled"), [(Need.HEAD, 0), (Need.STREAM, 0), (Need.SEEK, 300_000)])
def test_a_large_member_is_spooled_only_when_readers_jump(need, spooled):
    with opened(zips.simple({"a": bytes(300_000)}, zips.DEFLATED), Limits(memory_bytes=100_000)) as archive:
        for _ in archive.children(lambda _: need):
            pass
        assert archive.budget.spooled == spooled


@pytest.mark.parametrize(("need", "spooled"), [(Need.HEAD, 0), (Need.STREAM, 300_000), (Need.SEEK, 300_000)])
def test_a_large_member_of_a_stream_is_spooled_only_when_somebody_reads_it(need, spooled):
    data = streams.gz(tars.simple({"a": bytes(300_000), "b": TEXT}))
    with opened(data, Limits(memory_bytes=100_000)) as archive:
        members = [m for m in archive.children(lambda m: need if m.path == "a" else Need.HEAD) if isinstance(m, Member)]
        assert archive.budget.spooled == spooled
        assert all(m.sha256 for m in members)


def test_a_nested_archive_is_spooled_by_the_walker_itself():
    data = zips.simple({"n.zip": zips.simple({"a": bytes(300_000)})}, zips.DEFLATED)
    walked = look(data, Limits(memory_bytes=100_000), Need.HEAD, each=lambda member: None)
    assert set(walked.members) == {"", "n.zip", "n.zip!/a"} and walked.clean


@pytest.mark.parametrize("need", list(Need))
@pytest.mark.parametrize("pack", [lambda d: zips.simple({"x": d}), lambda d: zips.simple({"x": d}, 8), lambda d: tars.simple({"x": d}), lambda d: streams.gz(tars.simple({"x": d}))])  # fmt: skip
def test_a_zip_behind_something_else_is_walked_wherever_it_lies(need, pack):
    walked = look(pack(TENSORS + EVIL), need=need)
    assert walked.members["x!/evil.pkl"] == PICKLE
    assert ("x", "archive.data-before-zip") in walked.findings


def test_a_zip_at_the_end_of_what_was_not_kept_is_a_gap():
    data = streams.gz(tars.simple({"x": TENSORS + bytes(300_000) + EVIL}))
    walked = look(data, Limits(memory_bytes=100_000), Need.HEAD)
    assert walked.gaps == [("x", "unreadable")]


def test_what_only_looks_like_a_zip_is_no_gap():
    text = b"the signature PK\x05\x06 begins an end record, which has 22 bytes or more"
    assert look(zips.simple({"a.txt": text})).clean
    assert look(
        streams.gz(tars.simple({"a.txt": bytes(300_000) + text})), Limits(memory_bytes=100_000), Need.HEAD
    ).clean


def test_every_reading_of_a_file_is_walked():
    walked = look(DIFFERENT["zip that begins like a tar"])
    assert walked.members["good"] == TEXT and walked.members["evil"] == PICKLE
    assert ("evil", "archive.second-reading") in walked.findings


def test_a_zip_that_is_the_last_member_of_a_tar_is_seen_once():
    walked = look(SOUND["tar-ends-in-zip"])
    assert list(walked.members) == ["", "a", "model.pt", "model.pt!/evil.pkl"]


def test_remarks_are_for_whoever_takes_the_first_entries():
    def said(mine):
        with opened(b"prefix" + EVIL) as archive:
            return [item.rule for item in archive.children(lambda _: Need.HEAD, mine) if isinstance(item, Finding)]

    assert said(None) == said(lambda index: True) == ["archive.data-before-zip"]
    assert said(lambda index: index >= 0) == []


def test_workers_pick_entries_by_their_index():
    data = zips.simple({"a": b"1", "b.zip": EVIL, "c": b"3"})
    with opened(data) as archive:
        paths = [
            m.path for m in archive.children(lambda _: Need.HEAD, lambda index: index == 1) if isinstance(m, Member)
        ]
    assert paths == ["b.zip", "b.zip!/evil.pkl"]


def test_a_walk_that_is_given_up_leaves_nothing_open():
    before = len(os.listdir("/proc/self/fd"))
    with opened(zips.simple({"n.zip": zips.simple({"a": bytes(300_000)})}, 8), Limits(memory_bytes=1000)) as archive:
        walk = archive.children(lambda _: Need.SEEK)
        next(walk)
        walk.close()
    assert len(os.listdir("/proc/self/fd")) == before
