"""gate compare, as a user runs it."""

import json

import pytest

from gate import pipeline
from gate.core.limits import Limits
from tests.cli.inside import inside  # noqa: F401
from tests.compare.pairs import base, layers, looking, own
from tests.compare.saving import saved
from tests.conftest import zipped


@pytest.fixture
def run(inside):  # noqa: F811
    """gate compare in this process: forks would cost more than the comparison."""
    return lambda *arguments: inside("compare", *arguments, "--jobs", "0")


@pytest.fixture
def two(tmp_path):
    """Two archives; the second has other weights under a patch release."""
    for name, new in (
        ("old.zip", {}),
        ("new.zip", {"model.safetensors": layers(fill=1), "gate-model.yaml": own("1.2.1")}),
    ):
        (tmp_path / name).write_bytes(zipped({**base(), **new}))
    return tmp_path / "old.zip", tmp_path / "new.zip"


def test_a_step_that_is_too_small_ends_in_1_and_another_version_in_0(run, two):
    result = run(*two)
    assert result.returncode == 1 and "metadata.version-bump-too-small" in result.stdout
    assert run(*two, "--new-version", "1.3.0").returncode == 0
    assert run(*two, "--exit-zero").returncode == 0
    assert run(two[0], two[0]).returncode == 0


def test_what_cannot_be_compared_ends_in_3(run, two):
    result = run(*two, "--new-version", "latest")
    assert result.returncode == 3 and "new version latest" in result.stdout


def test_json_goes_to_a_file_and_to_standard_output(run, two, tmp_path):
    file = tmp_path / "c.json"
    result = run(*two, "-f", "json", "-o", f"json={file}")
    assert result.stdout == file.read_text() and json.loads(result.stdout)["bump"]["required"] == "minor"
    assert run(*two, "-q").stdout == ""


def test_results_that_were_saved_say_the_same_as_the_archives(inside, run, two, tmp_path):  # noqa: F811
    old, new, old_inventory, new_inventory = (tmp_path / name for name in ("o.json", "n.json", "o.jsonl", "n.jsonl"))
    inside("scan", two[0], "--jobs", "0", "-q", "-o", f"json={old}", "-o", f"inventory={old_inventory}")
    data, lines = saved(pipeline.scan(str(two[1]), looking(), Limits(), 0))  # a second scan would cost seconds
    new.write_bytes(data)
    new_inventory.write_bytes(b"".join(lines()))
    both = ("--old-inventory", old_inventory, "--new-inventory", new_inventory)
    told = json.loads(run(old, new, *both, "-f", "json").stdout)
    live = json.loads(run(*two, "-f", "json").stdout)
    assert told["old"].pop("source") == told["new"].pop("source") == "result"
    assert live["old"].pop("source") == live["new"].pop("source") == "archive"
    assert told == live
    mixed = run(old, two[1], "--old-inventory", old_inventory)
    assert mixed.returncode == 1 and "(a saved result)" in mixed.stdout
    bare = run(old, new, "-f", "json")
    assert bare.returncode in (1, 3) and "no-inventory" in bare.stdout
    wrong = run(old, new, "--old-inventory", new_inventory)
    assert wrong.returncode == 2 and "another archive" in wrong.stderr
    mistaken = run(old_inventory, new)
    assert mistaken.returncode == 2 and "no saved result" in mistaken.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere", "{new}"), "No such file"),
        (("{new}",), "NEW"),
        (("-", "-"), "standard input"),
        (("{old}", "{new}", "-f", "sarif"), "no such format; there are json, text"),
        (("{old}", "{new}", "-o", "json"), "FORMAT=PATH"),
        (("{old}", "{new}", "--limit", "colour=3"), "no such limit"),
        (("{old}", "{new}", "--old-inventory", "{new}"), "is no saved result"),
        (("{large}", "{new}"), "has more than"),
        (("{cut}", "{new}"), "JSON"),
    ],
)
def test_a_wrong_use_is_told_in_one_line(run, two, tmp_path, arguments, says):
    large, cut = tmp_path / "large.json", tmp_path / "cut.json"
    with large.open("wb") as file:
        file.write(b'{"decision":{"outcome":"allow"')
        file.truncate(100_000_000)
    cut.write_bytes(b'{"decision":{"outcome":"allow"}, "facts": [')
    names = {"old": two[0], "new": two[1], "large": large, "cut": cut}
    result = run(*(text.format(**names) for text in arguments))
    assert result.returncode == 2 and says in result.stderr and result.stderr.count("\n") == 1
