"""What the serialization inspector says about a member, and what it keeps quiet about."""

import re
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from fixtures.serialization import assembler as pk
from fixtures.serialization.benign import BENIGN, QUIET, numpy_array
from fixtures.serialization.malicious import DANGEROUS, SINKS, STRUCTURES, UNKNOWN
from gate.archive.budget import Budget
from gate.archive.inventory import Inventory
from gate.archive.member import Entry, Member, Need
from gate.archive.source import Memory
from gate.core.finding import Confidence, Finding
from gate.core.gap import Gap, GapReason
from gate.core.limits import Limits
from gate.facts.pickles import PickleGlobal, PickleImports
from gate.facts.seen import Seen
from gate.facts.store import Store
from gate.formats.pickle import GlobalUse, Use
from gate.formats.pickle_verdict import Verdict
from gate.inspectors import Said
from gate.inspectors.serialization import ITEMS, inspector
from gate.loading.names import table, tables
from gate.registry import load

ERRORS = {rule.id for rule in load().rules.values() if rule.level == "error"}


def member(data: bytes, path: str = "model.bin", **limits: int) -> Member:
    budget = Budget(Limits(**limits))
    budget.admit(len(data))
    return Member(path, Entry(b"model.bin", None, window=Memory(data, budget)), budget)


def said(data: bytes, **limits: int) -> list[Said]:
    one = member(data, "model.bin", **limits)
    return list(inspector.inspect(one)) if inspector.wants(one) is not None else []


def findings(data: bytes) -> list[Finding]:
    return [item for item in said(data) if isinstance(item, Finding)]


def gaps(data: bytes, **limits: int) -> list[Gap]:
    return [item for item in said(data, **limits) if isinstance(item, Gap)]


@pytest.mark.parametrize("name", DANGEROUS)
def test_every_hostile_pickle_has_an_error(name: str) -> None:
    assert {found.rule for found in findings(DANGEROUS[name])} & ERRORS


@pytest.mark.parametrize("name", SINKS)
def test_a_call_of_a_sink_is_named_with_its_bytes(name: str) -> None:
    (found,) = (one for one in findings(SINKS[name]) if one.rule == "serialization.dangerous-call")
    assert found.discriminator == name
    assert SINKS[name][found.location.start : found.location.end] == pk.REDUCE
    assert {"name", "module", "use", "how", "trail"} == {key for key, _ in found.args} - {"advisories"}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_nobody_knows_is_unverified_and_not_dangerous(name: str) -> None:
    assert {found.rule for found in findings(UNKNOWN[name])} == {"serialization.unverified-global"}


@pytest.mark.parametrize("name", BENIGN)
def test_what_libraries_write_has_no_finding_and_no_gap(name: str) -> None:
    items = said(BENIGN[name])
    assert [item for item in items if isinstance(item, Finding | Gap)] == []
    assert [type(item) for item in items if isinstance(item, PickleImports)] == [PickleImports]


@pytest.mark.parametrize("name", QUIET)
def test_bytes_that_are_no_pickle_have_no_finding_and_no_gap(name: str) -> None:
    assert said(QUIET[name]) == []


def test_text_whose_first_bytes_are_a_complete_call_is_dangerous() -> None:
    text = b"cposix\nsystem\n(S'touch gate_canary'\ntR.\nThis file is a readme.\n"
    assert "serialization.dangerous-call" in {found.rule for found in findings(text)}


def test_text_that_imports_a_sink_and_then_breaks_is_dangerous() -> None:
    assert [found.rule for found in findings(b"cantigravity\ngeohash\nblah")] == ["serialization.dangerous-reference"]


def test_text_files_of_this_python_are_quiet() -> None:
    root = Path(sysconfig.get_paths()["stdlib"])
    files = [path for path in sorted(root.rglob("*")) if path.suffix in {".py", ".txt", ".cfg", ".pem", ".rst", ".md"}]
    loud = [path for path in files[:1500] if path.is_file() and said(path.read_bytes())]
    assert len(files) > 500
    assert loud == []


def test_an_import_without_a_call_is_a_reference_and_one_finding_a_global_is_enough() -> None:
    one = pk.named("os", "system") + pk.POP
    assert [found.rule for found in findings(pk.pickle(one, one, pk.NONE))] == ["serialization.dangerous-reference"]
    assert [found.rule for found in findings(pk.pickle(one, pk.system()))] == ["serialization.dangerous-call"]


