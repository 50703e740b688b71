"""gate scan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gate.cli.options import (
    Actor,
    AttestDir,
    Db,
    EffectiveTime,
    EngineCheck,
    EngineName,
    Environment,
    ExpectDigest,
    Extension,
    IdentityTokenFile,
    Jobs,
    KeyPasswordFile,
    Limit,
    MaskKey,
    ModelName,
    ModelVersion,
    OpaCa,
    OpaTokenFile,
    OpaUrl,
    PiiAllow,
    PiiCountry,
    PiiRecognizers,
    Policy,
    PolicyData,
    Profiles,
    Signatures,
    SigningConfig,
    SignKey,
    SignKeyless,
    Stage,
    Targets,
    TrustedRootFile,
    TrustFile,
    ValidFor,
    VerifierId,
    Vex,
    Waivers,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gate.cli.judge import Judged
    from gate.cli.setup import Setup

WORST = (0, 3, 1, 2, 70)
"""Exit codes from good to bad: with several targets the worst wins."""


def scan(
    targets: Targets,
    stage: Stage = "production",
    environment: Environment = "",
    actor: Actor = "",
    model_name: ModelName = "",
    model_version: ModelVersion = "",
    policy: Policy = "",
    policy_data: PolicyData = "",
    engine_name: EngineName = "embedded",
    opa_url: OpaUrl = "",
    opa_token_file: OpaTokenFile = "",
    opa_ca: OpaCa = "",
    engine_check: EngineCheck = False,
    waivers: Waivers = "",
    vex: Vex = [],  # noqa: B006
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
    format_: Annotated[
        str,
        typer.Option(
            "-f", "--format", metavar="FORMAT", help="text, json, sarif, markdown, github, openvex or inventory."
        ),
    ] = "text",
    output: Annotated[
        list[str], typer.Option("-o", "--output", metavar="FORMAT=PATH", help="Write a file as well.")
    ] = [],  # noqa: B006
    sign_key: SignKey = "",
    sign_keyless: SignKeyless = False,
    identity_token_file: IdentityTokenFile = "",
    signing_config: SigningConfig = "",
    trusted_root: TrustedRootFile = "",
    attest_dir: AttestDir = "",
    key_password_file: KeyPasswordFile = "",
    verifier_id: VerifierId = "",
    valid_for: ValidFor = "",
    jobs: Jobs = 1,
    effective_time: EffectiveTime = "",
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit 0 whatever was decided.")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Do not tell how far it is.")] = False,
    color: Annotated[str, typer.Option(metavar="WHEN", help="auto, always or never.")] = "auto",
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print no result; files are still written.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Tell times and crashes on stderr.")] = False,
) -> None:
    """Scan archives and decide whether they may be promoted."""
    from gate.cli import emit
    from gate.cli.files import refuse_inside
    from gate.cli.judge import Asked, engine, judge, log_to_stderr, paint
    from gate.cli.keyless import KeylessOptions
    from gate.cli.setup import prepare
    from gate.cli.signing import signing

    if verbose:
        log_to_stderr()
    emit.check_format(format_, "-f")
    files = emit.outputs(output)
    refuse_inside(targets, (policy, policy_data, opa_token_file, opa_ca))
    signer = signing(
        targets,
        key=sign_key,
        by_identity=KeylessOptions(sign_keyless, identity_token_file, signing_config, trusted_root),
        folder=attest_dir,
        password_file=key_password_file,
        verifier=verifier_id,
        valid=valid_for,
        effective_time=effective_time,
    )
    asked = Asked(engine_name, opa_url, opa_token_file, opa_ca, engine_check)
    decider = engine(policy, policy_data, asked, targets)
    setup = prepare(
        targets,
        stage=stage,
        policy=decider,
        environment=environment,
        actor=actor,
        model_name=model_name,
        model_version=model_version,
        waivers=waivers,
        vex=vex,
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
    judged, worst = judge(targets, setup, decider, jobs, show=not (no_progress or quiet))
    _publish(judged, setup, [] if quiet else [format_], files, paint(color))
    codes = [worst, *(one.decision.outcome.exit_code for one in judged)]
    if exit_zero:
        codes = [0 if code in (1, 3) else code for code in codes]
    if signer:  # last: nothing is signed that could not be shown
        codes.append(signer.attest(judged))
    raise typer.Exit(max(codes, key=WORST.index))


def _publish(judged: list[Judged], setup: Setup, shown: list[str], files: list[tuple[str, str]], color: bool) -> None:
    from itertools import chain

    from gate.cli import emit
    from gate.cli.judge import rendering
    from gate.output import STREAMS, streamer

    if not judged:
        return

    def document(name: str, color: bool = False) -> str | Iterable[str]:
        if name in STREAMS:
            return chain.from_iterable(streamer(name)(one.report) for one in judged)
        render = rendering(name, color)
        rules = setup.registry.rules
        return emit.combine(name, [render(one.report, one.request, one.decision, rules) for one in judged])

    for name, path in files:
        emit.write_file(path, document(name))
    for name in shown:
        emit.write_stdout(document(name, color))
