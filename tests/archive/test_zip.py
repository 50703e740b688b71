import struct
import time

import pytest

from fixtures.archive import bombs, zips
from fixtures.archive.samples import EVIL, PICKLE, TEXT
from fixtures.archive.zips import FULL16, FULL32, Item, build, zip64_extra
from gate.archive import zip as reader
from gate.archive import zip_end
from gate.archive.member import Entry, Remark
from gate.archive.source import whole
from gate.core.errors import FormatError, NotExamined
from gate.core.limits import Limits
from tests.walking import look

MISMATCH, HIDDEN = "archive.header-mismatch", "archive.hidden-data"


def prepared(source, data):
    found = []
    for entry in reader.entries(source(data)):
        if isinstance(entry, Remark):
            continue
        assert entry.prepare is not None
        entry.prepare(entry)
        found.append(entry)
    return found


def content(entry):
    return whole(entry.window, 2**20) if entry.window is not None else b"".join(entry.stream())


def test_entries_have_names_sizes_and_bytes(source):
    data = build([Item(b"a", TEXT), Item(b"d/"), Item(b"d/b", TEXT * 9000, 8), Item(b"big", bytes(9000))])
    stored, folder, deflated, big = prepared(source, data)
    assert (stored.name, stored.size, content(stored)) == (b"a", 12, TEXT)
    assert folder.folder
    assert content(deflated) == TEXT * 9000
    assert content(big) == bytes(9000)


def test_a_stored_member_is_a_window_not_a_copy(source):
    (entry,) = prepared(source, build([Item(b"a", bytes(9000))]))
    assert entry.window is not None and entry.stream is None


def test_an_entry_is_found_again_by_its_locator(source):
    data = build([Item(b"a", b"1"), Item(b"b", b"2", 8)], prefix=b"prefix")
    for entry in (e for e in reader.entries(source(data)) if isinstance(e, Entry)):
        again = reader.entry_at(source(data), entry.locator, zip_end.find(source(data)).shift)
        again.prepare(again)
        entry.prepare(entry)
        assert (again.name, content(again), again.findings) == (entry.name, content(entry), ())


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        (Item(b"a", TEXT, local={"name": b"b"}), MISMATCH),
        (Item(b"a", TEXT, local={"method": 8}), MISMATCH),
        (Item(b"a", TEXT, local={"crc": 1}), MISMATCH),
        (Item(b"a", TEXT, local={"size": 1}), MISMATCH),
        (Item(b"a", TEXT, local={"packed": 1}), MISMATCH),
        (Item(b"a", TEXT, central={"extra": zips.unicode_path(b"a", b"b")}), "archive.ambiguous-entry"),
        (Item(b"d/l", b"../../x", mode=0o120777), "archive.link-escape"),
        (Item(b"d/l", b"../../x", 8, mode=0o120777), "archive.link-escape"),
        (Item(b"d/l", b"", 8, packed=b"\xff\xff", mode=0o120777), "archive.link-escape"),
    ],
)
def test_what_readers_disagree_about_is_a_finding(source, item, rule):
    (entry,) = prepared(source, build([item]))
    assert entry.findings == (rule,)


@pytest.mark.parametrize(
    "item",
    [
        Item(b"a", TEXT, 8, descriptor=True),
        Item(b"a", TEXT, local={"packed": FULL32, "size": FULL32, "extra": zip64_extra(12, 12)}),
        Item(b"a", TEXT, local={"extra": b"FB\x04\0pad."}),
        Item(b"a", TEXT, central={"comment": b"comment", "extra": b"UT\x05\0\x01abcd"}),
        Item(b"d/l", b"../x", mode=0o120777),
        Item(b"a", TEXT, central={"extra": zips.unicode_path(b"a", b"a")}),
        Item(b"d/", b"", 8),
        Item(b"a", b"", 8, packed=b""),
    ],
)
def test_what_ordinary_tools_write_is_no_finding(source, item):
    (entry,) = prepared(source, build([item]))
    assert (entry.findings, entry.refusal) == ((), None)


@pytest.mark.parametrize(
    ("item", "reason", "readable"),
    [
        (Item(b"a", TEXT, flags=1), "encrypted", True),
        (Item(b"a", TEXT, flags=0x40), "encrypted", True),
        (Item(b"a", TEXT, flags=0x2000), "encrypted", True),
        (Item(b"a", TEXT, local={"flags": 1}), "encrypted", True),
        (Item(b"a", TEXT, method=9), "unsupported", False),
        (Item(b"a", TEXT, central={"offset": 5}), "corrupt", False),
        (Item(b"a", TEXT, central={"offset": FULL32, "extra": zip64_extra(2**64 - 1)}), "corrupt", False),
        (Item(b"a", TEXT, central={"packed": 2**31}), "corrupt", True),
    ],
)
def test_what_cannot_be_had_is_refused_with_its_bytes_where_there_are_any(source, item, reason, readable):
    entry, *_ = prepared(source, build([item]))
    assert entry.refusal.reason == reason
    assert (entry.window is not None) == readable
    assert not readable or content(entry).startswith(TEXT)


def test_a_folder_with_data_is_a_member(source):
    (entry,) = prepared(source, build([Item(b"data.pkl/", b"", packed=PICKLE)]))
    assert not entry.folder and content(entry) == PICKLE


