"""Lists of requirements that are made to cost, to read other files, or to be read as something else."""

from __future__ import annotations

import random
import sys
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.archive.budget import Budget
from gate.archive.source import Forward, Memory
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats.conda import match_spec, read_environment
from gate.formats.markers import MOST, Markers, holds
from gate.formats.requirement import ARCHIVES, Invalid, Requirement, Span, exact
from gate.formats.requirements import parse_line, read_requirements
from gate.formats.shown import shown
from tests.inspectors.advised import Scanner

BOUNDED = settings(max_examples=200, deadline=None, derandomize=True)
MIB = 2**20
HERE = Span(1, 0, 0)


@pytest.fixture
def scan(tmp_path, monkeypatch):
    return Scanner(tmp_path, monkeypatch)


def read(data: bytes, limits: Limits = Limits()):
    return read_requirements(Memory(data, Budget(limits)))


# -- cost --------------------------------------------------------------------------------------------------------------

COSTLY = {
    "white space": b"a" + b" " * 65_000 + b"\n",
    "comment signs": b"a" + b" x#" * 20_000 + b"\n",
    "brackets": b"a" + b"[" * 2000 + b"\n",
    "extras": b"a[" + b"x," * 1000 + b"]\n",
    "parentheses": b"a; " + b"(" * 1000 + b"os_name=='x'" + b")" * 1000 + b"\n",
    "conditions": b"a; " + b" and ".join([b"os_name=='x'"] * 120) + b"\n",
    "clauses": b"a>1" + b",>1" * 600 + b"\n",
    "digits": b"a==" + b"9" * 2000 + b"\n",
    "dots": b"a==" + b"1." * 1000 + b"1\n",
    "quotes": b"-r '" + b"x" * 16_000 + b"'\n",
    "backslashes": b"-r " + b"\\x" * 8_000 + b"\n",
    "options": b"--pre " * 10_000 + b"\n",
    "abbreviations": b"--r " * 10_000 + b"\n",
    "continued": b"a\\\n" * 20_000,
    "empty": b"\n" * 65_000,
    "at": b"a" + b"@" * 2000 + b"\n",
    "labels": b"a>=" + b"1+" * 1000 + b"\n",
    "fragments": b"git+https://x/y#" + b"egg=[" * 400 + b"\n",
    "url": b"https://" + b"a/" * 1000 + b"x.whl\n",
    "wheel": b"./" + b"a-" * 1000 + b"1-py3-none-any.whl\n",
    "one line": b"a" * 65_000,
    "NUL": b"# text " * 64 + b"\na==1\n\0\0b\n",
}


@pytest.mark.parametrize("name", COSTLY)
def test_no_line_costs_more_than_its_length_is_worth(name):
    """256 KiB of it: a reader that is quadratic in the line would take minutes."""
    data = COSTLY[name] * (256 * 1024 // len(COSTLY[name]) + 1)
    start = time.process_time()
    try:
        read(data)
    except NotExamined as error:
        assert error.reason in (GapReason.TOO_MANY, GapReason.CORRUPT)
    assert time.process_time() - start < 3


def test_a_list_of_100_megabytes_is_not_read():
    served = 0

    def blocks():
        nonlocal served
        while True:
            served += 1
            yield b"a==1\n" * 10_000

    with pytest.raises(NotExamined) as error:
        read_requirements(Forward(blocks, 100 * MIB, Budget(Limits())))
    assert error.value.reason is GapReason.TOO_LARGE and served < 10


def test_20000_lines_are_looked_up_in_bounded_time(scan):
    text = "".join(f"p{i}=={i}; python_version<'3.{i % 97}.{i}'\n" for i in range(5_000))
    start = time.process_time()
    result = scan({"requirements.txt": text.encode()})
    assert result.section["pinned"] > 4_000 and not result.gaps
    assert time.process_time() - start < 8


def test_markers_without_end_end_in_doubt():
    markers = Markers()
    answers = {markers.holds(f"sys_platform == 'win{i}'") for i in range(MOST + 10)}
    assert {answer.value for answer in answers} == {"no", "perhaps"}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {"requirements.txt": b"".join(b"-r x%d\n" % i for i in range(10_000)), **{f"x{i}": b"a==1\n" for i in range(400)}},
            "too-many",
        ),
        (
            {f"requirements{i}.txt": b"".join(b"-r requirements%d.txt\n" % j for j in range(150)) for i in range(150)},
            "too-many",
        ),
        (
            {"requirements.txt": b"-r 0\n", **{str(i): b"-r %d\n" % (i + 1) for i in range(20)}},
            "too-deep",
        ),
    ],
    ids=["wide", "dense", "deep"],
)  # fmt: skip
def test_inclusions_without_end_are_bounded_and_told(scan, files, reason):
    start = time.process_time()
    result = scan(files)
    assert reason in {gap[1] for gap in result.gaps}
    assert time.process_time() - start < 10


