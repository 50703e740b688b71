import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.paths import encode, escapes, join, leaves


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"a/b c.txt", "a/b c.txt"),
        ("é/漢.txt".encode(), "é/漢.txt"),
        (b"a%b#c", "a%25b%23c"),
        (b"a\x00\x1b\x7f\n", "a%00%1B%7F%0A"),
        (b"\xff\xfe", "%FF%FE"),
        ("gpj.\u202eexe\u2028\ufeff".encode(), "gpj.%E2%80%AEexe%E2%80%A8%EF%BB%BF"),
        ("\ud800".encode("utf-8", "surrogatepass"), "%ED%A0%80"),
        (b"a!/b!!/c!", "a%21/b!%21/c!"),
        (b"", "#1"),
    ],
)
def test_names_are_spelled_so_that_they_can_be_printed(name, path):
    assert encode(name) == path
    assert path.isprintable()


def test_the_nth_entry_of_a_name_gets_its_number():
    assert [encode(b"a", n) for n in (1, 2, 3)] == ["a", "a#2", "a#3"]
    assert [encode(b"", n) for n in (1, 2)] == ["#1", "#2"]


def test_long_names_are_cut_and_still_differ():
    one, two = encode(b"n" * 70_000), encode(b"n" * 69_999 + b"m")
    assert one != two and len(one) == len(two) < 300
    assert encode(b"n" * 70_000, 2) == one + "#2"
    assert encode(b"\xff" * 70_000).isprintable()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=12), st.integers(1, 3), st.binary(max_size=12), st.integers(1, 3))
def test_no_two_names_share_a_spelling(one, n, two, m):
    assert (encode(one, n) == encode(two, m)) == ((one, n) == (two, m))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=12), st.integers(1, 3))
def test_a_spelling_is_one_segment_that_can_be_printed(name, nth):
    text = encode(name, nth)
    assert "!/" not in text and text.encode() and "\n" not in text


def test_join_leaves_out_the_subject():
    assert join("", "a") == "a"
    assert join("a.zip", "b") == "a.zip!/b"


@pytest.mark.parametrize(
    "name", [b"../a", b"a/../../b", b"a/..", b"/etc/passwd", b"\\a", b"..\\a", b"C:\\a", b"c:a", b"a\\..\\b"]
)
def test_names_that_lead_out_are_known(name):
    assert escapes(name)


@pytest.mark.parametrize("name", [b"", b"a", b"a/b", b"..a", b"a..", b"a/..b/c", b"ab:c", b"...", b"a\\b"])
def test_names_that_stay_inside_are_known(name):
    assert not escapes(name)


@pytest.mark.parametrize(
    ("folder", "target"),
    [
        (b"", b"/etc/passwd"),
        (b"", b"../x"),
        (b"a", b"../../x"),
        (b"a", b"b/../../../x"),
        (b"", b"\\x"),
        (b"", b"C:x"),
        (b"a/..", b"../x"),
        (b"a", b"link/.."),  # where the link leads to, its parent may be anywhere
    ],
)
def test_links_that_may_lead_out_are_known(folder, target):
    assert leaves(folder, target)


@pytest.mark.parametrize(
    ("folder", "target"), [(b"", b"x"), (b"a/b", b"../../x"), (b"a", b"./../x"), (b"", b"a/b"), (b"", b"")]
)
def test_links_that_stay_inside_are_known(folder, target):
    assert not leaves(folder, target)
