"""Builds an extension folder as a user would: one module, one rule file."""

from __future__ import annotations

from pathlib import Path

RULES = """
- id: shout.loud
  title: Somebody shouts
  level: error
  message: "{word} is too loud"
  why: Loud members wake the neighbours.
  remediation: Whisper.
"""
MODULE = """
import os, sys, time
from dataclasses import dataclass
from typing import ClassVar

from gate.core.row import Fact
from gate.inspectors import Inspector, Need, found


@dataclass(frozen=True, slots=True)
class Shouted(Fact):
    kind: ClassVar[str] = "shout.word"
    word: str


class Shout(Inspector):
    produces = (Shouted,)

    def wants(self, member):
        return Need.STREAM if member.head.startswith(b"HELLO") else None

    def inspect(self, member):
        {inspect}
        yield Shouted(member.path, "HELLO")
        yield found("shout.loud", member, at=(0, 5), word="HELLO")

    def conclude(self, seen, archive):
        {conclude}
        return iter(())

    def section(self, seen):
        return {{"words": seen.count(Shouted)}}


inspector = Shout()
"""


def write(root: Path, inspect: str = "pass", conclude: str = "pass", module: str = MODULE, rules: str = RULES) -> Path:
    (root / "inspectors").mkdir(parents=True)
    (root / "rules").mkdir()
    (root / "rules" / "shout.yaml").write_text(rules)
    (root / "inspectors" / "shout.py").write_text(module.format(inspect=inspect, conclude=conclude))
    return root
