"""gate facts."""

from __future__ import annotations

from typing import Annotated

import typer

from gate.cli.options import (
    Db,
    EffectiveTime,
    Environment,
    ExpectDigest,
    Extension,
    Jobs,
    Limit,
    MaskKey,
    ModelName,
    ModelVersion,
    PiiAllow,
    PiiCountry,
    PiiRecognizers,
    Profiles,
    Signatures,
    Stage,
    TrustFile,
    Waivers,
)


def facts(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Archive: a file, a folder, or - for stdin.")],
    stage: Stage = "production",
    environment: Environment = "",
    model_name: ModelName = "",
    model_version: ModelVersion = "",
    waivers: Waivers = "",
    db: Db = "",
    profile: Profiles = [],  # noqa: B006  # typer copies it
    trust: TrustFile = "",
    pii_country: PiiCountry = "",
    pii_recognizers: PiiRecognizers = [],  # noqa: B006
    signature: Signatures = [],  # noqa: B006
    expect_digest: ExpectDigest = [],  # noqa: B006
    pii_allow: PiiAllow = "",
    mask_key: MaskKey = "",
    limit: Limit = [],  # noqa: B006
    extension: Extension = [],  # noqa: B006
    jobs: Jobs = 1,
    effective_time: EffectiveTime = "",
) -> None:
    """Print the policy document of an archive, what Rego sees as `input`; nothing is decided."""
    from gate import pipeline
    from gate.cli import emit
    from gate.cli.setup import prepare
    from gate.core.canonical import canonical
    from gate.policy.decide import document

    setup = prepare(
        [target],
        stage=stage,
        environment=environment,
        model_name=model_name,
        model_version=model_version,
        waivers=waivers,
        limit=limit,
        extension=extension,
        effective_time=effective_time,
        db=db,
        profile=profile,
        pii_country=pii_country,
        pii_recognizers=pii_recognizers,
        trust=trust,
        signature=signature,
        expect_digest=expect_digest,
        pii_allow=pii_allow,
        mask_key=mask_key,
    )
    report = pipeline.scan(target, setup.registry_for(0), setup.limits, jobs)
    seen = document(report, setup.request.about(report.model), setup.registry.rules, setup.limits)
    emit.write_stdout(canonical(seen).decode() + "\n")