def test_a_second_reading_of_raw_bytes_is_told_with_less_confidence() -> None:
    (found,) = (one for one in findings(DANGEROUS["joblib-read-plainly"]) if one.discriminator == "os.system")
    assert found.confidence is Confidence.MEDIUM


def test_an_import_of_gate_itself_is_dangerous() -> None:
    assert findings(pk.pickle(pk.named("gate.policy", "x")))[0].rule == "serialization.dangerous-reference"


def test_a_pickle_that_breaks_off_is_a_gap_beside_what_it_ran() -> None:
    items = said(DANGEROUS["cut-after"])
    assert "serialization.dangerous-call" in {item.rule for item in items if isinstance(item, Finding)}
    assert [item.reason for item in items if isinstance(item, Gap)] == [GapReason.CORRUPT]


def test_a_harmless_pickle_that_breaks_off_is_a_gap() -> None:
    assert [gap.reason for gap in gaps(BENIGN["literals"][:-100])] == [GapReason.CORRUPT]


def test_too_many_opcodes_are_a_gap() -> None:
    data = pk.pickle((pk.NONE + pk.POP) * 50_000, pk.NONE)
    assert [gap.reason for gap in gaps(data, opcodes=1000)] == [GapReason.BUDGET]


def test_trailing_bytes_are_a_warning() -> None:
    data = BENIGN["estimator"] + b"\xff" * 10
    assert [found.rule for found in findings(data)] == ["serialization.trailing-data"]


def test_an_npy_file_is_read_only_if_it_holds_objects() -> None:
    assert inspector.wants(member(numpy_array())) is Need.HEAD and said(numpy_array()) == []
    assert inspector.wants(member(BENIGN["npy-objects"])) is Need.STREAM
    assert [gap.reason for gap in gaps(numpy_array()[:30])] == [GapReason.CORRUPT]


@pytest.mark.parametrize(
    ("head", "name"),
    [],
)
def test_a_format_that_may_run_code_and_is_not_read_is_a_gap(head: bytes, name: str) -> None:
    (gap,) = gaps(head)
    assert gap.reason is GapReason.UNSUPPORTED
    assert gap.detail.startswith(f"not examined: {name}: ")


def test_facts_and_notes_tell_every_global_with_its_verdict() -> None:
    items = said(BENIGN["estimator"])
    notes = [item for item in items if isinstance(item, PickleGlobal)]
    (fact,) = (item for item in items if isinstance(item, PickleImports))
    assert fact.count == len(fact.globals) == len(notes)
    assert "sklearn.linear_model._logistic.LogisticRegression" in fact.globals
    assert {note.verdict for note in notes} == {"clean", "info"}


def test_the_section_counts_by_verdict_and_lists_a_few() -> None:
    store = Store()
    for i in range(ITEMS + 20):
        store.extend(inspector.inspect(member(STRUCTURES["reference-only"], f"{i:04}.pkl")), "serialization")
    store.extend(inspector.inspect(member(UNKNOWN["own-class"], "own.pkl")), "serialization")
    section: Any = inspector.section(Seen(store, inspector.produces))
    assert section["pickles"] == ITEMS + 21
    assert section["globals"]["dangerous"] == ITEMS + 20
    assert len(section["dangerous"]) == ITEMS
    assert section["dangerous"][0] == {"path": "0000.pkl", "global": "os.system", "use": "reference"}
    assert section["unverified"] == [{"path": "own.pkl", "global": "acme.model.Net", "use": "new"}]
    assert section["truncated"] == 20


def test_messages_fill_every_argument() -> None:
    rules = load().rules
    texts = [rules[one.rule].say(dict(one.args)) for data in DANGEROUS.values() for one in findings(data)]
    assert texts
    assert not any("?" in text for text in texts if "?.?" not in text)


def concluded(files: dict[str, bytes]) -> list[tuple[str, str, str]]:
    store, rows = Store(), Inventory()
    for path, data in files.items():
        rows.add(path, len(data), "0" * 64, None)
        one = member(data, path)
        if inspector.wants(one) is not None:
            store.extend(inspector.inspect(one), "serialization")
    archive: Any = type("Archive", (), {"inventory": lambda self: iter(rows)})()
    items = inspector.conclude(Seen(store, inspector.produces), archive)
    return [(item.rule, item.location.path, item.discriminator) for item in items if isinstance(item, Finding)]


