"""The embedded engine gives the very answer that OPA gives, on documents that nobody chose."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.adapters.opa_wasm import Embedded
from gate.core.canonical import canonical
from gate.core.errors import EngineError
from gate.core.limits import Limits
from gate.core.report import State, Status
from gate.policy.decide import document
from tests.policy.scenes import COMPILED, REQUIRED, ROOT, RULES, finding, gap, opa, report, request, waiver

CODES = [*sorted(RULES), "unknown.rule", "archive.unsafe-name"]
SITE = {
    "actions": {
        "x.note": "deny",
        "x.error": "warn",
        "gap.corrupt": "off",
        "x.none": "Deny",
        "archive.unsafe-name": "off",
    },
    "stages": {"staging": {"actions": {"x.note": "off", "site.owner": "inconclusive"}}},
    "required_sections": ["licences"],
}
RULES_OF_SITE = {
    "own": {"violation": [{"code": "site.owner", "subject": "a", "msg": "é"}, {"code": "site.none"}]},
    "bad": {"violation": [{"subject": "a"}, "x"]},
    "worse": {"violation": "x"},
}
QUERY = "[{n: result} | some n, asked in input.documents; result := data.gate.decision.result with input as asked]"

text = st.text(max_size=6)
paths = st.sampled_from(["", "a", "b!/c d", "é", "%00"]) | text
states = st.sampled_from(list(State))
scalars = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | text
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)


found = st.lists(st.tuples(st.sampled_from(CODES), paths), max_size=5)
missed = st.lists(st.tuples(st.sampled_from(["corrupt", "budget"]), paths), max_size=3)
inspectors = st.sampled_from([*REQUIRED, "licences"])
answered = st.just(dict.fromkeys([*REQUIRED, "licences"], State.COMPLETE))
known = answered | st.dictionaries(inspectors, states)
told = st.fixed_dictionaries(
    {},
    optional={
        "dependencies": st.fixed_dictionaries(
            {
                "advisories": st.fixed_dictionaries(
                    {
                        "available": st.booleans(),
                        "age_hours": st.sampled_from([0, 120, 121, 720, 721, None]),
                        "label": st.sampled_from(["", "sample"]),
                    }
                )
            }
        ),
        "native": st.fixed_dictionaries({"libraries": st.integers(0, 1), "profiles": st.integers(0, 1)}),
        "pii": st.fixed_dictionaries({"extra": values}),
        "signature": st.fixed_dictionaries(
            {
                "trust": st.booleans(),
                "verified": st.integers(0, 1),
                "grants": st.lists(
                    st.fixed_dictionaries(
                        {
                            "stages": st.lists(st.sampled_from(["*", "production", "staging"]), max_size=2),
                            "environments": st.lists(st.sampled_from(["*", "prod-eu"]), max_size=2),
                        }
                    ),
                    max_size=2,
                ),
            }
        ),
    },
)
held = st.lists(
    st.tuples(
        st.sampled_from([*CODES, "gap.corrupt", "gap.unavailable", "site.owner"]),
        st.sampled_from(["*", "a", "serialization"]),
    ),
    max_size=3,
)
stages = st.sampled_from(["production", "production", "staging", "prodution"])


@st.composite
def documents(draw):
    """A document as build() makes it, in half of the cases with one place replaced by something else."""
    seen = report(
        sorted(finding(code, path) for code, path in draw(found)),
        sorted(gap(reason, path) for reason, path in draw(missed)),
        tuple(Status(name, state, 1) for name, state in sorted(draw(known).items())),
        draw(told),
    )
    asked = request(*(waiver(*row) for row in draw(held)), stage=draw(stages))
    made = json.loads(canonical(document(seen, asked, RULES, Limits(rule_items=draw(st.integers(1, 3))))))
    return _spoilt(draw, made) if draw(st.booleans()) else made


def _spoilt(draw, value):
    """The same with one place somewhere below removed or replaced."""
    if not isinstance(value, (dict, list)) or not value:
        return draw(values)
    keys = sorted(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    how = draw(st.sampled_from(["deeper", "deeper", "replace", "remove"]))
    if how == "remove":
        del value[key]
    else:
        value[key] = draw(values) if how == "replace" else _spoilt(draw, value[key])
    return value


OWN = """package gate_site.rules.own
import data.gate_site.lib

