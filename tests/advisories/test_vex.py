from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.advisories.vex import Statement, cleared
from gate.advisories.vex_read import STATEMENTS, read_vex
from gate.core.errors import FormatError, NotExamined

DIGEST, OTHER = "ab" * 32, "cd" * 32
THEN = "2026-11-01T00:00:00Z"


def openvex(*statements, **fields):
    return json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": "https://example.org/vex/1",
            "author": "ml-sec",
            "timestamp": "2026-11-01T02:00:00+02:00",
            "version": 1,
            "statements": list(statements),
            **fields,
        }
    ).encode()


def says(*products, name="CVE-1", status="not_affected", **fields):
    if status == "not_affected":
        fields.setdefault("justification", "vulnerable_code_not_present")
    return {"vulnerability": {"name": name}, "products": list(products), "status": status, **fields}


def torch(version="1.12.1"):
    return {"@id": f"pkg:pypi/Torch@{version}" if version else "pkg:pypi/torch"}


def archive(*parts, digest=DIGEST):
    return {"@id": "pkg:oci/model", "hashes": {"sha-256": digest}, **({"subcomponents": list(parts)} if parts else {})}


def scopes(data):
    return [(one.package, one.version, one.digest) for one in read_vex(data).statements]


def test_a_statement_is_about_what_it_names():
    assert scopes(openvex(says(torch()))) == [("torch", "1.12.1", "")]
    assert scopes(openvex(says(torch("")))) == [("torch", "", "")]
    assert scopes(openvex(says(archive(torch(), torch("2.0"))))) == [
        ("torch", "1.12.1", DIGEST),
        ("torch", "2.0", DIGEST),
    ]
    assert scopes(openvex(says(archive()))) == [("", "", DIGEST)]
    assert scopes(openvex(says({"@id": f"pkg:oci/m@sha256%3A{DIGEST}", "subcomponents": [torch()]}))) == [
        ("torch", "1.12.1", DIGEST)
    ]
    assert scopes(openvex(says({"@id": "x", "identifiers": {"purl": "pkg:pypi/torch@1.12.1%2Bcu113"}}))) == [
        ("torch", "1.12.1+cu113", "")
    ]


@pytest.mark.parametrize(
    "product",
    [
        {"@id": "pkg:generic/model"},
        {"@id": "pkg:oci/model", "subcomponents": [torch()]},
        archive({"@id": "pkg:npm/left-pad@1"}),
        {"@id": "pkg:pypi/torch@none"},
        {"@id": "pkg:pypi/torch@1.0?vcs_url=x"},
        {},
    ],
)
def test_what_names_neither_an_archive_nor_a_package_counts_for_nothing(product):
    found = read_vex(openvex(says(product)))
    assert (found.statements, found.unbound) == ((), 1)


def test_who_says_what_under_which_names_and_when():
    data = openvex(
        {
            **says(torch(), impact_statement="torch.jit\x1b[31m unused", timestamp="2026-11-02T00:00:00Z"),
            "vulnerability": {"name": "CVE-1", "aliases": ["GHSA-1", "CVE-1", 5]},
        }
    )
    (one,) = read_vex(data).statements
    assert (one.ids, one.time, one.author) == (("CVE-1", "GHSA-1"), "2026-11-02T00:00:00Z", "ml-sec")
    assert one.reason.startswith("not_affected: vulnerable_code_not_present: torch.jit") and "\x1b" not in one.reason
    assert read_vex(openvex(says(torch()))).statements[0].time == THEN


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "JSON"),
        (b"[]", "not an object"),
        (b"{}", "neither OpenVEX"),
        (openvex(says(torch(), justification="trust me")), "justification"),
        (openvex(says(torch(), justification="", impact_statement=" ")), "justification"),
        (openvex(says(torch(), status="fine")), "status"),
        (openvex({**says(torch()), "vulnerability": "CVE-1"}), "vulnerability"),
        (openvex({**says(torch()), "vulnerability": {"aliases": []}}), "vulnerability"),
        (openvex(says(torch()), timestamp="yesterday"), "timestamp"),
        (openvex(statements=5), "list"),
        (openvex(says("text")), "list of objects"),
        (openvex(says(archive(digest="xyz"))), "sha-256"),
    ],
)
def test_what_is_no_vex_document_is_refused(data, words):
    with pytest.raises(FormatError, match=words):
        read_vex(data)


def test_a_document_is_bounded():
    with pytest.raises(FormatError, match="more than"):
        read_vex(openvex(says(*[torch()] * (STATEMENTS + 1))))
    with pytest.raises(NotExamined):
        read_vex(b'{"a":' + b"[" * 100 + b"]" * 100 + b"}")


