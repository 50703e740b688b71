"""gate: the policy and security gate for machine-learning model archives.

The public API is `__all__`; names are imported when they are first used, so that `import gate` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Decision", "Limits", "Report", "Request", "__version__", "decide", "load", "scan"]

if TYPE_CHECKING:
    from gate.core.decision import Decision, Request
    from gate.core.limits import Limits
    from gate.core.report import Report
    from gate.pipeline import decide, scan
    from gate.registry import load

_HOME = {
    "Decision": "gate.core.decision",
    "Limits": "gate.core.limits",
    "Report": "gate.core.report",
    "Request": "gate.core.decision",
    "decide": "gate.pipeline",
    "load": "gate.registry",
    "scan": "gate.pipeline",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gate' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
