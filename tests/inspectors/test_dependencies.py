import io
import tarfile

import pytest

from fixtures.dependencies import build
from gate import registry
from gate.core.limits import Limits
from gate.inspectors import Inputs
from tests.conftest import zipped
from tests.inspectors.advised import Scanner


@pytest.fixture
def scan(tmp_path, monkeypatch):
    return Scanner(tmp_path, monkeypatch)


def root(text: str) -> dict[str, bytes]:
    return {"requirements.txt": text.encode(), "model.bin": b"x" * 100}


# -- the fixtures ------------------------------------------------------------------------------------------------------


def test_a_clean_archive_has_no_findings_and_says_what_it_was_compared_with(scan):
    result = scan(build.clean())
    assert not result.findings and not result.gaps
    assert result.section == {
        "packages": 2, "pinned": 2, "unpinned": 0, "installed": 0, "vulnerable": 0, "possible": 0, "malicious": 0,
        "advisories": {
            "available": True, "data_time": "2026-11-20T04:30:00Z", "fetched": "2026-11-20T05:00:00Z", "age_hours": 29, "label": "made up for tests",
        },
        "state": "complete",
    }  # fmt: skip
    facts = [fact for fact in result.report.facts if fact.kind == "dependencies.advisories"]
    assert [(fact.path, fact.digest, fact.records) for fact in facts] == [("", "ab" * 32, 5)]


def test_a_vulnerable_pin_is_named_with_its_line_bytes_and_cure(scan):
    result = scan(build.vulnerable())
    assert result.findings == [("vulnerable", "requirements.txt", 3)] * 2
    location = result.all[0].location
    assert build.BAD[location.start : location.end] == b"holey==1.0.0  # the hole"
    assert result.args("vulnerable") == {
        "version": "1.0.0", "package": "holey", "requirement": "holey==1.0.0", "advisory": "T-1", "aliases": "CVE-T-1",
        "fixed_in": "1.5", "fix": "fixed in 1.5", "certainty": "certain", "severity": "high", "summary": "a hole",
        "known": "T-1, severity high",
    }  # fmt: skip
    assert {finding.discriminator for finding in result.all} == {"T-1 holey", "T-2 holey"}
    assert result.messages()[0] == "holey==1.0.0 has T-1, severity high; fixed in 1.5"
    assert result.section["vulnerable"] == 2


def test_inclusions_are_followed_under_any_name(scan):
    result = scan(build.included())
    assert result.findings == [("vulnerable", "deps/more.cfg", 3)] * 2
    assert {row[0] for row in result.packages} == {"deps/more.cfg"}


def test_what_is_installed_is_certain(scan):
    result = scan(build.installed())
    assert result.findings == [("vulnerable", "lib/holey-1.0.0.dist-info/METADATA", -1)] * 2
    assert result.packages == [("lib/holey-1.0.0.dist-info/METADATA", "holey", "1.0.0", "dist-info")]
    assert result.section["installed"] == 1


def test_inclusions_that_lead_outside_are_findings_and_never_show_credentials(scan):
    result = scan(build.outside())
    assert sorted(result.findings) == [
        ("credentials", "requirements.txt", 3), ("include-outside", "requirements.txt", 1), ("include-outside", "requirements.txt", 2),
        ("include-outside", "requirements.txt", 3), ("missing-include", "requirements.txt", 4),
    ]  # fmt: skip
    assert "https://example.com" in str(result.messages())
    assert "secret" not in str(result.all)


def test_other_indexes_are_findings_and_never_show_credentials(scan):
    result = scan(build.confused())
    assert sorted([(f.rule, dict(f.args)) for f in result.all], key=str) == sorted([
        ("dependencies.remote-index", {"option": "--extra-index-url", "index": "https://pypi.example.com"}),
        ("dependencies.credentials", {"source": "https://pypi.example.com"}),
        ("dependencies.remote-index", {"option": "--trusted-host", "index": "10.0.0.7"}),
        ("dependencies.insecure-transport", {"source": "10.0.0.7"}),
    ], key=str)  # fmt: skip
    assert "secret" not in str(result.all)


