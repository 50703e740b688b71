import bz2
import gzip
import lzma
import os
import time
import zlib

import pytest

from fixtures.archive import streams
from fixtures.archive.zips import deflate
from gate.archive import frames, unpack
from gate.archive.budget import Budget
from gate.archive.source import BLOCK, Forward, Memory
from gate.core.errors import FormatError
from gate.core.limits import Limits

DATA = b"some text that repeats, some text\n" * 400
KINDS = sorted(streams.PACK)


def unpacked(name, data, budget=None):
    source = Memory(data, budget or Budget(Limits()))
    return b"".join(unpack.unpack(unpack.BY_NAME[name], lambda: source))


def before_damage(blocks):
    parts = []
    with pytest.raises(FormatError) as error:
        parts.extend(blocks)
    return b"".join(parts), str(error.value)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("data", [b"", b"x", DATA, bytes(3 * BLOCK + 7)], ids=["empty", "one", "text", "zeros"])
def test_each_stream_gives_back_what_was_packed(name, data):
    assert unpacked(name, streams.PACK[name](data)) == data


@pytest.mark.parametrize("name", KINDS)
def test_each_stream_is_recognised_by_its_bytes(name):
    packed = streams.PACK[name](DATA)
    kind = unpack.packing(packed)
    assert kind is not None and kind.name == name
    assert DATA.startswith(unpack.peek(kind, packed)[:10])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"x^2 is text",
        b"]\0",
        b"]\0" + b"\xff" * 60,
        b"BZh is text",
        b"BZh91 is text",
        b"\x1f\x8b\0 not method 8",
        b"PK\3\4",
    ],
)
def test_other_bytes_are_no_stream(data):
    assert unpack.packing(data) is None


def test_a_zlib_stream_that_begins_with_nothing_is_still_one():
    engine = zlib.compressobj()
    blocks = [engine.compress(b"") + engine.flush(zlib.Z_FULL_FLUSH) for _ in range(20_000)]
    packed = b"".join(blocks) + engine.compress(DATA) + engine.flush()
    assert len(b"".join(blocks)) > 2**16
    kind = unpack.packing(packed[: 2**16])
    assert kind is not None and kind.name == "zlib"
    assert unpacked("zlib", packed) == DATA


def test_an_lzma_stream_that_wants_too_much_memory_is_named_not_overlooked():
    packed = b"]\0\0\0\x80" + b"\xff" * 8 + lzma.compress(DATA, lzma.FORMAT_ALONE)[13:]
    kind = unpack.packing(packed)
    assert kind is not None and kind.name == "lzma"
    assert "emory" in before_damage(unpack.unpack(kind, lambda: Memory(packed, Budget(Limits()))))[1]


@pytest.mark.parametrize("lc", [0, 3])
@pytest.mark.parametrize("dictionary", [4096, 2**16 + 2**15, 2**24])
def test_what_liblzma_would_try_may_be_lzma(lc, dictionary):
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc}]
    assert unpack.may_be_lzma(lzma.compress(DATA, lzma.FORMAT_ALONE, filters=filters))


@pytest.mark.parametrize(
    "head", [b"", b"]" + bytes(12), b"text that is long enough", b"\xff" + bytes(20), bytes(13) + b"x"]
)
def test_what_liblzma_would_not_try_is_none(head):
    assert not unpack.may_be_lzma(head)


def test_a_small_dictionary_does_not_hide_an_lzma_stream():
    packed = lzma.compress(DATA, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 4096}])
    assert packed[:5] == b"]\0\x10\0\0"
    assert unpack.packing(packed).name == "lzma"


def test_an_xz_dictionary_beyond_the_limit_is_refused():
    packed = bytearray(lzma.compress(b"x", check=lzma.CHECK_NONE))
    packed[16] = 40  # 4 GiB - 1, behind block header size, flags, filter id and property size
    header = packed[12 : 12 + (packed[12] + 1) * 4 - 4]
    packed[12 + len(header) : 16 + len(header)] = zlib.crc32(header).to_bytes(4, "little")
    assert before_damage(unpack.unpack(unpack.BY_NAME["xz"], lambda: Memory(bytes(packed), Budget(Limits()))))[0] == b""


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz"])
def test_streams_may_follow_one_another_and_zeros_may_follow(name):
    pack = streams.PACK[name]
    assert unpacked(name, pack(b"one ") + pack(b"two") + bytes(512)) == b"one two"


