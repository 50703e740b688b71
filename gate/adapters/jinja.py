"""Jinja templates of strangers, judged by their syntax tree: nothing is rendered.

A chat template is a program that the tokenizer renders over every conversation. In an environment without a sandbox one
attribute leads from any value to the interpreter (CVE-2024-34359); `a['b']` and several filters read attributes too
(https://jinja.palletsprojects.com/en/stable/templates/#variables).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from gate.core.errors import FormatError, MissingExtra, NotExamined
from gate.core.gap import GapReason
from gate.formats.concern import Concern

if TYPE_CHECKING:
    from jinja2 import Environment

SIZE = 2**18
"""Characters of a template that is judged; the longest in use have 30,000."""


@cache
def _environment() -> Environment:
    """As transformers sets it up, apart from its functions: names mean nothing until something is rendered."""
    try:
        from jinja2 import Environment, nodes
        from jinja2.ext import Extension
    except ImportError as error:
        raise MissingExtra("jinja2", "scan") from error

    class Generation(Extension):
        """The block with which transformers marks what the assistant says; it only renders its body."""

        tags = {"generation"}  # noqa: RUF012  # as the base class has it

        def parse(self, parser: Any) -> nodes.Node:
            line = next(parser.stream).lineno
            return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)

    more = ("jinja2.ext.loopcontrols", "jinja2.ext.do", Generation)
    return Environment(extensions=more, trim_blocks=True, lstrip_blocks=True)  # noqa: S701  # nothing is rendered


def judge(text: str) -> tuple[Concern, ...]:
    """What rendering a template could do besides writing text, each thing once; lines are those of the template.

    Raises FormatError for what is no template, NotExamined for one that is too large or too deep, MissingExtra.
    """
    if len(text) > SIZE:
        raise NotExamined(GapReason.TOO_LARGE, f"a template of {len(text)} characters, more than {SIZE}")
    environment = _environment()
    from jinja2 import TemplateSyntaxError

    from gate.adapters.jinja_tree import Judge

    try:
        concerns = Judge(environment.parse(text)).concerns()
        return tuple({(concern.rule, concern.by): concern for concern in reversed(list(concerns))}.values())[::-1]
    except TemplateSyntaxError as error:
        raise FormatError(f"a template with a mistake in line {error.lineno}") from None
    except ValueError:  # an integer of thousands of digits
        raise FormatError("a template with a number that is too long") from None
    except (RecursionError, MemoryError):
        raise NotExamined(GapReason.TOO_DEEP, "a template that is nested too deeply") from None
