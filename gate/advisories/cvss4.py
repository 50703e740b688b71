"""The base score of a CVSS v4.0 vector; threat and environmental metrics are left out, as at worst.

A vector belongs to a MacroVector, whose score is a table; how much milder it is than the worst vector of that decides
how far it goes towards the next MacroVector (section 8.2, https://www.first.org/cvss/v4-0/specification-document). With
the modified metrics left out nothing concerns safety and all requirements are high, so that of the 270 MacroVectors 36
are reached, and compared with 60.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from gate import resources
from gate.core.report import Json
from gate.formats.bounded import parse_yaml

_LEVELS = {
    "AV": "NALP",
    "AC": "LH",
    "AT": "NP",
    "PR": "NLH",
    "UI": "NPA",
    "VC": "HLN",
    "VI": "HLN",
    "VA": "HLN",
    "SC": "HLN",
    "SI": "HLN",
    "SA": "HLN",
}
"""Values of each base metric, the worst first: one step from one to the next."""


class _Class(NamedTuple):
    """One level of an equivalence class: `steps` from its `worst` vectors to the mildest."""

    steps: int
    worst: tuple[Mapping[str, str], ...]


class _Table(NamedTuple):
    scores: Mapping[str, float]
    classes: Mapping[tuple[str, str], _Class]


def score(given: Mapping[str, str]) -> float | None:
    """0.0 to 10.0, None where a base metric is missing or has a value that it cannot have."""
    if any(given.get(metric, " ") not in values for metric, values in _LEVELS.items()):
        return None
    if all(given[metric] == "N" for metric in ("VC", "VI", "VA", "SC", "SI", "SA")):
        return 0.0
    table, vector = _table(), {metric: given[metric] for metric in _LEVELS}
    one, two, three, four, six = _macro(vector)
    here = table.scores[one + two + three + four + "0" + six]
    # The next milder MacroVectors, by class; of the two that classes 3 and 6 together may have the worse one.
    milder = {
        ("1", one): [_next(one) + two + three + four + "0" + six],
        ("2", two): [one + _next(two) + three + four + "0" + six],
        ("36", three + six): [one + two + after + four + "0" + last for after, last in _after(three, six)],
        ("4", four): [one + two + three + _next(four) + "0" + six],
    }
    parts, known = 0.0, 1  # class 5 always has a milder one, and is always at its worst
    for name, keys in milder.items():
        scores = [table.scores[key] for key in keys if key in table.scores]
        if scores:
            known += 1
            parts += (here - max(scores)) * _distance(vector, table.classes[name]) / table.classes[name].steps
    return round(max(0.0, min(10.0, here - parts / known)) + 1e-6, 1)


def _macro(vector: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    """Levels of EQ1, EQ2, EQ3, EQ4 and EQ6."""
    worst = [vector["AV"] == "N", vector["PR"] == "N", vector["UI"] == "N"]
    one = "0" if all(worst) else "1" if any(worst) and vector["AV"] != "P" else "2"
    two = "0" if (vector["AC"], vector["AT"]) == ("L", "N") else "1"
    high = [vector[metric] == "H" for metric in ("VC", "VI", "VA")]
    three = "0" if high[0] and high[1] else "1" if any(high) else "2"
    four = "1" if "H" in (vector["SC"], vector["SI"], vector["SA"]) else "2"
    return one, two, three, four, "0" if any(high) else "1"


def _next(level: str) -> str:
    return str(int(level) + 1)


def _after(three: str, six: str) -> tuple[tuple[str, str], ...]:
    return {"00": (("0", "1"), ("1", "0")), "10": (("1", "1"),)}.get(three + six, ())


def _distance(vector: Mapping[str, str], level: _Class) -> int:
    """Steps from the first of the worst vectors that is in no metric milder than this one."""
    for worst in level.worst:
        steps = [
            _LEVELS[metric].index(vector[metric]) - _LEVELS[metric].index(value) for metric, value in worst.items()
        ]
        if min(steps) >= 0:
            return sum(steps)
    return 0


@cache
def _table() -> _Table:
    value = parse_yaml(resources.data("advisories/cvss4.yaml").read_bytes()).value
    assert isinstance(value, dict)
    scores, classes = _mapping(value["scores"]), _mapping(value["classes"])
    return _Table(
        {key: float(str(score)) for key, score in scores.items()},
        {
            (name, level): _class(_mapping(row))
            for name, levels in classes.items()
            for level, row in _mapping(levels).items()
        },
    )


def _class(row: Mapping[str, Json]) -> _Class:
    worst = row["worst"]
    assert isinstance(worst, list)
    return _Class(
        int(str(row["steps"])), tuple({name: str(value) for name, value in _mapping(one).items()} for one in worst)
    )


def _mapping(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, dict)
    return value
