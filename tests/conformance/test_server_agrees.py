"""A real OPA server gives the embedded engine's answer: on the bank's model, and on documents that nobody chose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from fixtures.churn import build, surroundings
from gate.adapters.opa_server import Server
from gate.adapters.opa_wasm import Embedded
from gate.advisories.sample import sample
from gate.core.errors import EngineError
from gate.policy.both import Both
from gate.policy.site_data import parse
from tests.adapters.test_opa_wasm import clean
from tests.conformance.test_engines_agree import documents
from tests.conformance.test_fixtures import CASES
from tests.conftest import NOW, ROOT
from tests.opa import DIGEST, OPTIONS, TOKEN, answering, authz_bundle, faking, free_port, good, running, site_bundle
from tests.policy.scenes import ALLOW, COMPILED
from tests.test_docs import block

SYSTEM = b"cos\nsystem\n(S'true'\ntR."
"""Runs a command when it is loaded."""
SITE = {
    "actions": {"x.note": "deny", "x.error": "warn", "gap.corrupt": "off", "x.none": "inconclusive"},
    "stages": {"staging": {"actions": {"x.note": "off"}}},
    "required_sections": ["licences"],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build.build(str(tmp_path_factory.mktemp("churn")))


@pytest.fixture(scope="module")
def supplies(built, tmp_path_factory):
    return surroundings.supply(str(tmp_path_factory.mktemp("supplies")), built)


@pytest.fixture(scope="module")
def given_files(supplies, tmp_path_factory):
    database = sample(str(tmp_path_factory.mktemp("db")))
    return ("--trust", supplies.trust, "--profile", supplies.profile, "--db", database, "--effective-time", NOW)


@pytest.fixture(scope="module")
def server(supplies, tmp_path_factory):
    """With the standard bundle, the bank's policy data, and two questions that the token may ask."""
    config = parse(Path(supplies.policy_data).read_bytes(), "policy-data.yaml")
    authz = authz_bundle(tmp_path_factory.mktemp("authz"))
    with running("policies", site_bundle(tmp_path_factory.mktemp("site"), config), authz, options=OPTIONS) as real:
        yield real


@pytest.fixture(scope="module")
def asking(server, tmp_path_factory):
    token = tmp_path_factory.mktemp("token") / "token"
    token.write_text(TOKEN + "\n")
    return ("--opa-url", server.url, "--opa-token-file", token)


def decided(result):
    assert result.stderr == ""
    return json.loads(result.stdout)["decision"]


@pytest.mark.parametrize("stage", ["production", "staging"])
def test_both_engines_decide_about_each_variant_of_the_banks_model(gate, built, supplies, given_files, asking, stage):
    cases = {name: CASES[name, wanted] for name, wanted in CASES if wanted == stage}
    targets = [getattr(built, name) for name in cases]
    own = ("--policy-data", supplies.policy_data)
    options = (*own, *asking, "--engine-check", "--stage", stage, *given_files, "-f", "json")
    result = gate("scan", *targets, *options)
    assert result.stderr == "" and result.returncode == 1
    decisions = [json.loads(line)["decision"] for line in result.stdout.splitlines()]
    for (outcome, codes), decision in zip(cases.values(), decisions, strict=True):
        assert decision["outcome"] == outcome
        assert {row["code"] for row in decision["reasons"]} == codes
        assert decision["policy"]["engine"] == "embedded+opa"


def test_the_servers_decision_is_the_embedded_one_to_the_letter(gate, make, supplies, asking):
    target = (make({"model.pkl": SYSTEM, "x.pkl": b"corrupt"}), "--effective-time", NOW, "-f", "json")
    ours = decided(gate("scan", *target, "--policy-data", supplies.policy_data))
    theirs = decided(gate("scan", *target, *asking, "--engine", "opa"))
    assert ours["policy"]["digest"] == {"sha256": DIGEST} and ours["outcome"] == "deny"
    # The same policy and the same data, by digest.
    assert theirs == {**ours, "policy": {**ours["policy"], "engine": "opa"}}


def test_the_data_of_the_docs_has_the_same_digest_on_the_server(tmp_path):
    data = block((ROOT / "docs" / "policy-server.md").read_text(), "yaml")
    config = tmp_path / "gate_site" / "config"
    config.mkdir(parents=True)
    (config / "data.yaml").write_text(data)
    (tmp_path / ".manifest").write_text(block((ROOT / "docs" / "policy-server.md").read_text(), "json"))
    with running("policies", tmp_path) as real:
        embedded = Embedded(COMPILED, overlay=parse(data.encode(), "data.yaml"))
        both = Both(embedded, Server(real.url, expected=DIGEST))
        assert both.evaluate(clean()) == ALLOW
        assert both.data_digest == embedded.data_digest is not None
        both.first.close()
        both.second.close()


def test_a_check_without_the_data_that_the_server_holds_is_inconclusive(gate, make, asking):
    result = gate("scan", make({"a": b"1"}), *asking, "--engine-check", "-f", "json")
    assert result.returncode == 3
    assert [row["code"] for row in decided(result)["reasons"]] == ["engine.digest-mismatch"]


