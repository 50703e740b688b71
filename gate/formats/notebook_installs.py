"""What the cells of a notebook install: `%pip install`, `!pip install`.

https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

from collections.abc import Iterator

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.core.report import Json
from gate.formats.bounded import read_json
from gate.formats.install_lines import commands
from gate.formats.requirement import Item
from gate.formats.toml_document import NOWHERE


def read_notebook_installs(source: Source) -> tuple[Item, ...]:
    """What all code cells install, in their order; FormatError or NotExamined."""
    document = read_json(source).value
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise FormatError("a notebook without `cells`")
    return tuple(dict.fromkeys(item for cell in cells for item in _cell(cell)))


def _cell(cell: Json) -> Iterator[Item]:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str)).replace("\\\n", " ")
    for line in text.split("\n"):
        if line.lstrip().startswith(("%", "!")):
            yield from commands(line, NOWHERE)
