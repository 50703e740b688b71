import gzip
import io
import tarfile
import time

import pytest

from fixtures.archive import streams, tars
from fixtures.archive.samples import TEXT
from gate.archive import tar
from gate.archive.member import Entry
from gate.archive.source import whole
from gate.archive.tape import Tape
from gate.core.errors import FormatError, NotExamined
from tests.walking import look

SIZE, NAME, GLOBAL, HIDDEN = (f"archive.tar-{kind}" for kind in ("size", "name", "global", "hidden-member"))
ESCAPE, SPECIAL, SETUID = "archive.link-escape", "archive.special-file", "archive.setuid"


@pytest.fixture(params=["window", "stream"])
def entries(request, source):
    """entries(bytes) -> [(entry, its bytes)], from random access and from a stream."""

    def read(data):
        def tape():
            if request.param == "window":
                return Tape(source(data))
            return Tape(None, iter([data[i : i + 700] for i in range(0, len(data), 700)]))

        for entry in tar.entries(tape(), tape):
            if isinstance(entry, Entry):
                yield entry, content(entry)
            else:
                read.remarks.append(entry.rule)

    read.remarks = []

    return read


def content(entry):
    if entry.window is not None:
        return whole(entry.window, 2**20)
    if entry.stream is None:
        return None
    parts = []
    try:
        parts.extend(entry.stream())
    except FormatError:
        parts.append(b"...")
    return b"".join(parts)


def listed(found):
    return [(entry.name, data) for entry, data in found]


def test_files_have_names_and_bytes(entries):
    files = {"a": TEXT, "d/b": bytes(20_000), "empty": b""}
    assert listed(entries(tars.simple(files))) == [(name.encode(), data) for name, data in files.items()]


def test_python_reads_the_same(entries):
    out = io.BytesIO()
    files = {"n" * 90 + "/" + "m" * 90: TEXT, "é" * 120: b"1", "plain": b"2"}
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(fileobj=out, mode="w", format=form) as archive:
            for name, data in files.items():
                if form == tarfile.USTAR_FORMAT and len(name.encode()) > 200:
                    continue
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        found = dict(listed(entries(out.getvalue())))
        assert found.items() <= {name.encode(): data for name, data in files.items()}.items()
        assert len(found) >= 2
        out = io.BytesIO()


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ([tars.long_name(b"l" * 300)], b"l" * 300),
        ([tars.pax({b"path": b"p" * 300})], b"p" * 300),
        ([tars.pax({b"path": "é".encode()})], "é".encode()),
        ([tars.pax({b"comment": b"c"}, b"g"), tars.pax({b"path": b"x"})], b"x"),
        ([tars.pax({b"comment": b"with = and \n in it"})], b"a.txt"),
    ],
)
def test_extension_headers_name_the_entry_that_follows(entries, parts, name):
    first, second = entries(tars.build(*parts, tars.member(data=TEXT), tars.member(b"next")))
    assert (first[0].name, first[1], second[0].name) == (name, TEXT, b"next")
    assert first[0].findings == second[0].findings == ()


def test_the_prefix_belongs_to_the_name_only_in_ustar(entries):
    assert listed(entries(tars.build(tars.member(b"n", prefix=b"folder")))) == [(b"folder/n", b"")]
    assert listed(entries(tars.build(tars.member(b"n", prefix=b"12345", magic=b"ustar  \0")))) == [(b"n", b"")]


@pytest.mark.parametrize(
    ("kind", "folder"), [(b"5", True), (b"1", True), (b"2", True), (b"0", False), (b"\0", False), (b"7", False)]
)
def test_folders_and_links_bring_no_bytes(entries, kind, folder):
    ((entry, data),) = entries(tars.build(tars.header(b"n", kind=kind, link=b"target")))
    assert entry.folder == folder and (data is None) == folder