def test_an_mlflow_model_is_read_with_its_environments(scan):
    result = scan(build.mlflow())
    assert result.findings == [("vulnerable", "conda.yaml", 3)] * 2 + [("conflict", "requirements.txt", 2)]
    assert result.args("conflict") == {
        "package": "holey", "requirement": "holey==2.0.0", "other": "holey==1.0.0", "where": "conda.yaml",
    }  # fmt: skip
    location = result.all[0].location
    assert build.mlflow()["conda.yaml"][location.start : location.end] == b"- holey=1.0.0"
    assert ("conda.yaml", "holey", "1.0.0", "conda") in result.packages
    assert ("conda.yaml", "pip", "<=23", "conda") in result.packages
    assert not any(row[1] == "python" for row in result.packages)


# -- versions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ("holey==1.0.0", ["vulnerable", "vulnerable"]),
        ("holey===1.0.0", ["vulnerable", "vulnerable"]),
        ("Holey == 1.0.0, <3", ["vulnerable", "vulnerable"]),
        ("holey==1.2", ["vulnerable"]),
        ("holey==2.0", []),
        ("holey<1.5", ["possibly-vulnerable", "unpinned", "vulnerable"]),
        ("holey", ["possibly-vulnerable", "unpinned"]),
        ("holey>=1.5", ["unpinned"]),
        ("holey==1.0,==2.0", ["unpinned"]),
        ("holey==1.0.0; sys_platform == 'win32'", []),
        ("holey==1.2; python_version < '3.9'", ["possibly-vulnerable"]),
        ("holey==1.2; python_version >= '3.6'", ["vulnerable"]),
        ("holey===junk", ["possibly-vulnerable", "unreadable-version"]),
        ("holey==1.2 !!", ["invalid-line", "possibly-vulnerable", "unpinned"]),
        ("https://e.example/holey-1.2-py3-none-any.whl", ["mutable-source", "remote-source", "vulnerable"]),
        ("holey @ git+https://e.example/holey.git@v1", ["mutable-source", "remote-source"]),
        (f"holey @ git+https://e.example/holey.git@{'0123456789' * 4}", ["remote-source"]),
        ("-e .", []),
        ("-e ../elsewhere", ["remote-source"]),
        ("./wheels/holey-1.2-py3-none-any.whl", ["missing-include", "vulnerable"]),
        ("setuptools", []),
        ("setuptools==65", ["vulnerable"]),
        ("pip\nwheel>=0.3", []),
        ("evil_pkg", ["malicious", "unpinned"]),
        ("Evil.Pkg==1.0", ["malicious"]),
        ("evil-pkg==1.0; sys_platform == 'win32'", ["malicious"]),
        ("taken-over==6.6.6", ["malicious"]),
        ("taken-over>=6", ["possibly-vulnerable", "unpinned"]),
        ("taken-over==6.6.7", []),
        ("-i https://download.pytorch.org/whl/cu121\n--extra-index-url https://pypi.org/simple", []),
        ("-i https://download.pytorch.org.example/whl", ["remote-index"]),
        ("-i http://pypi.org/simple", ["insecure-transport", "remote-index"]),
        ("-f wheels\n--find-links=./wheels/", []),
        ("-f /opt/wheels", ["remote-index"]),
        ("--trusted-host pypi.org", ["insecure-transport", "remote-index"]),
    ],
)  # fmt: skip
def test_what_one_list_leads_to(scan, line, rules):
    assert sorted(scan(root(line)).rules) == rules


def test_certainty_and_specifier_are_told(scan):
    result = scan(root("holey>=1,<2"))
    args = result.args("possibly-vulnerable")
    assert (args["specifier"], args["certainty"], "version" in args) == ("<2,>=1", "possible", False)
    assert args["safe"] == ">=1.5"
    assert result.messages()[0].startswith(
        "holey<2,>=1 may be installed with T-1, severity high, and 1 more; holey>=1.5 has none"
    )
    assert result.all[0].discriminator == "holey"
    assert scan(root("holey<1.5")).args("vulnerable")["certainty"] == "certain"


def test_constraints_narrow_what_is_asked_for(scan):
    files = {**root("-c c.txt\nholey\nnumpy\n"), "c.txt": b"Holey==2.0\nnumpy==1.0\nother==1.0\n"}
    result = scan(files)
    assert not result.findings
    assert {(row[1], row[2]) for row in result.packages} == {("holey", "2.0"), ("numpy", "1.0")}


