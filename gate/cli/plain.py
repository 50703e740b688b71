"""Commands whose options are text: they start without the library that typer checks values with.

typer 0.29 imports pydantic for the first option that it parses, a fourth of what `gate admit` takes (docs/adr/0014).
Text, lists of text and flags come out of the parser as they are meant.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption


class _AsItIs:
    """What typer asks for the value of an option."""

    def coerce(self, value: Any, param: TyperOption, ctx: object) -> Any:
        return list(value or ()) if param.multiple else value


class _PlainOption(TyperOption):
    def get_runtime_param(self) -> Any:
        return _AsItIs()


def _plain(params: list[Any]) -> list[Any]:
    """The same options; any that is neither text nor a flag, or comes from a variable, stays as typer made it."""
    for param in params:
        described = getattr(param, "type_descriptor", None)  # a typer without it has nothing to avoid
        known = getattr(described, "annotation", None) in (str, list[str], bool)
        if known and type(param) is TyperOption and not param.envvar:
            param.__class__ = _PlainOption
    return params


class PlainCommand(TyperCommand):
    """A command whose options are str, list[str] and bool."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """The same for a group, with its options and the commands below it."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))