@pytest.mark.parametrize("kind", [b"3", b"4", b"6", b"V", b"M", b"Z"])
def test_other_types_are_refused_and_their_bytes_read(entries, kind):
    (special, data), (after, _) = entries(
        tars.build(tars.member(b"n", TEXT if kind in b"VMZ" else b"", kind), tars.member(b"next"))
    )
    assert special.refusal.reason == "unsupported"
    assert data == (TEXT if kind in b"VMZ" else b"")
    assert after.name == b"next" and after.refusal is None


@pytest.mark.parametrize("more", [0, 1, 3])
def test_a_sparse_file_is_refused_and_what_follows_is_found(entries, more):
    sparse, after = entries(tars.build(tars.sparse(b"s", TEXT, 2**40, more), tars.member(b"next", TEXT)))
    assert (sparse[0].refusal.reason, sparse[1]) == ("unsupported", TEXT)
    assert (after[0].name, after[1]) == (b"next", TEXT)


def test_pax_sparse_files_are_refused_too(entries):
    head = tars.pax({b"GNU.sparse.major": b"1", b"GNU.sparse.minor": b"0", b"GNU.sparse.realsize": b"999"})
    assert [e.refusal and e.refusal.reason for e, _ in entries(tars.build(head, tars.member()))] == ["unsupported"]


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ([tars.header(b"d", 512, b"5")], SIZE),
        ([tars.header(b"l", 512, b"2", b"x")], SIZE),
        ([tars.member(b"h", TEXT, b"1", link=b"x")], SIZE),
        ([tars.pax({b"size": b"512"}), tars.header(b"d", 0, b"5")], SIZE),
        ([tars.pax({b"size": b"1"}), tars.member(b"a", b"12")], SIZE),
        ([tars.pax({b"size": b"2"}), tars.pax({b"size": b"1"}), tars.member(b"a", b"1")], SIZE),
        ([tars.member(b"a/", TEXT)], SIZE),
        ([tars.pax({b"path": b"one"}), tars.long_name(b"two"), tars.member()], NAME),
        ([tars.pax({b"path": b"one"}), tars.pax({b"path": b"two"}), tars.member()], NAME),
        ([tars.pax({}, body=tars.records({b"path": b"one"}) + tars.records({b"path": b"two"})), tars.member()], NAME),
        ([tars.pax({b"path": b"a\0b"}), tars.member()], NAME),
        ([tars.long_name(b"a\0b"), tars.member()], NAME),
        ([tars.pax({b"linkpath": b"a"}), tars.long_name(b"b", b"K"), tars.header(b"l", 0, b"2")], NAME),
        ([tars.pax({b"path": b"other"}, b"X"), tars.member()], NAME),
        ([tars.member(b"name", TEXT, b"0", prefix=b"some/folder", magic=b"ustar  \0")], NAME),
        ([tars.member(b"name", TEXT, b"0", prefix=b"some/folder", magic=bytes(8))], NAME),
        ([tars.pax({b"path": b"all"}, b"g"), tars.member()], GLOBAL),
        ([tars.pax({b"size": b"12"}, b"g"), tars.member(data=TEXT)], GLOBAL),
        ([tars.header(b"null", 0, b"3")], SPECIAL),
        ([tars.header(b"disk", 0, b"4")], SPECIAL),
        ([tars.header(b"pipe", 0, b"6")], SPECIAL),
        ([tars.pax({b"SCHILY.xattr.security.capability": b"\1"}), tars.member()], SETUID),
    ],
)
def test_what_readers_disagree_about_is_a_finding(entries, parts, rule):
    found = list(entries(tars.build(*parts, tars.member(b"next", TEXT))))
    assert found[0][0].findings == (rule,)
    assert found[1][0].name == (b"next" if b"all" not in parts[0] else b"all")


