"""What other programs may import; a change here is a change of the contract."""

from __future__ import annotations

import subprocess
import sys

import gate
from gate import resources
from gate.adapters.opa_wasm import Embedded
from tests.conftest import NOW, ROOT


def test_the_public_names_are_these():
    assert sorted(gate.__all__) == ["Decision", "Limits", "Report", "Request", "__version__", "decide", "load", "scan"]
    assert all(getattr(gate, name) is not None for name in gate.__all__)


def test_importing_gate_costs_nothing():
    script = "import sys; import gate; print([name for name in sys.modules if name.startswith('gate.')])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT).stdout == "[]\n"


def test_a_program_scans_and_decides_with_them(make):
    registry, limits = gate.load(), gate.Limits()
    report: gate.Report = gate.scan(str(make({"a.txt": b"hello"})), registry, limits)
    engine = Embedded(resources.compiled_policy())
    decision: gate.Decision = gate.decide(report, gate.Request("production", NOW), registry.rules, engine, limits)
    engine.close()
    assert decision.outcome == "allow"
