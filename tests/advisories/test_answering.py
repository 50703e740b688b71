from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.advisories.build import NEWEST, affects, record, small, span
from gate.advisories import answering
from gate.advisories.served import served


def ask(database, **query):
    answer = answering.post(database, "/v1/query", json.dumps(query).encode())
    return answer.status, json.loads(answer.body)


def glow(version, name="glow-worm", ecosystem="PyPI"):
    return {"package": {"name": name, "ecosystem": ecosystem}, "version": version}


def ids(answer):
    return sorted(one["id"] for one in answer[1].get("vulns", []))


def test_a_version_is_answered_with_whole_records(imported):
    status, body = ask(imported(small()), **glow("1.1"))
    assert status == 200
    first = next(one for one in body["vulns"] if one["id"].startswith("GHSA"))
    assert first["summary"] == "Glows in the dark" and first["aliases"] == ["CVE-2026-0001"]
    assert first["modified"] == NEWEST and first["affected"][0]["package"]["name"] == "glow-worm"


def test_versions_are_compared_as_everywhere_else(imported):
    database = imported(small())
    assert ids(ask(database, **glow("1.3+cu113"))) == ["GHSA-aaaa-bbbb-cccc"]
    assert ids(ask(database, **glow("1.4", name="Glow.Worm"))) == []
    assert ask(database, **glow("1.4")) == (200, {})
    assert ids(ask(database, package={"purl": "pkg:pypi/Glow_Worm@1.1"})) == ["GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1"]
    assert ids(ask(database, package={"purl": "pkg:pypi/moth"}, version="2!2")) == ["PYSEC-2026-2"]


def test_without_a_version_all_records_of_the_package_are_the_answer(imported):
    database = imported(small())
    assert ids(ask(database, package={"name": "glowworm", "ecosystem": "PyPI"})) == ["MAL-2026-1"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"commit": "abc"}, "commits"),
        ({}, "package is missing"),
        (glow("1", ecosystem="npm"), "only PyPI"),
        (glow("not a version"), "PEP 440"),
        (glow(1), "PEP 440"),
        (glow("1", name="../../etc/passwd"), "not a name"),
        ({"package": {"purl": "pkg:npm/left-pad@1"}}, "purl"),
        ({"package": {"purl": "pkg:pypi/a@1"}, "version": "2"}, "purl"),
        ({"package": {"purl": 5}}, "purl"),
        ({"package": []}, "package is missing"),
    ],
)
def test_what_cannot_be_answered_is_an_error_and_not_an_empty_answer(imported, query, words):
    status, body = ask(imported(small()), **query)
    assert status == 400 and words in body["message"] and body["code"] == 3


def test_a_batch_is_answered_in_its_order_with_ids(imported):
    database = imported(small())
    body = json.dumps({"queries": [glow("1.1"), glow("9"), {"package": {"purl": "pkg:pypi/moth@2!1"}}]}).encode()
    answer = answering.post(database, "/v1/querybatch", body)
    first, second, third = json.loads(answer.body)["results"]
    assert [one["id"] for one in first["vulns"]] == ["GHSA-aaaa-bbbb-cccc", "PYSEC-2026-1"]
    assert second == {} and third == {"vulns": [{"id": "PYSEC-2026-2", "modified": NEWEST}]}
    for queries in (None, {}, [1], [{}] * 1001):
        assert answering.post(database, "/v1/querybatch", json.dumps({"queries": queries}).encode()).status == 400


def test_a_record_is_found_by_its_id_withdrawn_ones_too(imported):
    gone = record("X-2", affects("b", "introduced 0"), withdrawn="2026-01-01T00:00:00Z")
    database = imported(record("X-1", affects("a", "introduced 0")), gone)
    assert json.loads(answering.get(database, "/v1/vulns/X-2").body)["withdrawn"] == "2026-01-01T00:00:00Z"
    assert ask(database, **glow("1", name="b")) == (200, {})


@pytest.mark.parametrize(
    "path", ["/", "/v1/vulns/", "/v1/vulns/X-9", "/v1/vulns/..%2f..%2fetc%2fpasswd", "/v1/vulns/../X-1", "/etc/passwd"]
)
def test_no_path_leads_anywhere_else(imported, path):
    database = imported(small())
    assert answering.get(database, path).status == 404
    assert answering.post(database, path, b"{}").status == 404


def test_a_record_leaves_as_pip_audit_can_take_it():
    text = json.dumps(
        record(
            "X-1",
            {
                **affects("Glow.Worm", "introduced 0", "fixed 2019-09-12", "fixed 2.0"),
                "ranges": [
                    span("introduced 0", "fixed abc", kind="GIT"),
                    span("introduced 0", "fixed 2019-09-12", "fixed 2.0"),
                    span("fixed none"),
                    {"events": []},
                    "text",
                ],
                "versions": ["1.0", 5],
            },
            modified="2026-03-01T00:00:00.123456789Z",
            published="2026-03-01T00:00:00+00:00",
            schema_version="latest",
            summary=["no text"],
            aliases=["CVE-1", 7],
        )
    ).encode()
    found = served(text)
    assert (found["modified"], found["published"]) == (NEWEST, NEWEST)
    assert found["aliases"] == ["CVE-1"] and "summary" not in found and "schema_version" not in found
    (entry,) = found["affected"]
    assert entry["package"] == {"ecosystem": "PyPI", "name": "glow-worm"} and entry["versions"] == ["1.0"]
    assert [one["type"] for one in entry["ranges"]] == ["GIT", "ECOSYSTEM"]
    assert entry["ranges"][1]["events"] == [{"introduced": "0"}, {"fixed": "2.0"}]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["package", "version", "name", "ecosystem", "purl", "queries"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


class Everything:
    def ids(self, name, version):
        return ["X-1"]

    def record(self, own):
        return b'{"id":"X-1","affected":[]}'


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.sampled_from(["/v1/query", "/v1/querybatch"]),
    JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40),
)
def test_any_question_gets_an_answer_or_a_refusal(path, body):
    answer = answering.post(Everything(), path, body)
    assert answer.status in (200, 400) and json.loads(answer.body) is not None