def cyclonedx(*vulnerabilities, digest=DIGEST, **fields):
    whole = {"bom-ref": "model", "hashes": [{"alg": "SHA-256", "content": digest}]} if digest else {}
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": "urn:uuid:1",
            "metadata": {"timestamp": THEN, "component": whole, "authors": [{"name": "ml-sec"}]},
            "components": [
                {
                    "bom-ref": "a",
                    "purl": "pkg:pypi/torch@1.12.1",
                    "components": [{"bom-ref": "b", "purl": "pkg:pypi/x@1"}],
                }
            ],
            "vulnerabilities": list(vulnerabilities),
            **fields,
        }
    ).encode()


def judged(ref, state="not_affected", own="CVE-1", versions=(), **fields):
    return {
        "id": own,
        "references": [{"id": "GHSA-1"}],
        "analysis": {"state": state, "justification": "code_not_reachable", **fields},
        "affects": [{"ref": ref, **({"versions": list(versions)} if versions else {})}],
    }


def test_cyclonedx_says_the_same_by_references_to_its_components():
    found = read_vex(
        cyclonedx(
            judged("a"), judged("b", "resolved"), judged("model", "false_positive"), judged("pkg:pypi/y@2", "exploitable"),
            judged("urn:cdx:1/1#a", "in_triage"), {"id": "CVE-9", "affects": [{"ref": "a"}]},
        )
    )  # fmt: skip
    assert [(one.package, one.version, one.digest, one.status) for one in found.statements] == [
        ("torch", "1.12.1", DIGEST, "not_affected"),
        ("x", "1", DIGEST, "fixed"),
        ("", "", DIGEST, "not_affected"),
        ("y", "2", DIGEST, "affected"),
        ("torch", "1.12.1", DIGEST, "under_investigation"),
    ]
    first = found.statements[0]
    assert (first.ids, first.time, first.author, first.document) == (("CVE-1", "GHSA-1"), THEN, "ml-sec", "urn:uuid:1")


def test_versions_of_a_component_are_those_that_are_listed_one_by_one():
    found = read_vex(cyclonedx(judged("a", versions=[{"version": "1.0"}, {"range": "vers:pypi/>=1"}]), digest=""))
    assert [(one.package, one.version, one.digest) for one in found.statements] == [("torch", "1.0", "")]
    assert found.unbound == 1


def test_cyclonedx_without_a_justification_is_refused():
    with pytest.raises(FormatError, match="justification"):
        read_vex(cyclonedx(judged("a", justification="")))
    assert read_vex(cyclonedx(judged("nobody"))).unbound == 1


def statement(status="not_affected", ids=("CVE-1",), time=THEN, package="torch", version="1", digest=""):
    return Statement(ids, package, version, digest, status, status, time)


LATER = "2026-11-02T00:00:00Z"


@pytest.mark.parametrize(
    ("other", "holds"),
    [
        (statement("affected", time=LATER), False),
        (statement("under_investigation", time=LATER), False),
        (statement("affected"), False),
        (statement("affected", time="2026-10-01T00:00:00Z"), True),
        (statement("affected", time=LATER, version=""), False),
        (statement("affected", time=LATER, package="", version=""), False),
        (statement("affected", time=LATER, version="2"), True),
        (statement("affected", time=LATER, digest=DIGEST), True),
        (statement("affected", time=LATER, package="x"), True),
        (statement("affected", time=LATER, ids=("CVE-2",)), True),
        (statement("affected", time=LATER, ids=("GHSA-1", "CVE-1")), False),
    ],
)
def test_the_last_word_of_the_same_or_a_wider_scope_holds(other, holds):
    own = statement()
    assert bool(cleared([own, other])) is bool(cleared([other, own])) is holds


def test_ids_that_one_document_joins_are_one_vulnerability_in_all():
    joined = statement("affected", ids=("GHSA-1", "CVE-1"), time="2026-01-01T00:00:00Z", package="other")
    (one,) = cleared([statement(ids=("CVE-1",)), joined])
    assert one.ids == ("CVE-1", "GHSA-1")
    assert cleared([statement(), joined, statement("affected", ids=("GHSA-1",), time=LATER)]) == ()


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=6) | st.sampled_from(["not_affected", THEN, "pkg:pypi/a@1"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["statements", "products", "vulnerability", "name", "@id", "status", "hashes", "sha-256", "vulnerabilities",
             "analysis", "affects", "ref", "components", "metadata", "component", "versions", "subcomponents", "state"]
        ),
        inner, max_size=4,
    ),
    max_leaves=14,
)  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(JSON, st.booleans())
def test_any_document_is_read_or_refused(value, cyclone):
    kind = {"bomFormat": "CycloneDX"} if cyclone else {"@context": "https://openvex.dev/ns/v0.2.0"}
    data = json.dumps({**(value if isinstance(value, dict) else {"statements": value}), **kind}).encode()
    try:
        found = read_vex(data)
    except NotExamined:
        return
    cleared(found.statements)
