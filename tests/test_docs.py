"""Documentation is kept true by running it."""

from __future__ import annotations

import dataclasses
import os
import re

import pytest

from gate.core.limits import Limits
from gate.policy.site_data import parse as parse_data
from gate.policy.waiver_file import parse as parse_waivers
from tests.conftest import ROOT

DOCS = ROOT / "docs"
_HELP = re.compile(r"<!-- help:([a-z ]*) -->\n(?:```console\n(.*?)```\n)?", re.DOTALL)
_LIMITS = re.compile(r"(<!-- limits -->\n\| name [^\n]*\n\|---[^\n]*\n)(.*?)(<!-- /limits -->)", re.DOTALL)
UPDATE = os.environ.get("UPDATE_SNAPSHOTS") == "1"


def block(text, language, number=0):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)[number]


def test_the_help_in_the_docs_is_what_the_program_prints(gate):
    def printed(found):
        command = found[1].split()
        text = gate(*command, "--help").stdout.replace("python -m gate", "gate")
        return f"<!-- help:{found[1]} -->\n```console\n$ gate {' '.join([*command, '--help'])}\n{text}```\n"

    page = (DOCS / "cli.md").read_text()
    fresh = _HELP.sub(printed, page)
    if UPDATE:
        (DOCS / "cli.md").write_text(fresh)
    assert fresh == page or UPDATE


def test_the_table_of_limits_is_that_of_the_code():
    source = (ROOT / "gate" / "core" / "limits.py").read_text()
    rows = []
    for field in dataclasses.fields(Limits):
        said = re.search(rf"    {field.name}: [^\n]*\n    \"\"\"(.*?)\"\"\"", source, re.DOTALL)
        assert said, f"{field.name} says neither its unit nor its reason"
        rows.append(f"| `{field.name}` | {field.default} | {' '.join(said[1].split())} |\n")
    page = (DOCS / "limits.md").read_text()
    fresh = _LIMITS.sub(lambda found: found[1] + "".join(rows) + found[3], page)
    if UPDATE:
        (DOCS / "limits.md").write_text(fresh)
    assert fresh == page or UPDATE


def test_the_inspector_of_the_tutorial_works_as_it_stands(gate, make, tmp_path):
    page = (DOCS / "inspectors.md").read_text()
    for folder, name, language in (("inspectors", "owner.py", "python"), ("rules", "owner.yaml", "yaml")):
        (tmp_path / "acme" / folder).mkdir(parents=True)
        (tmp_path / "acme" / folder / name).write_text(block(page, language))
    good, bad = (
        make({"README.md": text}, name) for text, name in ((b"# M\nOwner: us\n", "good.zip"), (b"# M\n", "bad.zip"))
    )
    assert gate("scan", good, "--extension", tmp_path / "acme").returncode == 0
    result = gate("scan", bad, "--extension", tmp_path / "acme")
    assert result.returncode == 1 and "README.md names no owner" in result.stdout


def test_the_waiver_and_the_policy_data_in_the_docs_are_accepted():
    page = (DOCS / "cli.md").read_text()
    (waiver,) = parse_waivers(block(page, "toml").encode(), "docs")
    assert (waiver.created, waiver.expires) == ("2026-11-01T00:00:00Z", "2027-02-01T00:00:00Z")
    assert set(parse_data(block(page, "yaml").encode(), "docs")) == {"actions", "stages"}


@pytest.mark.parametrize(
    "page", sorted(path.relative_to(ROOT).as_posix() for path in (*DOCS.rglob("*.md"), ROOT / "README.md"))
)
def test_no_link_between_pages_is_broken(page):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", (ROOT / page).read_text()):
        assert (ROOT / page).parent.joinpath(target).exists(), target


def test_every_option_of_the_contract_that_exists_is_explained():
    assert all(
        word in (ROOT / "README.md").read_text() for word in ("gate demo", "gate scan", "gate facts", "gate explain")
    )
