"""gate keys."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Keys that sign decisions.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _keys() -> None:
    """A group even while it has one command."""


@app.command("generate")
def generate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The files are called NAME.key and NAME.pub.")],
    kind: Annotated[str, typer.Option("--type", metavar="TYPE", help="p256 or ed25519.")] = "p256",
    out: Annotated[str, typer.Option(metavar="DIR", help="Where they go.")] = ".",
    password_file: Annotated[
        str, typer.Option(metavar="FILE", help="Holds the password; default: $GATE_KEY_PASSWORD, else it is asked for.")
    ] = "",
    no_password: Annotated[bool, typer.Option("--no-password", help="Do not encrypt the private key.")] = False,
) -> None:
    """Make a key pair: an encrypted private key, and the public one for others; nothing is overwritten."""
    import os
    import re

    from gate.adapters import signer as keys
    from gate.cli import emit
    from gate.cli.file_set import write_set
    from gate.cli.password import password
    from gate.core.errors import UsageError
    from gate.core.text import printable

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}", name):
        raise UsageError(f"{name}: a name of letters, digits and . _ @ - (at most 100); for another folder give --out")
    if kind not in keys.TYPES:
        raise UsageError(f"--type {kind}: there are {', '.join(keys.TYPES)}")
    if no_password and password_file:
        raise UsageError("--no-password and --password-file exclude each other")
    if not os.path.isdir(out):
        raise UsageError(f"--out {out}: no such folder")
    private, public = f"{name}.key", f"{name}.pub"
    for file in (private, public):  # before a password is asked for
        if os.path.lexists(os.path.join(out, file)):
            raise UsageError(f"{os.path.join(out, file)} is there already; it is not overwritten")
    secret = b"" if no_password else password(password_file, "--password-file", what=f"the new key {name}", twice=True)
    signer = keys.generate(kind)
    files = {private: keys.private_pem(signer, secret), public: keys.public_pem(signer)}
    write_set(out, files, {private: 0o600, public: 0o644}, replace=False)
    told = (("private key", private), ("public key", public))
    lines = [f"{what:12} {printable(os.path.join(out, file), 2000)}\n" for what, file in told]
    emit.write_stdout("".join(lines) + f"{'fingerprint':12} sha256:{signer.public.sha256}\n")