def test_a_constraint_counts_for_what_others_may_need(scan):
    result = scan({**root("-c c.txt\nnumpy==1.0\n"), "c.txt": b"holey==1.2\n"})
    assert result.findings == [("possibly-vulnerable", "c.txt", 1)]


def test_a_constraint_of_one_model_does_not_narrow_another(scan):
    files = {
        "a/MLmodel": b"flavors: {}", "a/requirements.txt": b"-c ../c.txt\n-r ../shared.txt\n",
        "b/MLmodel": b"flavors: {}", "b/requirements.txt": b"-r ../shared.txt\n",
        "shared.txt": b"holey\n", "c.txt": b"holey==2.0\n",
    }  # fmt: skip
    assert sorted(scan(files).rules) == ["possibly-vulnerable", "unpinned"]


def test_what_a_constraint_file_includes_with_r_is_asked_for(scan):
    """So does pip."""
    files = {**root("-c c.txt\n"), "c.txt": b"-r r.txt\n", "r.txt": b"holey==1.2\n"}
    assert scan(files).findings == [("vulnerable", "r.txt", 1)]


def test_the_python_that_a_model_names_decides_its_markers(scan):
    line = b"holey==1.2; python_version < '3.9'\nnumpy==1.0\n"
    for python, rules in (("3.8.10", ["end-of-life-python", "vulnerable"]), ("3.12.12", [])):
        env = f"python: {python}\nbuild_dependencies: []\ndependencies:\n- -r requirements.txt\n".encode()
        assert scan({"requirements.txt": line, "python_env.yaml": env}).sorted == rules
        mlmodel = f"flavors:\n  python_function:\n    python_version: {python}\n".encode()
        assert scan({"requirements.txt": line, "MLmodel": mlmodel}).sorted == rules
        conda = f"dependencies:\n- python={python}\n- pip:\n  - -r requirements.txt\n".encode()
        assert scan({"requirements.txt": line, "conda.yaml": conda}).sorted == rules


@pytest.mark.parametrize(
    ("spec", "rules"),
    [
        ("holey=1.2=py310_0", ["vulnerable"]),
        ("conda-forge::holey==1.2", ["vulnerable"]),
        ("holey 1.2 py310_0", ["vulnerable"]),
        ("holey=1.2", ["vulnerable", "unpinned"]),
        ("holey=1.2.0", ["vulnerable"]),
        ("holey>=1.2", ["possibly-vulnerable", "unpinned"]),
        ("holey[version='>=2']", ["possibly-vulnerable", "unpinned"]),
        ("holey=1.2|2.0", ["possibly-vulnerable", "unpinned"]),
        ("holey 2.*", ["unpinned"]),
        ("libholey=1.2", []),
    ],
)
def test_conda_specifications(scan, spec, rules):
    assert sorted(scan({"environment.yml": f'dependencies:\n- "{spec}"\n'.encode()}).rules) == sorted(rules)


def test_lines_of_an_environment_are_found_in_order_or_not_at_all(scan):
    text = b'dependencies:\n- a==1\n# - b==1\n-   "holey==1.2"\n- pip:\n  - --pre\n  - holey==1.0.5  # comment\n'
    assert [row[2] for row in scan({"conda.yaml": text}).findings if row[0] == "vulnerable"] == [4, 7]
    assert [row[2] for row in scan({"conda.yaml": b"dependencies: [a==1, holey==1.2]\n"}).findings] == [-1]


def test_an_unreadable_installed_version_may_have_everything(scan):
    files = {"x/holey.egg-info/PKG-INFO": b"Metadata-Version: 1.0\nName: holey\nVersion: 0.1dev-r123-junk\n"}
    assert sorted(scan(files).rules) == ["possibly-vulnerable", "unreadable-version"]


def test_each_advisory_is_told_once_for_a_list_and_loose_lines_together(scan):
    result = scan(root("a\nholey==1.2\nholey==1.2\nb\nc==1\n!bad\n!!bad\n"))
    assert sorted(result.rules) == ["invalid-line", "unpinned", "vulnerable"]
    assert result.args("unpinned") == {"requirement": "a (any version)", "count": "2"}
    assert result.args("invalid-line")["lines"] == "2"
    assert result.section["unpinned"] == 2 and result.section["pinned"] == 3


