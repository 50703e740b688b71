"""Admit: attestations and what was asked go in, an answer with its reasons comes out. No file, network or clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from gate.admission.examine import examine
from gate.core.admission import Admission, Asked, Examined, Given, Said
from gate.core.decision import Action, Outcome, PolicyUsed, Reason
from gate.core.errors import EngineError
from gate.core.report import Json
from gate.core.text import printable
from gate.policy.answer import Answer, read
from gate.trust.verify import Artifact, Verification
from gate.trust.words import Trust

ENTRYPOINT = "gate/admission/result"
SCHEMA = "gate.admission-input/v1"


class Engine(Protocol):
    """Evaluates any entry point of a policy; gate.adapters.opa_wasm.Embedded is one."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str | None: ...
    @property
    def data_digest(self) -> str | None: ...
    def evaluate(self, document: Mapping[str, Json], entrypoint: str) -> Json:
        """The value of the entry point for one document; raises EngineError and nothing else."""


def admit(files: Iterable[Given], asked: Asked, trust: Trust, engine: Engine) -> Admission:
    """Ask the policy whether this artifact may be deployed.

    1. Verify each attestation, as one by somebody with the role `verifier`, about this digest, at this time.
    2. Reduce what genuine ones say to facts: strings, whole numbers and booleans.
    3. Let the engine evaluate them, and believe an answer only in the agreed shape.

    Nothing here makes an allow: it comes from the engine or not at all.
    """
    verification = Verification(trust, asked.now, "verifier")
    artifact = Artifact({asked.algorithm: asked.digest})
    examined = tuple(examine(files, verification, artifact, asked))
    try:
        answer = read(engine.evaluate(document(examined, asked), ENTRYPOINT), {})
    except EngineError as error:
        reason = Reason(f"engine.{error.code}", Action.INCONCLUSIVE, "", printable(str(error)))
        answer = Answer(Outcome.INCONCLUSIVE, (reason,), (), ())
    used = PolicyUsed(engine.digest, engine.name, engine.data_digest)
    return Admission(
        asked, answer.outcome, answer.reasons, answer.warnings, answer.waived, examined, trust.digest, used
    )


def document(examined: Iterable[Examined], asked: Asked) -> dict[str, Json]:
    """What the policy is asked: `gate.admission-input/v1`."""
    return {
        "schema": SCHEMA,
        "request": {
            "stage": asked.stage,
            "environment": asked.environment,
            "max_age": asked.max_age,
            "policies": list(asked.policies),
        },
        "attestations": [_row(one) for one in examined if one.state != "no-verdict"],
    }


def _row(one: Examined) -> dict[str, Json]:
    return {
        "place": printable(one.place),
        "state": one.state,
        "detail": printable(one.detail),
        "said": None if one.said is None else _said(one.said),
    }


def _said(said: Said) -> dict[str, Json]:
    return {
        "kind": said.kind,
        "passed": said.passed,
        "stage": said.stage,
        "environment": said.environment,
        "resource_stage": said.resource_stage,
        "resource_environment": said.resource_environment,
        "age": said.age,
        "ahead": said.ahead,
        "ends_in": said.ends_in,
        "policy": said.policy,
    }
