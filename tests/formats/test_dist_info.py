import email
import importlib.metadata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.metadata import parse_email

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats.dist_info import PATH, Distribution, read_dist_info

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)
INSTALLED = [
    Path(str(file.locate()))
    for distribution in importlib.metadata.distributions()
    for file in distribution.files or ()
    if file.name == "METADATA" and file.parent.name.endswith(".dist-info")
]


def read(data: bytes, limits: Limits = Limits()) -> Distribution:
    return read_dist_info(Memory(data, Budget(limits)))


def test_everything_that_is_installed_here_reads_as_packaging_reads_it():
    assert len(INSTALLED) > 30
    for path in INSTALLED:
        data = path.read_bytes()
        raw, _ = parse_email(data)
        assert read(data) == Distribution(raw["name"], raw["version"], raw.get("requires_python", "")), path


HEADER = st.sampled_from(
    ["Name: foo", "Name: Bar.Baz", "name:spam", "VERSION: 1.0", "Version: 2004d-x_y", "Summary: Name: no", "X: 1"]
)


@given(st.lists(HEADER, max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
@BOUNDED
def test_headers_read_as_the_parser_for_email_reads_them(headers, end, folded, mark):
    if folded:
        headers = [
            *headers[:1],
            *(f"{header}{end} continued" if header[0] in "SX" else header for header in headers[1:]),
        ]
    text = end.join(["Metadata-Version: 2.1", *headers, "", "Name: body", "Version: 9"])
    message = email.message_from_string(text)
    data = text.encode("utf-8-sig" if mark else "utf-8")
    if message["Name"] and message["Version"]:
        assert read(data) == Distribution(message["Name"], message["Version"])
    else:
        with pytest.raises(FormatError, match="without Name or Version"):
            read(data)


@pytest.mark.parametrize(
    ("path", "site"),
    [
        ("lib/foo-1.0.dist-info/METADATA", "lib/"),
        ("foo-1.0.dist-info/METADATA", ""),
        ("x.whl!/foo-1.0.dist-info/METADATA", "x.whl!/"),
        ("foo.egg-info/PKG-INFO", ""),
        ("foo.egg-info", ""),
        ("foo.egg!/EGG-INFO/PKG-INFO", "foo.egg!/"),
        ("foo-1.0/PKG-INFO", None),
        ("METADATA", None),
        ("dist-info/METADATA", None),
        ("foo.dist-info/deep/METADATA", None),
    ],
)
def test_metadata_of_what_is_installed_is_known_by_its_path(path, site):
    match = PATH.fullmatch(path)
    assert (match and match["site"]) == site


@pytest.mark.parametrize("name", ["", "-x", "a b", "x\x1b[31m", "é", "a" * 5000, "../x"])
def test_a_name_that_is_none_is_refused_and_not_quoted(name):
    with pytest.raises(FormatError) as error:
        read(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n".encode())
    assert not name or name not in str(error.value)


def test_a_description_of_any_kind_does_not_matter():
    assert read(b"Name: a\nVersion: 1\n\n" + b"\xff\xfe\xe9" * 50).version == "1"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x" * 2000, GapReason.TOO_LARGE),
        (b"X: 1\n" * 250, GapReason.TOO_LARGE),
        (b"\0\1\2", GapReason.CORRUPT),
        (b"", GapReason.CORRUPT),
        (b"Name: a\n", GapReason.CORRUPT),
    ],
)
def test_what_cannot_be_read_says_why(data, reason):
    with pytest.raises(NotExamined) as error:
        read(data, Limits(requirements_bytes=1000))
    assert error.value.reason is reason


def test_headers_without_end_are_bounded():
    with pytest.raises(NotExamined) as error:
        read(b"X:\n" * 1_000_000)
    assert error.value.reason is GapReason.TOO_MANY


@given(st.binary(max_size=300))
@BOUNDED
def test_bytes_of_any_kind_give_a_name_and_a_version_or_one_error(data):
    try:
        found = read(b"Metadata-Version: 2.1\n" + data)
    except NotExamined:
        return
    assert found.name and found.version
