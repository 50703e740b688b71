"""--engine-check: two engines are asked, and an answer counts only when both give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gate.core.canonical import canonical
from gate.core.errors import EngineError
from gate.core.report import Json
from gate.policy.engine import Engine


@dataclass(frozen=True, slots=True)
class Both:
    """An engine that asks two others; what they disagree on is EngineError."""

    first: Engine
    second: Engine

    @property
    def name(self) -> str:
        return f"{self.first.name}+{self.second.name}"

    @property
    def digest(self) -> str | None:
        """The policy digest of both, None when they have not the same."""
        return self.first.digest if self.first.digest == self.second.digest else None

    @property
    def data_digest(self) -> str | None:
        """That of both, None when they have not the same."""
        return self.first.data_digest if self.first.data_digest == self.second.data_digest else None

    def evaluate(self, document: Mapping[str, Json]) -> Json:
        """The answer of both.

        Raises EngineError: what one of them raised when it could not answer at all, digest-mismatch when they ran
        another policy or other data, engines-differ when their answers are not the same.
        """
        one, other = _ask(self.first, document), _ask(self.second, document)
        for answer in (one, other):
            if isinstance(answer, EngineError) and answer.code != "undefined":
                raise answer
        names = f"{self.first.name} and {self.second.name}"
        if self.first.digest != self.second.digest:
            raise EngineError("digest-mismatch", f"{names} do not run the same policy")
        if self.first.data_digest != self.second.data_digest:
            raise EngineError("digest-mismatch", f"{names} do not hold the same data.gate_site.config (--policy-data)")
        if isinstance(one, EngineError) and isinstance(other, EngineError):
            raise one
        if isinstance(one, EngineError) or isinstance(other, EngineError) or not _same(one, other):
            raise EngineError("engines-differ", f"{names} give different answers")
        return one


def _ask(engine: Engine, document: Mapping[str, Json]) -> Json | EngineError:
    try:
        return engine.evaluate(document)
    except EngineError as error:
        return error


def _same(one: Json, other: Json) -> bool:
    """Equal as JSON; an engine may list the rows of a set in any order."""
    try:
        return _rows(one) == _rows(other)
    except ValueError:
        return False


def _rows(value: Json) -> object:
    if not isinstance(value, Mapping):
        return canonical(value)
    return {key: sorted(map(canonical, part)) if isinstance(part, list) else part for key, part in value.items()}
