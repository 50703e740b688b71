"""The command in this process: what a run costs is then the command, not the start of Python and of its libraries."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.fixture
def inside(monkeypatch, capsys):
    """inside("scan", ...) -> the result as of a process, without terminal and without anybody's GATE_ variables."""
    from gate import cli

    def run(*arguments, env=None):
        with monkeypatch.context() as patch:
            own_cache = "GATE_CACHE_DIR"  # of the tests, see conftest
            for name in [name for name in os.environ if name.startswith("GATE_") and name != own_cache]:
                patch.delenv(name)
            own = {"NO_COLOR": "1", "COLUMNS": "80", "XDG_DATA_HOME": str(ROOT / "tests" / "nowhere")}
            for name, value in {**own, **(env or {})}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["gate", *map(str, arguments)])
            patch.setattr(sys, "stdin", None)
            capsys.readouterr()
            code = cli._run()
        out, err = capsys.readouterr()
        assert "internal error" not in err, err
        return subprocess.CompletedProcess(arguments, code, out, err)

    return run
