"""--sign-key and --sign-keyless: read the key before anything is scanned, sign what was decided after it was shown."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from gate.adapters import signer as keys
from gate.adapters.signer import Signer
from gate.attest.attest import SUFFIXES, NotAttested, Signs, attest
from gate.attest.keyed import Keyed
from gate.attest.verdict import Verdict, verdict
from gate.cli.file_set import write_set
from gate.cli.files import read_file, refuse_inside
from gate.cli.judge import Judged
from gate.cli.keyless import KeylessOptions, keyless
from gate.cli.password import password
from gate.cli.times import period
from gate.core.errors import NotExamined, UsageError
from gate.core.subject import Opened
from gate.core.text import printable
from gate.sources import unchanged

_KEY = 65536
_ID = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,2000}")
"""An absolute URI (RFC 3986, section 4.3), as far as it matters here."""


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs, under which verifier id, for how long, and where to."""

    signer: Signs
    folder: str
    verifier: str
    valid: timedelta | None

    def attest(self, judged: Iterable[Judged]) -> int:
        """Write one set of files for each decision; 3 when one could not be attested, which is said on stderr, else 0.

        UsageError when a file cannot be written.
        """
        worst = 0
        for one in judged:
            report = one.report
            try:
                if report.opened is None:
                    raise NotAttested("nobody knows what was opened")
                self.write(verdict(report, one.request, one.decision, self.valid), report.opened)
            except NotAttested as error:
                say(f"{report.subject.name}: not attested: {error}")
                worst = 3
        return worst

    def write(self, said: Verdict, opened: Opened | None) -> None:
        """What is signed is what was hashed: the state at opening is compared right before the files get names.

        `opened` is None for an artifact that is not at hand. Raises NotAttested, and UsageError when a file cannot be
        written.
        """
        name = said.subject.name
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise NotAttested("no file can be called after it")
        files = attest(said, self.signer, self.verifier)
        if opened is not None and not unchanged(opened):
            raise NotAttested("it was written to or replaced since it was opened")
        gone = [name + suffix for suffix in SUFFIXES if suffix not in files]
        write_set(self.folder, {name + suffix: data for suffix, data in files.items()}, {}, replace=True, gone=gone)


def signing(
    targets: Sequence[str],
    *,
    key: str,
    by_identity: KeylessOptions,
    folder: str,
    password_file: str,
    verifier: str,
    valid: str,
    effective_time: str,
) -> Signing | None:
    """What the options ask for, None where nothing is to be signed; UsageError says which of them is wrong."""
    from gate.attest.uris import UNNAMED

    if key and by_identity.asked:
        raise UsageError("--sign-key and --sign-keyless: give one of them")
    asked = bool(key) or by_identity.asked
    _refuse_idle(
        {"--attest-dir": folder, "--verifier-id": verifier, "--valid-for": valid}, asked, "--sign-key or --sign-keyless"
    )
    _refuse_idle({"--key-password-file": password_file}, bool(key), "--sign-key")
    _refuse_idle(by_identity.files, by_identity.asked, "--sign-keyless")
    if not asked:
        return None
    option = "--sign-key" if key else "--sign-keyless"
    if not folder:
        raise UsageError(f"{option} needs --attest-dir DIR, where the attestations go")
    if effective_time:
        raise UsageError(f"--effective-time together with {option}: what is signed is signed now")
    if not os.path.isdir(folder):
        raise UsageError(f"--attest-dir {folder}: no such folder")
    refuse_inside(targets, (key, password_file))
    _refuse_folder(targets, folder)
    _refuse_equal_names(targets)
    if verifier and not _ID.fullmatch(verifier):
        raise UsageError(f"--verifier-id {verifier}: not a URI, as https://acme.example/gate/v1")
    signer = Keyed(load(key, password_file)) if key else keyless(targets, by_identity)
    return Signing(signer, folder, verifier or UNNAMED, period(valid, "--valid-for"))


def _refuse_idle(given: Mapping[str, str], asked: bool, needs: str) -> None:
    """UsageError for options that would do nothing."""
    for option, value in given.items():
        if value and not asked:
            raise UsageError(f"{option} needs {needs}")


def load(file: str, password_file: str) -> Signer:
    """The private key of --sign-key; warns of what peers will not verify, and of one that anybody can read."""
    pem = read_file(file, "--sign-key", _KEY)
    locked = keys.encrypted(pem)
    try:
        secret = password(password_file, "--key-password-file", what=file, twice=False) if locked else b""
        signer = keys.read(pem, secret)
    except NotExamined as error:
        raise UsageError(f"--sign-key {file} {error}") from error
    if signer.public.kind not in keys.PORTABLE:
        say(f"warning: {file} is {signer.public.kind}; cosign and sigstore-js verify only P-256 and Ed25519")
    if not locked and os.stat(file).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        say(f"warning: {file} is not encrypted, and others than its owner may read it")
    return signer


def say(line: str) -> None:
    """One line on standard error."""
    print(f"gate: {printable(line, 2000)}", file=sys.stderr)


def _refuse_folder(targets: Iterable[str], folder: str) -> None:
    """Attestations inside of a target would change it: nothing about it would be true any more."""
    real = os.path.realpath(folder)
    for target in targets:
        inside = os.path.realpath(target)
        if target != "-" and (real == inside or real.startswith(inside.rstrip(os.sep) + os.sep)):
            raise UsageError(f"--attest-dir {folder} lies inside the target {target}")


def _refuse_equal_names(targets: Iterable[str]) -> None:
    names: dict[str, str] = {}
    for target in targets:
        name = "stdin" if target == "-" else os.path.basename(os.path.abspath(target))
        if not name:
            raise UsageError(f"{target} has no name that attestations could be called after")
        if name in names:
            raise UsageError(f"{names[name]} and {target} are both called {name}; attest them in two folders")
        names[name] = target
