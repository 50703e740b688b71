import hashlib
import zlib

import pytest

from gate.archive.budget import Budget
from gate.archive.member import HEAD, TAIL, Entry, Member, Need
from gate.archive.source import BLOCK, Forward, Memory, Window, whole
from gate.core.errors import FormatError, NotExamined, Spent
from gate.core.limits import Limits

BIG = bytes(range(256)) * 2000


def blocks(data, size=BLOCK, error=None):
    for i in range(0, len(data), size):
        yield data[i : i + size]
    if error is not None:
        raise error


def stored(data, **fields):
    budget = Budget(Limits())
    return Member("d/a.bin", Entry(b"a", 0, window=Memory(data, budget), **fields), budget)


def packed(data, limits=Limits(), error=None, **fields):  # frozen
    budget = Budget(limits)
    return Member("a", Entry(b"a", 0, stream=lambda: blocks(data, error=error), **fields), budget)


def everything(source):
    return whole(source, 2**30)


@pytest.mark.parametrize("make", [stored, packed])
@pytest.mark.parametrize("size", [0, 1, HEAD - 1, HEAD, HEAD + 1, BLOCK + 1, 3 * BLOCK])
def test_one_pass_gives_head_tail_size_and_digest(make, size):
    data = (BIG * 2)[:size]
    member = make(data)
    assert member.head == data[:HEAD]
    assert member.sha256 == ""
    member.take(Need.STREAM)
    assert (member.size, member.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert data.endswith(member.tail) and len(member.tail) >= min(size, TAIL)
    assert member.read(everything) == data


@pytest.mark.parametrize("make", [stored, packed])
def test_a_wrong_checksum_is_said_and_the_bytes_stay(make):
    make(b"data", crc=zlib.crc32(b"data")).take(Need.SEEK)
    member = make(b"data", crc=1)
    with pytest.raises(FormatError, match="CRC-32 is adf3f363"):
        member.take(Need.SEEK)
    assert member.sha256 == hashlib.sha256(b"data").hexdigest()
    assert member.read(everything) == b"data"


@pytest.mark.parametrize("make", [stored, packed])
@pytest.mark.parametrize("size", [3, 5])
def test_a_wrong_size_is_said_and_the_bytes_stay(make, size):
    member = make(b"data", size=size)
    with pytest.raises(FormatError, match="4 bytes, the archive says"):
        member.take(Need.SEEK)
    assert member.read(everything) == b"data"


@pytest.mark.parametrize("before", [b"", b"payload", BIG])
def test_damage_leaves_what_was_read_before_it(before):
    member = packed(before, error=FormatError("damaged"))
    assert member.head == before[:HEAD]
    with pytest.raises(FormatError, match="damaged"):
        member.take(Need.SEEK)
    assert member.sha256 == ""
    assert member.read(everything) == before


def test_a_budget_that_ends_in_the_head_is_not_put_off():
    with pytest.raises(Spent):
        packed(bytes(2**20), Limits(expansion_floor_bytes=1000))


SMALL = Limits(memory_bytes=HEAD)


@pytest.mark.parametrize(
    ("need", "again", "data", "kind"),
    [
        (Need.HEAD, True, BIG, Forward),
        (Need.STREAM, True, BIG, Forward),
        (Need.SEEK, True, BIG, Window),
        (Need.HEAD, False, BIG, None),
        (Need.STREAM, False, BIG, Window),
        (Need.SEEK, False, BIG, Window),
        (Need.HEAD, True, b"1", Forward),
        (Need.STREAM, True, b"1", Memory),
        (Need.HEAD, False, b"1", Memory),
    ],
)
def test_what_is_kept_follows_from_the_need(need, again, data, kind):
    member = packed(data, SMALL, again=again)
    member.take(need)
    assert type(member._source) is (kind or type(None))
    assert (member.budget.spooled > 0) == (kind is Window)
    if kind is not None:
        assert member.read(everything) == data
    member.close()


def test_a_stream_that_went_by_is_not_readable():
    member = packed(BIG, SMALL, again=False)
    member.take(Need.HEAD)
    assert not member.readable
    for call in (lambda: member.read(everything), member.seek):
        with pytest.raises(NotExamined) as error:
            call()
        assert error.value.reason == "unreadable"


def test_the_walker_can_ask_for_random_access_later():
    member = packed(BIG, SMALL)
    member.take(Need.STREAM)
    member.seek()
    assert member.source().window(1000, 10).read_at(0, 10) == BIG[1000:1010]
    member.seek()
    member.close()


def test_readers_run_once_however_many_ask():
    calls = []

    def reader(source):
        calls.append(source.size)
        return len(calls)

    def broken(source):
        calls.append(-1)
        raise FormatError("no")

    member = stored(b"data")
    member.take(Need.SEEK)
    assert [member.read(reader), member.read(reader)] == [1, 1]
    for _ in range(2):
        with pytest.raises(FormatError, match="no"):
            member.read(broken)
    assert calls == [4, -1]


def test_every_reader_of_a_stream_begins_at_its_start():
    member = packed(BIG, SMALL)
    member.take(Need.STREAM)
    assert member.read(lambda source: source.read_at(0, 5)) == BIG[:5]
    assert member.read(lambda source: source.read_at(3, 5)) == BIG[3:8]


def test_the_name_is_the_last_part_of_the_path():
    assert stored(b"").name == "a.bin"


def test_a_member_tells_what_it_begins_as():
    assert (stored(b"PK\x03\x04").container, stored(b"text").container) == ("zip", None)


def test_closing_closes_what_the_entry_and_the_spool_hold():
    closed = []
    member = packed(BIG, SMALL, close=lambda: closed.append(1))
    member.take(Need.SEEK)
    fd = member._source._fd
    member.close()
    assert closed == [1]
    with pytest.raises(OSError, match="Bad file"):
        __import__("os").fstat(fd)


def test_unpacked_bytes_are_charged_once_when_they_are_hashed():
    member = packed(BIG)
    member.take(Need.HEAD)
    assert member.budget.bytes == len(BIG)