def test_the_token_is_in_no_output(gate, make, server, asking, tmp_path):
    (tmp_path / "wrong").write_text("wrong-token-0123456789")
    for options in (asking, ("--opa-url", server.url, "--opa-token-file", tmp_path / "wrong")):
        formats = [part for name in ("json", "sarif", "markdown") for part in ("-o", f"{name}={tmp_path / name}")]
        result = gate("scan", make({"a": b"1"}), "--engine", "opa", *options, *formats, "-v")
        written = [(tmp_path / name).read_text() for name in ("json", "sarif", "markdown")]
        for text in (result.stdout, result.stderr, *written):
            assert TOKEN not in text and "wrong-token" not in text
    assert result.returncode == 3 and "HTTP 401" in result.stdout


def answer(engine, document):
    try:
        return engine.evaluate(document)
    except EngineError as error:
        return error.code


@pytest.mark.parametrize("config", [None, SITE], ids=["standard", "own data"])
def test_two_engines_agree_on_a_thousand_documents_each_way(config, tmp_path):
    bundles = ("policies",) if config is None else ("policies", site_bundle(tmp_path / "site", config))
    with running(*bundles) as real:
        both = Both(Embedded(COMPILED, overlay=config), Server(real.url, expected=DIGEST))
        answers = []

        @settings(max_examples=1000, deadline=None, derandomize=True, database=None)
        @given(documents())
        def compare(document):
            answers.append(answer(both, document))
            assert answers[-1] == "undefined" or isinstance(answers[-1], dict)

        compare()
        both.first.close()
        both.second.close()
    outcomes = {row if isinstance(row, str) else row["outcome"] for row in answers}
    wanted = {"deny", "inconclusive", "undefined"} | ({"allow"} if config is None else set())
    assert wanted <= outcomes and len(answers) >= 1000  # agreeing on nothing would prove nothing


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--engine", "opa"), "--opa-url"),
        (("--engine-check",), "--opa-url"),
        (("--engine", "regorus"), "embedded or opa"),
        (("--opa-url", "http://127.0.0.1:1"), "--engine opa"),
        (("--opa-token-file", "x"), "--engine opa"),
        (("--opa-ca", "x"), "--engine opa"),
        (("--engine", "opa", "--opa-url", "http://127.0.0.1:1", "--policy-data", "x"), "data.gate_site.config"),
        (("--engine", "opa", "--opa-url", "http://opa.example"), "https"),
        (("--engine", "opa", "--opa-url", "https://u:hunter2@opa.example"), "--opa-url"),
        (("--engine", "opa", "--opa-url", "http://127.0.0.1:1", "--opa-token-file", "/nowhere"), "--opa-token-file"),
    ],
)
def test_options_that_contradict_each_other_are_a_mistake(gate, make, arguments, said):
    result = gate("scan", make({"a": b"1"}), *arguments)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.count("\n") == 1 and said in result.stderr and "hunter2" not in result.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"two words 0123", b"short"])
def test_a_token_file_without_a_token_is_a_mistake(gate, make, tmp_path, content):
    (tmp_path / "token").write_bytes(content)
    options = ("--engine", "opa", "--opa-url", "http://127.0.0.1:1", "--opa-token-file", tmp_path / "token")
    result = gate("scan", make({"a": b"1"}), *options)
    assert result.returncode == 2 and "--opa-token-file" in result.stderr and "two words" not in result.stderr


def test_a_token_inside_the_target_is_refused(gate, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    options = ("--engine", "opa", "--opa-url", "http://127.0.0.1:1", "--opa-token-file", tmp_path / "token")
    assert gate("scan", tmp_path, *options).returncode == 2


@pytest.mark.parametrize("engine", [("--engine", "opa"), ("--engine-check",)])
def test_a_server_that_is_down_is_inconclusive_in_one_line(gate, make, engine):
    result = gate("scan", make({"a": b"1"}), *engine, "--opa-url", f"http://127.0.0.1:{free_port()}", "-f", "json")
    (reason,) = decided(result)["reasons"]
    assert result.returncode == 3 and reason["code"] == "engine.unavailable"
    assert "Connection refused" in reason["message"] and "\n" not in reason["message"]


def test_a_server_that_allows_what_the_embedded_engine_denies_is_found_out(gate, make):
    with faking(answering(good(ALLOW))) as fake:
        target = (make({"model.pkl": SYSTEM}), "--opa-url", fake.url, "-f", "json")
        checked, alone = gate("scan", *target, "--engine-check"), gate("scan", *target, "--engine", "opa")
    assert checked.returncode == 3
    assert [row["code"] for row in decided(checked)["reasons"]] == ["engine.engines-differ"]
    # Alone it can only be caught where a mandatory code was found.
    assert [row["code"] for row in decided(alone)["reasons"]] == ["engine.bad-result"]