violation contains row if {
	lib.large(input.subject.size)
	row := {"code": "site.size", "subject": input.subject.name, "msg": "too large"}
}
"""
LIB = """package gate_site.lib
large(size) if size > 9
"""


def test_own_rego_is_compiled_with_the_standard_bundle_and_denies_in_both(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / ".manifest").write_text('{"roots": ["gate_site"], "rego_version": 1}')
    (tmp_path / "site" / "own.rego").write_text(OWN)
    (tmp_path / "site" / "lib.rego").write_text(LIB)
    bundles = ["-b", str(ROOT / "policies"), "-b", str(tmp_path / "site")]
    built = ["build", "-t", "wasm", "-e", "gate/decision/result", "--ignore", "*_test.rego", "-o", "bundle.tar.gz"]
    subprocess.run([opa(), *built, *bundles], cwd=tmp_path, check=True)
    with tarfile.open(tmp_path / "bundle.tar.gz") as tar:
        files = {name: _member(tar, name) for name in ("policy.wasm", "data.json")}
    engine = _sealed(tmp_path / "compiled", files)
    asked = json.loads(canonical(document(report(), request(), RULES, Limits())))
    (tmp_path / "input.json").write_bytes(canonical(asked))
    query = ["eval", *bundles, "-i", "input.json", "--format=raw", "data.gate.decision.result"]
    by_opa = json.loads(subprocess.run([opa(), *query], cwd=tmp_path, check=True, capture_output=True).stdout)
    answer = engine.evaluate(asked)
    engine.close()
    assert answer == by_opa
    assert answer["reasons"] == [{"action": "deny", "code": "site.size", "msg": "too large", "subject": "model.zip"}]


def by_embedded(engine, asked):
    try:
        return engine.evaluate(asked)
    except EngineError as error:
        assert error.code == "undefined"
        return None


def by_opa(asked, site, folder):
    question, data = folder / "input.json", folder / "site.json"
    question.write_bytes(canonical({"documents": {f"{n}": value for n, value in enumerate(asked)}}))
    data.write_bytes(canonical({"gate_site": site}))
    done = subprocess.run(
        [opa(), "eval", "-b", "policies", "-d", str(data), "-i", str(question), "--format=raw", QUERY],
        cwd=ROOT,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    results = {int(n): value for row in json.loads(done.stdout) for n, value in row.items()}
    return [results.get(n) for n in range(len(asked))]


@pytest.mark.parametrize(
    ("site", "outcomes"),
    [
        ({}, {"allow", "deny", "inconclusive"}),
        ({"config": SITE}, {"deny", "inconclusive"}),
        ({"config": SITE, "rules": RULES_OF_SITE}, {"deny"}),
        ({"config": []}, set()),
    ],
)
def test_embedded_and_opa_give_the_same_answer(site, outcomes, tmp_path):
    opa()
    engine = _with_site(site, tmp_path)
    asked, answers = [], []

    @settings(max_examples=70, deadline=None, derandomize=True, database=None)
    @given(documents())
    def collect(value):
        asked.append(value)
        answers.append(by_embedded(engine, value))

    collect()
    engine.close()
    assert answers == by_opa(asked, site, tmp_path)
    assert outcomes <= {answer["outcome"] for answer in answers if answer}  # agreeing on nothing would prove nothing


def _with_site(site, folder):
    """The compiled policy with an organisation's data beside it."""
    data = json.loads((COMPILED / "data.json").read_bytes())
    files = {
        "policy.wasm": (COMPILED / "policy.wasm").read_bytes(),
        "data.json": canonical({**data, "gate_site": site}),
    }
    return _sealed(folder / "compiled", files)


def _member(bundle, name):
    member = bundle.extractfile(f"/{name}")
    assert member is not None
    return member.read()


def _sealed(folder, files):
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    (folder / "manifest.json").write_bytes(canonical({"digest": "", "sha256": sums}))
    return Embedded(folder)
