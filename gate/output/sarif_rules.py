"""Rules and reason codes as SARIF reporting descriptors, and the CWE entries that they refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gate.core.finding import Confidence, Rule
from gate.core.report import Json
from gate.output.remedies import advice

_FULL = 1024
"""Characters of a full description. GitHub, "SARIF support for code scanning"."""
_TAGS = 20
"""Tags of a rule that GitHub stores, from the same page."""
_PRECISION = {Confidence.HIGH: "high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}
"""`very-high` is left out: no rule of gate promises it."""
_CWE = "https://cwe.mitre.org/data/definitions/{}.html"


def descriptor(rule: Rule, confidence: Confidence, cwe: Mapping[int, int]) -> dict[str, Json]:
    """The reportingDescriptor of one rule; `cwe` maps a number to its index in the taxonomy."""
    properties: dict[str, Json] = {"precision": _PRECISION[confidence], "tags": _tags(rule)}
    if rule.security_severity:  # GitHub's scale starts above 0
        properties["security-severity"] = f"{rule.security_severity:.1f}"
    known: dict[str, Json] = {
        "id": rule.id,
        "name": _name(rule.id),
        "shortDescription": {"text": _sentence(rule.title)},
        "fullDescription": {"text": _sentence(rule.why or rule.title)[:_FULL]},
        "help": {"text": _help(rule), "markdown": _help_markdown(rule)},
        "defaultConfiguration": {"level": rule.level},
        "properties": properties,
    }
    if rule.references:
        known["helpUri"] = rule.references[0]
    if rule.cwe:
        known["relationships"] = [_relationship(number, cwe[number]) for number in rule.cwe]
    return known


def notification(code: str, rule: Rule | None) -> dict[str, Json]:
    """The descriptor of a reason code that is no result: a gap, the engine, or something that only policy knows."""
    known = advice(code)
    title, remedy = (rule.title, rule.remediation) if rule else known
    text = f"{_sentence(title)} {remedy}"
    return {
        "id": code,
        "name": _name(code),
        "shortDescription": {"text": _sentence(title)},
        "fullDescription": {"text": text[:_FULL]},
        "help": {"text": text},
    }


def taxonomy(cwe: Mapping[int, int]) -> dict[str, Json]:
    """The part of the Common Weakness Enumeration that the rules of this run mention."""
    return {
        "name": "CWE",
        "organization": "MITRE",
        "informationUri": "https://cwe.mitre.org/",
        "shortDescription": {"text": "The MITRE Common Weakness Enumeration."},
        "taxa": [{"id": str(number), "helpUri": _CWE.format(number)} for number in cwe],
    }


def _relationship(number: int, index: int) -> Json:
    return {
        "target": {"id": str(number), "index": index, "toolComponent": {"name": "CWE", "index": 0}},
        "kinds": ["relevant"],
    }


def _tags(rule: Rule) -> Sequence[str]:
    security = ["security"] if rule.security_severity or rule.cwe else []
    weaknesses = [f"external/cwe/cwe-{number:03}" for number in rule.cwe]
    return [*security, rule.id.partition(".")[0], *weaknesses][:_TAGS]


def _name(code: str) -> str:
    """`secrets.aws-key` as SecretsAwsKey: SARIF wants a Pascal case identifier beside the id."""
    return "".join(word[:1].upper() + word[1:] for word in code.replace(".", "-").split("-"))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _help(rule: Rule) -> str:
    parts = [_sentence(rule.title), rule.why, f"Fix: {rule.remediation}", *rule.references]
    return "\n\n".join(part for part in parts if part)


def _help_markdown(rule: Rule) -> str:
    parts = [f"**{_sentence(rule.title)}**", rule.why, f"**Fix:** {rule.remediation}"]
    links = "\n".join(f"- <{reference}>" for reference in rule.references)
    return "\n\n".join(part for part in (*parts, links) if part)
