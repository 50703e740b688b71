"""`pip install` in a shell: what it asks for. Command lines of a Dockerfile, of the cells of a notebook.

Only what stands there as a word is read; a variable, a command in another language or a script is not followed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise

from gate.formats.requirement import Include, Index, Item, Span, located, parse

_COMMAND = re.compile(
    r"(?:^|[\s;&|(!%])(?:uv\s+pip|(?:python[0-9.]*|py)\s+-m\s+pip|pip[0-9.]*)\s+install(?=\s)(?P<rest>[^;&|\n]*)"
)
_WORDS = 2**14
"""Characters of one command that are taken apart."""
_INCLUDES = {"-r": False, "--requirement": False, "-c": True, "--constraint": True}
_INDEXES = {
    "-i": "index-url", "--index-url": "index-url", "--extra-index-url": "extra-index-url",
    "-f": "find-links", "--find-links": "find-links", "--trusted-host": "trusted-host",
}  # fmt: skip
_EDITABLE = ("-e", "--editable")
_OTHERS = frozenset({
    "-t", "--target", "-d", "--download", "--prefix", "--root", "--src", "-b", "--build", "--platform", "--abi",
    "--python-version", "--implementation", "--no-binary", "--only-binary", "--progress-bar", "--proxy", "--retries",
    "--timeout", "--exists-action", "--cert", "--client-cert", "--cache-dir", "--log", "--upgrade-strategy", "-C",
    "--config-settings", "--global-option", "--report", "--use-feature", "--python", "--index-strategy",
    "--torch-backend",
})  # fmt: skip
"""Options with a value that names no package. https://pip.pypa.io/en/stable/cli/pip_install/#options"""


def commands(text: str, span: Span) -> Iterator[Item]:
    """Everything that the install commands in one logical line of a shell ask for."""
    for match in _COMMAND.finditer(text):
        yield from _arguments(match["rest"], span)


def _arguments(rest: str, span: Span) -> Iterator[Item]:
    try:
        words = shlex.split(rest[:_WORDS], comments=True)
    except ValueError:
        words = rest[:_WORDS].split()
    skip = False
    for word, following in pairwise([*words, ""]):
        if skip:
            skip = False
            continue
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if not word.startswith("-"):
            yield from parse(word, span) if _speaks(word) else ()
            continue
        known = option in _INCLUDES or option in _INDEXES or option in _EDITABLE
        skip = not equals and (known or option in _OTHERS)
        value = value if equals else following
        if not known or not value or not _speaks(value):
            continue
        if option in _INCLUDES:
            yield Include(span, value, _INCLUDES[option])
        elif option in _INDEXES:
            yield Index(span, _INDEXES[option], value)
        else:
            yield located(value, span, "editable")


def _speaks(word: str) -> bool:
    """Whether the word is what will be installed: nothing is known of a variable, a command or a placeholder."""
    return not any(sign in word for sign in ("$", "`", "{{", "%"))
