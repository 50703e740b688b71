"""The base score of a CVSS vector, and how severe that is.

Equations and weights: CVSS v3.1, sections 7.1 and 7.4, https://www.first.org/cvss/v3-1/specification-document; CVSS v2,
section 3.2, https://www.first.org/cvss/v2/guide; for v4.0 see gate.advisories.cvss4.
"""

from __future__ import annotations

from collections.abc import Iterable

_WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "S": {"U": 0.0, "C": 1.0},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_WEIGHTS_2 = {
    "AV": {"N": 1.0, "A": 0.646, "L": 0.395},
    "AC": {"L": 0.71, "M": 0.61, "H": 0.35},
    "Au": {"N": 0.704, "S": 0.56, "M": 0.45},
    "C": {"C": 0.66, "P": 0.275, "N": 0.0},
    "I": {"C": 0.66, "P": 0.275, "N": 0.0},
    "A": {"C": 0.66, "P": 0.275, "N": 0.0},
}
_PRIVILEGES_CHANGED = {"N": 0.85, "L": 0.68, "H": 0.5}
"""Privileges Required when the scope changes."""
_RATINGS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.0, "low"))
"""Section 5. A score of 0 is rated "none" there; a record that exists says more than nothing."""
_LONGEST = 300
"""Characters; a vector with all temporal and environmental metrics has about 180."""


def severity(vectors: Iterable[str]) -> str | None:
    """The rating of the worst of these vectors, None where none has a score.

    v2 counts only where there is no newer one, and never as critical, which it does not have:
    https://nvd.nist.gov/vuln-metrics/cvss
    """
    scores: dict[bool, list[float]] = {True: [], False: []}
    for vector in vectors:
        if (score := base_score(vector)) is not None:
            scores[vector.startswith("CVSS:")].append(score)
    if scores[True]:
        return rating(max(scores[True]))
    return rating(min(max(scores[False]), 8.9)) if scores[False] else None


def base_score(vector: str) -> float | None:
    """0.0 to 10.0, None for what is no vector of CVSS v2, v3 or v4 with all base metrics, each once."""
    head, *parts = vector[:_LONGEST].split("/")
    if len(vector) > _LONGEST:
        return None
    if not head.startswith("CVSS:"):  # v2 has no head
        head, parts = "", [head, *parts]
    given: dict[str, str] = {}
    for part in parts:
        metric, _, value = part.partition(":")
        if metric in given:
            return None
        given[metric] = value
    if head == "CVSS:4.0":
        from gate.advisories import cvss4  # noqa: PLC0415  # its table is read in an import only

        return cvss4.score(given)
    if head not in ("", "CVSS:3.0", "CVSS:3.1"):
        return None
    try:
        if not head:
            return _score_2({metric: weights[given[metric]] for metric, weights in _WEIGHTS_2.items()})
        weight = {metric: weights[given[metric]] for metric, weights in _WEIGHTS.items()}
    except KeyError:
        return None
    return _score(weight, _PRIVILEGES_CHANGED[given["PR"]])


def rating(score: float) -> str:
    """The qualitative severity of a score: critical, high, medium or low."""
    return next(name for least, name in _RATINGS if score >= least)


def _score_2(weight: dict[str, float]) -> float:
    impact = 10.41 * (1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"]))
    exploitability = 20 * weight["AV"] * weight["AC"] * weight["Au"]
    return round((0.6 * impact + 0.4 * exploitability - 1.5) * 1.176, 1) if impact else 0.0


def _score(weight: dict[str, float], privileges_changed: float) -> float:
    changed = weight["S"] == 1.0
    base = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if changed else 6.42 * base
    if impact <= 0:
        return 0.0
    privileges = privileges_changed if changed else weight["PR"]
    exploitability = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    return _roundup(min((impact + exploitability) * (1.08 if changed else 1.0), 10.0))


def _roundup(value: float) -> float:
    """To one decimal, upwards, without the noise of binary fractions (appendix A)."""
    scaled = round(value * 100_000)
    return scaled / 100_000 if scaled % 10_000 == 0 else (scaled // 10_000 + 1) / 10
