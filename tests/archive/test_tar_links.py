"""Hard links of a tar are members by their own names, with the bytes of the file, at bounded cost."""

import bz2
import gzip
import io
import tarfile

import pytest

from fixtures.archive import tars
from gate.archive import tar_links
from gate.core.limits import Limits
from tests.walking import look

DATA = b"weights" * 100
PACKS = {"tar": lambda data: data, "tar.gz": gzip.compress, "tar.bz2": bz2.compress}


def linked(*links, first=DATA):
    return tars.build(tars.member(b"first", first), *(tars.header(name, 0, b"1", link=to) for name, to in links))


@pytest.fixture(params=PACKS)
def pack(request):
    return PACKS[request.param]


def test_a_hard_link_is_a_member_with_the_bytes_of_its_file(pack):
    found = look(pack(linked((b"h", b"first"), (b"i", b"./first"), (b"j", b"h"))))
    assert found.clean and found.members.items() >= dict.fromkeys(("first", "h", "i", "j"), DATA).items()


def test_what_tar_and_python_write_is_read_so(tmp_path, pack):
    (tmp_path / "a").write_bytes(DATA)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(tmp_path / "a", "a")
        archive.add(tmp_path / "b", "b")
    found = look(pack(out.getvalue()))
    assert found.clean and found.members["a"] == found.members["b"] == DATA


def test_a_container_is_opened_under_each_of_its_names(pack):
    inner = tars.build(tars.member(b"x", b"1"))
    found = look(pack(linked((b"h.tar", b"first"), first=inner)))
    assert found.members["first!/x"] == found.members["h.tar!/x"] == b"1"


def test_the_file_before_the_link_is_the_one_that_is_meant(pack):
    parts = [tars.member(b"a", b"one"), tars.header(b"h", 0, b"1", link=b"a"), tars.member(b"a", b"two")]
    found = look(pack(tars.build(*parts)))
    assert found.members["h"] == b"one" and found.rules == {"archive.duplicate-name"}


@pytest.mark.parametrize("parts", [[], [tars.header(b"d/", 0, b"5")]], ids=["nothing", "a folder"])
def test_a_link_to_what_is_no_file_brings_no_bytes(pack, parts):
    found = look(pack(tars.build(*parts, tars.header(b"h", 0, b"1", link=b"d"))))
    assert "h" not in found.members and found.rules == {"archive.link-dangling"}


def test_files_beyond_the_limit_are_a_gap_and_not_looked_up(pack, monkeypatch):
    monkeypatch.setattr(tar_links, "_FILES", 1)
    found = look(pack(tars.build(tars.member(b"a"), tars.member(b"b"), tars.header(b"h", 0, b"1", link=b"b"))))
    assert found.gaps == [("h", "too-many")]


def test_many_names_of_a_large_file_in_a_stream_cost_a_bounded_number_of_passes(monkeypatch):
    monkeypatch.setattr(tar_links, "_HELD", 10)
    monkeypatch.setattr(tar_links, "_AGAIN", 2)
    found = look(gzip.compress(linked(*((b"h%d" % i, b"first") for i in range(5)))))
    assert [found.members.get(f"h{i}") for i in range(5)] == [DATA, DATA, DATA, None, None]
    assert found.gaps == [("h3", "budget"), ("h4", "budget")]


def test_many_names_of_one_file_end_with_the_budget(pack):
    limits = Limits(total_bytes=2**20, expansion_floor_bytes=2**20, expansion_ratio=1, total_factor=1)
    found = look(pack(linked(*((b"h%d" % i, b"first") for i in range(500)), first=bytes(2**13))), limits)
    assert "budget" in found.reasons and len(found.members) < 200


def test_a_link_in_a_stream_that_is_damaged_behind_it_is_read_all_the_same():
    whole = linked((b"h", b"first"))
    found = look(gzip.compress(whole)[:-8])
    assert found.members["h"] == DATA and found.reasons == {"corrupt"}