def test_a_member_that_only_one_reading_shows_is_read_as_well(entries):
    """CVE-2025-62518: the plain size says nothing, the extended one says what is skipped."""
    inner = tars.member(b"evil", TEXT)
    data = tars.build(tars.pax({b"size": b"%d" % len(inner)}), tars.header(b"a"), inner, tars.member(b"b"))
    found = [(entry.name, entry.findings, data) for entry, data in entries(data)]
    assert found == [(b"a", (SIZE,), inner), (b"b", (), b""), (b"evil", (HIDDEN,), TEXT)]


def test_the_data_of_a_link_is_read_where_no_header_follows(entries):
    (link, data), (after, _) = entries(tars.build(tars.member(b"h", TEXT, b"1", link=b"x"), tars.member(b"next")))
    assert (data, link.link.hard, after.name) == (TEXT, True, b"next")


def test_padding_that_is_not_empty_is_remarked(entries):
    data = tars.header(b"a", 5) + b"12345" + b"secret".ljust(507, b"\0")
    assert listed(entries(tars.build(data, tars.member(b"next")))) == [(b"a", b"12345"), (b"next", b"")]
    assert entries.remarks == ["archive.tar-padding"]


def test_places_without_end_are_given_up(entries):
    names = []
    with pytest.raises(NotExamined, match="more than 64"):
        parts = [tars.header(b"d%d" % i, 512, b"5") for i in range(200)]
        names.extend(entry.name for entry, _ in entries(tars.build(*parts)))
    assert len(set(names)) == 200


def test_a_pax_size_counts_where_the_field_is_too_small(source):
    head = tars.pax({b"size": b"%d" % 2**33}) + tars.header(b"big", 0)
    (entry,) = tar.entries(Tape(source(head)))
    assert (entry.size, entry.findings) == (2**33, ())
    assert entry.refusal.reason == "corrupt"  # none of it is there


@pytest.mark.parametrize(
    ("parts", "rules"),
    [
        ([tars.header(b"l", 0, b"2", b"/etc/passwd")], [(ESCAPE,)]),
        ([tars.header(b"d/l", 0, b"2", b"../../x")], [(ESCAPE,)]),
        ([tars.header(b"d/l", 0, b"1", b"../x")], [(ESCAPE,)]),
        ([tars.long_name(b"/" + b"x" * 200, b"K"), tars.header(b"l", 0, b"2", b"x")], [(ESCAPE,)]),
        ([tars.pax({b"linkpath": b"/x"}), tars.header(b"l", 0, b"2", b"x")], [(ESCAPE,)]),
        ([tars.header(b"d", 0, b"2", b"e"), tars.member(b"d/x", TEXT)], [(), (ESCAPE,)]),
        ([tars.header(b"d", 0, b"2", b"e"), tars.member(b"d", TEXT)], [(), (ESCAPE,)]),
        ([tars.header(b"a", 0, b"2", b"."), tars.header(b"a/b", 0, b"2", b"..")], [(), (ESCAPE,)]),
        ([tars.header(b"d/l", 0, b"2", b"../x"), tars.header(b"h", 0, b"1", b"d/x")], [(), ()]),
    ],
)
def test_links_that_lead_out_or_are_led_through_are_findings(entries, parts, rules):
    assert [entry.findings for entry, _ in entries(tars.build(*parts))] == rules


@pytest.mark.parametrize(
    "part",
    [
        tars.header(checksum=b"%06o\0 " % 1),
        tars.header(size_field=b"\xff" * 12),
        tars.header(size_field=b"00000zzz014\0"),
        tars.header(size_field=b"\x81" + bytes(11)),
        tars.header()[:100],
        tars.pax({b"size": b"-1"}) + tars.member(),
        tars.pax({b"size": b"0" * 30 + b"1"}) + tars.member(),
        tars.pax({}, body=b"99 path=x\n") + tars.member(),
        tars.pax({}, body=b"10 path=xyz") + tars.member(),
        tars.pax({}, body=b"0 path=x\n") + tars.member(),
        tars.pax({}, body=b"x") + tars.member(),
        tars.header(b"L", 2**20 + 1, b"L"),
        b"".join(tars.pax({b"mtime": b"1"}) for _ in range(17)) + tars.member(),
    ],
)
def test_damage_ends_the_list_after_what_is_before(entries, part):
    names = []
    with pytest.raises(FormatError):
        names.extend(
            (entry.name, entry.findings) for entry, _ in entries(tars.build(tars.member(b"first", TEXT), part))
        )
    assert names[0] == (b"first", ())
    assert all(HIDDEN in findings for _, findings in names[1:])


