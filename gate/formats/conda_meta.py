"""What conda installed: one JSON file for each package in conda-meta/.

https://docs.conda.io/projects/conda/en/stable/dev-guide/deep-dives/install.html
"""

from __future__ import annotations

import re

from gate.archive.source import Source
from gate.core.errors import FormatError
from gate.formats.bounded import read_json
from gate.formats.conda import on_index
from gate.formats.dist_info import Distribution

PATH = re.compile(r"(?:.*/)?conda-meta/[^/]+\.json", re.DOTALL)
"""Where conda keeps it."""


def read_conda_meta(source: Source) -> Distribution | None:
    """Name on the Python index and version; None for what is no Python package. FormatError or NotExamined."""
    document = read_json(source).value
    name, version = (document.get(key) if isinstance(document, dict) else None for key in ("name", "version"))
    if not isinstance(name, str) or not isinstance(version, str) or not isinstance(document, dict):
        raise FormatError("conda-meta without name or version")
    needs = document.get("depends")
    if not any(isinstance(need, str) and need.split()[:1] == ["python"] for need in needs or ()):
        return None
    project = on_index(name.lower())
    return Distribution(project, version) if project else None
