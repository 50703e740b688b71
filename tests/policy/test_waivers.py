from __future__ import annotations

from dataclasses import replace

import pytest

from gate.archive.inventory import InventoryRow
from gate.core.errors import UsageError
from gate.core.waivers import covering, live
from gate.policy.waiver_file import parse
from tests.policy.scenes import HEX, finding, gap, report, request, waiver

SUBJECT = report().subject


@pytest.mark.parametrize(
    "changes",
    [
        {"created": "2026-11-21T10:00:01Z"},
        {"expires": "2026-11-21T10:00:00Z"},
        {"stages": ("staging",)},
        {"stages": ()},
        {"reason": "  "},
        {"digest": "cd" * 32},
        {"digest": "sha512:" + HEX},
        {"digest": ""},
        {"expires": "never"},
        {"expires": "2026-12-01"},
        {"expires": "2026-12-01T00:00:00+00:00"},
        {"created": ""},
    ],
)
def test_a_waiver_that_is_not_for_this_moment_stage_and_subject_is_not_in_force(changes):
    assert not live(waiver("x.error", **changes), request(), SUBJECT)


@pytest.mark.parametrize(
    "changes", [{}, {"created": "2026-11-21T10:00:00Z"}, {"digest": HEX}, {"digest": "sha256:" + HEX}]
)
def test_a_waiver_is_in_force_from_its_creation_until_it_expires(changes):
    assert live(waiver("x.error", **changes), request(), SUBJECT)


def test_a_waiver_bound_to_a_digest_is_not_in_force_for_a_subject_without_one():
    assert not live(waiver("x.error", digest=HEX), request(), report(digest={}).subject)


def test_a_time_of_the_request_in_another_form_puts_every_waiver_out_of_force():
    assert not live(waiver("x.error"), request(now="2026-11-21 10:00"), SUBJECT)


def test_globs_are_case_sensitive_and_a_star_crosses_slashes():
    covers = covering([waiver("x.error", "data/*.csv")])["x.error"]
    assert covers(finding("x.error", "data/a/b!/c.csv"))
    assert not covers(finding("x.error", "Data/a.csv"))
    assert not covers(finding("x.error", "data/a.csv\n"))
    assert "x.note" not in covering([waiver("x.error")])


def test_a_waiver_for_one_thing_in_members_of_these_bytes_covers_nothing_else():
    rows = [InventoryRow("a.pkl", 1, HEX, None, ""), InventoryRow("b.pkl", 1, "cd" * 32, None, "")]
    covers = covering([waiver("x.error", "*.pkl", about="acme.Net", member="sha256:" + HEX)], rows)["x.error"]
    assert covers(finding("x.error", "a.pkl")._replace(discriminator="acme.Net"))
    assert not covers(finding("x.error", "a.pkl")._replace(discriminator="acme.Other"))
    assert not covers(finding("x.error", "a.pkl"))
    assert not covers(finding("x.error", "b.pkl")._replace(discriminator="acme.Net"))
    assert not covers(finding("x.error", "sub/c.bin")._replace(discriminator="acme.Net"))
    assert not covering([waiver("x.error", member=HEX)])["x.error"](finding("x.error", "a.pkl"))
    assert not covering([waiver("gap.corrupt", about="acme.Net")])["gap.corrupt"](gap("corrupt"))
    both = covering([waiver("x.error", "b*"), waiver("x.error", about="acme.Net")], rows)["x.error"]
    assert both(finding("x.error", "b.pkl")) and both(finding("x.error")._replace(discriminator="acme.Net"))


FILE = """
[[waiver]]
code = "pii.email-address"
subject = "data/*.csv"
stages = ["staging"]
reason = "synthetic addresses"
owner = "team-a"
approved_by = "jane"
ticket = "RISK-42"
created = "2026-11-01T00:00:00Z"
expires = "2026-12-01T00:00:00Z"
"""


