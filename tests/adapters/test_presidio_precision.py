"""How many of the labelled values are found, how much else is, and how much in members that hold nobody's data."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from fixtures.pii import quiet
from fixtures.pii.labelled import Labelled, labelled
from gate.adapters.presidio import analyzer
from gate.formats.personal import Asked

KINDS = ("CREDIT_CARD", "IBAN_CODE", "US_SSN", "EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS")


def _found(text: str) -> list[tuple[str, int, int]]:
    rows = analyzer().profile.rows
    return [
        (rows[hit.row].entity, hit.start, hit.end) for hit in analyzer().search(text, Asked(tuple(range(len(rows)))))
    ]


def _plain(text: str) -> list[tuple[str, int, int]]:
    """Presidio with the recognizers that it loads by itself, at the threshold that suits it best."""
    from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer

    from gate.adapters.presidio_sieve import Sieve
    from tests.adapters.test_presidio_sieve import default

    sieve = _cached(Sieve, default, LemmaContextAwareEnhancer)
    return [(default()[one.recognizer].supported_entities[0], one.start, one.end) for one in sieve.scan(text)]


@cache
def _cached(sieve, default, enhancer):  # type: ignore[no-untyped-def]
    return sieve(default(), enhancer(), 0.4)


def _scores(search) -> tuple[Counter[str], Counter[str], Counter[str], list[str]]:  # type: ignore[no-untyped-def]
    """Right, missed and wrong by entity, and the texts of what was wrong."""
    right: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    texts: list[str] = []
    for one in labelled():
        hit = False
        for entity, start, end in search(one.text):
            if entity not in KINDS:
                continue
            if entity == one.entity and _overlap(one, start, end):
                hit = True
            else:
                wrong[entity] += 1
                texts.append(f"{entity} {one.text[start:end]!r} in {one.text!r}")
        if one.entity:
            (right if hit else missed)[one.entity] += 1
    return right, missed, wrong, texts


def _overlap(one: Labelled, start: int, end: int) -> bool:
    return 2 * (min(end, one.end) - max(start, one.start)) >= max(end, one.end) - min(start, one.start)


def test_what_is_found_is_right_and_no_less_than_presidio_finds() -> None:
    right, missed, wrong, texts = _scores(_found)
    plain, _, noise, _ = _scores(_plain)
    for kind in KINDS:
        precision = right[kind] / max(right[kind] + wrong[kind], 1)
        assert precision >= 0.98, (kind, precision, texts[:5])
        assert right[kind] >= plain[kind], (kind, right[kind], plain[kind], missed[kind])
    assert sum(wrong.values()) * 10 < sum(noise.values())


@pytest.mark.parametrize("name", sorted(quiet.QUIET))
def test_members_that_hold_nobodys_data_are_quiet(name: str) -> None:
    assert _found(quiet.QUIET[name].decode()) == []


def test_the_labels_are_those_of_the_values() -> None:
    seen = labelled()
    assert seen == labelled() and len({one.text for one in seen}) > 900
    assert {one.entity for one in seen} == {"", *KINDS}
    assert all(one.text[one.start : one.end].strip() == one.text[one.start : one.end] for one in seen)