# -- which lists count -------------------------------------------------------------------------------------------------

BAD = b"holey==1.2\nloose\n-i https://e.example/simple\n!bad\n"
COUNTS = ["invalid-line", "remote-index", "unpinned", "vulnerable"]


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt", "requirements-gpu.txt", "requirements.in", "model-1/requirements.txt",
        "env/python/requirements.txt", "env/python/requirements.lock.txt", "code/requirements.txt", "REQUIREMENTS.TXT",
        "inner.zip!/requirements.txt",
    ],
)  # fmt: skip
def test_a_list_where_somebody_installs_from_counts(scan, path):
    outer, bang, inner = path.partition("!/")
    files = {outer: zipped({inner: BAD})} if bang else {path: BAD}
    result = scan(files)
    assert sorted(result.rules) == COUNTS
    assert {finding.location.path for finding in result.all} == {path}


@pytest.mark.parametrize(
    "files",
    [
        {"docs/requirements.txt": BAD, "model.bin": b"x"},
        {"tests/data/requirements.txt": BAD, "model.bin": b"x"},
        {"requirements-dev.txt": BAD},
        {"dev_requirements.txt": BAD},
        {"constraints.txt": BAD},
        {"lib/foo-1.0.dist-info/requirements.txt": BAD, "model.bin": b"x"},
        {"foo-1.0-py3-none-any.whl": zipped({"requirements.txt": BAD, "foo/requirements.txt": BAD})},
        {"foo-1.0.zip": zipped({"foo-1.0/PKG-INFO": build.metadata("foo", "1.0"), "foo-1.0/requirements.txt": BAD})},
    ],
    ids=["docs", "tests", "dev", "dev 2", "constraints", "dist-info", "wheel", "sources"],
)
def test_a_list_that_nobody_installs_from_is_one_note(scan, files):
    result = scan(files)
    assert set(result.rules) == {"unreferenced-vulnerable"}
    assert result.args("unreferenced-vulnerable")["count"] == "1"
    assert result.section["vulnerable"] == result.section["pinned"] == 0
    assert scan(files, db=None).gaps == [("", "unavailable")]


def test_a_malicious_package_is_told_wherever_it_is_named(scan):
    assert scan({"docs/requirements.txt": b"evil-pkg\n", "model.bin": b"x"}).rules == ["malicious"]


def test_a_wheel_and_a_folder_of_installed_packages_are_their_own_affair(scan, tmp_path):
    wheel = {"requirements.txt": BAD, "foo-1.0.dist-info/METADATA": build.metadata("foo", "1.0")}
    assert scan(zipped(wheel), name="foo-1.0-py3-none-any.whl").rules == ["unreferenced-vulnerable"]
    site = tmp_path / "site-packages"
    (site / "foo-1.0.dist-info").mkdir(parents=True)
    (site / "foo-1.0.dist-info" / "METADATA").write_bytes(build.metadata("foo", "1.0"))
    (site / "requirements.txt").write_bytes(BAD)
    assert scan.path(str(site)).rules == ["unreferenced-vulnerable"]


def test_metadata_at_the_root_of_a_model_does_not_take_its_list_out_of_force(scan):
    files = {
        "requirements.txt": BAD,
        "PKG-INFO": build.metadata("foo", "1.0"),
        "foo-1.0.dist-info/METADATA": b"Name: a",
    }
    assert sorted(scan(files).rules) == COUNTS


def test_a_manifest_puts_any_list_in_force(scan):
    result = scan(build.torchserve({"docs/dev-needs": BAD}, "docs/dev-needs"))
    assert sorted(result.rules) == COUNTS


def test_that_a_manifest_names_what_is_not_there_is_left_to_integrity(scan):
    assert not scan(build.torchserve({"a.bin": b"x"}, "gone.txt")).findings


