"""Texts made to cost time or memory, to hide what they hold, or to bring it into the output."""

import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.churn.build import build
from gate.adapters.personal import Personal, read_personal
from gate.adapters.presidio import analyzer
from gate.archive.budget import Budget
from gate.archive.source import Forward, Memory
from gate.core.errors import FormatError
from gate.core.limits import Limits
from tests.conftest import ROOT

MAIL, CARD = "anna.ackermann@example.org", "4111111111111111"


def read(data: bytes) -> Personal:
    budget = Budget(Limits())
    budget.admit(len(data))
    return read_personal(Memory(data, budget))


def entities(data: bytes) -> list[str]:
    return [count.entity for count in read(data).counts]


# -- time -------------------------------------------------------------------------------------------------------------

BOMBS = [
    "@", "a@", "@a.", "a.a@", "a@a.", "a@b.co", "%", "a" * 64 + "@", "1", "1 ", "4111 ", "4111 1111 1111 1112 ", "4-",
    "(1", "+1(", "+1 ", "+49 30 23125 00", "phone 1 2 3 4 5 6 7 8 ", "tel 12/34-", "phone " + "12 34 56 78 " * 40, "DE89", "DE89 ", "AB12CD34", "A",
    "X1234567L ", "00:", "ip 1.", "::", "012345-012A ", "PESEL 44051401358 ", '"', "'", "\\u0040", "aaaaaaaaaaaaaaaa\x1ea@b.co" + 200 * " ", "\r", ",",
    "{", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
]  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_no_text_takes_long_for_its_size(bomb: str) -> None:
    analyzer()
    data = (bomb * (200_000 // len(bomb))).encode()
    start = time.process_time()
    read(data)
    assert time.process_time() - start < 4


def test_what_stands_behind_a_thousand_finds_costs_little() -> None:
    data = "".join(f"user{i}@example.org {CARD} +49 30 2312 {i:04} " for i in range(12_000)).encode()
    start = time.process_time()
    found = read(data)
    assert time.process_time() - start < 8
    assert {count.entity: count.complete for count in found.counts}["EMAIL_ADDRESS"] is False


# -- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [b"lorem ipsum dolor ", b"0.123,", b"x", b'{"a": 1}'])
def test_one_line_without_end_is_read_in_little_memory(block: bytes) -> None:
    part = block * (2**16 // len(block))
    count = 3 * 2**20 // len(part)

    def again() -> Iterator[bytes]:
        yield from (part for _ in range(count - 1))
        yield (b" " + MAIL.encode() + b" ").ljust(len(part))

    budget = Budget(Limits())
    budget.admit(len(part) * count)
    tracemalloc.start()
    found = read_personal(Forward(again, len(part) * count, budget))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [one.entity for one in found.counts] == ["EMAIL_ADDRESS"] and not found.gaps
    assert peak < 64 * 2**20


# -- hiding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        ("a,b\n" + "1,2\n" * 60 + f"9,\0{MAIL}\n").encode(),
        f'a,b\n1,"{MAIL}\n'.encode() * 20,
        f'a,b\n1,2\n1,2\n1,2\n3,"x\n{MAIL}'.encode(),
        f"a,b\n1,2\n1,2\n1,2\n3,4,5,6,{MAIL}\n".encode(),
        f"a\tb\n1\t2\n1\t2\n1\t2\n{MAIL}\n".encode(),
        f"a,b\r1,2\r1,2\r1,{MAIL}\r".encode(),
        f'{{"a": 1}}\n{{"a": 2}}\n{{"a": 3}}\n{{"{MAIL}": 4}}\n'.encode(),
        f'{{"a": 1}}\n{{"a": 2}}\n{{"a": 3}}\nnot json {MAIL}\n'.encode(),
        f'{{"a": 1}}\n{{"a": 2}}\n{{"a": 3}}\n{"[" * 9000} {MAIL}\n'.encode(),
        b'{"a": "x"}\n' * 3 + b'{"a": {"b": [[{"c": "anna.ackermann\\u0040example.org"}]]}}\n',
        f"\ufeff{MAIL}".encode("utf-16-le"),
        f"\ufeff{MAIL}".encode("utf-32-be"),
        f"caf\xe9 {MAIL} na\xefve".encode("latin-1"),
        f"a,b\n{MAIL},2\n".encode("utf-16"),
        "\n".join(["x" * 70_000, MAIL, "y" * 70_000]).encode(),
        f"{MAIL}\x1e{MAIL}{' ' * 200}".encode(),
        ("first,second\n" + f"{'x' * 99},x\x1e{MAIL}\n" * 5).encode(),
        f"{'9' * 5000} {MAIL} {'9' * 5000}".encode(),
        f"{'a' * 5000}.{MAIL}".encode(),
    ],
    ids=range(19),
)
def test_nothing_hides_an_address(data: bytes) -> None:
    assert "EMAIL_ADDRESS" in entities(data)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"a,b\n1,2\n" * 4, b'{"a":1}\n' * 4]),
)
def test_any_bytes_are_searched_or_refused(data: bytes, before: bytes) -> None:
    try:
        found = read(before + data)
    except FormatError:
        return
    assert not found.gaps


def test_noise_that_passes_for_text_holds_next_to_nothing() -> None:
    noise = random.Random(7).randbytes(300_000)
    printable = bytes(32 + byte % 95 for byte in noise)
    mixed = bytes(0xC0 + byte % 64 if byte & 1 else 32 + byte % 95 for byte in noise)
    assert entities(b"\xff\xfe" + noise) == []
    assert set(entities(printable) + entities(mixed)) <= {"EMAIL_ADDRESS"}  # x@y.zz by chance


# -- leaking ----------------------------------------------------------------------------------------------------------


def test_no_planted_value_comes_out(tmp_path: Path, gate: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    built = build(str(tmp_path))
    files = [tmp_path / f"out.{form}" for form in ("json", "sarif", "text")]
    forms = [word for file in files for word in ("-o", f"{file.suffix[1:]}={file}")]
    result = gate("scan", built.dirty_mar, "-f", "text", *forms, "--jobs", "0", "-v")
    assert result.returncode == 1
    for out in (result.stdout, *(file.read_text() for file in files)):
        assert "pii.training-data" in out and "pii.payment-card" in out
        assert [value for value in (*built.personal, *built.secrets) if value in out] == []
    assert [value for value in (*built.personal, *built.secrets) if value in result.stderr] == []


def test_no_value_comes_out_of_a_crash(tmp_path: Path) -> None:
    """The text of an exception may quote what it was about."""
    (tmp_path / "a.txt").write_text(f"{MAIL} {CARD}")
    code = (
        "import sys\n"
        "from gate.adapters import presidio\n"
        "def crash(self, text, *rest): raise KeyError(text)\n"
        "presidio.Analyzer._judge = crash\n"
        "from gate.cli import main\n"
        "sys.exit(main())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "scan", str(tmp_path), "--jobs", "0", "-v"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "crashed" in result.stdout and MAIL not in result.stdout + result.stderr


def test_a_clean_archive_of_weights_starts_no_presidio(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(
        (b"%c" % 56) + bytes(7) + b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.ljust(56) + bytes(4)
    )
    code = (
        "import sys\nfrom gate import pipeline, registry\n"
        "report = pipeline.scan(sys.argv[1], registry.load(), jobs=0)\n"
        "assert not list(report.findings) and not list(report.gaps)\n"
        "assert not {'presidio_analyzer', 'spacy', 'phonenumbers', 'tldextract', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True)
