"""--sign-keyless: which Sigstore signs, and where the identity token comes from."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gate.cli.files import SMALL, read_file, refuse_inside
from gate.core.errors import NotExamined, UsageError

if TYPE_CHECKING:
    from gate.adapters.identity_token import Token
    from gate.attest.keyless import Keyless


@dataclass(frozen=True, slots=True)
class KeylessOptions:
    """What the options of keyless signing say; "" for what was not given."""

    asked: bool = False
    token_file: str = ""
    config: str = ""
    root: str = ""

    @property
    def files(self) -> dict[str, str]:
        """The file of each option."""
        named = ("--identity-token-file", "--signing-config", "--trusted-root")
        return dict(zip(named, (self.token_file, self.config, self.root), strict=True))


def keyless(targets: Sequence[str], options: KeylessOptions) -> Keyless:
    """Everything that can be told to be wrong before anything is scanned is a UsageError; no service is asked yet."""
    from gate.adapters.keyless import Services, shipped_config
    from gate.adapters.sigstore import shipped_root
    from gate.attest.keyless import Keyless

    refuse_inside(targets, options.files.values())
    if bool(options.config) != bool(options.root):
        raise UsageError("give --signing-config and --trusted-root together, of the same Sigstore, or neither")
    token = _source(options.token_file)
    try:
        if not options.config:
            return Keyless(Services(shipped_config(), shipped_root()), token)
        config = read_file(options.config, "--signing-config", SMALL)
        return Keyless(Services(config, read_file(options.root, "--trusted-root", SMALL)), token)
    except NotExamined as error:
        raise UsageError(
            f"--sign-keyless: {', '.join(filter(None, (options.config, options.root)))} {error}"
        ) from error


def _source(file: str) -> Callable[[], Token]:
    """Where to get a token right before it is needed: tokens live for minutes, and a scan may take longer."""
    from gate.adapters import identity_token

    if file:
        _read(file)
        return lambda: _read(file)
    found = identity_token.ambient(os.environ)
    if found is None:
        raise UsageError(
            "--sign-keyless: there is no identity token: give the GitHub job the permission `id-token: write`, "
            "or elsewhere --identity-token-file FILE"
        )
    return lambda: identity_token.fetch(*found)


def _read(file: str) -> Token:
    from gate.adapters.identity_token import MOST, read_token

    try:
        return read_token(read_file(file, "--identity-token-file", MOST))
    except NotExamined as error:
        raise UsageError(f"--identity-token-file {file} {error}") from error
