"""Machine code that is kept between runs gives the same answers, and never stands in the way."""

from __future__ import annotations

import os
import sys

import pytest

from gate.adapters import opa_module
from gate.adapters.opa_wasm import Embedded
from gate.adapters.private_files import PrivateFiles
from gate.cli.embedded import embedded_engine, kept_files
from gate.core.errors import EngineError
from tests.adapters.test_opa_wasm import clean
from tests.policy.scenes import ALLOW, COMPILED


@pytest.fixture
def kept(tmp_path):
    return PrivateFiles(str(tmp_path / "policy"))


@pytest.fixture
def compiling(monkeypatch):
    """How often something was compiled."""
    real, counted = opa_module.Module, []

    class Module(real):
        def __init__(self, *arguments):
            counted.append(1)
            super().__init__(*arguments)

    monkeypatch.setattr(opa_module, "Module", Module)
    return counted


def ask(kept, document=None, **options):
    engine = Embedded(COMPILED, kept=kept, **options)
    try:
        return engine.evaluate(document or clean())
    finally:
        engine.close()


def test_it_is_compiled_once(kept, compiling):
    assert ask(kept) == ask(kept) == ask(kept) == ALLOW
    assert len(compiling) == 1 and len(os.listdir(kept.folder)) == 1
    assert ask(None) == ALLOW and len(compiling) == 2


@pytest.mark.parametrize("code", [b"", b"\x7fELF" * 100, b"x" * 900_000])
def test_what_wasmtime_did_not_make_is_made_anew(kept, compiling, code):
    ask(kept)
    (name,) = os.listdir(kept.folder)
    kept.write(name, code)
    assert ask(kept) == ALLOW and len(compiling) == 2
    assert ask(kept) == ALLOW and len(compiling) == 2


def test_code_of_other_settings_is_made_anew(kept, compiling):
    """As another version of wasmtime would find it under the same name: without what the deadline rests on."""
    from wasmtime import Config, Engine, Module

    wasm = (COMPILED / "policy.wasm").read_bytes()
    kept.write(opa_module._name(wasm), bytes(Module(Engine(Config()), wasm).serialize()))
    assert ask(kept) == ALLOW and len(compiling) == 1


def test_another_policy_platform_or_version_has_another_name(monkeypatch):
    names = {opa_module._name(b"a"), opa_module._name(b"b")}
    for module, name, value in (
        (opa_module, "version", lambda _: "99"),
        (opa_module.platform, "machine", lambda: "riscv64"),
        (sys, "platform", "plan9"),
    ):
        monkeypatch.setattr(module, name, value)
        names.add(opa_module._name(b"a"))
    assert len(names) == 5


def test_memory_cap_and_deadline_hold_for_kept_code(kept):
    ask(kept)
    for document, options, code in (
        ({**clean(), "pii": {"items": [[] for _ in range(3_000_000)]}}, {}, "trapped"),
        ({**clean(), "findings": {"x.note": large()}}, {"seconds": 0.001}, "timed-out"),
    ):
        with pytest.raises(EngineError) as caught:
            ask(kept, document, **options)
        assert caught.value.code == code


def large():
    items = [{"path": f"{n}", "waived": False} for n in range(200_000)]
    return {"level": "note", "total": len(items), "waived": 0, "unwaived": len(items), "truncated": 0, "items": items}


def test_after_a_trap_the_same_engine_answers_from_a_fresh_instance(kept, compiling):
    engine = Embedded(COMPILED, kept=kept)
    assert engine.evaluate(clean()) == ALLOW
    with pytest.raises(EngineError):
        engine.evaluate({**clean(), "pii": {"items": [[] for _ in range(3_000_000)]}})
    assert engine._policy._instance is None
    assert engine.evaluate(clean()) == ALLOW and len(compiling) == 1
    engine.close()


def test_the_command_line_keeps_it_where_caches_belong(tmp_path, monkeypatch):
    for name in ("GATE_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value, folder in (
        ("HOME", str(tmp_path), tmp_path / ".cache" / "mlgate"),
        ("XDG_CACHE_HOME", "relative", tmp_path / ".cache" / "mlgate"),
        ("XDG_CACHE_HOME", str(tmp_path / "xdg"), tmp_path / "xdg" / "mlgate"),
        ("GATE_CACHE_DIR", str(tmp_path / "own"), tmp_path / "own"),
    ):
        monkeypatch.setenv(name, value)
        assert kept_files(["model.zip"]).folder == str(folder / "policy")
    for value in ("", "relative", "./x"):
        monkeypatch.setenv("GATE_CACHE_DIR", value)
        assert kept_files([]) is None


@pytest.mark.parametrize("target", [".", "cache", "cache/policy", "link", "/"])
def test_nothing_is_read_from_or_kept_in_what_is_judged(tmp_path, monkeypatch, target):
    os.symlink(tmp_path, tmp_path / "link")
    monkeypatch.setenv("GATE_CACHE_DIR", str(tmp_path / "cache"))
    assert kept_files([str(tmp_path / "other"), "-"]) is not None
    assert kept_files([str(tmp_path / target)]) is None


def test_both_commands_leave_one_file_and_say_nothing(gate, make, tmp_path):
    env = {"GATE_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (gate("scan", make({"a": b"1"}), "-q", env=env) for _ in range(2))
    assert (first.returncode, first.stderr) == (second.returncode, second.stderr)
    (name,) = os.listdir(tmp_path / "cache" / "policy")
    engine = embedded_engine("", "")
    engine.evaluate(clean())
    engine.close()
    assert os.listdir(os.path.join(os.environ["GATE_CACHE_DIR"], "policy")) == [name]


def test_a_folder_that_is_judged_is_not_written_into(gate, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a.txt").write_bytes(b"1")
    gate("scan", tmp_path / "model", "-q", env={"GATE_CACHE_DIR": str(tmp_path / "model" / "cache")})
    assert os.listdir(tmp_path / "model") == ["a.txt"]