def test_a_waiver_file_is_read():
    (row,) = parse(FILE.encode(), "w.toml")
    assert (row.code, row.stages, row.digest) == ("pii.email-address", ("staging",), None)
    assert parse((FILE + 'digest = "sha256:00"\n').encode(), "w.toml")[0].digest == "sha256:00"
    narrow = parse((FILE + f'member = "sha256:{HEX}"\nabout = "a"\n').encode(), "w.toml")[0]
    assert (narrow.member, narrow.about) == ("sha256:" + HEX, "a")
    with pytest.raises(UsageError, match="member: must be sha256"):
        parse((FILE + 'member = "md5:00"\n').encode(), "w.toml")
    assert parse(b"", "w.toml") == ()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("code =", "codes =", "w.toml > waiver 1 > codes: is unknown"),
        ('owner = "team-a"\n', "", "w.toml > waiver 1 > owner: is missing"),
        ('"team-a"', "7", "w.toml > waiver 1 > owner: must be a text"),
        ('"synthetic addresses"', '" "', "w.toml > waiver 1 > reason: must be a text"),
        ('["staging"]', '["prod"]', "w.toml > waiver 1 > stages: must be a list of production, staging"),
        ('["staging"]', "[]", "w.toml > waiver 1 > stages"),
        ('["staging"]', "[[]]", "w.toml > waiver 1 > stages"),
        ('"2026-12-01T00:00:00Z"', '"soon"', "w.toml > waiver 1 > expires: must be a date, or a time with a zone"),
        (
            '"2026-12-01T00:00:00Z"',
            '"2026-13-01T00:00:00Z"',
            "w.toml > waiver 1 > expires: must be a date, or a time with a zone",
        ),
        ('"2026-12-01T00:00:00Z"', '"2026-10-01T00:00:00Z"', "within 180 days"),
        ('"2026-12-01T00:00:00Z"', '"2027-12-01T00:00:00Z"', "within 180 days"),
        ('"pii.email-address"', '"serialization.dangerous-call"', "is mandatory and cannot be waived"),
        ("[[waiver]]", "[waivers]", "holds [[waiver]] tables and nothing else"),
        ("[[waiver]]", "[waiver]", "holds [[waiver]] tables and nothing else"),
        ("[[waiver]]", "[[waiver]", "is not TOML"),
    ],
)
def test_a_wrong_waiver_is_refused_with_the_path_to_it(old, new, says):
    with pytest.raises(UsageError) as error:
        parse(FILE.replace(old, new).encode(), "w.toml")
    assert says in str(error.value)


@pytest.mark.parametrize("text", [b"\xff", b"waiver = [1]", b"a = " + b"[" * 100_000, b"waiver = 3"])
def test_hostile_waiver_files_are_usage_errors(text):
    with pytest.raises(UsageError):
        parse(text, "w.toml")


@pytest.mark.parametrize("form", ["2026-11-01", '"2026-11-01T02:00:00+02:00"', "2026-11-01T00:00:00Z"])
def test_a_time_may_be_a_toml_date_a_toml_time_or_text_with_any_zone(form):
    (waiver,) = parse(FILE.replace('"2026-11-01T00:00:00Z"', form).encode(), "w.toml")
    assert waiver.created == "2026-11-01T00:00:00Z"


def advised(package="torch", version="1.12.1+cu113", by=None, **args):
    known = {"advisory": "CVE-1", "aliases": "GHSA-1, PYSEC-1", "package": package, "version": version, **args}
    return finding("x.error", "a.txt", by=by or f"CVE-1 {package}")._replace(args=tuple(known.items()))


@pytest.mark.parametrize("about", ["CVE-1 torch", "GHSA-1 torch", "PYSEC-1 torch", "CVE-1", "PYSEC-1"])
def test_an_advisory_is_waived_by_any_of_its_ids_alone_or_with_the_package(about):
    covers = covering([waiver("x.error", about=about)])["x.error"]
    assert covers(advised())
    assert not covers(advised(advisory="CVE-2", aliases="", by="CVE-2 torch"))
    assert covers(advised(package="other")) is (" " not in about)


def test_a_finding_about_several_advisories_is_not_waived_by_the_id_of_one():
    several = advised(by="torch")
    assert not covering([waiver("x.error", about="CVE-1")])["x.error"](several)
    assert covering([waiver("x.error", about="torch")])["x.error"](several)


@pytest.mark.parametrize(
    ("version", "held"),
    [("1.12.1", True), ("1.12.1+cu113", True), ("1.12.1+cu117", False), ("1.12", False), ("1.1", False)],
)
def test_a_waiver_for_a_version_covers_its_builds_and_no_range(version, held):
    covers = covering([replace(waiver("x.error", about="CVE-1 torch"), version=version)])["x.error"]
    assert covers(advised()) is held
    assert not covers(advised(version=""))
    assert covering([replace(waiver("x.error"), version=version)])["x.error"](advised()) is held


def test_many_statements_cost_little(benchmark_seconds=2.0):
    import time

    many = [replace(waiver("x.error", about=f"CVE-{n} torch"), version="1") for n in range(20_000)]
    covers, row = covering(many)["x.error"], advised()
    start = time.process_time()
    assert not any(covers(row) for _ in range(2_000))
    assert time.process_time() - start < benchmark_seconds