def test_eight_levels_are_followed(scan):
    chain = {f"l{i}": b"-r l%d\n" % (i + 1) for i in range(7)}
    result = scan({"requirements.txt": b"-r l0\n", **chain, "l7": b"holey==1.2\n"})
    assert result.findings == [("vulnerable", "l7", 1)] or result.gaps == [("l7", "too-deep")]
    nearer = scan({"requirements.txt": b"-r l0\n", **{k: chain[k] for k in ("l0", "l1", "l2")}, "l3": b"holey==1.2\n"})
    assert nearer.findings == [("vulnerable", "l3", 1)]


# -- other files -------------------------------------------------------------------------------------------------------

REACHING = b"""\
-r /etc/hostname
-r ../../../../etc/hostname
-c /etc/passwd
-r file:///etc/hostname
-r ~/requirements.txt
-r ${HOME}/requirements.txt
-r http://127.0.0.1:9/x.txt
-e /etc
-e ../../etc
-f /usr/share
/etc/hosts.whl
../../etc/hosts-1.0-py3-none-any.whl
x @ file:///etc/hosts
--requirement=/etc/hostname
-r C:\\\\windows\\\\x.txt
-r .
-r ..
"""


def test_no_file_of_the_host_is_ever_opened(scan):
    """The audit event `open` is raised for every file that Python opens, whoever asks for it."""
    opened: list[str] = []
    watching = True

    def watch(event, arguments):
        if watching and event in ("open", "os.listdir", "os.scandir", "socket.connect", "subprocess.Popen"):
            opened.append(str(arguments[0]))

    scan({"requirements.txt": b"numpy==1.0\n"})  # everything that is imported or read once is there now
    sys.addaudithook(watch)
    try:
        result = scan({"requirements.txt": REACHING, "conda.yaml": b"dependencies:\n- pip:\n  - -r /etc/hostname\n"})
    finally:
        watching = False
    strange = [name for name in opened if "/etc" in name or "hostname" in name or "share" in name or "127.0" in name]
    assert not strange
    assert opened  # the hook was there: the archive itself was opened
    outside = [finding for finding in result.findings if finding[0] == "include-outside"]
    assert {(path, line) for _, path, line in outside} >= {
        ("requirements.txt", line) for line in (1, 2, 3, 4, 5, 7, 14, 15)
    }
    assert ("include-outside", "conda.yaml", 3) in outside


def test_variables_of_the_machine_are_never_expanded(scan, monkeypatch):
    monkeypatch.setenv("GATE_TEST_TOKEN", "expanded")
    text = b"a==${GATE_TEST_TOKEN}\n-r ${GATE_TEST_TOKEN}.txt\n-i https://${GATE_TEST_TOKEN}@e.example/simple\n$GATE_TEST_TOKEN\n"
    result = scan({"requirements.txt": text, "expanded.txt": b"holey==1.2\n"})
    assert "expanded" not in str(result.all) and "vulnerable" not in result.rules
    assert sorted(result.rules) == ["invalid-line", "missing-include", "remote-index", "unpinned"]


