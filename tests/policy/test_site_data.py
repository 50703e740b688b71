from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.core.errors import UsageError
from gate.policy.site_data import parse


def test_actions_stages_and_sections_are_read():
    text = b"""
actions: {pii.email-address: warn, native.rpath: off}
stages:
  production: {actions: {pii.email-address: deny}}
required_sections: [secrets, pii, pii]
"""
    assert parse(text, "p.yaml") == {
        "actions": {"pii.email-address": "warn", "native.rpath": "off"},
        "stages": {"production": {"actions": {"pii.email-address": "deny"}}},
        "required_sections": ["pii", "secrets"],
    }


def test_json_is_read_too_and_a_part_may_be_absent():
    assert parse(b'{"actions": {"gap.encrypted": "deny"}}', "p.json") == {"actions": {"gap.encrypted": "deny"}}
    assert parse(b"{}", "p.json") == {}


def test_a_mandatory_code_may_be_named_as_what_it_is():
    assert parse(b"actions: {archive.unsafe-name: deny}", "p") == {"actions": {"archive.unsafe-name": "deny"}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("action: {}", "p.yaml > action: is unknown; known: actions, required_sections, stages"),
        ("actions: {pii.email: Warn}", "p.yaml > actions > pii.email: must be one of deny, inconclusive, warn, off"),
        ("actions: {pii.email: false}", "p.yaml > actions > pii.email: must be one of"),
        ("actions: {pii.email: [deny]}", "p.yaml > actions > pii.email: must be one of"),
        ("actions: {pii.email: {}}", "p.yaml > actions > pii.email: must be one of"),
        ("actions: {pii email: deny}", "p.yaml > actions > pii email: is not a code"),
        ("actions: {'*': deny}", "p.yaml > actions > *: is not a code"),
        ("actions: [deny]", "p.yaml > actions: must be a mapping"),
        ("actions:", "p.yaml > actions: must be a mapping"),
        ("stages: {prodution: {}}", "p.yaml > stages > prodution: is no stage; there are production, staging"),
        ("stages: {staging: {action: {}}}", "p.yaml > stages > staging > action: is unknown; known: actions"),
        (
            "stages: {staging: {actions: {serialization.dangerous-call: warn}}}",
            "p.yaml > stages > staging > actions > serialization.dangerous-call: is mandatory",
        ),
        ("actions: {archive.link-escape: off}", "p.yaml > actions > archive.link-escape: is mandatory"),
        ("required_sections: pii", "p.yaml > required_sections: must be a list"),
        ("required_sections: [PII]", "p.yaml > required_sections > PII: is not the name of an inspector"),
        ("required_sections: [[pii]]", "is not the name of an inspector"),
        ("actions: {}\nactions: {}", "the key actions stands twice"),
        ("actions: {pii.email: deny, pii.email: off}", "the key pii.email stands twice"),
        ("[]", "p.yaml: must be a mapping"),
        ("", "p.yaml: must be a mapping"),
        ("? [a]\n: b", "p.yaml: is not YAML"),
        ("a: &a [*a]", "p.yaml"),
        ("a: !!python/object/apply:os.system [true]", "p.yaml > a: is unknown"),
        ("{", "p.yaml: is not YAML"),
    ],
)
def test_a_wrong_value_is_refused_with_the_path_to_it(text, says):
    with pytest.raises(UsageError) as error:
        parse(text.encode(), "p.yaml")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"[" * 5_000, b"a: " + b"x" * 2_000_000, b"\x00"])
def test_hostile_files_are_usage_errors(text):
    with pytest.raises(UsageError):
        parse(text, "p.yaml")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.one_of(st.binary(max_size=40), st.text("actions: {}[],off-\n.&*!?|>'\"", max_size=40).map(str.encode)))
def test_whatever_stands_in_the_file_only_usage_errors_come_out(text):
    with contextlib.suppress(UsageError):
        parse(text, "p.yaml")


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "yes", "true", "null", "[1]", "99999999999999999999"])
def test_a_limit_that_is_no_number_of_bytes_is_refused(limit):
    with pytest.raises(UsageError, match="stages > production > limits > archive_bytes"):
        parse(f"stages: {{production: {{limits: {{archive_bytes: {limit}}}}}}}".encode(), "site.yaml")


def test_a_limit_is_read_as_a_number_from_yaml_and_json():
    aged = b"stages: {staging: {limits: {advisory_age_hours: 24}}}"
    assert parse(aged, "site.yaml") == {"stages": {"staging": {"limits": {"advisory_age_hours": 24}}}}
    wanted = {"stages": {"production": {"limits": {"archive_bytes": 1000}}}}
    assert parse(b"stages: {production: {limits: {archive_bytes: 1000}}}", "site.yaml") == wanted
    assert parse(b'{"stages": {"production": {"limits": {"archive_bytes": 1000}}}}', "site.json") == wanted
