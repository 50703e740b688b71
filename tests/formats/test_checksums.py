import pytest

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.limits import Limits
from gate.formats.checksums import Digest, Unread, begins, beside, digests, named
from gate.formats.text import read_text

HEX = "0123456789abcdef" * 4


def read(data, algorithm=""):
    return list(digests(read_text(Memory(data, Budget(Limits()))), algorithm))


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("SHA256SUMS", "sha256"),
        ("SHA256SUMS.txt", "sha256"),
        ("sha256sum.txt", "sha256"),
        ("model.pkl.sha256", "sha256"),
        ("model-1.0.sha-256", "sha256"),
        ("release_SHA512SUMS.asc", "sha512"),
        ("MD5SUMS", "md5"),
        ("B2SUMS", "b2"),
        ("x.blake3", "blake3"),
        ("CHECKSUMS", ""),
        ("checksum.txt", ""),
        ("hashsums.txt", ""),
        ("sha256sums.py", None),
        ("SHA", None),
        ("mysha256sums", None),
        ("", None),
    ],
)
def test_names_say_what_a_list_holds(name, algorithm):
    assert named(name) == algorithm


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (f"{HEX}  a b.bin", Digest("sha256", HEX, b"a b.bin", 1)),
        (f"{HEX} *a.bin", Digest("sha256", HEX, b"a.bin", 1)),
        (f"{HEX.upper()} a.bin", Digest("sha256", HEX, b"a.bin", 1)),
        (f"\\{HEX}  a\\nb\\\\c", Digest("sha256", HEX, b"a\nb\\c", 1)),
        (f"{HEX}  a\\nb", Digest("sha256", HEX, b"a\\nb", 1)),
        (f"SHA256 (a (1).bin) = {HEX}", Digest("sha256", HEX, b"a (1).bin", 1)),
        (f"SHA512/256 (a) = {HEX}", Digest("sha512-256", HEX, b"a", 1)),
        (f"SHA2-256(a)= {HEX}", Digest("sha256", HEX, b"a", 1)),
        (HEX, Digest("sha256", HEX, b"", 1)),
        (f"{HEX}  -", Digest("sha256", HEX, b"", 1)),
        (f"{HEX[:32]}  a", Digest("md5", HEX[:32], b"a", 1)),
        (f"{HEX[:50]}  a", Digest("200 bits", HEX[:50], b"a", 1)),
        (f"{HEX}a  a", Digest("260 bits", f"{HEX}a", b"a", 1)),
        (f"{HEX}", Digest("sha256", HEX, b"", 1)),
        ("a.bin", Unread(1)),
        (f"{HEX}  {'a' * 70_000}", Unread(1)),
        (f" {HEX}  a", Unread(1)),
    ],
)
def test_each_form_of_line(line, wanted):
    assert read(line.encode()) == [wanted]


def test_the_name_of_the_list_decides_where_a_line_does_not():
    assert [digest.algorithm for digest in read(f"{HEX}  a\nSHA256 (b) = {HEX}\n".encode(), "b3")] == [
        "blake3",
        "sha256",
    ]
    assert read(f"{HEX[:40]}  a".encode(), "sha256")[0].algorithm == "sha1"


def test_names_keep_their_bytes():
    assert [digest.name for digest in read(HEX.encode() + b"  \xc3\xa9\xff\xc3\xa9\n")] == [b"\xc3\xa9\xff\xc3\xa9"]
    assert [digest.name for digest in read(HEX.encode() + b"  \xe9\n")] == [b"\xe9"]
    assert [digest.name for digest in read(f"{HEX}  é\n".encode("utf-16"))] == ["é".encode()]


def test_comments_and_signatures_are_no_digests():
    text = (
        f"# c\n; c\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n{HEX}  a\n-----BEGIN PGP SIGNATURE-----\nabc\n"
    )
    assert [item.line for item in read(text.encode())] == [6]
    assert begins(text) and not begins("hello\n" + text) and not begins("")


def test_what_a_list_lies_beside():
    assert (beside(b"m.pkl.sha256"), beside(b"m.pkl.sha256.txt"), beside(b"SHA256SUMS")) == (b"m.pkl", b"m.pkl", b"")
