"""Every error that gate raises on purpose.

GateError
├── UsageError           the caller can mend it: exit 2
├── OutOfSpace           the temporary folder is full: exit 3
├── EngineError          the policy engine gave no usable answer: the decision is inconclusive
├── ServiceFailed        a service that signing needs gave no usable answer: nothing is signed, exit 3
└── NotExamined          something was not looked at: becomes a Gap
    ├── FormatError      bytes that are not what they claim to be
    ├── Spent            a budget ran out
    └── MissingExtra     an optional dependency is not installed
"""

from __future__ import annotations

from gate.core.gap import GapReason


class GateError(Exception):
    """Base of all errors that gate raises on purpose; the text is one line for a person."""


class UsageError(GateError):
    """A wrong argument, file or configuration; says what, where and what to do."""


class OutOfSpace(GateError):
    """Rows of the scan could not be written to the temporary folder."""


class EngineError(GateError):
    """The policy engine gave no usable answer; `code` is one of the closed list `engine.*`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class ServiceFailed(GateError):
    """A service that signing needs gave no usable answer; says which one, and what to do."""


class NotExamined(GateError):
    """Something could not be looked at; `reason` is the reason of the Gap that it becomes."""

    def __init__(self, reason: GapReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class FormatError(NotExamined):
    """Bytes that are not what they claim to be; readers raise nothing else about their input."""

    def __init__(self, detail: str) -> None:
        super().__init__(GapReason.CORRUPT, detail)


class Spent(NotExamined):
    """A budget ran out before everything was examined."""


class MissingExtra(NotExamined):
    """An optional dependency that this question needs is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(GapReason.MISSING_EXTRA, f"{package} is not installed: pip install 'mlgate[{extra}]'")


def site(error: BaseException) -> str:
    """Which error, in which line of code; not its message, which may quote what an archive holds."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return type(error).__name__
    return f"{type(error).__name__} in {frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno}"
