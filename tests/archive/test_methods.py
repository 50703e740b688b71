import io
import lzma
import zipfile

import pytest

from fixtures.archive import packings
from fixtures.archive.packings import LZMA, METHODS, UNSUPPORTED, ZSTD, packed, zstd_raw
from fixtures.archive.zips import Item, build
from gate.archive import frames, methods
from gate.archive.member import Need
from gate.core.errors import MissingExtra, NotExamined
from gate.core.limits import Limits
from tests.walking import look

TEXT = b"hello model\n"


@pytest.mark.parametrize("need", list(Need))
@pytest.mark.parametrize("size", [0, 12, 100_000])
@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_gives_the_bytes(name, size, need):
    data = (TEXT * (size // 12 + 1))[:size]
    walked = look(build([packed(METHODS[name], b"a", data), Item(b"b", TEXT)]), need=need)
    assert walked.members["a"] == data and walked.members["b"] == TEXT
    assert walked.clean


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"stored"}))
def test_what_is_cut_off_or_damaged_is_damage_and_what_came_before_it_is_read(name):
    item = packed(METHODS[name], b"a", TEXT * 9000)
    for body in (item.body[:-7], item.body[: len(item.body) // 2] + b"\xff" * 9):
        walked = look(build([Item(b"a", item.data, item.method, item.flags, packed=body), Item(b"b", TEXT)]))
        assert walked.gaps == [("a", "corrupt")]
        assert item.data.startswith(walked.members["a"][:100])
        assert walked.members["b"] == TEXT


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"stored"}))
@pytest.mark.parametrize("more", [b"HIDDEN", bytes(7)])
def test_what_stands_behind_the_end_of_the_stream_is_damage(name, more):
    item = packed(METHODS[name], b"a", TEXT)
    walked = look(build([Item(b"a", TEXT, item.method, item.flags, packed=item.body + more)]))
    assert walked.gaps == [("a", "corrupt")] and walked.members["a"] == TEXT


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_a_method_that_nobody_here_knows_is_named(name):
    walked = look(build([Item(b"a", TEXT, UNSUPPORTED[name])]))
    assert walked.gaps == [("a", "unsupported")]
    assert str(UNSUPPORTED[name]) in walked.details[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_python_packs_is_read(method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a", TEXT * 9999)
        archive.writestr("empty", b"")
    walked = look(out.getvalue())
    assert walked.clean and walked.members["a"] == TEXT * 9999


def test_lzma_without_an_end_mark_ends_where_its_size_says():
    """As 7-Zip writes it; the known size stands in the header of a .lzma file too, which is how this one is made."""
    file = lzma.compress(TEXT * 99, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 2**16}])
    body = b"\x09\x14\x05\0" + file[:5] + file[13:]
    walked = look(build([Item(b"a", TEXT * 99, LZMA, packed=body)]))
    assert walked.members["a"] == TEXT * 99


@pytest.mark.parametrize("power", [29, 30, 32])
def test_a_dictionary_of_gigabytes_is_refused_before_it_is_made(power):
    properties = b"\x5d" + min(2**power, 2**32 - 1).to_bytes(4, "little")
    data = build([Item(b"a", TEXT, LZMA, 2, packed=packings.lzma_stream(TEXT, properties))])
    assert look(data).gaps == [("a", "too-large")]


@pytest.mark.parametrize(("window", "gaps"), [(17, []), (18, [("a", "corrupt")])])
def test_a_window_of_zstd_is_bounded(window, gaps):
    assert look(build([Item(b"a", TEXT, ZSTD, packed=zstd_raw(TEXT, window))])).gaps == gaps


def test_without_the_library_zstd_is_a_gap_that_says_what_to_install(monkeypatch):
    def missing():
        raise MissingExtra("backports.zstd", "scan")

    monkeypatch.setattr(frames, "zstd", missing)
    walked = look(build([packed(ZSTD, b"a", TEXT), Item(b"b", TEXT)]))
    assert walked.gaps == [("a", "missing-extra")]
    assert "mlgate[scan]" in walked.details[0]
    assert walked.members["b"] == TEXT


@pytest.mark.parametrize("name", ["bzip2", "lzma", "xz"])
def test_a_bomb_of_any_method_ends_with_the_budget(name):
    data = build([packed(METHODS[name], b"a", bytes(2**25)), Item(b"b", TEXT)])
    walked = look(data, Limits(expansion_floor_bytes=2**22, expansion_ratio=20), Need.HEAD, each=lambda _: None)
    assert ("a", "budget") in walked.gaps


def test_only_declared_errors(source):
    for method in range(100):
        item = methods.Packed(source(b"\x09\x14\x05\0" + TEXT), method, 0, 5)
        try:
            for _ in methods.stream(item)():
                pass
        except NotExamined:
            pass
