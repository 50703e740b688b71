"""Reading a file that a person wrote: each layer puts its own key in front of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeAlias, TypeVar

import yaml

from gate.core.errors import UsageError
from gate.core.report import Json

T = TypeVar("T")
Read: TypeAlias = Callable[[Any], Any]
_BYTES = 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FAMILY = re.compile(r"[A-Z][A-Za-z0-9_]{0,63}")
_TEXT = 256
_ITEMS = 1000


class Wrong(Exception):
    """What is wrong, and the keys that lead there."""

    def __init__(self, what: str, *path: str) -> None:
        super().__init__(what)
        self.path = path


def load(data: bytes, name: str, read: Callable[[object], T]) -> T:
    """The value of one YAML file; UsageError with the path to what is wrong, beginning with the file's name."""
    try:
        return read(_parsed(data))
    except Wrong as error:
        raise UsageError(f"{' > '.join((name, *error.path))}: {error}") from None


def _parsed(data: bytes) -> object:
    if len(data) > _BYTES:
        raise Wrong(f"is larger than {_BYTES} bytes")
    try:
        return yaml.load(data, _Loader)  # noqa: S506  # a SafeLoader
    except RecursionError:
        raise Wrong("is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that is none, an encoding that is none
        raise Wrong(f"is not YAML: {' '.join(str(error).split())}") from None


class Unquoted(str):
    """A number with a point that stands without quotes, as it was written: YAML would drop the zero of 2.30."""


class _Loader(yaml.SafeLoader):
    """A key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, "a key stands twice or is no text", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _unquoted(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Unquoted:
    return Unquoted(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:float", _unquoted)


def mapping(keys: Mapping[str, Read], required: tuple[str, ...] = ()) -> Callable[[object], dict[str, Any]]:
    """Some of these keys and no others, each read by its own function."""

    def read(value: object) -> dict[str, Any]:
        found = _items(value, lambda key: keys[key], keys.__contains__, f"is unknown; known: {', '.join(keys)}")
        for key in required:
            if key not in found:
                raise Wrong("is missing", key)
        return found

    return read


def each(item: Read, known: Callable[[str], object], unknown: str) -> Callable[[object], dict[str, Any]]:
    """Any keys that are known, all values read alike."""
    return lambda value: _items(value, lambda _: item, known, unknown)


def _items(
    value: object, reader: Callable[[str], Read], known: Callable[[str], object], unknown: str
) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Wrong("must be a mapping")
    found = {}
    for key, item in value.items():
        if not isinstance(key, str) or not known(key):
            raise Wrong(unknown, str(key))
        try:
            found[key] = reader(key)(item)
        except Wrong as error:
            raise Wrong(str(error), key, *error.path) from None
    return found


def many(item: Read) -> Callable[[object], tuple[Any, ...]]:
    """A list, all items read alike."""

    def read(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > _ITEMS:
            raise Wrong(f"must be a list of at most {_ITEMS} items")
        found = []
        for at, element in enumerate(value):
            try:
                found.append(item(element))
            except Wrong as error:
                raise Wrong(str(error), str(at), *error.path) from None
        return tuple(found)

    return read


def maybe(item: Read) -> Callable[[object], Json]:
    """Null, or what `item` reads."""
    return lambda value: None if value is None else item(value)


def one_of(*words: str) -> Callable[[object], str]:
    """One of these words."""

    def read(value: object) -> str:
        if value not in words:
            raise Wrong(f"must be {' or '.join(words)}")
        return str(value)

    return read


def text(value: object) -> str:
    """Printable text."""
    if (
        not isinstance(value, str)
        or isinstance(value, Unquoted)
        or not value
        or len(value) > _TEXT
        or not value.isprintable()
    ):
        raise Wrong(f"must be text of at most {_TEXT} characters")
    return value


def name(value: object) -> str:
    """A name that may stand in messages and fingerprints."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Wrong("must be a name of letters, digits, dots, dashes and underscores")
    return value


def family(key: str) -> bool:
    """Whether a key can be a family of symbol versions."""
    return _FAMILY.fullmatch(key) is not None


def anything(_: str) -> bool:
    """Any key."""
    return True


def whole(value: object) -> int:
    """A number from 0 on."""
    if type(value) is not int or not 0 <= value < 2**53:
        raise Wrong("must be a whole number")
    return value


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Wrong("must be true or false")
    return value
