"""gate attest."""

from __future__ import annotations

from typing import Annotated

import typer

from gate.cli.options import (
    AttestDir,
    IdentityTokenFile,
    KeyPasswordFile,
    SigningConfig,
    SignKey,
    SignKeyless,
    TrustedRootFile,
    ValidFor,
    VerifierId,
)


def attest(
    result: Annotated[str, typer.Argument(metavar="RESULT", help="What `gate scan -f json` wrote of one target.")],
    file: Annotated[
        str, typer.Option("--file", metavar="TARGET", help="The archive, which is hashed again and compared.")
    ] = "",
    unverified_result: Annotated[
        bool, typer.Option("--unverified-result", help="Without the archive; the attestation says so.")
    ] = False,
    sign_key: SignKey = "",
    sign_keyless: SignKeyless = False,
    identity_token_file: IdentityTokenFile = "",
    signing_config: SigningConfig = "",
    trusted_root: TrustedRootFile = "",
    attest_dir: AttestDir = "",
    key_password_file: KeyPasswordFile = "",
    verifier_id: VerifierId = "",
    valid_for: ValidFor = "",
) -> None:
    """Sign a saved result; exit 3 when the archive is not what was judged."""
    from gate.attest.attest import NotAttested
    from gate.cli.attesting import hashed, saved
    from gate.cli.files import refuse_inside
    from gate.cli.keyless import KeylessOptions
    from gate.cli.signing import say, signing
    from gate.core.errors import UsageError

    if bool(file) == unverified_result:
        raise UsageError("give either --file TARGET or --unverified-result")
    targets = [file] if file else []
    refuse_inside(targets, (result,))
    signer = signing(
        targets,
        key=sign_key,
        by_identity=KeylessOptions(sign_keyless, identity_token_file, signing_config, trusted_root),
        folder=attest_dir,
        password_file=key_password_file,
        verifier=verifier_id,
        valid=valid_for,
        effective_time="",
    )
    if signer is None:
        raise UsageError("gate attest needs --sign-key FILE or --sign-keyless")
    verdict = saved(result, signer.valid, unverified=unverified_result)
    try:
        signer.write(verdict, hashed(file, verdict.subject) if file else None)
    except NotAttested as error:
        say(f"{verdict.subject.name}: not attested: {error}")
        raise typer.Exit(3) from error