def test_a_base_256_size_is_read(entries):
    head = tars.header(b"a", size_field=b"\x80" + (12).to_bytes(11, "big"))
    assert listed(entries(tars.build(head, tars.padded(TEXT)))) == [(b"a", TEXT)]


def test_a_member_that_is_cut_off_keeps_what_there_is(entries):
    ((entry, data),) = entries(tars.member(b"a", bytes(5000))[:2000])
    assert data[:1488] == bytes(1488)
    assert data == bytes(1488) + b"..." or entry.refusal.reason == "corrupt"


@pytest.mark.parametrize("end", [b"", bytes(512), tars.END, bytes(10_240)])
def test_the_end_may_be_missing_short_or_long(entries, end):
    assert len(list(entries(tars.build(tars.member(b"a", TEXT), end=end)))) == 1


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["tar", "tar.gz"])
def test_a_tar_without_an_end_mark_may_have_been_cut_off_between_members(pack):
    two = [tars.member(b"a", TEXT), tars.member(b"b")]
    assert look(pack(tars.build(*two, end=b""))).findings == [("", "archive.tar-no-end")]
    assert look(pack(tars.build(*two, end=bytes(512)))).clean  # one block, as some tools write
    assert "archive.tar-no-end" not in look(pack(tars.build(*two, end=b"")[: 1024 + 5])).rules  # said at the member


@pytest.mark.parametrize("behind", [b"x", bytes(300_000) + b"x", b"x" * 5000])
def test_data_behind_the_end_is_damage(entries, behind):
    names = []
    with pytest.raises(FormatError, match="behind the end"):
        names.extend(entry.name for entry, _ in entries(tars.simple({"a": TEXT}) + behind))
    assert names == [b"a"] and entries.remarks == ["archive.tar-behind-end"]


@pytest.mark.parametrize("gap", [0, 512, 300_032])
def test_a_tar_behind_the_end_is_read_for_those_who_go_on(entries, gap):
    found = list(entries(tars.simple({"a": TEXT}) + bytes(gap) + tars.simple({"b": b"2", "c": b"3"})))
    assert [(entry.name, data, entry.findings) for entry, data in found[1:]] == [
        (b"b", b"2", (HIDDEN,)), (b"c", b"3", (HIDDEN,))
    ]  # fmt: skip
    assert entries.remarks == ["archive.tar-behind-end"]


def test_members_behind_a_damaged_header_are_found_as_gnu_tar_finds_them(entries):
    found = []
    with pytest.raises(FormatError, match="damaged header"):
        parts = [tars.member(b"a", TEXT), tars.header(checksum=b"0\0\0\0\0\0\0\0"), tars.member(b"b", TEXT)]
        found.extend(entries(tars.build(*parts)))
    assert [(entry.name, data, entry.findings) for entry, data in found] == [
        (b"a", TEXT, ()), (b"b", TEXT, (HIDDEN,))
    ]  # fmt: skip


def test_locators_count_down(entries):
    assert [entry.locator for entry, _ in entries(tars.many(3))] == [-1, -2, -3]


def test_many_headers_take_linear_time(source):
    def seconds(n):
        data = tars.many(n)
        start = time.process_time()
        assert sum(1 for _ in tar.entries(Tape(source(data)))) == n
        return time.process_time() - start

    seconds(100)
    assert seconds(10_000) < 3


def test_a_stream_is_not_copied_for_each_header():
    data = streams.gz(tars.many(3000))
    assert len(look(data).members) == 3001
