import codecs
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.budget import Budget
from gate.archive.source import Forward, Memory
from gate.core.errors import FormatError, NotExamined, Spent
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats import text as module
from gate.formats.text import Text, detect, is_text, read_text

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)
MARKED = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


def source(data, limits=None):
    return Memory(data, Budget(limits or Limits()))


class Drip(Memory):
    """A source whose reads are short: every few bytes are a block of their own, which no character respects."""

    __slots__ = ("step",)

    def __init__(self, data, step):
        super().__init__(data, Budget(Limits()))
        self.step = step

    def read_at(self, offset, n):
        return super().read_at(offset, min(n, self.step))


def forward(data):
    """A member that can only be read forward."""
    return Forward(lambda: iter([data[:5], data[5:]]), len(data), Budget(Limits()))


def own(text, **sizes):
    return "".join(w.text[w.first : w.last] for w in text.windows(**sizes))


anything = st.text(st.sampled_from("ab1\r\n ,é€😀\U00010000\ufeff"), max_size=60)


# -- which encoding ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", MARKED)
def test_a_byte_order_mark_decides_and_is_no_part_of_the_text(codec):
    data = MARKED[codec] + "Zoë,€\r\n".encode(codec)
    text = read_text(source(data))
    assert (text.encoding.codec, text.whole(100)) == (codec, "Zoë,€\r\n")
    assert next(text.windows()).offset(0) == len(MARKED[codec])


@pytest.mark.parametrize(
    ("head", "codec"),
    [
        (b"plain", "utf-8"),
        ("Müller;Straße".encode(), "utf-8"),
        ("Müller;Straße".encode("latin-1"), "latin-1"),
        ("Привет, мир; адрес".encode("cp1251"), "latin-1"),
        (("ä€" * 9 + "x").encode() + b"\xff", "utf-8"),
        ("name;iban\r\n".encode("utf-16-le"), "utf-16-le"),
        ("name;iban\r\n".encode("utf-16-be"), "utf-16-be"),
        (b"name,mail\n" * 50 + b"\0", "utf-8"),
        (b"\x1b[31mred\x1b[0m log line", "utf-8"),
        (b"", None),
        (b"\x80\x04\x95\x1b\x00", None),
        (b"\x7fELF\x02\x01\x01\0", None),
        (b"\x93NUMPY\x01\0v\0{'descr': '<f8'}", None),
        (b"PK\x03\x04\x14\0\0\0", None),
        (bytes(range(256)), None),
        (b"\x20\0\0\0\0\0\0\0" + b'{"w":{"dtype":"F32"}}' * 500, None),
    ],
)
def test_the_encoding_is_judged_by_the_bytes(head, codec):
    found = detect(head)
    assert (found.codec if found else None) == codec
    assert is_text(head) == (codec is not None)


def test_a_character_that_is_cut_at_the_end_of_the_head_does_not_change_the_encoding():
    data = ("x" * 65535 + "€" * 10).encode()
    assert read_text(source(data)).encoding.codec == "utf-8"
    assert own(read_text(source(data))) == data.decode()


def test_what_is_no_text_is_a_format_error():
    with pytest.raises(FormatError):
        read_text(source(b"\x80\x04K\x01."))


def test_an_empty_member_is_an_empty_text():
    text = read_text(source(b""))
    assert list(text.lines()) == []
    assert [w.text for w in text.windows()] == [""]


def test_bytes_that_are_not_utf8_are_kept_one_by_one():
    data = "é".encode() * 9 + b"\xff\xc3(" + b"end"
    text = read_text(source(data))
    assert text.encoding.raw(text.whole(99)) == data


# -- windows ----------------------------------------------------------------------------------------------------------


