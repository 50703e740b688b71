"""gate verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gate.cli.options import EffectiveTime, Signatures, TrustFile

if TYPE_CHECKING:
    from gate.trust.words import Trust


def verify(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="Archive; with --bundle the signed file, or its sha256:HEX.")
    ],
    trust: TrustFile = "",
    signature: Signatures = [],  # noqa: B006  # typer copies it
    effective_time: EffectiveTime = "",
    bundle: Annotated[str, typer.Option(metavar="FILE", help="Check this Sigstore bundle, and nothing else.")] = "",
    certificate_identity: Annotated[
        str, typer.Option(metavar="NAME", help="Whose certificate it must be: the whole name, an address or a URI.")
    ] = "",
    certificate_oidc_issuer: Annotated[
        str, typer.Option(metavar="URL", help="Who must have vouched for that identity.")
    ] = "",
    key: Annotated[str, typer.Option(metavar="FILE", help="Public key (PEM) that must have signed it.")] = "",
    trusted_root: Annotated[
        str, typer.Option(metavar="FILE", help="Sigstore's authorities and logs (JSON); default: the public ones.")
    ] = "",
    format_: Annotated[str, typer.Option("-f", "--format", metavar="FORMAT", help="text or json.")] = "text",
) -> None:
    """Verify signatures, offline: exit 0 verified, 1 not, 3 when it cannot be told."""
    from gate.cli.emit import write_stdout
    from gate.core.errors import UsageError

    if format_ not in ("json", "text"):
        raise UsageError(f"-f {format_}: there are json, text")
    if bundle:
        if trust or signature or effective_time:
            raise UsageError(
                "--bundle asks about one signer, named by options: no --trust, --signature, --effective-time"
            )
        named = _trust(certificate_identity, certificate_oidc_issuer, key, trusted_root)
        answer, code = _bundle(target, bundle, named, format_)
    else:
        if certificate_identity or certificate_oidc_issuer or key or trusted_root:
            raise UsageError(
                "--certificate-identity, --certificate-oidc-issuer, --key and --trusted-root need --bundle"
            )
        answer, code = _archive(target, trust, signature, effective_time, format_)
    write_stdout(answer)
    raise typer.Exit(code)


def _archive(target: str, trust: str, files: list[str], effective_time: str, format_: str) -> tuple[str, int]:
    from gate.cli.signatures import signatures
    from gate.output.signatures import RENDERERS

    checked = signatures(target, trust, files, effective_time)
    return RENDERERS[format_](checked), checked.exit_code


def _bundle(target: str, file: str, trust: Trust, format_: str) -> tuple[str, int]:
    import hashlib
    import os

    from gate.cli.artifact import artifact
    from gate.cli.files import read_file
    from gate.core.limits import Limits
    from gate.output.verification import RENDERERS, BundleChecked
    from gate.trust.bundle import check
    from gate.trust.verify import needs

    data = read_file(file, "--bundle", Limits().signature_bytes)
    about = artifact(target, needs(trust))
    sha256 = hashlib.sha256(data).hexdigest()
    checked = BundleChecked(os.path.basename(file), sha256, about.digests, check(data, about, trust))
    return RENDERERS[format_](checked), checked.exit_code


def _trust(identity: str, issuer: str, key: str, root_file: str) -> Trust:
    """The one signer that the options name; UsageError for none, two, and half a one."""
    import os

    from gate.cli.files import SMALL, read_file
    from gate.core.errors import NotExamined, UsageError
    from gate.trust.bundle import by_identity, by_key
    from gate.trust.file import trusted_root

    if bool(key) == bool(identity or issuer) or bool(identity) != bool(issuer):
        raise UsageError("say who must have signed: --certificate-identity and --certificate-oidc-issuer, or --key")
    root = None
    if root_file:
        try:
            root = trusted_root("--trusted-root", read_file(root_file, "--trusted-root", SMALL))
        except NotExamined as error:
            raise UsageError(f"--trusted-root {root_file}: {error}") from error
    if not key:
        return by_identity(identity, issuer, root)
    try:
        return by_key(os.path.basename(key), read_file(key, "--key", SMALL), root)
    except NotExamined as error:
        raise UsageError(f"--key {key}: {error}") from error
