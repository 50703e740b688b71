"""The renderings of four results, word for word. UPDATE_SNAPSHOTS=1 writes them anew; read the difference."""

import json
import os
from pathlib import Path

import pytest

from gate.output import RENDERERS, renderer
from tests.output.results import RESULTS

FOLDER = Path(__file__).parents[1] / "snapshots" / "output"
SUFFIXES = {"text": "txt", "markdown": "md"}


@pytest.mark.parametrize("form", sorted(RENDERERS))
@pytest.mark.parametrize("name", sorted(RESULTS))
def test_a_result_is_rendered_as_it_was_approved(name, form):
    text = renderer(form)(*RESULTS[name]())
    if form == "json":  # stored with line breaks, so that a difference can be read
        text = json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
    path = FOLDER / f"{name}.{SUFFIXES.get(form, form)}"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="ascii")
    assert text == path.read_text(encoding="ascii")


def test_every_snapshot_belongs_to_a_result():
    assert {path.stem for path in FOLDER.iterdir()} == set(RESULTS)
