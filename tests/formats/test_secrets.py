"""Credentials in text: every form that an issuer publishes, what is close to one, and what is none."""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.pii.quiet import QUIET as NUMBERS
from fixtures.secrets.issued import ISSUED, Draw, issued, locked_rsa_key, openssh_key, pkcs8_key, putty_key, web_key
from fixtures.secrets.quiet import NOTHING
from gate.adapters.anchors import spots
from gate.formats.secrets import Tried, anchors, find, plain_spots
from gate.formats.secrets_checks import CHECKS
from gate.formats.secrets_kinds import kinds, words
from gate.formats.secrets_words import drawn, entropy, placeholder
from tests.conftest import ROOT

KINDS = [kind.kind for kind in kinds()]
RULES = {row["id"] for row in yaml.safe_load((ROOT / "rules" / "secrets.yaml").read_text())}


def look(text: str, first: int = 0, last: int = -1) -> list[tuple[str, str, str]]:
    """Kind, rule and characters of everything found."""
    found = find(text, plain_spots, Tried(10**6), first, last)
    return [(secret.kind.kind, secret.rule, text[secret.start : secret.end]) for secret in found]


def names(text: str) -> list[str]:
    return [f"{kind} {rule}" for kind, rule, _ in look(text)]


# -- the tables -------------------------------------------------------------------------------------------------------


def test_every_row_names_a_rule_a_check_and_its_source() -> None:
    assert len(set(KINDS)) == len(KINDS) and set(KINDS) == set(ISSUED)
    for kind in kinds():
        assert {f"secrets.{rule}" for rule in (kind.rule, kind.doubt, kind.locked) if rule} <= RULES, kind.kind
        assert kind.check in CHECKS and kind.source.startswith("https://"), kind.kind
        assert all(anchor == anchor.lower() for anchor in kind.anchors if kind.fold), kind.kind
        assert not re.search(r"(?<!\[\^\\s)[*+](?![^\[]*\])", re.sub(r"\\.|\[[^\]]*\]", "", kind.pattern.pattern)), (
            kind.kind
        )


def test_published_values_are_kept_as_digests_only() -> None:
    assert all(set(row) == {"sha256", "of", "source"} and len(row["sha256"]) == 64 for row in words()["published"])


# -- what is one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_of_each_kind_is_found_where_it_stands(kind: str) -> None:
    value, text = issued(kind)
    text = f"first line\n{text}\nlast line\n"
    rule = ISSUED[kind][0]
    (found,) = [part for name, said, part in look(text) if (name, said) == (kind, rule)]
    assert found.replace("\\n", "\n").strip() in value


@pytest.mark.parametrize(
    "before", ["", " ", "=", '"', "\\n", "\\t", "%3D", "\\u003d", "(", "é", "\uff1a", "\x1e"], ids=range(12)
)
@pytest.mark.parametrize("kind", ["github-token", "hugging-face-token", "stripe-key", "aws-access-key"])
def test_what_stands_before_a_token_does_not_hide_it(kind: str, before: str) -> None:
    value, text = issued(kind)
    assert value in {part for _, _, part in look(before + text)}


@pytest.mark.parametrize("before", ["a", "Z", "0", "xyz"])
def test_a_token_in_the_middle_of_a_word_is_none(before: str) -> None:
    assert not look(before + issued("github-token")[0])


def test_of_overlapping_kinds_the_strongest_is_told_once() -> None:
    value, _ = issued("github-token")
    assert look(f'github_token = "{value}"') == [("github-token", "service-token", value)]
    assert look(f"https://ci:{value}@github.com/a/b") == [("github-token", "service-token", value)]
    assert names(issued("gcp-service-account")[1]) == ["gcp-service-account cloud-key"]
    assert names(issued("aws-secret-key")[1]) == ["aws-secret-key cloud-key"]


def test_a_login_and_a_password_of_people_are_found() -> None:
    assert names("mysql+pymysql://etl:Tr0ub4dor&3@10.2.3.4/prod") == ["url-password url-password"]
    assert names("db:\n  password: Sommer2031!\n") == ["password assigned-value"]
    assert names('connect(user="etl", password="k8#Vq2_pLm")') == ["password assigned-value"]
    assert names('{"db": {"Password": "k8#Vq2_pLm"}}') == ["password assigned-value"]
    assert names('os.environ.get("ACME_API_KEY", "f3Kq9ZpX2mVb7TnR4wLs")') == ["key-or-token assigned-value"]


