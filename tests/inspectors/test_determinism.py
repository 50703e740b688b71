import json

import pytest

from fixtures.determinism import runs
from tests.conftest import NOW

GOOD = {"gate-model.yaml": runs.model(), "requirements.lock": runs.LOCK}


@pytest.fixture
def told(make):
    """The section, the facts and the findings of determinism, through the pipeline."""
    from gate import pipeline, registry
    from gate.inspectors import Inputs

    team = registry.load(inputs=Inputs(effective_time=NOW))

    def scan(files):
        report = pipeline.scan(str(make(files)), team, jobs=0)
        facts = [fact for fact in report.facts if fact.kind == "determinism.run"]
        findings = [f for f in report.findings if f.rule.startswith("determinism.")]
        gaps = [(g.location.path, str(g.reason)) for g in report.gaps if g.inspector == "determinism"]
        return report.sections["determinism"], facts, findings, gaps

    return scan


def test_a_run_whose_id_follows_from_its_parts(told):
    section, (run,), findings, gaps = told(GOOD)
    assert (run.state, run.declared, run.computed) == ("match", runs.run_id(), runs.run_id())
    assert (findings, gaps) == ([], [])
    good = {name: section[name] for name in ("reproducible", "seeds_recorded", "env_hashed", "data_strong")}
    assert set(good.values()) == {True} and section["missing"] == [] and section["run_id"] == "match"


@pytest.mark.parametrize(
    "lock",
    [runs.LOCK.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + runs.LOCK, b"".join(reversed(runs.LOCK.splitlines(True)))],
    ids=["crlf", "mark", "order"],
)
def test_how_a_lock_is_laid_out_does_not_matter(told, lock):
    assert told({**GOOD, "requirements.lock": lock})[0]["run_id"] == "match"


@pytest.mark.parametrize(
    "files",
    [
        {"requirements.lock": runs.LOCK.replace(b"2.1.0", b"2.1.1")},
        {"gate-model.yaml": runs.model(params={**runs.PARAMS, "lr": 0.02})},
        {"gate-model.yaml": runs.model(code={"commit": "0" * 40})},
        {"gate-model.yaml": runs.model(data=[{"name": "train", "digest": runs.DATA["train"]}])},
        {"gate-model.yaml": runs.model(run_id="sha256:" + "00" * 32)},
    ],
    ids=["lock", "params", "code", "data", "id"],
)
def test_a_part_that_was_changed_is_an_error(told, files):
    section, _, findings, _ = told({**GOOD, **files})
    assert [f.rule for f in findings] == ["determinism.run-id-mismatch"]
    assert (section["run_id"], section["reproducible"]) == ("mismatch", False)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"code": None}, ["code"]),
        ({"code": {"commit": "8f14e45"}}, ["code"]),
        ({"data": []}, ["data"]),
        ({"data": [{"name": "train"}]}, ["data"]),
        ({"params": None}, ["params"]),
        ({"params": {"n": 2**60}}, ["params"]),
        ({"env": {"lock": "nowhere.txt"}}, ["env"]),
        ({"env": {"lock": "requirements.lock", "lock_sha256": "00" * 32}}, ["env"]),
        ({"seeds": None}, ["seed"]),
    ],
)
def test_each_part_that_is_missing_is_named(told, changes, missing):
    section, (run,), findings, gaps = told({**GOOD, "gate-model.yaml": runs.model(**changes)})
    assert (section["missing"], section["reproducible"], findings, gaps) == (missing, False, [], [])
    assert run.state == ("match" if missing == ["seed"] else "unverifiable")


def test_an_id_of_another_tool_is_kept_and_not_compared(told):
    section, (run,), findings, _ = told({**GOOD, "gate-model.yaml": runs.model(run_id="0a1b2c3d")})
    assert (section["run_id"], run.computed, findings) == ("unverifiable", runs.run_id(), [])
    assert told({**GOOD, "gate-model.yaml": runs.model(run_id=None)})[0]["run_id"] == "absent"


def test_a_lock_without_hashes_or_with_weak_digests(told):
    plain = b"numpy==2.1.0\nimplicit==0.7.2\n"
    changed = runs.model(run_id=runs.run_id(env=runs.environment(plain)))
    section = told({"gate-model.yaml": changed, "requirements.lock": plain})[0]
    assert (section["run_id"], section["env_hashed"]) == ("match", False)
    weak = runs.model(data=[{"name": "train", "digest": "md5:" + "ab" * 16}], run_id=None)
    assert told({**GOOD, "gate-model.yaml": weak})[0]["data_strong"] is False


