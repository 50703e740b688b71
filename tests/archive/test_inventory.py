import hashlib

import pytest

from gate.archive.inventory import Inventory


def filled(*rows):
    inventory = Inventory()
    for path, size, sha256, locator in rows:
        inventory.add(path, size, sha256, locator)
    return inventory


ROWS = [("b", 2, "bb", b"b"), ("a", 1, "aa", b"a"), ("b!/c", 5, "cc", 46), ("A%23", 3, "dd", b"A#")]


def test_rows_come_sorted_by_path_however_they_were_added():
    one, two = filled(*ROWS), filled(*reversed(ROWS))
    assert [row.path for row in one] == [row.path for row in two] == ["A%23", "a", "b", "b!/c"]
    assert (one.members, one.bytes, one.unread) == (4, 11, 0)


def test_the_digest_is_over_lines_sorted_by_path():
    lines = b"dd  A%23\naa  a\nbb  b\ncc  b!/c\n"
    assert filled(*ROWS).digest() == hashlib.sha256(lines).hexdigest()


def test_dir_hash_is_over_the_folder_s_own_files_by_their_raw_names():
    assert filled(*ROWS).dir_hash() == hashlib.sha256(b"dd  A#\naa  a\nbb  b\n").hexdigest()


@pytest.mark.parametrize("method", ["digest", "dir_hash"])
def test_there_is_no_digest_when_a_member_was_not_read(method):
    inventory = filled(*ROWS, ("x", -1, "", b"x"))
    assert getattr(inventory, method)() is None
    assert (inventory.unread, inventory.bytes) == (1, 11)


def test_a_row_is_found_by_its_path_only():
    inventory = filled(*ROWS)
    assert inventory.find("b").locator == b"b"
    assert inventory.find("b!") is inventory.find("") is inventory.find("c") is None


def test_a_hundred_thousand_rows_are_found_and_sorted():
    inventory = filled(*((f"d{i * 7919 % 100_000:06}", i, "x", i) for i in range(100_000)))
    assert inventory.find("d007919").size == 1
    assert inventory.find("d099999") is not None
    paths = [row.path for row in inventory]
    assert paths == sorted(paths) and len(paths) == 100_000


def test_drained_rows_can_be_added_somewhere_else():
    worker, parent = filled(*ROWS), Inventory()
    for row in worker.drain():
        parent.add(*row)
    assert (worker.members, worker.bytes, list(worker)) == (0, 0, [])
    assert parent.digest() == filled(*ROWS).digest()