# -- what is nearly one -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["github-token", "npm-token", "age-key"])
def test_wrong_check_digits_leave_a_doubt(kind: str) -> None:
    value, _ = issued(kind)
    last = "Q" if value[-1] != "Q" else "Z"
    assert names(value[:-1] + last) == [f"{kind} unconfirmed"]


def test_keys_under_a_passphrase_are_told_apart() -> None:
    d = Draw("locked")
    encrypted = pkcs8_key(d).replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
    locked = putty_key(d).replace("Encryption: none", "Encryption: aes256-cbc")
    for text in (locked_rsa_key(d), openssh_key(d, b"aes256-ctr"), encrypted, b64encode(encrypted.encode()).decode()):
        assert [rule for _, rule, _ in look(text)] == ["locked-key"]
    assert names(locked) == ["putty-key locked-key"]
    assert names(openssh_key(d)) == ["private-key private-key"]


def test_half_of_a_pair_and_an_invented_key_are_doubts() -> None:
    value, _ = issued("aws-access-key")
    assert names(f"id = {value}\n") == ["aws-access-key unconfirmed"]
    body = "\n".join(Draw("body").text(64) for _ in range(6))
    assert names(f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n") == ["private-key unconfirmed"]
    assert names(f"sk-{Draw('sk').text(48)}") == ["sk-key unconfirmed"]
    assert names("postgres://svc:k8#Vq2_pLm@localhost/db".replace("#", "$")) == ["url-password unconfirmed"]


def test_a_key_in_the_strings_of_a_program_is_a_key() -> None:
    key = issued("private-key")[0]
    joined = "\n".join(f'    "{line}\\n"' for line in key.split("\n"))
    for text in (json.dumps({"key": key}), f"KEY = (\n{joined}\n)", key.replace("\n", "\r\n"), key.replace("\n", " ")):
        assert names(text) == ["private-key private-key"]


def test_a_public_web_key_beside_a_private_one_is_none() -> None:
    public = {"kty": "OKP", "crv": "Ed25519", "x": Draw("x").text(43)}
    assert not look(json.dumps([public, public]))
    assert len(look(json.dumps([public, json.loads(web_key(Draw("d"))), public]))) == 1


# -- what is none -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", NOTHING, ids=range(len(NOTHING)))
def test_what_only_looks_like_one_is_nothing(text: str) -> None:
    assert not look(text)


@pytest.mark.parametrize(
    "value", ["changeme", "<token>", "${TOKEN}", "xxxxxxxx", "your-api-key", "Password123", "hunter2", "s3cr3t"]
)
def test_placeholders_are_known(value: str) -> None:
    assert placeholder(value)


@given(st.text(min_size=1, max_size=200))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_variety_is_bounded(text: str) -> None:
    assert 0 <= entropy(text) <= 8 and isinstance(drawn(text), bool) and isinstance(placeholder(text), bool)


# -- any text ---------------------------------------------------------------------------------------------------------

SOME = [
    issued(kind) for kind in ("github-token", "aws-secret-key", "url-password", "private-key", "web-token", "password")
]


@given(
    st.lists(st.sampled_from(SOME) | st.text(max_size=60).map(lambda text: (None, text)), max_size=8),
    st.integers(0, 3000),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_parts_of_a_text_tell_together_what_the_whole_tells(parts: list[tuple[str | None, str]], cut: int) -> None:
    text = "\n\n".join(text for _, text in parts) + "\n"
    cut = min(cut, len(text))
    assert look(text, 0, cut) + look(text, cut) == look(text)
    assert sorted(find(text, spots, Tried(10**6))) == sorted(find(text, plain_spots, Tried(10**6)))


@pytest.mark.parametrize("name", ["poetry.lock", "tokenizer.json"])
def test_both_ways_to_find_anchors_agree(name: str) -> None:
    text = NUMBERS[name].decode()[:200_000] + "".join(f" é {anchor.text} İ" for anchor in anchors()) * 2
    assert set(spots(text)) == set(plain_spots(text))


# -- cost -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_takes_long_for_its_size(kind: str) -> None:
    row = next(row for row in kinds() if row.kind == kind)
    anchor = row.anchors[0]
    value, text = issued(kind)
    bombs = [
        anchor,
        f"{anchor} ",
        f'{anchor}" : "',
        f"{anchor}{'a1B2c3' * 20} ",
        f"a{anchor}{text[: len(text) // 2]}",
        value[:-1],
    ]
    start = time.process_time()
    for bomb in bombs:
        find(bomb * (20_000 // len(bomb) + 1), plain_spots, Tried(200_000))
    assert time.process_time() - start < 3