def test_a_tar_with_everything_in_one_folder(scan):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in {
            "./m/requirements.txt": b"-r more/base\n",
            "./m/more/base": BAD,
            "./m/model.bin": b"x",
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    assert sorted(scan(out.getvalue(), name="m.tar.gz").rules) == COUNTS


def test_an_environment_that_mlflow_names_counts_whatever_it_is_called(scan):
    mlmodel = b"flavors:\n  python_function:\n    env:\n      conda: sub/my-env.yaml\n"
    result = scan({"MLmodel": mlmodel, "sub/my-env.yaml": b"dependencies:\n- pip:\n  - holey==1.2\n"})
    assert result.findings == [("vulnerable", "sub/my-env.yaml", 3)]


def test_inclusions_that_nobody_reaches_do_not_use_up_those_of_the_list_in_force(scan, monkeypatch):
    monkeypatch.setattr("gate.packages.lists._HELD", 3)
    files = {"aaa/requirements.txt": b"-r x\n" * 5, **root("-r base\n"), "base": b"holey==1.2\n"}
    assert scan(files).gaps == [("requirements.txt", "too-many")]


def test_what_stands_behind_64_kibibytes_of_comments_counts(scan):
    comment = b"# " + b"x" * 70_000 + b"\n"
    mlmodel = comment + b"flavors:\n  python_function:\n    python_version: 3.12.1\n"
    files = {
        "a/b/MLmodel": mlmodel, "a/b/requirements.txt": comment + b"holey==1.2\n",
        "a/b/conda.yaml": comment + b"dependencies:\n- holey==1.2\n", "model.bin": b"x",
    }  # fmt: skip
    assert scan(files).findings == [("vulnerable", "a/b/conda.yaml", 3), ("vulnerable", "a/b/requirements.txt", 2)]


@pytest.mark.parametrize("text", [b"server:\n  port: 1\n", b"", b"- a\n", b"x"])
def test_an_environment_of_something_else_is_nothing(scan, text):
    result = scan({"environment.yaml": text})
    assert not result.gaps and not result.packages
    assert scan({"conda.yaml": b"dependencies: all of them\n"}).gaps == [("conda.yaml", "corrupt")]


def test_circles_are_told_and_end(scan):
    result = scan({**root("-r a.txt\nnumpy==1.0\n"), "a.txt": b"-r requirements.txt\n-r a.txt\n"})
    assert result.findings == [("missing-include", "a.txt", 1), ("missing-include", "a.txt", 2)]
    assert "leads back" in result.messages()[0]


# -- the data base -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("db", [None, "damaged.db"])
def test_packages_without_a_data_base_are_one_gap_and_everything_else_is_still_told(scan, db):
    result = scan(root("holey==1.0.0\nnumpy\n-r gone.txt\n"), db=db)
    assert result.gaps == [("", "unavailable")]
    assert sorted(result.rules) == ["missing-include", "unpinned"]
    assert result.section["state"] == "partial"
    assert result.section["advisories"] == {
        "available": False,
        "data_time": None,
        "fetched": None,
        "age_hours": None,
        "label": "",
    }


@pytest.mark.parametrize("files", [{"model.bin": b"x"}, root("# nothing\n"), root("")])
def test_without_packages_no_data_base_is_missed_or_opened(scan, files):
    result = scan(files, db="damaged.db")
    assert not result.gaps and not result.findings


def test_each_package_is_looked_up_once(scan):
    scan({**root("numpy==1.0\nnumpy==1.0.0\nb\nb\n"), "docs/requirements.txt": b"b\nnumpy==1.0\n"})
    assert sorted(scan.database.asked) == [("b", ""), ("numpy", "1.0")]


@pytest.mark.parametrize(
    ("now", "age"), [("", None), ("2026-11-20T05:29:59Z", 0), ("2020-01-01T00:00:00Z", 0), ("2026-11-21T05:00:00Z", 24)]
)
def test_the_age_of_the_data_is_in_whole_hours(scan, now, age):
    assert scan(root("numpy==1.0"), now=now).section["advisories"]["age_hours"] == age


def test_workers_and_one_process_say_the_same(scan, tmp_path):
    from gate import pipeline

    path = tmp_path / "m.zip"
    path.write_bytes(build.included())
    team = registry.load(inputs=Inputs(advisories="good.db"))
    one, two = (pipeline.scan(str(path), team, Limits(), jobs=jobs) for jobs in (0, 2))
    assert list(one.findings) == list(two.findings) and list(one.facts) == list(two.facts)
