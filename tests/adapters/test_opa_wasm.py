from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.adapters.opa_wasm import Embedded
from gate.core.decision import Outcome
from gate.core.errors import EngineError, UsageError
from gate.core.finding import Level
from gate.core.gap import GapReason
from gate.core.limits import Limits
from gate.core.report import State, Status
from gate.policy.decide import decide
from gate.policy.digest import policy_digest
from gate.policy.document import build
from gate.policy.site_data import parse
from gate.policy.standard import standard
from gate.policy.tally import count
from tests.policy.scenes import ALLOW, COMPILED, DONE, REQUIRED, ROOT, RULES, finding, gap, report, request, waiver


@pytest.fixture(scope="module")
def engine():
    with_threads = Embedded(COMPILED)
    yield with_threads
    with_threads.close()


@pytest.fixture
def copied(tmp_path):
    return shutil.copytree(COMPILED, tmp_path / "compiled")


def clean():
    return build(report(), request(), count(report(), request(), RULES, Limits()))


def trouble(engine, document=None):
    with pytest.raises(EngineError) as error:
        engine.evaluate(clean() if document is None else document)
    engine.close()
    return error.value.code


def seal(folder):
    """Make the manifest agree with the files again."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("policy.wasm", "data.json")
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_clean_archive_is_allowed(engine):
    assert engine.evaluate(clean()) == ALLOW
    assert (engine.name, engine.digest, engine.data_digest) == ("embedded", policy_digest(ROOT / "policies"), None)


def test_the_module_needs_no_builtin_of_its_host(engine):
    engine.evaluate(clean())
    assert engine._policy.builtins == {}
    assert engine._policy.entrypoints.keys() == {"gate/admission/result", "gate/decision/result"}


def test_an_entry_point_that_was_not_compiled_has_no_answer(engine):
    with pytest.raises(EngineError) as caught:
        engine.evaluate(clean(), "gate/other/result")
    assert caught.value.code == "undefined"


def test_an_engine_that_was_closed_starts_anew():
    engine = Embedded(COMPILED)
    first = engine.evaluate(clean())
    engine.close()
    engine.close()
    assert engine.evaluate(clean()) == first
    engine.close()


def test_nothing_is_imported_or_started_before_the_first_question():
    code = """