def test_a_module_of_the_archive_in_place_of_a_library_is_an_error() -> None:
    model = BENIGN["estimator"]
    for path in ("sklearn.py", "sklearn/base.py", "code/sklearn.py", "numpy/core.so"):
        ((rule, where, module),) = concluded({"model.pkl": model, path: b"x = 1\n"})
        assert (rule, where) == ("serialization.shadowed-module", "model.pkl")
        assert module in path


def test_metadata_that_says_that_a_library_is_installed_makes_it_a_warning_and_never_a_note() -> None:
    files = {"model.pkl": BENIGN["estimator"], "sklearn/base.py": b""}
    assert concluded(files) == [("serialization.shadowed-module", "model.pkl", "sklearn")]
    files["scikit_learn-1.5.dist-info/METADATA"] = b""
    assert concluded(files) == [("serialization.vendored-module", "model.pkl", "sklearn")]
    assert load().rules["serialization.vendored-module"].level == "warning"


def test_a_finding_names_and_links_the_advisories_on_its_global() -> None:
    (found,) = (one for one in findings(DANGEROUS["pip.main"]) if one.rule == "serialization.dangerous-call")
    assert dict(found.args)["how"].endswith("; published as CVE-2025-1716")
    assert dict(found.args)["advisories"] == "https://nvd.nist.gov/vuln/detail/CVE-2025-1716"
    put = [dict(one.args) for one in findings(DANGEROUS["setitem-on-tensor"])]
    assert any("CVE-2026-24747" in one.get("advisories", "") for one in put)


def test_every_advisory_is_on_a_global_that_is_dangerous() -> None:
    for advisory, names in table("advisories").items():
        assert re.fullmatch(r"CVE-\d{4}-\d{4,}|GHSA(-[0-9a-z]{4}){3}", advisory)
        for name, _, use in (entry.partition("/") for entry in names.split()):
            module, _, attribute = name.rpartition(".")
            one = GlobalUse(module, attribute, Use(use or "call"), (), 0, 1, 0)
            assert tables().judge(one).verdict is Verdict.DANGEROUS, name


def test_a_look_alike_of_the_standard_library_is_an_error_too() -> None:
    files = {"a/model.pkl": BENIGN["ordered-dict"], "a/collections/__init__.py": b"", "b/collections.py": b""}
    assert concluded(files) == [("serialization.shadowed-module", "a/model.pkl", "collections")]


def test_a_model_with_its_own_code_is_told_where_it_is() -> None:
    files = {"model/data.pkl": UNKNOWN["own-class"], "code/acme/model.py": b"", "handler.py": b""}
    assert concluded(files) == [("serialization.own-module", "model/data.pkl", "acme")]


def test_sources_of_torchscript_are_no_modules() -> None:
    files = {"m/code/__torch__/torch/a.debug_pkl": BENIGN["state-dict"], "m/code/__torch__/torch/nn/linear.py": b""}
    assert concluded(files) == []


def test_archives_without_look_alikes_conclude_nothing() -> None:
    files = {"model.pkl": BENIGN["estimator"], "utils.py": b"", "env/site-packages/sklearn/base.py": b""}
    assert concluded(files) == []


def test_a_finding_tells_the_opcodes_that_make_it_happen() -> None:
    data = pk.pickle(pk.call(pk.named("os", "system"), pk.text("x")))
    (found,) = findings(data)
    at = data.index(pk.REDUCE, data.index(b"system"))
    assert (
        dict(found.args)["trail"] == f"imported at byte {data.index(pk.STACK_GLOBAL)}, REDUCE at byte {at} with (text)"
    )


def test_a_pickle_in_bytes_that_nobody_loads_is_a_doubt_and_only_a_dangerous_one() -> None:
    (found,) = (one for one in findings(DANGEROUS["pickle-in-a-state"]) if one.discriminator == "os.system")
    assert found.confidence is Confidence.MEDIUM
    kept = pk.pickle(pk.mapping(raw=pk.octets(BENIGN["estimator"] + b""), own=pk.octets(UNKNOWN["own-class"])))
    assert findings(kept) == []
