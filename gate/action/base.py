"""Files that decide come from the revision that a pull request is to be merged into, not from the pull request.

Else whoever opens one could waive what gate finds in it, or trust a key of their own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from gate.action.given import Supplies
from gate.core.errors import UsageError
from gate.trust.file import read_trust

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST = 2**30
"""Bytes of one file: a data base of advisories has some hundred MB."""
_SECONDS = 120
_FETCH = "let actions/checkout fetch it (fetch-depth: 0)"


class Base:
    """A private copy of some files of one revision.

    What lies outside of the workspace is not part of a pull request and is used as it is.
    """

    def __init__(self, workspace: str, revision: str, folder: str) -> None:
        self.revision = revision
        self.taken: list[str] = []
        self._root = os.path.normpath(workspace)
        self._folder = folder

    def is_checked_out(self) -> bool:
        """Whether the workspace is a checkout of this revision."""
        head = self._git("rev-parse", "--verify", "HEAD^{commit}")
        return head is not None and head.decode("ascii").strip() == self.revision

    def supplies(self, given: Supplies) -> Supplies:
        """The same files, as they are in the base revision; UsageError for one that is not there."""
        return replace(
            given,
            policy_data=self._take(given.policy_data, "policy-data"),
            waivers=self._take(given.waivers, "waivers"),
            trust=self._trust(given.trust),
            profiles=tuple(self._take(file, "profile") for file in given.profiles),
            db=self._take(given.db, "db"),
        )

    def _take(self, path: str, option: str) -> str:
        inside = self._inside(path, option) if path else None
        if inside is None:
            return path
        copy = os.path.join(self._folder, inside)
        if inside not in self.taken:
            data = self._read(inside, option)
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            with open(copy, "wb") as file:
                file.write(data)
            self.taken.append(inside)
        return copy

    def _trust(self, path: str) -> str:
        """The trust file and every file that it names, side by side as in the repository."""
        copy = self._take(path, "trust")
        if copy:
            with open(copy, "rb") as file:
                data = file.read(2**24)
            read_trust(data, path, partial(self._beside, path))
        return copy

    def _beside(self, trust: str, name: str) -> bytes:
        """One file that a trust file names, copied to where it is looked for."""
        inside = self._inside(trust, "trust") is not None
        path = os.path.join(os.path.dirname(trust), name)
        if self._inside(path, "trust") is not None and (os.path.isabs(name) or not inside):
            raise UsageError(f"trust: {trust}: {name} lies in the workspace; name it relative to a trust file there")
        if inside and not os.path.isabs(name) and self._inside(path, "trust") is None:
            raise UsageError(f"trust: {trust}: {name} lies outside of the repository")
        with open(self._take(path, "trust"), "rb") as file:
            return file.read(2**24)

    def _inside(self, path: str, option: str) -> str | None:
        """The path relative to the repository's root; None for a file that lies elsewhere.

        By the letters alone: following a link of the pull request would let it choose.
        """
        whole = os.path.normpath(os.path.join(self._root, path))
        if (whole + os.sep).startswith(self._root.rstrip(os.sep) + os.sep):
            return os.path.relpath(whole, self._root)
        if (os.path.realpath(whole) + os.sep).startswith(os.path.realpath(self._root) + os.sep):
            raise UsageError(f"{option}: {path}: leads back into the workspace; name it relative to the repository")
        return None

    def _read(self, path: str, option: str) -> bytes:
        short = self.revision[:12]
        if not os.path.lexists(os.path.join(self._root, ".git")):
            raise UsageError(
                f"{option}: {path}: is to be read from the base revision {short}, and the workspace is no git"
                f" checkout; {_FETCH}"
            )
        if self._git("cat-file", "-e", f"{self.revision}^{{commit}}") is None:
            raise UsageError(
                f"{option}: {path}: the base revision {short} is not in this clone; {_FETCH}, or run"
                f" `git fetch --depth=1 origin {self.revision}` before"
            )
        listed = self._git("ls-tree", "-z", "--full-tree", self.revision, "--", path)
        mode, kind, rest = [*(listed or b"").split(b" ", 2), b"", b"", b""][:3]
        name, _, found = rest.partition(b"\t")
        if found != os.fsencode(path) + b"\0":
            raise UsageError(f"{option}: {path}: is not in the base revision {short}; merge it first")
        if kind != b"blob" or mode == b"120000":
            raise UsageError(f"{option}: {path}: is no regular file in the base revision {short}")
        blob = name.decode("ascii")
        size = self._git("cat-file", "-s", blob)
        data = self._git("cat-file", "blob", blob) if size and int(size) <= _MOST else None
        if data is None:
            raise UsageError(f"{option}: {path}: cannot be read from the base revision {short}, or is too large")
        return data

    def _git(self, *arguments: str) -> bytes | None:
        """What git prints, None when it fails.

        The repository is named, so nothing in the tree is taken for one; objects are read raw, without filters.
        """
        command = ("git", "--no-replace-objects", "--literal-pathspecs", f"--git-dir={self._root}/.git", *arguments)
        path = os.environ.get("PATH", os.defpath)
        own = {"PATH": path, "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "HOME": self._folder}
        try:
            done = subprocess.run(  # noqa: S603  # no shell; the arguments are ours
                command, stdin=subprocess.DEVNULL, capture_output=True, env=own, timeout=_SECONDS, check=False
            )
        except FileNotFoundError:
            raise UsageError("git is not installed; on a pull request files that decide are read with it") from None
        except subprocess.TimeoutExpired:
            raise UsageError(f"git gave no answer within {_SECONDS} s") from None
        return done.stdout if done.returncode == 0 else None


def base(environment: Mapping[str, str], workspace: str, folder: str) -> Base | None:
    """Where files that decide come from; None where the checkout is not that of a pull request.

    `pull_request_target` runs on the base branch; where somebody checked out anything else, that is not believed.
    """
    event = environment.get("GITHUB_EVENT_NAME", "")
    if not event:
        raise UsageError("GITHUB_EVENT_NAME is not set; this runs in a GitHub workflow, elsewhere use `gate scan`")
    if not event.startswith("pull_request"):
        return None
    if event == "pull_request_target":
        own = Base(workspace, _commit(environment.get("GITHUB_SHA"), "GITHUB_SHA"), folder)
        return None if own.is_checked_out() else own
    try:
        with open(environment.get("GITHUB_EVENT_PATH", ""), "rb") as file:
            document = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"GITHUB_EVENT_PATH: cannot be read: {type(error).__name__}") from error
    at = document
    for key in ("pull_request", "base", "sha"):
        at = at.get(key) if isinstance(at, dict) else None
    return Base(workspace, _commit(at, "the event of the pull request"), folder)


def _commit(value: object, where: str) -> str:
    if not isinstance(value, str) or not _COMMIT.fullmatch(value):
        raise UsageError(f"{where} names no base revision")
    return value
