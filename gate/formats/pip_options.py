"""The options of one line of a requirements file, as pip's own parser (optparse) takes them apart.

https://pip.pypa.io/en/stable/reference/requirements-file-format/#supported-options
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from gate.core.errors import FormatError

_WITH_VALUE = {
    "--index-url": "index-url",
    "--pypi-url": "index-url",
    "--extra-index-url": "extra-index-url",
    "--find-links": "find-links",
    "--trusted-host": "trusted-host",
    "--requirement": "requirement",
    "--constraint": "constraint",
    "--editable": "editable",
    "--no-binary": "no-binary",
    "--only-binary": "only-binary",
    "--use-feature": "use-feature",
    "--global-option": "global-option",
    "--install-option": "install-option",
    "--config-settings": "config-settings",
    "--config-setting": "config-settings",
    "--hash": "hash",
}
_FLAGS = {"--no-index", "--prefer-binary", "--require-hashes", "--pre", "--process-dependency-links"}
_SHORT = {
    "i": "index-url",
    "f": "find-links",
    "r": "requirement",
    "c": "constraint",
    "e": "editable",
    "C": "config-settings",
}
_ALL = (*_WITH_VALUE, *_FLAGS)
_QUOTES = frozenset("\"'\\")
_BLANK = re.compile(r"[ \t\r\n]+")
"""What separates words for shlex; other white space belongs to them."""
_QUOTED = 2**14
"""Characters of options with quotes or backslashes in them, which are taken apart one by one; real ones have 200."""


def split(line: str) -> tuple[str, str]:
    """The requirement and the options of a line: the first word that begins with a dash begins them."""
    if line.startswith("-"):
        return "", line
    at = line.find(" -")
    return (line, "") if at < 0 else (line[:at].rstrip(), line[at + 1 :])


def parse(text: str) -> Iterator[tuple[str, str]]:
    """Option and value, one after the other, the option by its long name; a flag has the value "".

    Long names may be cut as long as one option fits, short ones may stick to their value, words that belong to no
    option are passed over: so does pip. FormatError where pip would give up; what came before it was yielded.
    """
    words = iter(_words(text))
    for word in words:
        if word == "--":
            return
        if word.startswith("--"):
            yield _long(word, words)
        elif word.startswith("-") and len(word) > 1:
            option = _SHORT.get(word[1])
            if option is None:
                raise FormatError(f"unknown option -{word[1]}")
            yield option, word[2:] or _value(words, option)


def _words(text: str) -> list[str]:
    if not _QUOTES & set(text):
        return [word for word in _BLANK.split(text) if word]
    if len(text) > _QUOTED:
        raise FormatError("options that are too long")
    try:
        return shlex.split(text)
    except ValueError:
        raise FormatError("a quotation without end") from None


def _long(word: str, words: Iterator[str]) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    fits = [name] if name in _ALL else [option for option in _ALL if option.startswith(name)]
    if len({_WITH_VALUE.get(option, option) for option in fits}) != 1:
        raise FormatError(f"{'unknown' if not fits else 'ambiguous'} option {name[:40]}")
    option = _WITH_VALUE.get(fits[0])
    if option is None:
        return fits[0].removeprefix("--"), ""
    return option, value if equals else _value(words, option)


def _value(words: Iterator[str], option: str) -> str:
    value = next(words, None)
    if value is None:
        raise FormatError(f"--{option} without a value")
    return value
