"""The embedded engine that --policy and --policy-data name."""

from __future__ import annotations

from pathlib import Path

from gate import resources
from gate.adapters.opa_wasm import Embedded
from gate.cli.files import read_file
from gate.policy.digest import policy_digest


def embedded_engine(policy: str, policy_data: str) -> Embedded:
    """Over the standard bundle, whose digest is held to, or over another one; UsageError for what cannot be read."""
    overlay = None
    if policy_data:
        from gate.policy.site_data import parse

        overlay = parse(read_file(policy_data, "--policy-data"), policy_data)
    if policy:
        return Embedded(Path(policy), overlay=overlay)
    return Embedded(resources.compiled_policy(), overlay=overlay, expected=policy_digest(resources.policies()))
