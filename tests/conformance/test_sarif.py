"""SARIF as the schema of the standard and the validator of its authors see it; .ci/sarif.sh installs both."""

import json
import os
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from gate.output.sarif import render
from tests.output.results import HOSTILE, RESULTS, hostile

FOLDER = Path(__file__).parents[2] / ".tools/sarif/node_modules/@microsoft/sarif-multitool-linux"
COMPLAINT = re.compile(r": (?:error|warning) (\w+): .*")
LOGS = {name: render(*result()) for name, result in RESULTS.items()} | {
    f"hostile-{i}": render(*hostile(text)) for i, text in enumerate(HOSTILE)
}


@pytest.fixture(scope="module")
def tool():
    if not (FOLDER / "Sarif.Multitool").exists():
        message = "the SARIF validator is not installed: run .ci/sarif.sh (needs npm)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return FOLDER


def complaints(tool, logs, folder):
    """What the validator says at level warning and error, GitHub's own rules included."""
    paths = [folder / f"{i}.sarif" for i in range(len(logs))]
    for path, log in zip(paths, logs, strict=True):
        path.write_text(json.dumps(log), encoding="ascii")
    done = subprocess.run(
        [tool / "Sarif.Multitool", "validate", *paths, "--rule-kind", "Sarif;Ghas"],
        capture_output=True,
        check=False,  # its exit code is 0 whatever it finds
        text=True,
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        timeout=120,
    )
    assert f"Done. {len(logs)} files scanned." in done.stdout, done.stdout + done.stderr
    return [match for line in done.stdout.splitlines() if (match := COMPLAINT.search(line))]


@pytest.mark.parametrize("name", sorted(LOGS))
def test_a_log_conforms_to_the_schema_of_the_standard(tool, name):
    schema = json.loads((tool / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    jsonschema.validators.validator_for(schema)(schema).validate(json.loads(LOGS[name]))


def test_the_validator_has_no_error_and_no_warning(tool, tmp_path):
    single = [json.loads(text) for text in LOGS.values()]
    # Many runs in one log, for speed; GitHub takes at most 20 (GH1013).
    logs = [{**single[0], "runs": [log["runs"][0] for log in single[i : i + 20]]} for i in range(0, len(single), 20)]
    assert [match[0] for match in complaints(tool, logs, tmp_path)] == []


def test_the_validator_would_say_what_is_wrong(tool, tmp_path):
    log = json.loads(LOGS["denied"])
    del log["runs"][0]["tool"]["driver"]["rules"][0]["fullDescription"]
    log["runs"][0]["artifacts"][1]["location"]["uri"] = "/a"
    found = complaints(tool, [log], tmp_path)
    assert {match[1] for match in found} == {"GH2012", "SARIF1004"}
