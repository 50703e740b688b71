import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.formats.markers import Holds, holds
from gate.formats.requirement import Include, Index, Invalid, Requirement, exact
from gate.formats.requirements import ITEMS, read_requirements

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pip_requirements_parser import RequirementsFile

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)


def read(content: bytes | str, limits: Limits = Limits()):
    data = content if isinstance(content, bytes) else content.encode()
    return read_requirements(Memory(data, Budget(limits)))


def asked(content):
    """Name, specifier, extras, marker, kind of every requirement."""
    return [
        (item.name, item.specifier, item.extras, item.marker, item.kind)
        for item in read(content)
        if isinstance(item, Requirement)
    ]


def problems(content):
    return [(item.span.line, item.name) for item in read(content) if isinstance(item, Invalid)]


# -- one line ----------------------------------------------------------------------------------------------------------

LINES = {
    "torch": ("torch", "", (), "", "index"),
    "torch==1.12.1+cu113": ("torch", "==1.12.1+cu113", (), "", "index"),
    "requests [socks, security] >= 2.0 , < 3 # why": ("requests", "<3,>=2.0", ("security", "socks"), "", "index"),
    "numpy==1.19.5; python_version<'3.8'": ("numpy", "==1.19.5", (), 'python_version < "3.8"', "index"),
    "pillow==8.*": ("pillow", "==8.*", (), "", "index"),
    "idna===3.6": ("idna", "===3.6", (), "", "index"),
    "pytz===2004d-x_y": ("pytz", "===2004d-x_y", (), "", "index"),
    "scikit_learn~=1.2": ("scikit_learn", "~=1.2", (), "", "index"),
    "idna==\\\n3.6": ("idna", "==3.6", (), "", "index"),
    "idna==3.6 --hash=sha256:00 \\\n  --hash sha256:11": ("idna", "==3.6", (), "", "index"),
    "y @ https://e.x/y-1.0-py3-none-any.whl": ("y", "==1.0", (), "", "url"),
    "y@git+https://e.x/y.git@v1 ; os_name=='posix'": ("y", "", (), 'os_name == "posix"', "vcs"),
    "https://e.x/y-1.0%2Bcpu-py3-none-any.whl": ("y", "==1.0+cpu", (), "", "url"),
    "https://e.x/y-1.0.tar.gz#sha256=00": ("y", "==1.0", (), "", "url"),
    "git+https://u:p@e.x/y.git@abc#egg=y[fast]&subdirectory=s": ("y", "", ("fast",), "", "vcs"),
    "git+ssh://git@e.x/y.git": ("", "", (), "", "vcs"),
    "-e git+https://e.x/y.git#egg=y": ("y", "", (), "", "editable"),
    "-e ./src[all]": ("", "", ("all",), "", "editable"),
    "--editable=.": ("", "", (), "", "editable"),
    "./wheels/foo-1.0-py3-none-any.whl": ("foo", "==1.0", (), "", "path"),
    "wheels/foo-1.0-py3-none-any.whl[x]": ("foo", "==1.0", ("x",), "", "path"),
    "foo-1.0.tar.gz": ("foo", "==1.0", (), "", "path"),
    "../other": ("", "", (), "", "path"),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_read_as_pip_reads_it(line):
    assert asked(line + "\n") == [LINES[line]]
    assert not problems(line)


@pytest.mark.parametrize(
    ("line", "name", "specifier"),
    [
        ("requests==2.19.0 garbage !!", "requests", ""),
        ("pytz==2004d-x_y", "pytz", ""),
        ("torch>=2.13.0+cpu", "torch", ">=2.13.0"),
        ("idna==${VERSION}", "idna", ""),
        ("idna=3.6", "idna", ""),
        ("idna==" + "9" * 5000, "idna", ""),
        ("idna; " + "(" * 500 + "os_name=='x'" + ")" * 500, "idna", ""),
        ("idna " + "x" * 3000, "idna", ""),
        ("idna[", "idna", ""),
    ],
)
def test_what_a_broken_line_seems_to_ask_for_still_counts(line, name, specifier):
    assert problems(line) == [(1, name)]
    assert asked(line) == [(name, specifier, (), "", "index")]


@pytest.mark.parametrize(
    "line", ["${NAME}==1.0", "!!bad", "==1.0", "--nonsense", "--re x", "-x", "-r", "--pre=1 --no", "-c 'a"]
)
def test_what_asks_for_nothing_is_invalid_and_not_quoted(line):
    (found,) = [item for item in read(line) if isinstance(item, Invalid)]
    assert not asked(line) and found.name == ""
    assert "bad" not in found.problem and "NAME" not in found.problem


def test_a_comment_needs_white_space_before_it_and_ends_a_continued_line():
    assert [row[0] for row in asked("# c \\\nd\ne \\\n# f\ng  # h \\\ni")] == ["d", "e", "g"]
    assert problems("a#b") == [(1, "a")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_lines_end_where_pip_ends_them(end):
    """pip splits with str.splitlines: a requirement behind a form feed in a comment is installed."""
    comment = "# harmless " * 40
    assert [row[0] for row in asked(f"{comment}{end}evil==1.0{end}b")] == ["evil", "b"]


# -- options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "-r base.txt", "-rbase.txt", "--requirement base.txt", "--requirement=base.txt", "--requirem base.txt",
        "--requirem=base.txt", "-r 'base.txt'", '-r "base.txt"', "-r b\\ase.txt", "--pre -r base.txt", "--no-index  -r\tbase.txt",
        "-i https://e.x -r base.txt", "-r base.txt -- -c x", "word -r base.txt",
    ],
)  # fmt: skip
def test_an_inclusion_is_found_however_pip_lets_it_be_written(line):
    assert [(item.target, item.constraint) for item in read(line) if isinstance(item, Include)] == [("base.txt", False)]


