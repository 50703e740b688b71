from __future__ import annotations

import pwd

import pytest

from gate.advisories import place


@pytest.fixture
def environment(monkeypatch):
    def set_(**values):
        for name in ("GATE_DB", "XDG_DATA_HOME", "HOME"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return place.default()

    return set_


def test_the_variable_comes_first_then_the_data_folder_then_the_home_folder(environment):
    assert environment(GATE_DB="my.sqlite", XDG_DATA_HOME="/data", HOME="/home/me") == "my.sqlite"
    assert environment(XDG_DATA_HOME="/data", HOME="/home/me") == "/data/mlgate/advisories.sqlite"
    assert environment(HOME="/home/me") == "/home/me/.local/share/mlgate/advisories.sqlite"


def test_a_data_folder_that_is_not_absolute_is_ignored(environment):
    assert environment(XDG_DATA_HOME="data", HOME="/home/me") == "/home/me/.local/share/mlgate/advisories.sqlite"


def test_without_any_home_there_is_no_place(environment, monkeypatch):
    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert environment() == ""
