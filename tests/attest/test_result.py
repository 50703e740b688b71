"""Verdicts of saved results."""

import contextlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.attest.result import read_result
from gate.attest.verdict import RESULT
from gate.core.errors import FormatError, NotExamined
from gate.core.report import State
from gate.output.json import render
from tests.attest.samples import affected, allowed, denied, looked, said
from tests.output.results import RESULTS

LIMITS = {"rules": {"digest": {"sha256": "23" * 32}}, "profiles": [], "limits": {"seconds": 3600.0, "depth": 8}}


def unwaived(result):
    """Without anything that was waived, which is refused."""
    tallies = {code: tally for code, tally in result.decision.tallies.items() if not tally.waived}
    return result._replace(
        request=replace(result.request, waivers=(), inputs=LIMITS),
        decision=replace(result.decision, waived=(), tallies=tallies),
    )


def saved(result):
    return render(*result).encode()


@pytest.mark.parametrize("name", RESULTS)
def test_a_saved_result_says_what_the_scan_would_have_signed(name):
    result = unwaived(RESULTS[name]())
    assert read_result(saved(result)) == replace(said(result), basis=RESULT)


@pytest.mark.parametrize(
    "result",
    [
        looked(),
        looked(affected(), affected("X-1", kind="malicious"), affected("X-2", version="", kind="possibly-vulnerable")),
        looked(affected(), state=State.PARTIAL),
        looked(available=False),
        looked(affected(), label="sample"),
    ],
    ids=["nothing known", "known", "a part unread", "not looked up", "labelled"],
)
def test_what_is_known_against_packages_comes_back_from_a_saved_result(result):
    verdict = read_result(saved(result))
    assert verdict == replace(said(result), basis=RESULT)


def test_what_a_saved_result_does_not_list_is_counted():
    result = looked(*(affected(f"X-{n}") for n in range(9)), cut=4)
    known = read_result(saved(result)).looked_up
    assert ([one.id for one in known.found], known.unlisted) == ([f"X-{n}" for n in range(4, 9)], 4)


@pytest.mark.parametrize("digest", ["", "zz", "ab" * 31, "AB" * 32, None, 1, []])
def test_a_data_base_without_a_digest_was_none(digest):
    result = looked(affected())
    about = {**result.request.inputs["advisories"], "digest": {"sha256": digest}}
    inputs = {**result.request.inputs, "advisories": about}
    document = saved(result._replace(request=replace(result.request, inputs=inputs)))
    if isinstance(digest, str) or digest is None:
        assert read_result(document).looked_up is None
    else:
        with contextlib.suppress(FormatError):
            assert read_result(document).looked_up is None


def test_its_end_counts_from_its_time():
    assert read_result(saved(unwaived(allowed())), timedelta(days=1)).not_after == "2026-11-22T10:00:00Z"


def test_a_decision_that_needed_a_waiver_is_refused():
    with pytest.raises(FormatError, match="needed a waiver"):
        read_result(saved(denied()))


GOOD = saved(unwaived(allowed()))


def change(path, value):
    document = json.loads(GOOD)
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["schema"], "gate.result/v2"),
        (["subject", "digest"], {"sha256": "AB" * 32}),
        (["subject", "digest"], {"md5": "ab" * 16}),
        (["subject", "digest"], {"sha256": None}),
        (["subject", "size"], -1),
        (["subject", "size"], True),
        (["subject", "name"], None),
        (["decision", "outcome"], "ALLOW"),
        (["decision", "policy"], None),
        (["decision", "policy", "digest"], {"sha256": "x"}),
        (["decision", "reasons"], {}),
        (["request", "effective_time"], "now"),
        (["request", "stage"], None),
        (["statuses"], [{"inspector": "x", "state": "fine", "members": 1}]),
        (["totals"], {"x": 1}),
        (["inputs"], []),
        (["facts"], [1]),
        (["inventory", "root"], "ab" * 32),
    ],
)
def test_another_shape_is_refused(path, value):
    with pytest.raises(FormatError, match=r"is no gate\.result/v1"):
        read_result(change(path, value))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"schema": "gate.result/v1"}', b"\xff", b"{}\n{}"])
def test_other_files_are_refused(data):
    with pytest.raises(FormatError):
        read_result(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PATHS = [
    [key, *rest]
    for key, value in json.loads(saved(unwaived(denied()))).items()
    for rest in ([], *([inner] for inner in value if isinstance(value, dict)))
]


@given(st.sampled_from(PATHS), JSON)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_nothing_else_is_raised_whatever_stands_in_it(path, value):
    try:
        verdict = read_result(change(path, value))
    except NotExamined:
        return
    hash(verdict.outcome)