@pytest.mark.parametrize("name", KINDS)
def test_anything_else_behind_the_end_is_damage_after_the_data(name):
    data, why = before_damage(
        unpack.unpack(unpack.BY_NAME[name], lambda: Memory(streams.PACK[name](DATA) + b"MORE", Budget(Limits())))
    )
    assert data == DATA
    assert name in why


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_stream_that_is_cut_off_is_damage_after_the_data(name, cut):
    packed = streams.PACK[name](os.urandom(9) + DATA)[:-cut]
    before_damage(unpack.unpack(unpack.BY_NAME[name], lambda: Memory(packed, Budget(Limits()))))


@pytest.mark.parametrize("name", ["gzip", "zlib"])
def test_a_wrong_checksum_does_not_hide_the_data(name):
    packed = bytearray(streams.PACK[name](DATA))
    packed[-5 if name == "gzip" else -1] ^= 1
    data, _ = before_damage(unpack.unpack(unpack.BY_NAME[name], lambda: Memory(bytes(packed), Budget(Limits()))))
    assert data == DATA


def test_damage_does_not_hide_what_stands_before_it():
    first = deflate(DATA, 0)[:-9]
    source = Memory(first + b"\xff" * 40, Budget(Limits()))
    data, _ = before_damage(unpack.inflate(source, 0, source.size))
    assert DATA.startswith(data[: len(DATA) - 9]) and len(data) >= len(DATA) - 9


def test_damage_behind_another_damaged_stream_is_found_in_bounded_time(budget):
    inner = gzip.compress(os.urandom(300_000), mtime=0)[:-1000] + b"\xff" * 1000
    outer = deflate(inner)[:-50] + b"\xff" * 50
    held = Memory(outer, budget)

    def reopen():
        return Forward(lambda: unpack.inflate(held, 0, held.size), len(inner), budget)

    start = time.process_time()
    data, _ = before_damage(unpack.unpack(unpack.BY_NAME["gzip"], reopen))
    assert len(data) > 250_000
    assert time.process_time() - start < 5


@pytest.mark.parametrize("name", KINDS)
def test_damage_in_each_stream_is_found_in_bounded_time_and_hides_nothing_before_it(name):
    pack = {
        "zstd": lambda data: frames._zstd().compress(data),
        "lz4": lambda data: frames._lz4().compress(data, content_checksum=True),
    }
    data = os.urandom(200_000).hex().encode()
    packed = bytearray(pack.get(name, streams.PACK[name])(data))
    packed[-6000:-5900] = b"\xff" * 100
    start = time.process_time()
    found, _ = before_damage(unpack.unpack(unpack.BY_NAME[name], lambda: Memory(bytes(packed), Budget(Limits()))))
    assert found[:200_000] == data[:200_000] or name == "bzip2"  # whose blocks have 900 kB
    assert time.process_time() - start < 5


def test_inflate_takes_a_range_that_it_must_fill(source):
    packed = deflate(DATA)
    assert b"".join(unpack.inflate(source(b"123" + packed + b"456"), 3, len(packed))) == DATA
    assert before_damage(unpack.inflate(source(packed + b"\0"), 0, len(packed) + 1))[0] == DATA
    assert before_damage(unpack.inflate(source(packed), 0, len(packed) - 1))[1].endswith("end mark")


def test_output_comes_in_blocks_however_small_the_input(source):
    packed = deflate(bytes(40 * BLOCK))
    sizes = [len(block) for block in unpack.inflate(source(packed), 0, len(packed))]
    assert sum(sizes) == 40 * BLOCK and max(sizes) <= BLOCK


def test_ten_thousand_streams_in_a_row_take_no_quadratic_time():
    def seconds(n):
        packed = gzip.compress(b"", mtime=0) * n
        start = time.process_time()
        assert unpacked("gzip", packed) == b""
        return time.process_time() - start

    seconds(100)
    assert seconds(10_000) < 3


def test_bz2_of_python_is_the_same_stream():
    assert unpacked("bzip2", bz2.compress(DATA, 1) + bz2.compress(DATA, 9)) == DATA * 2
