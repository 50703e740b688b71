"""What the secrets inspector says about members, and what it never says."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

import pytest

from fixtures.secrets import places
from fixtures.secrets.issued import ISSUED, Draw, issued, password
from fixtures.secrets.quiet import QUIET
from gate.archive.budget import Budget
from gate.archive.member import Entry, Member, Need
from gate.archive.source import Memory
from gate.core.finding import Confidence, Finding
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from gate.facts.secrets import Credential
from gate.facts.seen import Seen
from gate.facts.store import Said, Store
from gate.formats.secrets_tally import CAP, LISTED, sample
from gate.inspectors import Inputs
from gate.inspectors.secrets import inspector
from gate.registry import load


def member(data: bytes, path: str, limits: Limits = Limits()) -> Member:
    budget = Budget(limits)
    budget.admit(len(data))
    return Member(path, Entry(b"", None, window=Memory(data, budget)), budget)


def said(data: bytes | str, path: str = "work/job.txt", key: bytes = b"", limits: Limits = Limits()) -> list[Said]:
    one = member(data.encode() if isinstance(data, str) else data, path, limits)
    asked = inspector.given(Inputs(mask_key=key))
    return list(asked.inspect(one)) if asked.wants(one) is not None else []


def findings(data: bytes | str, path: str = "work/job.txt", key: bytes = b"") -> list[Finding]:
    return [item for item in said(data, path, key) if isinstance(item, Finding)]


def collected(members: Mapping[str, bytes]) -> Store:
    store = Store()
    for path, data in members.items():
        store.extend(said(data, path), "secrets")
    return store


# -- findings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(ISSUED))
def test_each_kind_is_a_finding_with_its_place_and_a_mask(kind: str) -> None:
    value, text = issued(kind)
    found = [item for item in findings(f"one\ntwo\n{text}") if dict(item.args)["kind"] == kind]
    (item,) = found
    args = dict(item.args)
    assert item.rule == f"secrets.{ISSUED[kind][0]}" and item.discriminator == kind
    assert item.location.line >= 3 and 8 <= item.location.start < item.location.end
    assert args["sample"].endswith("******") and len(args["sample"]) == 8
    rule = load().rules[item.rule]
    assert args["what"] in rule.say(args) and "?" not in rule.say(args)
    body = value.strip().split("\n")[-1]
    assert not any(body[2:] in shown or body[:-2] in shown for shown in (item.discriminator, *args.values()))


def test_the_bytes_of_a_finding_are_those_of_the_value() -> None:
    value, _ = issued("github-token")
    for text, codec in ((f"ä€😀 {value}\n", "utf-8"), (f"ä {value}\n", "utf-16"), (f"{value} b", "utf-16-be")):
        data = text.encode(codec)
        (item,) = findings(data)
        assert (
            data[item.location.start : item.location.end].decode(
                codec.removesuffix("-be") + "-be" * ("be" in codec) if codec != "utf-16" else "utf-16-le"
            )
            == value
        )


def test_one_value_is_one_finding_however_often_it_stands_there() -> None:
    value, _ = issued("slack-token")
    (item,) = findings(f"A={value}\nB={value}\nC={value}\n")
    assert dict(item.args)["times"] == ", 3 times" and item.location.line == 1


def test_checked_values_are_surer_than_names_and_tests_are_less_sure() -> None:
    sure, named = issued("github-token")[1], issued("password")[1]
    assert [item.confidence for item in findings(sure)] == [Confidence.HIGH]
    assert [item.confidence for item in findings(named)] == [Confidence.MEDIUM]
    assert [item.confidence for item in findings(named, "tests/conf.env")] == [Confidence.LOW]
    assert [item.confidence for item in findings(issued("groq-key")[1], "docs/start.md")] == [Confidence.LOW]


def test_what_an_escape_of_json_splits_is_found() -> None:
    key = issued("private-key")[0]
    notebook = {"cells": [{"source": [f"{line}\n" for line in f"KEY = '''{key}'''".split("\n")], "outputs": []}]}
    for data in (
        json.dumps({"a": key}),
        json.dumps(notebook),
        json.dumps({"u": "https://a:k8#Vq2_pLm@db.acme.io/"}).replace("/", "\\/"),
    ):
        assert len(findings(data)) == 1, data[:60]


def test_a_column_is_a_name_for_its_cells() -> None:
    d = Draw("column")
    id_, secret = issued("aws-access-key")[0], issued("aws-secret-key")[0]
    console = f"User name,Access key ID,Secret access key\nanna,{id_},{secret}\n" + "".join(
        f"u{i},,\n" for i in range(9)
    )
    assert {(item.rule, dict(item.args)["kind"]) for item in findings(console, "keys.csv")} >= {
        ("secrets.cloud-key", "aws-secret-key")
    }
    people = "login,password,age\n" + "".join(f"user{i},{password(d)},3{i}\n" for i in range(9))
    assert {item.rule for item in findings(people, "users.csv")} == {"secrets.assigned-value"}


# -- quiet ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUIET)
def test_members_of_clean_archives_are_quiet(name: str) -> None:
    assert said(QUIET[name], name) == []


# -- masks ------------------------------------------------------------------------------------------------------------


def test_masks_show_two_characters_of_long_values_and_no_length() -> None:
    assert sample("abcdefgh") == sample("ab" + "x" * 500) == "ab******"
    assert sample("abcdefg") == sample("a") == "********"
    assert sample("\nMIIE" + "x" * 50) == sample("\\nMIIE" + "x" * 50) == "MI******"


def test_a_keyed_hash_is_there_with_a_key_only() -> None:
    value, text = issued("stripe-key")
    key = bytes(range(32))
    assert "hmac_sha256" not in dict(findings(text)[0].args)
    assert (
        dict(findings(text, key=key)[0].args)["hmac_sha256"]
        == hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
    )
    assert "mask_key" not in repr(Inputs(mask_key=key))


# -- many -------------------------------------------------------------------------------------------------------------


def test_a_dump_of_tokens_is_counted_and_some_are_listed() -> None:
    result = said(places.many(CAP * 3))
    rows = [item for item in result if isinstance(item, Credential)]
    assert [(row.credential, row.count, row.complete) for row in rows] == [("hugging-face-token", CAP, 0)]
    assert sum(isinstance(item, Finding) for item in result) == LISTED
    few = [item for item in said(places.many(40)) if isinstance(item, Credential)]
    assert [(row.count, row.complete) for row in few] == [(40, 1)]


def test_text_beyond_the_limit_is_a_gap() -> None:
    limits = Limits(secret_characters=2**20)
    filler = "nothing to see here\n" * 60_000
    result = said(filler * 2 + issued("github-token")[0], limits=limits)
    assert [(item.reason, item.location.path) for item in result if isinstance(item, Gap)] == [
        (GapReason.BUDGET, "work/job.txt")
    ]


# -- section ----------------------------------------------------------------------------------------------------------


def test_the_section_counts_by_rule_and_kind() -> None:
    token, pem = issued("gitlab-token")[1], issued("private-key")[1]
    store = collected({"a.env": token.encode(), "b/k.pem": pem.encode(), "c.txt": (token + pem).encode()})
    section = inspector.section(Seen(store, inspector.produces))
    assert section["members"] == 3 and section["complete"] is True and section["truncated"] == 0
    assert section["rules"] == {"secrets.private-key": 2, "secrets.service-token": 2}
    assert section["kinds"] == {"gitlab-token": 2, "private-key": 2}
    assert section["items"][0] == {"path": "a.env", "kind": "gitlab-token", "rule": "secrets.service-token", "count": 1}


def test_what_is_no_text_is_not_asked_for() -> None:
    assert inspector.wants(member(b"\x7fELF\x02\x01\x01\0\0\0", "lib.so")) is None
    assert inspector.wants(member(b"hello", "a.txt")) is Need.STREAM
