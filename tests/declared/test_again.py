"""A second look at members of real containers: the same digests, one pass, and never other bytes."""

import bz2
import gzip
import hashlib
import io
import tarfile

import pytest

from gate.archive.source import Window
from gate.core.gap import Gap
from gate.declared.again import Measured, Wanted, digests
from tests.conftest import zipped
from tests.walking import opened

FILES = {"a.bin": b"alpha", "d/b.bin": b"beta" * 100_000, "empty": b""}
ALGORITHMS = ("md5", "sha1", "sha512")


def tarred(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def looked(archive, paths=None):
    for _ in archive.children(lambda member: (member.head and 1) or 1):
        pass
    wanted = [Wanted(row, ALGORITHMS) for row in archive.inventory() if paths is None or row.path in paths]
    return list(digests(archive, wanted))


def expected(files, prefix=""):
    return {
        Measured(prefix + path, name, hashlib.new(name, data).hexdigest())
        for path, data in files.items()
        for name in ALGORITHMS
    }


@pytest.mark.parametrize(
    "pack",
    [zipped, tarred, lambda f: gzip.compress(tarred(f)), lambda f: bz2.compress(tarred(f))],
    ids=["zip", "tar", "tar.gz", "tar.bz2"],
)
def test_the_digests_of_every_container_are_those_of_the_bytes(pack):
    with opened(pack(FILES)) as archive:
        assert set(looked(archive)) == expected(FILES)


def test_a_folder_is_read_again_file_by_file(tmp_path):
    (tmp_path / "d").mkdir()
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    with opened(tmp_path) as archive:
        assert set(looked(archive)) == expected(FILES)


def test_containers_in_containers_are_opened_again():
    inner = {"in.tar": tarred(FILES), "in.zip": zipped(FILES), "in.tgz": gzip.compress(tarred(FILES))}
    paths = {f"{name}!/{path}" for name in inner for path in FILES}
    for pack in (zipped, tarred):
        with opened(pack(inner)) as archive:
            assert set(looked(archive, paths)) == set().union(*(expected(FILES, f"{name}!/") for name in inner))


def test_the_second_entry_of_a_name_has_its_own_digest():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for data in (b"one", b"second"):
            info = tarfile.TarInfo("a")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    with opened(out.getvalue()) as archive:
        assert set(looked(archive)) == expected({"a": b"one", "a#2": b"second"})


@pytest.mark.parametrize("pack", [zipped, tarred, lambda f: gzip.compress(tarred(f))], ids=["zip", "tar", "tar.gz"])
def test_other_bytes_than_those_of_the_walk_are_a_gap_and_no_digest(pack):
    with opened(pack(FILES)) as archive:
        for _ in archive.children(lambda _: 1):
            pass
        rows = [row._replace(sha256="0" * 64) for row in archive.inventory()]
        said = list(digests(archive, [Wanted(row, ("md5",)) for row in rows]))
    assert len(said) == len(FILES) and all(isinstance(item, Gap) for item in said)


def test_a_tar_is_read_once_for_all_of_its_members(monkeypatch):
    files = {f"f{i:04}": bytes([i % 251]) * 300 for i in range(1500)}
    with opened(tarred(files)) as archive:
        for _ in archive.children(lambda _: 1):
            pass
        read = 0
        real = Window.read_at

        def count(self, offset, n):
            nonlocal read
            data = real(self, offset, n)
            read += len(data)
            return data

        monkeypatch.setattr(Window, "read_at", count)
        said = list(digests(archive, (Wanted(row, ("md5",)) for row in archive.inventory())))
    assert len(said) == len(files)
    assert read < 12 * archive.root.size