@pytest.mark.parametrize(
    ("line", "option", "value"),
    [
        ("-i https://e.x/simple", "index-url", "https://e.x/simple"),
        ("--index-url=https://e.x/simple", "index-url", "https://e.x/simple"),
        ("--pypi-url https://e.x/simple", "index-url", "https://e.x/simple"),
        ("--extra https://e.x/simple", "extra-index-url", "https://e.x/simple"),
        ("--extra-index-url https://u:p@e.x/simple", "extra-index-url", "https://u:p@e.x/simple"),
        ("-f ./wheels", "find-links", "./wheels"),
        ("-fhttp://e.x/", "find-links", "http://e.x/"),
        ("--trusted-host e.x", "trusted-host", "e.x"),
        ("torch==1.0 --trusted-host e.x", "trusted-host", "e.x"),
    ],
)
def test_where_packages_come_from_is_found(line, option, value):
    assert [(item.option, item.value) for item in read(line) if isinstance(item, Index)] == [(option, value)]


def test_constraints_hashes_and_harmless_options():
    items = read("-c c.txt\n--require-hashes\n--no-binary :all:\n--use-feature=x\na==1 --hash=sha256:0\nb==1\n")
    assert [item.constraint for item in items if isinstance(item, Include)] == [True]
    assert [item.hashes for item in items if isinstance(item, Requirement)] == ["sha256", ""]
    assert not problems("--require-hashes\n--no-binary :all:\n")
    assert not problems("a==1 --global-option=--x --config-settings k=v\n")


# -- encodings and places ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_encodings_and_byte_ranges(codec):
    lines = ["# a comment é", "idna==3.6  # é", "a==\\", "1.0", "b"]
    data = "\r\n".join(lines).encode(codec)
    items = read(data)
    assert [(item.name, item.specifier, item.span.line) for item in items] == [
        ("idna", "==3.6", 2), ("a", "==1.0", 3), ("b", "", 5),
    ]  # fmt: skip
    spans = [data[item.span.start : item.span.end] for item in items]
    narrow = codec.replace("utf-8-sig", "utf-8")
    wide = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(narrow, narrow)
    assert [span.decode(wide).rstrip("\r\n") for span in spans] == ["idna==3.6  # é", "a==\\\r\n1.0", "b"]


