"""One answer from three backends: each match of an expression has a character in a reported range."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.adapters import patterns
from gate.adapters.patterns import BACKENDS, Expression, compile_patterns, one_byte
from gate.adapters.private_files import PrivateFiles
from gate.core.errors import NotExamined

EXPRESSIONS = (
    Expression(r"(?:\A|[^0-9])[0-9]{3,5}(?:[^0-9]|\z)"),
    Expression("ab", caseless=True),
    Expression("a.b", literal=True),
    Expression(r"a+b|ba+"),
    Expression(r"[0-9\xb2]{2}"),
    Expression(r"\x20[\x80-\xff]"),
    Expression(r"[a-b]{2,1500}0"),
)
FOUND = [
    regex.compile(rb"(?:\A|[^0-9])[0-9]{3,5}(?:[^0-9]|\Z)"),
    regex.compile(rb"(?i)ab"),
    regex.compile(rb"a\.b"),
    regex.compile(rb"a+b|ba+"),
    regex.compile(rb"[0-9\xb2]{2}"),
    regex.compile(rb"\x20[\x80-\xff]"),
    regex.compile(rb"[a-b]{2,1500}0"),
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_match_has_a_character_in_a_range(backend: str) -> None:
    compiled = compile_patterns(EXPRESSIONS, backend=backend)
    assert compiled.backend == backend

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.text("abAB.019 \xe9\u0663\u65e5\u2028", max_size=60))
    def check(text: str) -> None:
        ranges: dict[int, list[tuple[int, int]]] = {}
        for match in compiled.scan(text):
            assert 0 <= match.start < match.end <= len(text)
            ranges.setdefault(match.id, []).append((match.start, match.end))
        assert list(ranges) == sorted(ranges) and all(spans == sorted(spans) for spans in ranges.values())
        for i, expression in enumerate(FOUND):
            for match in expression.finditer(one_byte(text), overlapped=True):
                assert any(a < match.end() and match.start() < b for a, b in ranges.get(i, []))

    check()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pattern_that_is_none_or_matches_nothing_is_refused(backend: str) -> None:
    for pattern in ("(", "a*", "[0-9]{0,3}"):
        with pytest.raises(ValueError, match=r"."):
            compile_patterns([Expression(pattern)], backend=backend)
    assert list(compile_patterns([], backend=backend).scan("abc")) == []


def test_characters_outside_of_ascii_have_one_byte_by_their_class() -> None:
    every = "".join(map(chr, range(0x110000)))
    seen = one_byte(every)
    assert len(seen) == len(every) and seen[:128] == bytes(range(128))
    for at in range(128, 0x30000, 97):
        char = chr(at)
        kind = patterns.FOLDED if at in patterns._LIKE_ASCII else patterns.DIGIT if regex.match(r"\d", char) else None
        kind = kind or (patterns.LETTER if regex.match(r"\w", char) else None)
        kind = kind or (patterns.SPACE if regex.match(r"\s", char) else patterns.OTHER)
        assert seen[at] == kind == one_byte(char + "a")[0]
    assert min(seen[128:]) >= 128
    assert one_byte("\udc80\u0130\u0131\u017f\u212a") == b"\xa1\xb5\xb5\xb5\xb5"


def test_the_compiled_data_base_is_kept_and_one_that_is_none_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = PrivateFiles(str(tmp_path / "patterns"))
    compile_patterns(EXPRESSIONS, kept)
    (name,) = os.listdir(kept.folder)
    made = kept.read(name)
    compiles = []
    compile_ = patterns._Hyperscan._compiled
    monkeypatch.setattr(patterns._Hyperscan, "_compiled", staticmethod(lambda *a: compiles.append(1) or compile_(*a)))
    assert [m.id for m in compile_patterns(EXPRESSIONS, kept).scan("xab")] == [1, 3]
    assert not compiles
    kept.write(name, b"nothing of the kind")
    assert [m.id for m in compile_patterns(EXPRESSIONS, kept).scan("xab")] == [1, 3]
    assert compiles and kept.read(name) == made
    compile_patterns((*EXPRESSIONS, Expression("x")), kept)
    compile_patterns((*EXPRESSIONS, Expression("x", caseless=True)), kept)
    assert len(os.listdir(kept.folder)) == 3


def test_without_hyperscan_there_is_re2_and_without_it_the_patterns_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compile_patterns(EXPRESSIONS).backend == "hyperscan"
    monkeypatch.setitem(sys.modules, "hyperscan", None)
    assert compile_patterns(EXPRESSIONS).backend == "re2"
    monkeypatch.setitem(sys.modules, "re2", None)
    assert compile_patterns(EXPRESSIONS).backend == "plain"
    with pytest.raises(ImportError):
        compile_patterns(EXPRESSIONS, backend="hyperscan")


def test_a_pattern_that_takes_too_long_one_by_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "_SECONDS", 0.05)
    compiled = compile_patterns([Expression(r"(?:(?:a|aa|a.a)+b)+c")], backend="plain")
    with pytest.raises(NotExamined, match="too long"):
        list(compiled.scan("a" * 5000))


def test_a_text_full_of_hits_costs_no_memory() -> None:
    compiled = compile_patterns([Expression("[0-9]"), Expression("(?:[0-9]{2})")])
    assert [(m.id, m.start, m.end) for m in compiled.scan("1" * 100_000)] == [(0, 0, 100_000), (1, 1, 100_000)]