@BOUNDED
@given(anything, st.sampled_from([None, *MARKED]), st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_the_own_parts_of_all_windows_are_the_whole_text(content, codec, size, overlap, block):
    mark = MARKED.get(codec, b"")
    data = mark + content.encode(codec or "utf-8")
    encoding = module.Encoding(codec or "utf-8", len(mark))
    for src in (Drip(data, block), forward(data)):
        text = Text(src, encoding)
        assert own(text, size=size, overlap=overlap) == content
        assert own(text, size=size, overlap=overlap) == content  # and again


@BOUNDED
@given(st.binary(max_size=60), st.sampled_from(["utf-8", "latin-1"]), st.integers(1, 9), st.integers(1, 9))
def test_every_character_leads_back_to_its_bytes(data, codec, size, overlap):
    text = Text(Drip(data, 3), module.Encoding(codec))
    for window in text.windows(size=size, overlap=overlap):
        for i, character in enumerate(window.text):
            at, end = window.offset(i), window.offset(i + 1)
            assert data[at:end] == character.encode(codec, "surrogateescape")


@BOUNDED
@given(st.binary(max_size=30), st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]), st.integers(1, 5))
def test_wide_text_that_is_damaged_keeps_its_offsets(data, codec, size):
    data = data[: len(data) // 4 * 4]
    text = Text(Drip(data, 3), module.Encoding(codec))
    at = 0
    for window in text.windows(size=size, overlap=2):
        for i in range(window.first, window.last):
            assert window.offset(i) == at
            at = window.offset(i + 1)
    assert at == len(data)


@BOUNDED
@given(anything, st.integers(1, 9), st.integers(1, 9))
def test_lines_are_numbered_alike_in_every_window(content, size, overlap):
    data = content.encode()
    text = Text(Drip(data, 2), module.Encoding("utf-8"))
    done = 0
    for window in text.windows(size=size, overlap=overlap):
        for i in range(window.first, window.last):
            before = content[: done + i - window.first]
            split = before.endswith("\r") and content[len(before) : len(before) + 1] == "\n"
            assert window.line_at(i) == 1 + len(re.findall(r"\r\n|\r|\n", before)) - split
        done += window.last - window.first


@BOUNDED
@given(st.integers(0, 80), st.integers(4, 20), st.integers(4, 9), st.sampled_from(["x", "é", "😀", "\n"]))
def test_a_needle_is_found_once_wherever_it_stands(at, size, overlap, filler):
    needle = "n€€d"
    content = filler * at + needle + filler * (80 - at)
    data = content.encode()
    hits = []
    for window in Text(Drip(data, 3), module.Encoding("utf-8")).windows(size=size, overlap=overlap):
        for match in re.finditer(needle, window.text):
            if window.owns(match.start()):
                hits.append((window.offset(match.start()), window.offset(match.end())))
    start = len(content[:at].encode())
    assert hits == [(start, start + len(needle.encode()))]
    assert data[slice(*hits[0])] == needle.encode()


def test_a_match_sees_what_stands_before_and_behind_it():
    data = b"x" * 500 + b" 4711 " + b"1234567890" * 40
    found = [
        (w.offset(m.start()), m[0])
        for w in read_text(source(data)).windows(size=50, overlap=8)
        for m in re.finditer(r"(?<!x)x|(?<!\d)\d{4}(?!\d)", w.text)
        if w.owns(m.start())
    ]
    assert found == [(0, "x"), (501, "4711")]


def test_offsets_and_lines_of_many_matches_cost_little():
    data = "né,".encode() * 400_000
    window = next(read_text(source(data)).windows())
    hits = [(window.offset(i), window.line_at(i)) for i in range(0, window.last, 7)]
    assert hits[-1] == (len(window.text[: 7 * (len(hits) - 1)].encode()), 1)


def test_a_text_of_any_size_is_never_held_whole():
    block = b"id,name\n" * 2**15
    count = 400  # 100 MiB
    src = Forward(lambda: iter([block] * count), len(block) * count, Budget(Limits()))
    longest = total = 0
    for window in read_text(src).windows():
        longest = max(longest, len(window.text))
        total += window.last - window.first
    assert total == len(block) * count
    assert longest <= module.WINDOW + 2 * module.OVERLAP


def test_the_budget_is_charged_for_every_reading():
    text = read_text(source(b"a" * 1000, Limits(expansion_floor_bytes=2500)))
    list(text.windows())
    with pytest.raises(Spent):
        list(text.windows())


def test_a_source_that_ends_too_early_is_a_format_error():
    with pytest.raises(FormatError):
        list(read_text(Forward(lambda: iter([b"abc"]), 10, Budget(Limits()))).lines())


def test_whole_refuses_what_is_too_large():
    with pytest.raises(NotExamined) as error:
        read_text(source(b"abc")).whole(2)
    assert error.value.reason is GapReason.TOO_LARGE


# -- lines ------------------------------------------------------------------------------------------------------------


@BOUNDED
@given(anything, st.integers(1, 12), st.integers(1, 5), st.sampled_from(["utf-8", "utf-16-le", "utf-32-be"]))
def test_lines_are_those_of_universal_newlines(content, limit, block, codec):
    data = content.encode(codec)
    ends = [m.span() for m in re.finditer(r"\r\n|\r|\n", content)]
    starts = [0, *(end for _, end in ends)]
    wanted = [content[a:b] for a, b in zip(starts, [*(s for s, _ in ends), len(content)], strict=True)]
    if wanted[-1] == "":
        del wanted[-1]
    lines = list(Text(Drip(data, block), module.Encoding(codec)).lines(limit))
    assert [line.text for line in lines] == [line[:limit] for line in wanted]
    assert [line.cut for line in lines] == [len(line) > limit for line in wanted]
    assert [line.number for line in lines] == list(range(1, len(wanted) + 1))
    assert [data[line.start : line.end] for line in lines] == [line.encode(codec) for line in wanted]


def test_a_line_of_any_length_is_cut_and_the_next_one_is_whole():
    block = b"x" * 2**18
    src = Forward(lambda: iter([block] * 200 + [b"\r", b"\nnext"]), 200 * 2**18 + 6, Budget(Limits()))
    long, after = read_text(src).lines(limit=10)
    assert (long.text, long.cut, long.end) == ("x" * 10, True, 200 * 2**18)
    assert (after.text, after.number, after.start, after.cut) == ("next", 2, 200 * 2**18 + 2, False)