def test_a_declared_encoding_in_which_the_list_would_read_otherwise_is_not_guessed():
    assert asked("# -*- coding: latin-1 -*-\nidna==3.6\n") == [("idna", "==3.6", (), "", "index")]
    for codec in ("utf-7", "utf_16", "punycode", "cp037"):
        with pytest.raises(NotExamined) as error:
            read(f"# -*- coding: {codec} -*-\nidna==3.6\n")
        assert error.value.reason is GapReason.UNSUPPORTED


# -- the same as others ------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["torch", "scikit-learn", "Ruamel.Yaml", "a", "typing_extensions", "x1"])
VERSIONS = st.sampled_from(["1", "1.0", "2.19.0", "1.12.1+cu113", "2.0rc1", "1!2.0", "0.1.dev3", "1.0.post1"])
CLAUSES = st.one_of(
    st.builds("=={}".format, VERSIONS),
    st.builds("{}{}".format, st.sampled_from([">=", "<", "<=", "!=", "~="]), st.sampled_from(["1.0", "2.5", "3.0.1"])),
    st.just("==2.*"),
)
MARKERS = st.sampled_from(
    [
        "",
        ";python_version<'3.8'",
        " ; sys_platform == 'linux' and (os_name=='nt' or python_version>='3.9')",
        "; extra=='x'",
    ]
)
ENDS = st.sampled_from(["", "  # note", " --hash=sha256:" + "a" * 64, "  \\\n  --hash=sha256:" + "b" * 64])
EXTRAS = st.sampled_from(["", "[x]", "[b, a]"])
LINE = st.builds(
    lambda name, extras, clauses, marker, end: name + extras + ",".join(clauses) + marker + end,
    NAMES, EXTRAS, st.lists(CLAUSES, max_size=3), MARKERS, ENDS,
)  # fmt: skip
OTHER = st.sampled_from(["", "# comment", "--pre", "-i https://e.x/simple", "-r nothing.txt", "  ", "--no-index"])


@given(st.lists(st.one_of(LINE, OTHER), max_size=12), st.sampled_from(["\n", "\r\n"]))
@BOUNDED
def test_generated_lists_read_as_the_parser_of_pip_audit_reads_them(tmp_path_factory, lines, end):
    text = "".join(line.replace("\n", end) + end for line in lines)
    file = tmp_path_factory.mktemp("list") / "r.txt"
    file.write_bytes(text.encode())
    theirs = RequirementsFile.from_file(str(file), include_nested=False)
    assert not theirs.invalid_lines
    ours = [item for item in read(text) if isinstance(item, Requirement)]
    assert [
        (one.line_number, one.name, set(map(str, one.specifier or "")), set(one.extras)) for one in theirs.requirements
    ] == [(one.span.line, one.name, set(map(str, SpecifierSet(one.specifier))), set(one.extras)) for one in ours]
    for one, other in zip(ours, theirs.requirements, strict=True):
        if " --hash" not in text:  # it loses markers before a digest
            assert one.marker == str(other.marker or "")


@pytest.mark.parametrize("line", [line for line in LINES if "+cpu" not in line])
def test_the_table_reads_as_the_parser_of_pip_audit_reads_it_where_it_names_a_package(tmp_path, line):
    (tmp_path / "r.txt").write_bytes(line.encode())
    (theirs,) = RequirementsFile.from_file(str(tmp_path / "r.txt"), include_nested=False).requirements or [None]
    ours = LINES[line]
    if theirs is not None and theirs.name:
        assert (theirs.name, set(theirs.extras)) == (ours[0], set(ours[2]))
        if ours[4] == "index":
            assert set(map(str, theirs.specifier or ())) == set(map(str, SpecifierSet(ours[1])))


