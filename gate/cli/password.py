"""Passwords of private keys: from a file, from the variable, or asked for; never from the command line."""

from __future__ import annotations

import os
import sys

from gate.cli.files import read_file
from gate.core.errors import UsageError

VARIABLE = "GATE_KEY_PASSWORD"
_MOST = 4096


def password(file: str, option: str, *, what: str, twice: bool) -> bytes:
    """The password for `what`; UsageError when there is none, or an empty one.

    A file that `option` names wins over the variable, which wins over a prompt. One line end behind it is not
    part of it.
    """
    if file:
        return _filled(read_file(file, option, _MOST).removesuffix(b"\n").removesuffix(b"\r"), f"{option} {file}")
    if VARIABLE in os.environ:
        return _filled(os.environb[VARIABLE.encode()], VARIABLE)
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(f"{what} needs a password: give {option} FILE or set {VARIABLE}")
    return _asked(what, twice)


def _asked(what: str, twice: bool) -> bytes:
    import getpass

    given = getpass.getpass(f"Password for {what}: ")
    if twice and getpass.getpass("Once more: ") != given:
        raise UsageError("the two passwords differ")
    return _filled(os.fsencode(given), "the password")


def _filled(value: bytes, where: str) -> bytes:
    if not value:
        raise UsageError(f"{where} is empty")
    return value
