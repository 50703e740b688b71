"""gate attest: a result that was saved, and the archive that it is about."""

import json
import os

import pytest

from gate.attest import uris
from tests.cli.desk import EVIL, PASSWORD, WEIGHTS, desk, read
from tests.cli.inside import inside

__all__ = ["desk", "inside"]


@pytest.fixture
def later(inside, desk):
    """gate attest of a result that was saved before."""

    def run(target, *options):
        saved = inside("scan", target, "-f", "json", "--jobs", "0")
        (desk / "result.json").write_text(saved.stdout)
        signing = ("--sign-key", desk / "k.key", "--attest-dir", desk / "out")
        return lambda: inside("attest", desk / "result.json", *signing, *options, env=PASSWORD)

    return run


@pytest.mark.parametrize("folder", [False, True])
def test_a_saved_result_is_signed_when_the_target_has_its_digest(later, make, desk, folder):
    target = make(WEIGHTS)
    if folder:
        target = desk / "model"
        (target / "sub").mkdir(parents=True)
        (target / "sub" / "model.safetensors").write_bytes(WEIGHTS["model.safetensors"])
        (target / "inner.zip").write_bytes(make(WEIGHTS).read_bytes())
    run = later(target, "--file", target)()
    assert run.returncode == 0, run.stderr
    decision = read(desk, f"{target.name}.gate.sigstore.json")["predicate"]
    assert (decision["basis"], decision["outcome"]) == ("result", "allow")
    assert read(desk, f"{target.name}.vsa.sigstore.json")["predicate"][uris.BASIS] == "result"


def test_a_target_that_is_not_what_was_judged_is_not_signed(later, make, desk):
    target = make(WEIGHTS)
    attest = later(target, "--file", target)
    make(EVIL)
    run = attest()
    assert run.returncode == 3 and "does not have the digest of the result" in run.stderr
    assert os.listdir(desk / "out") == []


def test_a_result_without_its_target_says_so(later, make, desk):
    assert later(make(WEIGHTS), "--unverified-result")().returncode == 0
    assert read(desk, "model.zip.gate.sigstore.json")["predicate"]["basis"] == "unverified-result"
    assert read(desk, "model.zip.vsa.sigstore.json")["predicate"][uris.BASIS] == "unverified-result"


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (lambda result: result["request"].update(effective_time="2199-01-01T00:00:00Z"), 2, "yet to come"),
        (lambda result: result["subject"].update(name="../../x"), 3, "no file can be called after it"),
        (lambda result: result["subject"].update(name=""), 3, "no file can be called after it"),
        (lambda result: result["subject"].update(digest={}), 3, "has no digest"),
        (lambda result: result.update(schema="x"), 2, "is no gate.result/v1"),
    ],
)
def test_a_result_that_nobody_wrote_is_refused(later, make, desk, change, code, said):
    attest = later(make(WEIGHTS), "--unverified-result")
    document = json.loads((desk / "result.json").read_text())
    change(document)
    (desk / "result.json").write_text(json.dumps(document))
    run = attest()
    assert run.returncode == code and said in run.stderr and run.stderr.count("\n") == 1
    assert os.listdir(desk / "out") == [] and not (desk / "x.claims.jsonl").exists()


@pytest.mark.parametrize("options", [(), ("--unverified-result", "--file", "x")])
def test_one_has_to_say_what_the_result_is_compared_with(inside, desk, options):
    run = inside("attest", desk / "result.json", *options)
    assert run.returncode == 2 and "either --file TARGET or --unverified-result" in run.stderr


def test_attest_needs_a_key(inside, desk):
    run = inside("attest", desk / "result.json", "--unverified-result")
    assert run.returncode == 2 and "needs --sign-key" in run.stderr