# -- other readings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"\0\0\0", b"\x80\x04}.", b"PK\x03\x04", random.Random(1).randbytes(500)],
    ids=["NUL", "pickle", "zip", "noise"],
)
def test_a_list_that_is_no_text_is_a_gap_and_not_a_pass(scan, data):
    assert scan({"requirements.txt": data}).gaps == [("requirements.txt", "corrupt")]
    assert scan({"conda.yaml": b"dependencies" + data}).gaps


def test_the_second_list_of_one_name_is_read_too(scan, tmp_path):
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("requirements.txt", b"numpy==1.0\n")
        archive.writestr("requirements.txt", b"holey==1.2\n")
    assert scan(path.read_bytes()).findings == [("vulnerable", "requirements.txt#2", 1)]


SECRETS = [
    "https://user:hunter2@e.example/simple",
    "https://hunter2@e.example/simple",
    "https://e.example/hunter2/simple",
    "https://e.example/simple?token=hunter2",
    "https://user:hun/hunter2@e.example/simple",
    "https://user:p@hunter2@e.example/",
    "https:\\\\user:hunter2@e.example",
    "//user:hunter2@e.example",
    "user:hunter2@e.example",
    "git+ssh://git:hunter2@e.example/x.git",
    "git+https://hunter2@e.example/x.git#egg=x",
    "https://e.example:hunter2/x",
    "https://[hunter2]/x",
    "hunter2@e.example:x/y.git",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "line",
    ["-i {}", "--extra-index-url={}", "-f {}", "--trusted-host {}", "-r {}", "-c {}", "-e {}", "{}", "x @ {}", "x=={}"],
)
def test_credentials_never_leave_the_list(scan, line, secret):
    result = scan({"requirements.txt": f"{line.format(secret)}\n".encode()})
    said = [*result.all, *result.report.gaps, *result.report.facts, *result.messages(), result.section]
    assert "hunter2" not in repr(said)


TEXT = st.text(st.sampled_from("ab1.=<>~!;[]()@:/\\#$ {}-+_,'\"\n\r\t\x0c\u2028\ufeffé*%"), max_size=60)
WORDS = st.lists(
    st.sampled_from(
        ["a", "==", "1.0", "-r", "-c", "-e", "--hash=x", ";", "python_version", "<", "'3'", "[x]", "@", "git+https://x/y",
         "#egg=z", "\\", "\n", " ", "${X}", ">=", "2+l", ",", "(", ")", "and", "===", "!=", "*", ".whl", "/", "..", "extra"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(st.one_of(TEXT, WORDS))
@BOUNDED
def test_every_text_gives_rows_whose_parts_can_be_used(text):
    for item in read(text.encode("utf-8")):
        if isinstance(item, Requirement):
            exact(item.specifier)
            holds(item.marker)
        assert 0 <= item.span.start <= item.span.end <= len(text.encode("utf-8"))
        if isinstance(item, Invalid):
            assert len(item.name) <= 128


@given(st.binary(max_size=200))
@BOUNDED
def test_every_bytes_give_rows_or_one_error(data):
    for reader in (read_requirements, read_environment):
        for start in (b"", b"dependencies:\n- ", b"# comment\n" * 8):
            try:
                reader(Memory(start + data, Budget(Limits())))
            except NotExamined as error:
                assert error.reason in GapReason


@given(st.one_of(TEXT, WORDS))
@BOUNDED
def test_every_text_is_a_conda_specification_or_none(text):
    from packaging.specifiers import SpecifierSet

    name, specifier = match_spec(text)
    SpecifierSet(specifier)
    assert name or not specifier


@given(st.text(st.sampled_from("ab:/@?#\\.[]%hts é1"), max_size=30))
@BOUNDED
def test_what_is_shown_of_an_address_has_nothing_before_an_at(text):
    assert "@" not in shown(text)
    assert list(parse_line(text, HERE)) is not None and ARCHIVES
