"""What stops a reader and is a finding as well."""

from __future__ import annotations

from gate.core.errors import FormatError


class Unsound(FormatError):
    """Damage that readers take differently: a Gap, because not all was read, and a finding of `rule`.

    `said` fills the `{detail}` of the rule's message.
    """

    def __init__(self, detail: str, rule: str, said: str) -> None:
        super().__init__(detail)
        self.rule, self.said = rule, said