def test_a_lock_outside_of_the_archive_is_never_opened(told):
    section, _, _, gaps = told({"gate-model.yaml": runs.model(env={"lock": "../../etc/passwd"})})
    assert (gaps, section["missing"]) == ([("gate-model.yaml", "corrupt")], ["env"])


def test_beside_a_torchserve_manifest_paths_begin_at_the_root(told):
    section = told({"MAR-INF/gate-model.yaml": runs.model(), "requirements.lock": runs.LOCK})[0]
    assert section["run_id"] == "match"


def test_source_without_seeds(told):
    section, _, findings, _ = told({"train.py": runs.UNSEEDED})
    rules = [(f.rule.removeprefix("determinism."), f.discriminator, f.location.line) for f in findings]
    assert rules == [
        ("no-seed", "", 4),
        ("unseeded-generator", "numpy.random.default_rng", 5),
        ("unseeded-generator", "numpy.random.RandomState", 6),
        ("unseeded-generator", "torch.manual_seed", 7),
        ("flag-off", "torch.backends.cudnn.benchmark", 9),
        ("flag-off", "torch.use_deterministic_algorithms", 10),
    ]
    assert (section["random_uses"], section["unseeded"], section["flags_off"]) == (2, 3, 2)


def test_seeds_anywhere_count_for_uses_everywhere(told):
    use = b"import random\nrandom.shuffle([1])\n"
    assert told({"a.py": use, "b.py": runs.SEEDED})[2] == []
    assert told({"a.py": use, "gate-model.yaml": b"seeds: {python: 0}\n"})[2] == []
    assert told({"a.py": use, "generation_config.json": b'{"transformers_version": "4", "seed": 0}'})[2] == []
    assert len(told({"a.py": use})[2]) == 1


def test_packages_that_are_brought_along_are_not_the_models_own(told):
    names = ("x.whl!/x.py", "env/lib/python3.11/site-packages/x/y.py")
    assert told({name.replace("!", ""): b"x = 1" for name in names})[2] == []
    assert told({"env/lib/python3.11/site-packages/x/y.py": runs.UNSEEDED})[2] == []


def test_an_archive_that_says_nothing_lacks_every_part(told):
    section = told({"README.md": b"# A model\n"})[0]
    assert section["missing"] == ["code", "data", "env", "params", "seed"]
    assert (section["run_id"], section["reproducible"]) == ("absent", False)


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"run_id: [1]\n",
        b"data: {a: b}\n",
        b"code: 5\nenv: 5\nparams: 5\nseeds: 5\n",
        json.dumps({"data": [1, {}]}).encode(),
    ],
    ids=range(5),
)
def test_odd_documents_miss_their_parts(told, data):
    section, _, findings, gaps = told({"gate-model.yaml": data})
    assert (section["missing"], findings, gaps) == (["code", "data", "env", "params", "seed"], [], [])


def test_parts_that_other_documents_name_are_known_without_an_id(told):
    from fixtures.metadata import text_sources as made

    files = {"x.intoto.jsonl": made.provenance(), "data.dvc": made.DVC, "params.yaml": b"lr: 0.1\n"}
    section, facts, findings, _ = told({**files, "requirements.txt": runs.LOCK, "a.py": runs.SEEDED})
    assert (section["missing"], section["reproducible"], section["run_id"]) == ([], True, "absent")
    assert (facts, findings, section["env_hashed"], section["data_identified"]) == ([], [], True, True)
    plain = told({**files, "requirements.txt": b"numpy==2.1.0\n", "config.json": b'{"model_type": "x", "seed": 0}'})[0]
    assert (plain["missing"], plain["env_hashed"], plain["reproducible"]) == (["env"], False, False)


def test_switches_that_keep_results_the_same(told):
    source = b"import torch, tensorflow as tf\ntf.config.experimental.enable_op_determinism()\n"
    source += b"torch.use_deterministic_algorithms(True)\ntorch.backends.cudnn.benchmark = flag\n"
    section, _, findings, _ = told({"train.py": source})
    assert (section["flags_on"], section["flags_off"], findings) == (2, 0, [])
