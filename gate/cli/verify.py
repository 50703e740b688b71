"""gate verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gate.trust.words import Trust


def verify(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="With --bundle: the signed file, or its digest as sha256:HEX.")
    ],
    bundle: Annotated[str, typer.Option(metavar="FILE", help="The Sigstore bundle to check.")] = "",
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
    import hashlib
    import os

    from gate.cli.artifact import artifact
    from gate.cli.emit import write_stdout
    from gate.cli.files import read_file
    from gate.core.errors import UsageError
    from gate.core.limits import Limits
    from gate.output.verification import RENDERERS, BundleChecked
    from gate.trust.bundle import check
    from gate.trust.verify import needs

    if format_ not in RENDERERS:
        raise UsageError(f"-f {format_}: there are {', '.join(sorted(RENDERERS))}")
    if not bundle:
        raise UsageError("give the signature as --bundle FILE")
    trust = _trust(certificate_identity, certificate_oidc_issuer, key, trusted_root)
    data = read_file(bundle, "--bundle", Limits().signature_bytes)
    about = artifact(target, needs(trust))
    checked = BundleChecked(
        os.path.basename(bundle), hashlib.sha256(data).hexdigest(), about.digests, check(data, about, trust)
    )
    write_stdout(RENDERERS[format_](checked))
    raise typer.Exit(checked.exit_code)


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