def test_a_zip64_field_is_found_among_others_and_may_be_cut_off(source):
    extra = b"UT\x04\0abcd" + zip64_extra(12, 12)
    (entry,) = prepared(source, build([Item(b"a", TEXT, central={"packed": FULL32, "size": FULL32, "extra": extra})]))
    assert content(entry) == TEXT
    for cut in range(1, len(extra)):
        item = Item(b"a", TEXT, central={"packed": FULL32, "size": FULL32, "extra": extra[:-cut]})
        assert prepared(source, build([item, Item(b"b", TEXT)]))[1].refusal is None


def test_bytes_between_entries_belong_to_somebody(source):
    hidden = Item(b"evil", PICKLE)
    before = build([Item(b"a", TEXT)])[: -len(Item(b"a", TEXT).record(0)) - 22]
    listed, unlisted = prepared(source, build([Item(b"a", TEXT)], unlisted=[hidden]))
    assert (listed.findings, unlisted.findings) == ((HIDDEN,), ("archive.unlisted-entry",))
    assert content(unlisted) == PICKLE
    assert len(before) == 31 + 12
    overlapping = prepared(source, bombs.quoted(4, 50))
    assert [e.findings for e in overlapping] == [("archive.overlap",)] * 3 + [()]


@pytest.mark.parametrize("extra", [b"x", PICKLE])
def test_bytes_behind_a_descriptor_belong_to_somebody(source, extra):
    item = Item(b"a", TEXT, 8, descriptor=True)
    body = item.header() + item.body + item.behind() + extra
    data = body + item.record(0) + zips.end_record(1, len(item.record(0)), len(body))
    assert [e.findings for e in prepared(source, data)] == [(HIDDEN,)]


def test_a_directory_out_of_order_cannot_hide_anything(source):
    one, two = Item(b"a", TEXT), Item(b"b", PICKLE)
    body = one.header() + TEXT + two.header() + PICKLE
    directory = two.record(len(one.header() + TEXT)) + one.record(0)
    data = body + directory + zips.end_record(2, len(directory), len(body))
    assert [(content(e), e.findings) for e in prepared(source, data)] == [(PICKLE, ()), (TEXT, ())]
    hole = body[:-1] + b"?" + one.header() + TEXT
    data = hole + directory + zips.end_record(2, len(directory), len(hole))
    assert [e.findings for e in prepared(source, data)] == [(HIDDEN,), (), ("archive.unlisted-entry",)]


@pytest.mark.parametrize("count", [0, 1, 3, FULL16 - 1])
def test_a_wrong_count_lists_everything_and_is_damage(source, count):
    names = []
    with pytest.raises(FormatError, match="2 entries"):
        names.extend(e.name for e in reader.entries(source(build([Item(b"a"), Item(b"b")], count=count))))
    assert names == [b"a", b"b"]


def test_a_count_of_16_bits_wraps_around(source):
    record = Item(b"f").record(0)
    data = Item(b"f").header() + record * (FULL16 + 3) + zips.end_record(2, len(record) * (FULL16 + 3), 31)
    assert sum(1 for _ in reader.entries(source(data))) == FULL16 + 3


def test_a_damaged_record_ends_the_list_after_those_before_it(source):
    data = bytearray(build([Item(b"a"), Item(b"b"), Item(b"c")]))
    data[data.rfind(b"PK\x01\x02")] = 0
    names = []
    with pytest.raises(FormatError, match="no central directory record"):
        names.extend(e.name for e in reader.entries(source(bytes(data))))
    assert names == [b"a", b"b", b"c"]  # the last one by its local header


@pytest.mark.parametrize("field", [30, 32])
def test_a_record_that_leads_out_of_the_directory_is_listed_and_is_damage(source, field):
    data = bytearray(build([Item(b"a", TEXT)]))
    struct.pack_into("<H", data, data.find(b"PK\x01\x02") + field, 999)
    names = []
    with pytest.raises(FormatError, match="inside of a record"):
        names.extend(e.name for e in reader.entries(source(bytes(data))))
    assert names == [b"a"]


def test_a_directory_beyond_the_limit_is_not_read(budget):
    assert look(zips.many(100), Limits(directory_bytes=1000)).gaps == [("", "too-large")]


def test_thousands_of_tiny_extra_fields_take_no_quadratic_time(source):
    extra = bytes(4) * 16_000
    item = Item(b"a", TEXT, central={"extra": extra})
    start = time.process_time()
    assert len(prepared(source, build([item] * 10))) == 10
    assert time.process_time() - start < 2


def test_the_second_reading_leaves_out_what_no_reader_gets_at(source):
    data = build([Item(b"a", TEXT), Item(b"b", TEXT, central={"offset": 3})])
    found = list(reader.second(source(b"something else" + data)))
    assert [(e.name, e.findings[-1]) for e in found] == [(b"a", "archive.second-reading")]


def test_remarks_come_before_the_entries(source):
    first, *rest = reader.entries(source(b"prefix" + EVIL))
    assert first == Remark("archive.data-before-zip", "6 bytes")
    assert all(isinstance(e, Entry) for e in rest)


def test_a_directory_over_several_reads_is_one_list(source):
    items = [Item(b"%05d" % i, central={"comment": bytes(60_000)}) for i in range(40)]
    assert [e.name for e in reader.entries(source(build(items)))] == [b"%05d" % i for i in range(40)]


def test_only_declared_errors(source):
    for cut in range(len(EVIL)):
        with pytest.raises(NotExamined):
            list(reader.entries(source(EVIL[:cut])))
