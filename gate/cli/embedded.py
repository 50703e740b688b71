"""The embedded engine that --policy and --policy-data name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gate import resources
from gate.adapters.opa_wasm import Embedded
from gate.adapters.private_files import PrivateFiles
from gate.cli.files import inside, read_file
from gate.policy.digest import policy_digest


def embedded_engine(policy: str, policy_data: str, targets: Iterable[str] = ()) -> Embedded:
    """Over the standard bundle, whose digest is held to, or over another one; UsageError for what cannot be read.

    `targets` are what is judged: nothing is read from or kept in a folder inside of them.
    """
    overlay = None
    if policy_data:
        from gate.policy.site_data import parse

        overlay = parse(read_file(policy_data, "--policy-data"), policy_data)
    kept = kept_files(targets)
    if policy:
        return Embedded(Path(policy), overlay=overlay, kept=kept)
    expected = policy_digest(resources.policies())
    return Embedded(resources.compiled_policy(), overlay=overlay, expected=expected, kept=kept)


def kept_files(targets: Iterable[str], name: str = "policy") -> PrivateFiles | None:
    """Where machine code of the policy (or what `name` says) is kept between runs, None for nowhere.

    $GATE_CACHE_DIR, where "" and other relative paths are nowhere; else mlgate in $XDG_CACHE_HOME or ~/.cache.
    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    cache = os.environ.get("GATE_CACHE_DIR")
    if cache is None:
        home = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(home):
            home = os.path.join(os.path.expanduser("~"), ".cache")
        cache = os.path.join(home, "mlgate")
    folder = os.path.join(cache, name)
    if not os.path.isabs(cache) or any(inside(folder, target) for target in targets if target != "-"):
        return None
    return PrivateFiles(folder)
