import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.paths import encode
from gate.formats.relative import name_of, relative


@pytest.mark.parametrize(
    ("path", "name", "up", "wanted"),
    [
        ("SHA256SUMS", b"a", 0, "a"),
        ("d/SHA256SUMS", b"a", 0, "d/a"),
        ("d/SHA256SUMS", b"../a", 0, "a"),
        ("d/SHA256SUMS", b"../../a", 0, None),
        ("d/SHA256SUMS", b"x/../../a", 0, "a"),
        ("in.zip!/SHA256SUMS", b"../a", 0, None),
        ("in.zip!/d/e/RECORD", b"a", 1, "in.zip!/d/a"),
        ("RECORD", b"a", 1, None),
        ("./SHA256SUMS", b"a", 0, "./a"),
        ("./SHA256SUMS", b"../a", 0, None),
        ("./d/SHA256SUMS", b"../a", 0, "./a"),
        ("a%21/SHA256SUMS", b"b!/c", 0, "a%21/b%21/c"),
        ("d/MLmodel", b".", 0, "d/MLmodel"),
        ("d/MLmodel", b"x/..", 0, "d/MLmodel"),
        ("x", b"/a", 0, None),
        ("x", b"C:/a", 0, None),
        ("x", b"c:a", 0, "c:a"),
        ("x", b"\\a", 0, None),
    ],
)
def test_a_name_leads_to_a_member(path, name, up, wanted):
    assert relative(path, name, up) == wanted


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(min_size=1, max_size=6).filter(lambda name: b"/" not in name and name not in (b".", b"..")))
def test_every_name_is_found_under_its_spelling_and_spelled_back(name):
    for path in ("list", "d/list", "in.zip!/list"):
        found = relative(path, name)
        if found is not None:
            assert found == path.removesuffix("list") + encode(name)
            assert name_of(found) == name
    assert name_of(encode(name, 3)) == name


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from([b"..", b".", b"", b"a", b"b"]), min_size=1, max_size=8))
def test_no_name_leaves_its_container(parts):
    found = relative("in.zip!/d/e/list", b"/".join(parts))
    depth, low = 2, 2
    for part in parts:
        depth += -1 if part == b".." else part not in (b".", b"")
        low = min(low, depth)
    if parts[0] == b"" and len(parts) > 1:
        assert found is None
    else:
        assert (found is None) == (low < 0)
    assert found is None or (found.startswith("in.zip!/") and ".." not in found)