@given(LINE)
@BOUNDED
def test_a_requirement_reads_as_packaging_reads_it(line):
    text = re.split(r"  #|\s+(?:\\\s+)?--hash", line)[0].strip()
    try:
        theirs = Pep508(text)
    except InvalidRequirement:
        assert problems(line)
        return
    assert asked(line) == [
        (theirs.name, str(theirs.specifier), tuple(sorted(theirs.extras)), str(theirs.marker or ""), "index")
    ]


# -- what a specifier and a marker mean --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("specifier", "version"),
    [
        ("==1.0", "1.0"), ("===1.0", "1.0"), ("==1.12.1+cu113", "1.12.1+cu113"), ("==2.19.0,<3", "2.19.0"),
        ("==1.2.*,==1.2.3", "1.2.3"), ("==1.0,==1.0.0", "1.0"), ("==2.0rc1,<3", "2.0rc1"), ("===junk!", "junk!"),
        ("==1.12,==1.12+cu113", "1.12+cu113"),
        ("", ""), ("==2.*", ""), (">=1", ""), ("==1,==2", ""), ("==1,>2", ""), ("<=1,>=1", ""), ("===junk!,>1", ""),
    ],
)  # fmt: skip
def test_a_pin_is_one_exact_version(specifier, version):
    assert exact(specifier) in {
        version,
        version.replace("1.0", "1.0.0") if version == "1.0" and "," in specifier else version,
    }
    if version and "!" not in version:
        assert SpecifierSet(specifier).contains(Version(version), prereleases=True)


@pytest.mark.parametrize(
    ("marker", "python", "answer"),
    [
        ("", "", Holds.YES),
        ("sys_platform == 'win32'", "", Holds.NO),
        ("sys_platform == 'linux'", "", Holds.YES),
        ("platform_system != 'Windows' and os_name == 'posix'", "", Holds.YES),
        ("python_version < '3.9'", "", Holds.PERHAPS),
        ("python_version < '3.9'", "3.8", Holds.YES),
        ("python_version < '3.9'", "3.10.12", Holds.NO),
        ("python_version < '3.10'", "3.9", Holds.YES),
        ("python_version < '3.6'", "", Holds.NO),
        ("python_version >= '3.6'", "", Holds.YES),
        ("python_full_version < '3.10.5'", "3.10", Holds.PERHAPS),
        ("python_full_version == '3.10.5'", "", Holds.PERHAPS),
        ("python_full_version < '3.10.5'", "3.10.5", Holds.NO),
        ("python_version in '3.8 3.9'", "3.9.1", Holds.YES),
        ("platform_machine == 'x86_64'", "", Holds.PERHAPS),
        ("platform_machine == 'arm64'", "", Holds.NO),
        ("implementation_name == 'pypy'", "", Holds.NO),
        ("platform_release >= '5'", "", Holds.PERHAPS),
        ("extra == 'gpu'", "", Holds.NO),
        ("python_version < '3.9'", "not a version", Holds.PERHAPS),
        ("python_version ~= 'a'", "", Holds.PERHAPS),
        ("no marker at all", "", Holds.PERHAPS),
    ],
)
def test_markers_are_judged_for_linux_under_every_python_that_is_possible(marker, python, answer):
    assert holds(marker, python) is answer


def test_the_interpreter_of_the_scanner_never_counts(monkeypatch):
    import packaging.markers

    monkeypatch.setattr(packaging.markers.platform, "python_version", lambda: "2.7.0")
    monkeypatch.setattr(packaging.markers.sys, "platform", "win32")
    assert holds("python_version < '3' or sys_platform == 'win32'") is Holds.NO


# -- bounds ------------------------------------------------------------------------------------------------------------


def test_a_list_that_is_too_long_says_so():
    with pytest.raises(NotExamined) as error:
        read(b"a\n" * 600, Limits(requirements_bytes=1000))
    assert error.value.reason is GapReason.TOO_LARGE
    assert len(read("--pre -r a\n" * ITEMS)) == ITEMS
    with pytest.raises(NotExamined) as error:
        read("--pre -r a\n" * (ITEMS + 1))
    assert error.value.reason is GapReason.TOO_MANY
