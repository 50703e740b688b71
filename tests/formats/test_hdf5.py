"""What is in an HDF5 file, and what leads out of it."""

from __future__ import annotations

import struct
import time

import pytest

from fixtures.metadata import binary_hdf5 as build
from fixtures.metadata.binary_hdf5 import Data, External, Group, Soft, Writer, u64
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.formats import hdf5, hdf5_dense, hdf5_file, hdf5_links
from gate.formats.hdf5 import Attribute, Dataset, read_hdf5
from gate.formats.hdf5_links import Link
from tests.formats.hostile import Sparse, source, stands

FORMS = pytest.mark.parametrize("new", [False, True], ids=["old", "new"])


def read(data):
    return read_hdf5(source(data))


def reason(data):
    with pytest.raises(NotExamined) as error:
        read(data)
    return error.value.reason


@FORMS
@pytest.mark.parametrize("user", [0, 512, 4096])
def test_a_file_is_read_whole(new, user):
    root = Group(
        {
            "a": Group({"w": Data((2, 3), filters=(1, 32001))}, {"names": [b"x", b"yy"], "n": 5}),
            "b": Data((), build.BFLOAT16, bytes(2)),
        },
        {"keras_version": "3.15.1"},
    )
    found = read(build.file(root, new=new, user=user))
    assert (found.start, found.superblock, found.groups) == (user, 2 if new else 0, 2)
    assert found.attributes == (
        Attribute("", "keras_version", "string", (), ("3.15.1",)),
        Attribute("/a", "names", "string", (2,), ("x", "yy")),
        Attribute("/a", "n", "int64", (), ()),
    )
    assert found.datasets == (
        Dataset("/a/w", "float32", (2, 3), "contiguous", (1, 32001), ()),
        Dataset("/b", "bfloat16", (), "contiguous", (), ()),
    )
    assert (found.links, found.unread) == ((), ())
    assert found.dtypes == (("bfloat16", 1), ("float32", 6))


@FORMS
def test_what_leads_out_of_a_file_is_listed(new):
    members = {
        "soft": Soft("/a/w"),
        "out": External("/etc/passwd", "/x"),
        "ext": Data(external="../../secret"),
        "virt": Data(virtual="other.h5"),
    }
    found = read(build.file(Group({"g": Group(members)}), new=new))
    assert set(found.links) == {
        Link("/g/out", "external", "/etc/passwd", "/x"),
        Link("/g/soft", "soft", "", "/a/w"),
    }
    assert [(d.path, d.layout, d.external) for d in found.datasets] == [
        ("/g/ext", "contiguous", ("../../secret",)),
        ("/g/virt", "virtual", ("other.h5",)),
    ]


def test_a_link_of_a_user_s_own_type_is_listed():
    w = Writer(new=True)
    body = bytes((1, 8, 187, 1)) + b"x" + struct.pack("<H", 2) + b"ab"
    assert read(w.file(Group(more=w.message(6, body)))).links == (Link("/x", "user", "", "187"),)


@FORMS
def test_what_is_not_understood_is_named(new):
    w = Writer(new=new)
    more = (
        w.message(0x15, bytes((0, 0)) + u64(64, 64))
        + w.message(0x02, bytes((0, 0)) + u64(64, 64))
        + w.message(0x77, b"12345678")
        + w.message(0x03, bytes(8), 2)
        + w.message(0x0C, bytes(8))
    )
    found = read(w.file(Group({"d": Data()}, more=more)))
    assert found.unread == (
        ("", "HDF5: no fractal heap at 64"),
        ("", "HDF5: no fractal heap at 64"),
        ("", "message 0x77"),
        ("", "message 0x3 is stored elsewhere"),
        ("", "HDF5: an attribute of an unknown version"),
    )
    assert [d.path for d in found.datasets] == ["/d"]


def _links(names):
    return [bytes((1, 8, 1, len(name))) + name.encode() + struct.pack("<H", 2) + b"/t" for name in names]


@pytest.mark.parametrize("count", [1, 9, 20, 21, 100])
@pytest.mark.parametrize("block", [512, 4096])
def test_links_and_attributes_in_heaps_are_read(count, block):
    names = [f"n{i:03}" for i in range(count)]
    w = Writer(new=True)
    bodies = [w.attribute(name, [name.encode()])[4:] for name in names]
    more = w.message(0x02, w.dense(5, *_links(names), block=block)) + w.message(0x15, w.dense(8, *bodies, block=4096))
    found = read(w.file(Group(more=more)))
    assert found.unread == ()
    assert sorted(link.path for link in found.links) == [f"/{name}" for name in names]
    assert sorted((a.name, a.values) for a in found.attributes) == [(name, (name,)) for name in names]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"FRHP\0", b"FRHX\0", "no fractal heap"),
        (b"BTHD\0", b"BTHX\0", "no tree of names"),
        (b"BTLF\0", b"BTLX\0", "no node of a tree"),
        (b"FHDB\0", b"FHDX\0", "no block of a heap"),
        (b"FRHP\0\x07\0\0\0", b"FRHP\0\x07\0\x01\0", "filters"),
        (b"FRHP\0\x07\0", b"FRHP\0\0\0", "without an id"),
    ],
    ids=["heap", "tree", "leaf", "block", "filters", "id"],
)
def test_what_is_broken_in_a_heap_is_named(old, new, what):
    w = Writer(new=True)
    data = w.file(Group({"d": Data()}, more=w.message(0x02, w.dense(5, *_links("abc")))))
    assert old in data
    found = read(data.replace(old, new))
    assert [d.path for d in found.datasets] == ["/d"]
    assert [what in text for _, text in found.unread] == [True]


