"""What is signed about known vulnerabilities, and when nothing is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate import __version__
from gate.attest import statements, uris
from gate.attest.attest import LINE, attest
from gate.attest.keyed import Keyed
from gate.core.canonical import canonical
from gate.core.report import State
from gate.formats.dsse import statement
from tests.attest.samples import KEY, WHO, affected, looked, payload, said
from tests.output.results import HOSTILE

MALWARE = affected("MAL-2025-1", "unknown", "evil-pkg", "1", "malicious")
RANGE = affected("GHSA-r", "low", "numpy", "", "possibly-vulnerable")


def predicate(*rows, **how):
    verdict = said(looked(*rows, **how))
    return json.loads(statements.vulnerabilities(verdict, verdict.looked_up))["predicate"]


def test_a_list_has_the_form_that_others_expect():
    verdict = said(looked(affected()))
    document = json.loads(statements.vulnerabilities(verdict, verdict.looked_up))
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["predicateType"] == "https://in-toto.io/attestation/vulns/v0.2"
    assert document["subject"] == [{"name": "recsys-1.4.0.mar", "digest": {"sha256": "ab" * 32}}]
    assert document["predicate"] == {
        "scanner": {
            "uri": "pkg:pypi/mlgate",
            "version": __version__,
            "db": {
                "uri": "ni:///sha-256;DQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0NDQ0",
                "version": "sha256:" + "0d" * 32,
                "lastUpdate": "2026-11-20T08:00:00Z",
            },
            "result": [
                {
                    "id": "GHSA-aaaa-bbbb-cccc",
                    "severity": [{"method": "rating", "score": "high"}],
                    "annotations": [{"package": "pillow", "version": "9.0.0", "certainty": "certain"}],
                }
            ],
        },
        "metadata": {"scanStartedOn": "2026-11-21T10:00:00Z", "scanFinishedOn": "2026-11-21T10:00:00Z"},
    }


def test_nothing_known_is_an_empty_list_and_nothing_looked_up_is_none():
    assert predicate()["scanner"]["result"] == []
    assert said(looked(available=False)).looked_up is None
    assert said().looked_up is None


@pytest.mark.parametrize("state", [state for state in State if state is not State.COMPLETE])
def test_without_a_whole_look_there_is_no_list(state):
    assert said(looked(affected(), state=state)).looked_up is None


@pytest.mark.parametrize("about", [None, {}, {"digest": {}}, {"digest": {"sha256": "0d" * 32}}, []])
def test_a_data_base_that_nobody_can_name_gives_no_list(about):
    result = looked(affected())
    request = replace(result.request, inputs={**result.request.inputs, "advisories": about})
    assert said(result._replace(request=request)).looked_up is None


def test_one_advisory_of_several_packages_is_one_row():
    rows = [affected(package=name, version=v) for name, v in (("b", "1"), ("a", "2"), ("b", "1"), ("b", "0"))]
    (row,) = predicate(*rows)["scanner"]["result"]
    assert [(one["package"], one["version"]) for one in row["annotations"]] == [("a", "2"), ("b", "0"), ("b", "1")]


def test_the_worst_come_first_and_an_attack_before_all():
    ratings = ("unknown", "low", "medium", "high", "critical")
    rows = [affected(f"X-{rating}", rating) for rating in ratings]
    listed = predicate(*rows, MALWARE)["scanner"]["result"]
    assert [row["id"] for row in listed] == ["MAL-2025-1", "X-critical", "X-high", "X-medium", "X-low", "X-unknown"]
    assert listed[0]["annotations"][0]["malicious"] is True and "malicious" not in listed[1]["annotations"][0]


def test_a_range_is_possible_and_says_which():
    (row,) = predicate(RANGE)["scanner"]["result"]
    assert row["annotations"] == [{"package": "numpy", "specifier": "<9", "certainty": "possible"}]


def test_a_list_that_nobody_installs_from_is_not_of_this_model():
    assert predicate(affected(kind="unreferenced-vulnerable"))["scanner"]["result"] == []


def test_what_does_not_fit_is_counted_and_is_the_least_grave():
    rows = [affected(f"X-{n:04}", "low" if n % 2 else "critical") for n in range(1000)]
    listed = predicate(*rows)
    known = listed["scanner"]["result"]
    assert 100 < len(known) < 500 and listed[uris.UNLISTED] == 1000 - len(known)
    assert {row["severity"][0]["score"] for row in known} == {"critical"}
    assert uris.UNLISTED not in predicate(*rows[:50])


def test_a_label_of_the_data_base_goes_along():
    assert predicate(label="sample")[uris.LABEL] == "sample" and uris.LABEL not in predicate()


def test_no_path_is_signed():
    verdict = said(looked(affected(), RANGE, MALWARE))
    assert b"requirements" not in statements.vulnerabilities(verdict, verdict.looked_up)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_of_an_advisory_or_a_package_stays_text(text):
    verdict = said(looked(affected(text, text, text, text), label=text))
    data = statements.vulnerabilities(verdict, verdict.looked_up)
    assert statement(data).subjects == ((("sha256", "ab" * 32),),)
    assert data.isascii() or data.decode().isprintable()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.text(max_size=400), st.text(max_size=3000), st.sampled_from("abc")), max_size=60))
def test_whatever_is_known_fits_on_a_line_and_every_advisory_is_listed_or_counted(rows):
    verdict = said(looked(*(affected(name, package=package, version=version) for name, package, version in rows)))
    line = attest(verdict, Keyed(KEY), WHO)[".vulns.sigstore.json"]
    listed = payload(line)["predicate"]
    assert len(line) < LINE
    assert bool(rows) == bool(listed["scanner"]["result"])  # an empty list says that nothing is known
    assert len(listed["scanner"]["result"]) + listed.get(uris.UNLISTED, 0) == len(verdict.looked_up.found)


def test_the_gravest_is_listed_however_long_its_packages_are_called():
    rows = [affected("\u4e2d" * 5000, package="\u202e" * 5000 + str(n), version="\U0001f600" * 5000) for n in range(50)]
    (row,) = predicate(*rows)["scanner"]["result"]
    assert len(row["annotations"]) == 1


def test_the_same_findings_in_any_order_give_the_same_bytes():
    rows = [affected(f"X-{n}", package=f"p{n % 3}") for n in range(20)]
    assert canonical(predicate(*rows)) == canonical(predicate(*reversed(rows)))


def test_when_the_records_were_fetched_is_signed_where_it_is_known():
    from gate.attest.vulnerabilities import of_result
    from gate.core.report import Status

    about = {"digest": {"sha256": "0d" * 32}, "data_time": "2026-11-20T08:00:00Z", "fetched": "2026-11-20T09:00:00Z"}
    found = of_result({"dependencies.advisories": 1}, [Status("dependencies", State.COMPLETE, 1)], about, [])
    assert found.fetched == "2026-11-20T09:00:00Z" and predicate().get(uris.FETCHED) is None
    verdict = said(looked())
    signed = json.loads(statements.vulnerabilities(verdict, found))["predicate"]
    assert (
        signed[uris.FETCHED] == "2026-11-20T09:00:00Z" and signed["scanner"]["db"]["lastUpdate"] < signed[uris.FETCHED]
    )


def test_vex_documents_are_signed_by_their_digest_where_there_are_some():
    from gate.attest.verdict import digests

    document = {"name": "vex.json", "digest": {"sha256": "ab" * 32}}
    assert digests({"vex": [document]})["vex"] == [{"sha256": "ab" * 32}] and "vex" not in digests({})


def test_what_never_ends_ends_no_decision():
    from gate.attest.verdict import Used, ends
    from gate.core.decision import NEVER

    now, soon = "2026-11-21T10:00:00Z", "2026-12-01T00:00:00Z"
    assert ends([Used("a", NEVER, "x")], now, None) == ""
    assert ends([Used("a", NEVER, "x"), Used("b", soon, "y")], now, None) == soon
