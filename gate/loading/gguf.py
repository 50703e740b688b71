"""A GGUF file: the chat templates that its runtime renders, and headers that make it read where it must not."""

from __future__ import annotations

from collections.abc import Iterator

from gate.adapters import jinja
from gate.core.errors import NotExamined
from gate.core.gap import GapReason
from gate.formats.concern import Concern
from gate.formats.gguf import Gguf


def concerns(header: Gguf) -> Iterator[Concern]:
    """What a runtime would do with the file besides arithmetic; NotExamined for a template that cannot be judged."""
    for problem in header.problems:
        yield Concern("malformed-header", problem, f"the header is not what the format says: {problem}")
    for template in header.templates:
        if not template.whole:
            raise NotExamined(GapReason.TOO_LARGE, f"{template.key[:80]}: a template that is longer than any")
        for concern in jinja.judge(template.text):
            how = f"line {concern.line} of {template.key[:80]}: {concern.how}"
            yield concern._replace(how=how, line=-1)
