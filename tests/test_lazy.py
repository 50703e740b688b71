"""Third parties cost nothing until there is something for them to look at."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fixtures.churn.contents import safetensors
from fixtures.churn.signing import public_key
from tests.conftest import NOW, ROOT, zipped

HEAVY = {"presidio_analyzer", "spacy", "pip_audit", "lief", "sigstore", "tuf", "pyarrow"}
LOADED = """
import json, sys
from gate.cli import main
sys.argv = ["gate", *json.loads(sys.argv[1])]
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""
WEIGHTS = safetensors({"w": ((2,), bytes(8))}, {"format": "np"})


def loaded(*arguments):
    command = [sys.executable, "-c", LOADED, json.dumps([*map(str, arguments)])]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return set(json.loads(run.stderr.splitlines()[-1])), run


def test_a_clean_archive_of_weights_imports_none_of_them(tmp_path):
    archive = tmp_path / "model.zip"
    archive.write_bytes(zipped({"model.safetensors": WEIGHTS, "README.md": b"# A model\n\nNo numbers, no names.\n"}))
    modules, run = loaded("scan", archive, "--jobs", "0", "--effective-time", NOW)
    assert run.returncode == 0, run.stdout
    assert modules & HEAVY == set()


@pytest.mark.parametrize(
    ("name", "data", "library"),
    [
        ("people.csv", b"name,email\n" + b"A B,a.b@bank.example\n" * 9, "presidio_analyzer"),
        ("requirements.txt", b"pillow==9.0.0\n", "pip_audit"),
    ],
)
def test_each_is_imported_for_what_it_reads_and_only_then(tmp_path, name, data, library):
    from gate.advisories.sample import sample

    archive = tmp_path / "model.zip"
    archive.write_bytes(zipped({"model.safetensors": WEIGHTS, name: data}))
    modules, _ = loaded("scan", archive, "--jobs", "0", "--db", sample(str(tmp_path)))
    assert library in modules
    assert "lief" not in modules and "sigstore" not in modules


def test_the_reader_of_libraries_never_enters_the_process_that_scans(tmp_path):
    from fixtures.churn.elf import shared_object

    archive = tmp_path / "model.zip"
    archive.write_bytes(zipped({"lib/x.so": shared_object()}))
    modules, run = loaded("facts", archive, "--jobs", "0")
    assert json.loads(run.stdout)["native"]["libraries"] == 1
    assert "lief" not in modules


def test_an_admission_starts_without_scanners_and_without_what_only_checks_options(tmp_path):
    (tmp_path / "k.pub").write_bytes(public_key())
    (tmp_path / "trust.yaml").write_text("version: 1\nkeys: [{name: k, file: k.pub, roles: [verifier]}]\n")
    place = ("--stage", "staging", "--environment", "eu", "--trust", tmp_path / "trust.yaml")
    given = ("--digest", "sha256:" + "ab" * 32, "--attestation", tmp_path / "none.json")
    modules, run = loaded("admit", *given, *place)
    assert run.returncode == 3 and "admission.unreadable" in run.stdout, run.stdout + run.stderr
    assert modules & (HEAVY | {"pydantic"}) == set()