import sys, threading
from pathlib import Path
from gate.adapters.opa_wasm import Embedded
engine = Embedded(Path(sys.argv[1]))
engine.digest
assert not {"opapywasm", "wasmtime"} & set(sys.modules)
assert threading.active_count() == 1
"""
    subprocess.run([sys.executable, "-c", code, str(COMPILED)], cwd=ROOT, check=True)


def test_an_unknown_stage_is_undefined(engine):
    decision = decide(report(), request(stage="prodution"), RULES, engine, Limits())
    assert [row.code for row in decision.reasons] == ["engine.undefined"]
    assert decision.outcome is Outcome.INCONCLUSIVE


PARTS = ("schema", "request", "findings", "gaps", "statuses", "waivers", *REQUIRED)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [None, True, 1, "x", ["x"], "absent"])
def test_a_document_that_lacks_a_part_is_never_allowed(engine, part, value):
    document = clean()
    if value == "absent":
        del document[part]
    else:
        document[part] = value
    try:
        assert engine.evaluate(document)["outcome"] == "inconclusive"
    except EngineError as error:
        assert error.code == "undefined"


@pytest.mark.parametrize(
    "document", [{}, {"schema": "gate.input/v1"}, {"schema": "gate.input/v1", "request": {"stage": "staging"}}]
)
def test_a_document_of_next_to_nothing_is_undefined(engine, document):
    with pytest.raises(EngineError) as error:
        engine.evaluate(document)
    assert error.value.code == "undefined"


def nested(depth):
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


def test_hostile_documents_are_trouble_and_the_engine_lives_on(engine):
    for hostile in (
        {**clean(), "pii": {"deep": nested(100_000)}},
        {**clean(), "pii": {"nan": float("nan")}},
        {**clean(), "pii": {"huge": "x" * (33 * 2**20)}},
    ):
        with pytest.raises(EngineError) as error:
            engine.evaluate(hostile)
        assert error.value.code == "over-cap"
    assert engine.evaluate(clean())["outcome"] == "allow"


def test_a_document_that_fills_the_memory_traps(engine):
    with pytest.raises(EngineError) as error:
        engine.evaluate({**clean(), "pii": {"items": [[] for _ in range(3_000_000)]}})
    assert error.value.code == "trapped"
    assert engine.evaluate(clean())["outcome"] == "allow"


def test_strange_text_reaches_the_answer_unharmed(engine):
    for text in ("\x00", "\u2028", "é" * 5000, "\\", '"', "\U0001f600", "a\x7fb"):
        row = decide(report([finding("x.error", text)]), request(), RULES, engine, Limits()).reasons[0]
        assert row.subject == text


def test_a_lone_surrogate_does_not_stop_the_engine(engine):
    seen = report()
    seen = replace(seen, subject=replace(seen.subject, name="model-\udcff.zip"))
    assert decide(seen, request(), RULES, engine, Limits()).outcome is Outcome.ALLOW


def test_a_spent_deadline_is_timed_out():
    items = [{"path": f"{n}", "waived": False} for n in range(200_000)]
    row = {"level": "note", "total": len(items), "waived": 0, "unwaived": len(items), "truncated": 0, "items": items}
    assert trouble(Embedded(COMPILED, seconds=0.001), {**clean(), "findings": {"x.note": row}}) == "timed-out"


@pytest.mark.parametrize("library", ["opapywasm", "wasmtime"])
def test_a_library_that_is_not_there_is_unavailable(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    assert trouble(Embedded(COMPILED)) == "unavailable"


def test_missing_files_are_unavailable(copied):
    for name in ("policy.wasm", "data.json", "manifest.json"):
        gone = shutil.copytree(copied, copied.parent / f"without-{name}")
        (gone / name).unlink()
        engine = Embedded(gone)
        assert trouble(engine) == "unavailable"
        assert (engine.digest is None) == (name == "manifest.json")


@pytest.mark.parametrize("name", ["policy.wasm", "data.json"])
def test_a_changed_file_is_a_digest_mismatch(copied, name):
    (copied / name).write_bytes((copied / name).read_bytes() + b" ")
    assert trouble(Embedded(copied)) == "digest-mismatch"


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"sha256": 1}', "[" * 100_000, '{"digest": 1}'])
def test_a_broken_manifest_is_trouble(copied, manifest):
    (copied / "manifest.json").write_text(manifest)
    engine = Embedded(copied)
    assert engine.digest is None
    assert trouble(engine) in {"unavailable", "digest-mismatch"}


@pytest.mark.parametrize("module", [b"", b"\0asm", b"\0asm\1\0\0\0", b"x" * 1000])
def test_a_module_that_is_no_policy_is_unavailable(copied, module):
    (copied / "policy.wasm").write_bytes(module)
    seal(copied)
    assert trouble(Embedded(copied)) == "unavailable"


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 160_000), st.integers(1, 255))
def test_a_flipped_byte_is_noticed(tmp_path_factory, at, flip):
    folder = shutil.copytree(COMPILED, tmp_path_factory.mktemp("flip") / "compiled")
    module = bytearray((folder / "policy.wasm").read_bytes())
    module[at] ^= flip
    (folder / "policy.wasm").write_bytes(module)
    assert trouble(Embedded(folder)) == "digest-mismatch"


@pytest.mark.parametrize("data", ["", "[]", "{", "null"])
def test_data_that_is_no_object_is_unavailable(copied, data):
    (copied / "data.json").write_text(data)
    seal(copied)
    assert trouble(Embedded(copied)) == "unavailable"


def test_without_the_standard_data_nothing_is_allowed(copied):
    (copied / "data.json").write_text("{}")
    seal(copied)
    assert trouble(Embedded(copied)) == "undefined"


def test_another_policy_than_expected_is_refused():
    assert trouble(Embedded(COMPILED, expected="00" * 32)) == "digest-mismatch"
    engine = Embedded(COMPILED, expected=policy_digest(ROOT / "policies"))
    assert engine.evaluate(clean()) == ALLOW
    engine.close()


def test_a_folder_of_rego_must_be_compiled_first():
    with pytest.raises(UsageError, match="must be compiled"):
        Embedded(ROOT / "policies")


def test_data_of_the_organisation_changes_actions(engine):
    seen = report([finding("x.warning")])
    assert decide(seen, request(), RULES, engine, Limits()).outcome is Outcome.ALLOW
    site = Embedded(COMPILED, overlay=parse(b"actions: {x.warning: deny}\nrequired_sections: [licences]", "p.yaml"))
    decision = decide(seen, request(), RULES, site, Limits())
    site.close()
    assert [(row.code, row.subject) for row in decision.reasons] == [
        ("gap.unavailable", "licences"),
        ("x.warning", "a"),
    ]
    assert decision.policy.data_digest == site.data_digest
    assert site.data_digest != Embedded(COMPILED, overlay={}).data_digest


def test_a_policy_that_holds_site_data_takes_no_other(copied):
    data = json.loads((copied / "data.json").read_text())
    (copied / "data.json").write_text(json.dumps({**data, "gate_site": {"config": {}}}))
    with pytest.raises(UsageError, match=r"data\.gate_site\.config"):
        Embedded(copied, overlay={})


STATES = st.sampled_from(list(State))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from([*sorted(RULES), "unknown.rule"]), st.sampled_from("abc")), max_size=6),
    st.lists(st.tuples(st.sampled_from(sorted(GapReason)), st.sampled_from("abc")), max_size=2),
    st.lists(st.tuples(st.sampled_from([*sorted(RULES), "gap.corrupt"]), st.sampled_from("abc*")), max_size=4),
    st.just([State.COMPLETE] * len(DONE)) | st.lists(STATES, min_size=len(DONE), max_size=len(DONE)),
    st.sampled_from(["staging", "production"]),
)
def test_the_standard_policy_decides_as_the_sentence_in_the_contract_says(
    engine, findings, gaps, waived, states, stage
):
    seen = report(
        sorted(finding(*row) for row in findings),
        sorted(gap(*row) for row in gaps),
        tuple(replace(status, state=state) for status, state in zip(DONE, states, strict=True)),
    )
    held = [waiver(*row) for row in waived]
    decision = decide(seen, request(*held, stage=stage), RULES, engine, Limits())

    def is_open(code, path):
        return code in standard().mandatory or not any(row.code == code and row.subject in (path, "*") for row in held)

    actions = {_action(code, stage) for code, path in findings if is_open(code, path)}
    actions |= {"inconclusive" for reason, path in gaps if is_open(f"gap.{reason}", path)}
    actions |= {"inconclusive" for state in states if state in (State.FAILED, State.SKIPPED)}
    wanted = "deny" if "deny" in actions else "inconclusive" if "inconclusive" in actions else "allow"
    assert decision.outcome == wanted


def _action(code, stage):
    if code == "serialization.unverified-global":
        return "inconclusive" if stage == "production" else "warn"
    return "deny" if code not in RULES or RULES[code].level is Level.ERROR else "warn"


def test_a_status_without_a_section_still_answers(engine):
    seen = report(statuses=(*DONE, Status("licences", State.FAILED, 0)), sections={})
    assert decide(seen, request(), RULES, engine, Limits()).outcome is Outcome.ALLOW
