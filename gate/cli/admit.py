"""gate admit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gate.cli.options import EffectiveTime, Policy, PolicyData

if TYPE_CHECKING:
    from gate.core.admission import Given


def admit(
    attestation: Annotated[
        list[str], typer.Option(metavar="FILE", help="Bundle, or .jsonl of bundles or envelopes; may be repeated.")
    ],
    stage: Annotated[str, typer.Option(metavar="STAGE", help="Stage that it is deployed to: staging or production.")],
    environment: Annotated[str, typer.Option(metavar="NAME", help="Where it is to run, for example prod-eu.")],
    trust: Annotated[str, typer.Option(metavar="FILE", help="Whose verdicts count (trust.yaml).")],
    digest: Annotated[str, typer.Option(metavar="ALG:HEX", help="What is deployed: sha256:... or dirHash:....")] = "",
    file: Annotated[str, typer.Option(metavar="TARGET", help="What is deployed, as a file; it is only hashed.")] = "",
    max_age: Annotated[
        str, typer.Option(metavar="TIME", help="Oldest verdict, as 12h or 7d, where the policy data allows older ones.")
    ] = "",
    policy_digest: Annotated[
        list[str], typer.Option(metavar="sha256:HEX", help="Policy that the verdict must rest on; may be repeated.")
    ] = [],  # noqa: B006  # typer copies it
    policy: Policy = "",
    policy_data: PolicyData = "",
    effective_time: EffectiveTime = "",
    format_: Annotated[str, typer.Option("-f", "--format", metavar="FORMAT", help="text or json.")] = "text",
) -> None:
    """Say from attestations whether an artifact may be deployed; nothing is scanned."""
    from gate.admission.admit import admit as ask
    from gate.cli.embedded import embedded_engine
    from gate.cli.emit import write_stdout
    from gate.cli.files import refuse_inside
    from gate.cli.times import moment, period
    from gate.cli.trust_file import trust_file
    from gate.core.admission import Asked
    from gate.core.errors import UsageError
    from gate.output import admission
    from gate.policy.standard import standard

    if format_ not in admission.RENDERERS:
        raise UsageError(f"-f {format_}: there are {', '.join(sorted(admission.RENDERERS))}")
    if bool(digest) == bool(file):
        raise UsageError("give what is deployed, either as --digest or as --file")
    if not policy and stage not in standard().stages:
        raise UsageError(f"--stage {stage}: there are {', '.join(sorted(standard().stages))}")
    if not environment:
        raise UsageError("--environment: must not be empty")
    targets = (file,) if file else ()
    refuse_inside(targets, (trust, policy, policy_data))
    age = period(max_age, "--max-age")
    asked = Asked(
        *(_digest(digest) if digest else ("sha256", _hashed(file))),
        stage,
        environment,
        moment(effective_time),
        None if age is None else int(age.total_seconds()),
        tuple(_policy_digest(text) for text in policy_digest),
    )
    trusted = trust_file(targets, trust)
    engine = embedded_engine(policy, policy_data, targets)
    answer = ask([_given(name) for name in attestation], asked, trusted, engine)
    write_stdout(admission.RENDERERS[format_](answer))
    raise typer.Exit(answer.outcome.exit_code)


def _digest(text: str) -> tuple[str, str]:
    import re

    from gate.core.errors import UsageError

    found = re.fullmatch(r"(sha256|dirHash):([0-9a-f]{64})", text)
    if found is None:
        raise UsageError(f"--digest {text}: write it as sha256: or dirHash: and 64 digits of lower-case hex")
    return found[1], found[2]


def _policy_digest(text: str) -> str:
    import re

    from gate.core.errors import UsageError

    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise UsageError(f"--policy-digest {text}: write it as sha256: and 64 digits of lower-case hex")
    return text.removeprefix("sha256:")


def _hashed(file: str) -> str:
    """Sha256 in hex of a regular file; of anything else UsageError, because only a scan computes other digests."""
    import hashlib
    import os
    import stat

    from gate.core.errors import UsageError

    try:
        if stat.S_ISDIR(os.stat(file).st_mode):
            raise UsageError(f"--file {file}: is a folder; give the dirHash that its scan said as --digest dirHash:HEX")
        if not stat.S_ISREG(os.stat(file).st_mode):
            raise UsageError(f"--file {file}: is no regular file; give its digest as --digest")
        with open(file, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"--file {file}: {error.strerror}") from error


def _given(file: str) -> Given:
    """What cannot be read is judged as such: the answer is then inconclusive, whatever the others say."""
    import os

    from gate.admission.examine import BYTES
    from gate.core.admission import Given

    name = os.path.basename(file) or file
    lines = file.endswith(".jsonl")
    try:
        with open(file, "rb") as stream:
            return Given(name, stream.read(BYTES + 1), lines)
    except OSError as error:
        return Given(name, None, lines, error.strerror or "cannot be read")