def test_a_tree_of_names_has_a_depth_and_a_heap_an_end(monkeypatch):
    w = Writer(new=True)
    data = bytearray(w.file(Group(more=w.message(0x02, w.dense(5, *_links("abc"))))))
    at = data.index(b"BTHD\0") + 12
    for depth, what in ((7, "8 levels"), (1, "no node")):
        data[at] = depth
        assert what in read(bytes(data)).unread[0][1]
    data[at] = 0
    at = data.index(b"BTLF\0") + 6 + 4
    for first, what in ((0x10, "huge"), (0x20, "ends outside")):  # a huge object, and a tiny one of one byte
        data[at] = first
        assert what in read(bytes(data)).unread[0][1]
    monkeypatch.setattr(hdf5_dense, "OBJECTS", 2)
    assert reason(build_dense()) is GapReason.TOO_MANY


def build_dense():
    w = Writer(new=True)
    return w.file(Group(more=w.message(0x02, w.dense(5, *_links("abc")))))


def test_empty_heaps_are_nothing_to_note():
    w = Writer(new=True)
    undefined = build.UNDEFINED
    more = w.message(0x15, bytes((0, 0)) + u64(undefined, 0)) + w.message(0x02, bytes((0, 0)) + u64(undefined, 0))
    more += w.message(0x15, bytes((0, 1, 0, 0)) + u64(undefined, 0))
    more += w.message(0x02, bytes((0, 1)) + u64(7, undefined, 0))
    assert read(w.file(Group(more=more))).unread == ()


@FORMS
def test_a_broken_object_does_not_hide_the_others(new):
    w = Writer(new=new)
    nothing = w.put(b"XXXX" + bytes(20))
    more = w.message(6, bytes((1, 0, 3)) + b"bad" + u64(nothing))
    found = read(w.file(Group({"good": Data()}, more=more)))
    assert [d.path for d in found.datasets] == ["/good"]
    assert [path for path, _ in found.unread] == ["/bad"]


def test_a_group_that_holds_itself_is_read_once():
    w = Writer(new=True)
    at = len(w.out)
    body = bytes((1, 0, 1)) + b"x" + u64(at)
    found = read(w.file(Group(more=w.message(6, body))))
    assert found.groups == 1


def test_a_header_that_continues_in_itself_is_broken():
    w = Writer()
    at = len(w.out)
    circle = w.message(0x10, u64(at + 16, 24))
    with pytest.raises(FormatError):
        read(w.file(Group(more=circle), 0).replace(struct.pack("<H", 0x11), struct.pack("<H", 0x10), 1))
    w = Writer(new=True)
    start = w.put(b"OCHK" + w.message(0x10, u64(48, 32)) + bytes(8))
    assert start == 48
    found = read(w.file(Group(more=w.message(0x10, u64(48, 32)))))
    assert found.unread == (("", "HDF5: an object header that goes round in circles"),)


def test_a_tree_of_names_that_holds_itself_is_noted():
    w = Writer()
    heap, _ = w.names("a")
    tree = len(w.out)
    assert w.put(b"TREE\0\1" + struct.pack("<H", 1) + u64(build.UNDEFINED, build.UNDEFINED, 0, tree, 0)) == tree
    top = w.header(w.message(0x11, u64(tree, heap)))
    data = bytearray(w.file(Group()))
    data[64:72] = u64(top)
    assert read(bytes(data)).unread == (("", "HDF5: a tree of names that goes round in circles"),)


def test_a_driver_that_spreads_the_file_is_noted():
    data = bytearray(build.file(Group()))
    data[48:56] = u64(96)
    assert read(bytes(data)).unread[0][1].startswith("a file driver")
    w = Writer(new=True)
    extension = w.header(w.message(0x14, bytes(16)))
    data = bytearray(w.file(Group()))
    data[20:28] = u64(extension)
    assert read(bytes(data)).unread[0][1].startswith("a file driver")


@pytest.mark.parametrize("data", [b"", b"\x89HDF\r\n\x1a\n", bytes(10_000), build.file(Group())[:90]])
def test_what_is_no_file_of_this_kind_is_a_format_error(data):
    assert reason(data) is GapReason.CORRUPT


