"""An ONNX model: files that it names, operators that the runtime does not bring.

External data: https://github.com/onnx/onnx/blob/main/docs/ExternalData.md; CVE-2022-25882, CVE-2024-27318 and
CVE-2024-5187 are ways out of the model's folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from gate.formats.concern import Concern
from gate.formats.onnx import Onnx
from gate.loading.names import LONGEST, table
from gate.loading.paths import leads_outside


@cache
def _domains() -> tuple[frozenset[str], frozenset[str]]:
    known = table("operators")["onnx"]
    return frozenset({"", *known["domains"].split()}), frozenset(known["dangerous"].split())


def concerns(model: Onnx) -> Iterator[Concern]:
    """What a runtime would do with the model besides arithmetic."""
    domains, dangerous = _domains()
    own = set(model.functions)
    for data in model.external:
        if leads_outside(data.location):
            shown = data.location[:LONGEST]
            yield Concern("outside-file", shown, f"tensor {data.tensor[:LONGEST]!r} is read from {shown!r}")
    for operator in model.operators:
        name = f"{operator.domain}:{operator.name}"[:LONGEST]
        if operator.name in dangerous:
            yield Concern("dangerous-operator", name, f"operator {name} runs Python code")
        elif operator.domain not in domains and (operator.domain, operator.name) not in own:
            yield Concern("custom-operator", name, f"operator {name} is in no runtime")
    for problem in (*(f"{name} stands more than once" for name in model.repeated), *model.problems):
        yield Concern("malformed-header", problem, f"readers disagree about the model: {problem}")
