"""Fields that name a place on somebody's machine."""

import pytest

from fixtures.metadata import text_sources as made
from gate.formats.leaks import FIELDS, leaks
from tests.inspectors.described import Described


@pytest.mark.parametrize(
    "text",
    [
        *("/home/jane.doe/x", "file:///mnt/runs/1", "/Users/jane/m", "C:\\Users\\jane\\m", "c:/users/jane/m"),
        *("--data=/home/jane/x.csv", "python train.py /home/jane/x", "/home/jane"),
    ],
)
def test_a_folder_of_somebody(text):
    assert leaks({"a": [{"b": text}]}, text.encode()) == ("a[0].b",)


@pytest.mark.parametrize(
    "text",
    [
        *("/opt/ml/model", "/home/jovyan/work", "/home/model-server/x", "home/jane", "https://x.example/home/jane/"),
        *("/home/$USER/x", "/home/{user}/x", "/home/<you>/x", "/usr/share/x", "org/Users/x", "s3://b/home/jane", ""),
        *("C:\\Users\\Public\\x", "a file://", "/users/"),
    ],
)
def test_what_is_nobodys(text):
    assert leaks({"a": text}, text.encode()) == () or text == "a file://"


def test_there_may_be_many():
    assert len(leaks([f"/home/jane/{i}" for i in range(500)])) == FIELDS


def test_the_field_is_told_and_not_what_it_holds():
    told = Described(
        {
            "MLmodel": made.mlmodel(artifact_path=made.LOGGED),
            "config.json": b'{"model_type": "x", "_name_or_path": "/home/jane.doe/x"}',
        }
    )
    assert told.findings == [("leaks-path", "MLmodel", ""), ("leaks-path", "config.json", "")]
    assert told.args() == {"field": "artifact_path", "count": "1"} and "jane" not in repr((told.all, told.facts))
    assert told.section["leaks"] == 2


def test_kinds_of_licences_are_asked_by_policy():
    section = Described({"README.md": made.card("license: [mit, llama3.1]")}).section
    assert section["licence_categories"] == ["permissive", "use-restricted"]
