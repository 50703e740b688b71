"""--policy-data: what an organisation changes about the standard policy without writing Rego."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import yaml

from gate.core.decision import Action
from gate.core.errors import UsageError
from gate.core.report import Json
from gate.policy.standard import standard

_BYTES = 2**20
_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*")
"""`<family>.<kebab-name>`"""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
"""The name of an inspector is that of its module."""


_HOURS = ("admission_age_hours", "advisory_age_hours", "advisory_warn_hours")
_LIMITS = (*_HOURS, "archive_bytes", "load_bytes", "parameters", "unpacked_bytes", "weight_bytes")


class _SiteDataError(Exception):
    """What is wrong, and the keys that lead there; each layer puts its own in front."""

    def __init__(self, what: str, *path: str) -> None:
        super().__init__(what)
        self.path = path


def parse(text: bytes, name: str) -> dict[str, Json]:
    """The value for data.gate_site.config from a YAML or JSON file called `name`:

        actions: {pii.email-address: warn}
        stages: {production: {actions: {pii.email-address: deny}, limits: {archive_bytes: 10000000000}}}
        required_sections: [secrets]

    Sections are added to the standard ones. Raises UsageError with the path to the wrong value: an unknown key or
    stage, a value of another type, or an action other than deny for a code that is mandatory.
    """
    try:
        return _object(_load(text), _FILE)
    except _SiteDataError as error:
        where = " > ".join((name, *error.path))
        raise UsageError(f"{where}: {error}") from None


def _load(text: bytes) -> object:
    if len(text) > _BYTES:
        raise _SiteDataError(f"is larger than {_BYTES} bytes")
    try:
        return yaml.load(text, _Loader)  # noqa: S506  # makes nothing but strings, lists and dictionaries
    except RecursionError:
        raise _SiteDataError("is nested too deeply") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _SiteDataError(f"is not YAML: {' '.join(str(error).split())}") from error


class _Loader(yaml.BaseLoader):
    """All scalars are strings, so that the action `off` does not become false; a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else id(key)  # the base refuses what is no scalar
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {name} stands twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


def _action(code: str, value: object) -> Json:
    if value not in list(Action):  # a list, because what comes from a file may not be hashable
        raise _SiteDataError(f"must be one of {', '.join(Action)}")
    if code in standard().mandatory and value != Action.DENY:
        raise _SiteDataError("is mandatory: it always denies and cannot be lowered")
    return str(value)


def _actions(value: object) -> Json:
    return _each(value, _action, _CODE.fullmatch, "is not a code like pii.email-address")


def _stage(_: str, value: object) -> Json:
    return _object(value, {"actions": _actions, "environments": _environments, "limits": _limits})


def _environments(value: object) -> Json:
    """Limits of one environment of a stage, by its name; they come before those of the stage."""
    return _each(value, lambda _, one: _object(one, {"limits": _limits}), bool, "is no name of an environment")


def _limits(value: object) -> Json:
    return _object(value, dict.fromkeys(_LIMITS, _number))


def _number(value: object) -> Json:
    digits = str(value)  # YAML scalars are read as text, JSON numbers as numbers
    if not (digits.isascii() and digits.isdecimal() and 0 < len(digits) < 16 and int(digits)):
        raise _SiteDataError("must be a whole number above 0")
    return int(digits)


def _stages(value: object) -> Json:
    known = standard().stages
    return _each(value, _stage, known.__contains__, f"is no stage; there are {', '.join(sorted(known))}")


def _sections(value: object) -> Json:
    if not isinstance(value, list):
        raise _SiteDataError("must be a list of inspectors")
    for name in value:
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise _SiteDataError("is not the name of an inspector", str(name))
    return sorted(set(value))


_FILE: Mapping[str, Callable[[object], Json]] = {
    "actions": _actions,
    "required_sections": _sections,
    "stages": _stages,
}


def _object(value: object, keys: Mapping[str, Callable[[object], Json]]) -> dict[str, Json]:
    """A mapping with some of these keys and no others."""
    return _each(value, lambda key, item: keys[key](item), keys.__contains__, f"is unknown; known: {', '.join(keys)}")


def _each(
    value: object, read: Callable[[str, object], Json], known: Callable[[str], object], unknown: str
) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise _SiteDataError("must be a mapping")
    found: dict[str, Json] = {}
    for key, item in value.items():
        if not isinstance(key, str) or not known(key):
            raise _SiteDataError(unknown, str(key))
        try:
            found[key] = read(key, item)
        except _SiteDataError as error:
            raise _SiteDataError(str(error), key, *error.path) from None
    return found