def test_other_superblocks_and_sizes_are_not_supported():
    data = bytearray(build.file(Group()))
    data[13] = 4
    assert reason(bytes(data)) is GapReason.UNSUPPORTED
    data[8] = 9
    assert reason(bytes(data)) is GapReason.UNSUPPORTED


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (hdf5, "OBJECTS", 2),
        (hdf5, "ATTRIBUTES", 2),
        (hdf5, "VALUES", 2),
        (hdf5, "KEPT", 100),
        (hdf5_file, "MESSAGES", 5),
        (hdf5_file, "BLOCKS", 0),
        (hdf5_file, "MESSAGE_BYTES", 100),
        (hdf5_file, "HEAP_OBJECTS", 2),
        (hdf5_links, "LINKS", 2),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_numbers_of_things_are_bounded(monkeypatch, module, name, value):
    data = build.keras()
    assert read(data).unread == ()
    monkeypatch.setattr(module, name, value)
    assert reason(data) in (GapReason.TOO_MANY, GapReason.BUDGET)


def test_levels_are_bounded_and_told(monkeypatch):
    monkeypatch.setattr(hdf5, "DEPTH", 1)
    found = read(build.keras())
    assert found.unread == (("/model_weights", "groups below 1 levels"),)


def test_a_configuration_is_kept_whole_and_other_texts_are_cut():
    found = read(build.file(Group({}, {"model_config": "c" * 50_000, "other": "o" * 50_000})))
    assert [len(a.values[0]) for a in found.attributes] == [50_000, 4096]


@pytest.mark.parametrize(("address", "index", "length"), [(2**63, 1, 5), (104, 1, 5), (0, 9, 5), (0, 1, 2**32 - 1)])
def test_references_into_nothing_are_noted(address, index, length):
    w = Writer()
    heap = w.heap(b"hello")
    label, shape = b"a\0".ljust(8, b"\0"), build.space(())
    sizes = struct.pack("<HHH", 2, len(build.VLEN_TEXT), len(shape))
    raw = struct.pack("<IQI", length, address or heap, index)
    body = bytes((1, 0)) + sizes + label + build.VLEN_TEXT + shape + raw
    found = read(w.file(Group(more=w.message(0x0C, body))))
    assert (len(found.unread), found.attributes) == (1, ())


def test_a_large_file_costs_its_structure():
    head = build.file(Group({f"d{i}": Data((2**20, 2500)) for i in range(50)}, {"keras_version": "3"}))
    large = Sparse(10**10, (0, head))
    found = read_hdf5(large)
    assert (len(found.datasets), large.read < 65_536 + len(head)) == (50, True)


@FORMS
def test_hostile_bytes_raise_nothing_else(new):
    begun = time.process_time()
    assert stands(read_hdf5, build.keras(new=new), 200) > 0
    w = Writer(new=True)
    dense = w.message(0x02, w.dense(5, *_links("abcdefghijklmnopqrstuvwxyz"), block=512))
    assert stands(read_hdf5, w.file(Group(more=dense)), 200) > 0
    mixed = Group({"s": Soft("/x"), "e": External("f", "/y"), "x": Data(external="f"), "v": Data(virtual="v")})
    assert stands(read_hdf5, build.file(mixed, new=new), 200) > 0
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("libver", ["earliest", "v108", "v110", "latest"])
@pytest.mark.parametrize("user", [0, 512])
def test_the_library_reads_the_same(tmp_path, libver, user):
    """Only where h5py is installed."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver, userblock_size=user) as f:
        f.attrs["model_config"] = '{"a":1}' * 2000
        f.attrs["names"] = ["dense", "dense_1"]
        group = f.create_group("layers/dense")
        group.create_dataset("kernel", shape=(3, 4), dtype="f4")
        group.create_dataset("packed", shape=(300, 4), dtype="f2", chunks=(10, 4), compression="gzip")
        group["soft"] = h5py.SoftLink("/layers")
        group["out"] = h5py.ExternalLink("/etc/passwd", "/x")
        group["again"] = f["layers"]
        group.create_dataset("ext", shape=(4,), dtype="i8", external=[("/etc/shadow", 0, 32)])
        many = f.create_group("many")
        for i in range(600):
            many.create_dataset(f"d{i}", shape=(i,), dtype="f8")
            many.attrs[f"a{i}"] = f"v{i}"
    found = read(path.read_bytes())
    assert (found.unread, found.start) == ((), user)
    with h5py.File(path, "r", libver=libver) as f:
        assert found.attributes[0].values[0] == f.attrs["model_config"]
        assert found.attributes[1].values == tuple(f.attrs["names"])
        assert {a.name: a.values[0] for a in found.attributes[2:]} == dict(f["many"].attrs)
        for dataset in found.datasets:
            if not dataset.external:
                assert (dataset.shape, dataset.dtype) == (f[dataset.path].shape, f[dataset.path].dtype.name)
    assert {link.kind for link in found.links} == {"soft", "external"}
    assert [d.external for d in found.datasets if d.external] == [("/etc/shadow",)]
    assert len(found.datasets) == 603


@FORMS
def test_the_library_accepts_what_is_built_here(tmp_path, new):
    """Only where h5py is installed."""
    h5py = pytest.importorskip("h5py")
    if new:
        pytest.skip("the checksums of the new form are left out")
    (tmp_path / "m.h5").write_bytes(build.keras())
    with h5py.File(tmp_path / "m.h5", "r") as f:
        assert f.attrs["keras_version"] == "3.15.1"
        assert f["model_weights/dense/dense/kernel"].shape == (4, 3)
