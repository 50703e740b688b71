import json

import pytest

from fixtures.metadata import text_sources as made
from gate.core.text import printable
from gate.facts.metadata import Claimed
from tests.inspectors.described import Described, said

MAR = "MAR-INF/MANIFEST.json"

# -- expiry ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expires", "expired"),
    [
        ("2026-11-21T10:00:00Z", True),
        ("2026-11-21T12:00:00+02:00", True),
        ("2026-11-21T10:00:01Z", False),
        ("2026-11-20", True),
    ],
)
def test_a_model_expires_by_the_clock_of_the_decision(expires, expired):
    assert Described({"gate-model.yaml": made.own(expires=expires)}).section["expired"] is expired


def test_a_model_from_the_future():
    assert Described({"gate-model.yaml": made.own(created="2026-11-22")}).section["created_in_future"] is True
    assert Described({"gate-model.yaml": made.own(created="2026-11-20")}).section["created_in_future"] is False


# -- hostile -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", made.HOSTILE)
def test_what_cannot_be_read_is_a_gap_and_the_others_are_still_read(name):
    member, data, reason = made.HOSTILE[name]
    told = Described({f"x/{member}": data, "MLmodel": made.mlmodel()})
    assert told.gaps == [(f"x/{member}", reason)]
    assert told.model.framework == "scikit-learn"


def test_numbers_that_json_does_not_have_are_the_text_that_they_are():
    values = said("config.json", b'{"model_type": NaN, "temperature": -Infinity}')
    assert values["family"] == ("NaN",) and values["param.temperature"] == ("-Infinity",)


EVIL = "\x1b[31m\u202egpj\ud800\r\n::error::x ##[group] <script>" + "x" * 5000
SECRETS = ("hunter2", "jane.doe", "s3cr3t", "jane@bank.example")


def test_no_value_can_act_on_a_terminal():
    told = Described(
        {"MAR-INF/MANIFEST.json": json.dumps({"model": {"modelName": EVIL, "modelVersion": EVIL}}).encode()}
    )
    for row in told.facts:
        for value in row.values:
            assert value.isprintable() and len(value) <= 400 and "##[" not in value
    assert told.model.name == printable(told.model.name, 400)


def test_no_person_and_no_secret_is_published():
    data = {
        "name": "a jane@bank.example model",
        "version": "1.0.0",
        "owner": "jane.doe and others",
        "base_model": "https://user:s3cr3t@hub.example/x?token=s3cr3t",
        "code": {"repository": "/home/jane.doe/x/repo"},
        "description": "hunter2",
        "limits": "hunter2",
        "params": {"password": "hunter2", "token": 5, "lr": 0.1, "note": "hunter2 is it"},
        "run_id": "file:///home/jane.doe/mlruns/7",
    }
    told = Described(
        {"gate-model.yaml": json.dumps(data).encode(), "README.md": made.card("version: jane@bank.example")}
    )
    everything = repr((told.facts, told.all, told.section, told.model))
    assert [secret for secret in SECRETS if secret in everything] == []
    assert told.values()["param.lr"] == ("0.1",) and told.values()["repository"] == ("…/repo",)


def test_a_document_that_says_too_much_is_cut_and_said_so():
    params = "".join(f"p{i}: {i}\n" for i in range(1500))
    told = Described({"params.yaml": params.encode()})
    assert told.gaps == [("params.yaml", "too-many")] and told.section["claims"] == 1000


def test_more_claims_than_anybody_compares_are_said(monkeypatch):
    monkeypatch.setattr("gate.inspectors.metadata.CLAIMS", 20)
    told = Described({f"{i}/MLmodel": made.mlmodel() for i in range(9)})
    assert told.gaps == [("", "too-many")]


def test_other_inspectors_add_to_the_record():
    row = Claimed("model.onnx", "framework.onnx", ("1.17",), "onnx", "producer", 0)
    told = Described({MAR: made.torchserve()}, [row])
    assert (told.model.framework, told.model.framework_version) == ("onnx", "1.17")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("params.yaml", b"a: !!python/tuple [1, 2]\n"),
        ("params.yaml", b"a: 1\n---\nb: 2\n"),
        ("model.yaml", b"apiVersion: v1\nmetadata:\n  note: context\n---\nkind: Pod\n"),
        ("config.json", b'{"note": "no architectures here"'),
        ("metadata.json", b"{'keras': 1}"),
        ("schema.json", b"{"),
    ],
)
def test_what_only_has_the_name_of_a_document_is_left_alone(name, data):
    told = Described({name: data})
    assert (told.gaps, told.findings, told.facts) == ([], [], [])
