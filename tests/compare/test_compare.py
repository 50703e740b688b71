"""Two archives compared: what is equal, what could not be compared, and that a saved result gives the same answer."""

import io
import json
import random
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.metadata import binary_gguf
from gate import pipeline
from gate.compare.compare import compare
from gate.compare.found import LISTED, Found
from gate.compare.saved import read_saved
from gate.compare.snapshot import of_report
from gate.compare.table import table
from gate.core.comparison import Bump
from gate.core.decision import Outcome
from gate.core.limits import Limits
from gate.output.comparison import RENDERERS
from gate.output.inventory import pieces
from tests.compare.pairs import RULES, base, config, layers, looking, mlmodel, own, scanned, snapshot, tensors
from tests.compare.saving import saved


def compared(old, new, tmp_path, **options):
    return compare(snapshot(old, tmp_path / "old", **options), snapshot(new, tmp_path / "new", **options))


def reasons(answer):
    return {(row.path, row.reason) for row in answer.uncompared}


# -- equal -------------------------------------------------------------------------------------------------------------


def test_an_archive_is_equal_to_itself_whatever_could_not_be_read_of_it(tmp_path):
    files = {**base(), "x.bin": b"\x00\x01\x02", "broken.safetensors": b"\x10\0\0\0\0\0\0\0{broken"}
    answer = compared(files, files, tmp_path)
    assert (answer.equal, answer.changes, answer.missed, answer.outcome) == (True, (), 0, Outcome.ALLOW)
    assert answer.required is Bump.NONE and "equal, byte for byte" in RENDERERS["text"](answer, RULES)


def test_a_gap_at_a_member_that_is_the_same_hides_nothing(tmp_path):
    broken = {"broken.safetensors": b"\x10\0\0\0\0\0\0\0{broken"}
    answer = compared({**base(), **broken}, {**base(), **broken, "gate-model.yaml": own("1.2.1")}, tmp_path)
    assert (answer.outcome, answer.required, answer.missed) == (Outcome.ALLOW, Bump.PATCH, 0)


def test_a_folder_and_a_zip_of_it_hold_the_same(tmp_path):
    answer = compare(snapshot(base(), tmp_path / "m"), snapshot(base(), tmp_path / "m.zip"))
    assert (answer.equal, answer.changes, answer.findings, answer.outcome) == (False, (), (), Outcome.ALLOW)
    assert "hold the same members" in RENDERERS["text"](answer, RULES)


def test_the_same_members_packed_in_another_way_are_another_archive_under_the_same_version(tmp_path):
    old = snapshot(base(), tmp_path / "a.zip")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in base().items():
            archive.writestr(zipfile.ZipInfo(name), data)
    (tmp_path / "b").mkdir()
    new = replace(old, side=replace(old.side, subject=replace(old.side.subject, digest={"sha256": "0" * 64})))
    answer = compare(old, new)
    assert [row.aspect for row in answer.changes] == ["packaging"]
    assert [row.rule for row in answer.findings] == ["metadata.version-reused", "metadata.version-bump-too-small"]


def test_a_top_folder_that_is_named_by_the_version_is_no_change(tmp_path):
    old = {f"recsys-1.2.0/{name}": data for name, data in base().items()}
    new = {f"recsys-1.2.1/{name}": data for name, data in base().items()}
    new["recsys-1.2.1/gate-model.yaml"] = own("1.2.1")
    answer = compared(old, new, tmp_path)
    assert [(row.aspect, row.path, row.field) for row in answer.changes] == [("metadata", "gate-model.yaml", "version")]
    assert answer.outcome is Outcome.ALLOW


def test_a_file_that_is_no_archive_is_its_own_member(tmp_path):
    def one(name, data):
        (tmp_path / name).write_bytes(data)
        report = pipeline.scan(str(tmp_path / name), looking(), Limits(), 0)
        return of_report(report).named("m", "1.0.0"), read_saved(*saved(report)).named("m", "1.0.0")

    first, again = one("a.safetensors", layers()), one("b.safetensors", layers())
    assert compare(first[0], again[0]).equal
    for other, bump in ((layers(fill=1), Bump.MINOR), (layers(3), Bump.MAJOR)):
        second = one("c.safetensors", other)
        for i in range(2):
            answer = compare(first[i], second[i])
            assert (answer.required, answer.missed) == (bump, 0)
    unknown = compare(one("d.what", b"\0\1")[0], one("e.what", b"\0\2")[0])
    assert ("", "unknown-kind") in reasons(unknown)


def test_documents_of_the_same_bytes_have_not_changed_whatever_two_readers_say_of_them(tmp_path):
    old, new = snapshot(base(), tmp_path / "a"), snapshot({**base(), "LICENSE": b"MIT"}, tmp_path / "b")
    facts = dict.fromkeys(new.facts, ())  # as a gate would that reads none of it
    answer = compare(old.named("m", "1.0.0"), replace(new, facts=facts).named("m", "1.0.1"))
    assert [row.aspect for row in answer.changes] == ["licence", "size"][: len(answer.changes)]
    assert answer.outcome is Outcome.ALLOW


def test_more_inputs_than_are_read_are_not_compared_unless_the_document_is_the_same(tmp_path):
    def many(last):
        return mlmodel(
            json.dumps([{"name": f"c{i}", "type": "long"} for i in range(99)] + [{"name": last, "type": "long"}])
        )

    old = {**base(), "MLmodel": many("x")}
    assert not compared(old, {**old, "gate-model.yaml": own("1.2.1")}, tmp_path).missed
    answer = compared(old, {**old, "MLmodel": many("y"), "gate-model.yaml": own("1.2.1")}, tmp_path)
    assert ("MLmodel", "too-many") in reasons(answer)


# -- what could not be compared ----------------------------------------------------------------------------------------


def test_weights_in_another_format_cannot_be_compared(tmp_path):
    new = {name: data for name, data in base().items() if name != "model.safetensors"}
    answer = compared(base(), {**new, "m.gguf": binary_gguf.model(), "gate-model.yaml": own("1.3.0")}, tmp_path)
    assert ("m.gguf", "another-format") in reasons(answer)
    assert answer.outcome is Outcome.INCONCLUSIVE


def test_another_name_of_the_same_format_is_compared(tmp_path):
    new = {name: data for name, data in base().items() if name != "model.safetensors"}
    same = {**new, "weights.safetensors": layers(fill=1), "gate-model.yaml": own("1.3.0")}
    answer = compared(base(), same, tmp_path)
    assert (answer.outcome, answer.required) == (Outcome.ALLOW, Bump.MINOR)
    other = compared(base(), {**same, "weights.safetensors": layers(3)}, tmp_path)
    assert other.required is Bump.MAJOR and other.findings


def test_shards_of_the_same_tensors_are_the_same_architecture(tmp_path):
    new = {name: data for name, data in base().items() if name != "model.safetensors"}
    new["model-00001-of-00002.safetensors"] = tensors(h__0__w=(2, 2))
    new["model-00002-of-00002.safetensors"] = tensors(h__1__w=(2, 2))
    answer = compared(base(), {**new, "gate-model.yaml": own("1.3.0")}, tmp_path)
    assert (answer.outcome, answer.required, answer.missed) == (Outcome.ALLOW, Bump.MINOR, 0)


def test_a_file_of_unknown_kind_that_differs_is_named(tmp_path):
    files = {**base(), "blob": b"\x00\x01"}
    answer = compared(files, {**files, "blob": b"\x00\x02", "gate-model.yaml": own("1.2.1")}, tmp_path)
    assert reasons(answer) == {("blob", "unknown-kind")} and answer.outcome is Outcome.INCONCLUSIVE


def test_a_member_that_could_not_be_read_is_not_equal_to_anything(tmp_path):
    files = {"a.pkl": random.Random(1).randbytes(5000), "gate-model.yaml": own()}
    small = Limits(total_bytes=3000, total_factor=1, expansion_floor_bytes=1)
    old, new = (snapshot(files, tmp_path / name, small) for name in ("a.zip", "b.zip"))
    new = replace(new, side=replace(new.side, subject=replace(new.side.subject, digest={"sha256": "0" * 64})))
    answer = compare(old, new)
    assert answer.missed and answer.outcome is not Outcome.ALLOW


def test_damaged_weights_that_differ_are_named_with_the_reason(tmp_path):
    old = {**base(), "broken.safetensors": b"\x10\0\0\0\0\0\0\0{broken"}
    new = {**old, "broken.safetensors": b"\x10\0\0\0\0\0\0\0{brokem", "gate-model.yaml": own("2.0.0")}
    answer = compared(old, new, tmp_path)
    assert ("broken.safetensors", "no-structure") in reasons(answer)
    assert answer.outcome is Outcome.INCONCLUSIVE


def test_a_signature_that_only_one_states_is_not_guessed(tmp_path):
    new = {**base(), "gate-model.yaml": own("1.2.1")}
    old = {**new, "gate-model.yaml": own(), "MLmodel": b"flavors: {python_function: {}}\n"}
    answer = compared(old, new, tmp_path)
    assert {path for path, reason in reasons(answer) if reason == "one-sided"} == {"MLmodel"}


def test_a_version_that_nobody_states_leaves_the_answer_open_unless_the_user_says_it(tmp_path):
    old = {name: data for name, data in base().items() if name != "gate-model.yaml"}
    first, second = snapshot(old, tmp_path / "a"), snapshot({**old, "LICENSE": b"MIT"}, tmp_path / "b")
    assert reasons(compare(first, second)) == {("", "version")}
    assert compare(first.named("m", "1.0.0"), second.named("m", "1.0.1")).outcome is Outcome.ALLOW
    assert compare(first.named("m", "1.0.0"), second.named("m", "1.0.0")).outcome is Outcome.DENY


def test_a_finding_counts_more_than_what_was_not_compared(tmp_path):
    files = {**base(), "blob": b"\x00\x01"}
    answer = compared(files, {**files, "blob": b"\x00\x02", "model.safetensors": layers(3)}, tmp_path)
    assert answer.missed and answer.outcome is Outcome.DENY


# -- evidence ----------------------------------------------------------------------------------------------------------


def test_everything_is_counted_and_a_hundred_of_an_aspect_are_listed(tmp_path):
    old = {**base(), **{f"code/{i:04}.py": b"a" for i in range(LISTED + 20)}}
    new = {**base(), **{f"code/{i:04}.py": b"b" for i in range(LISTED + 20)}, "gate-model.yaml": own("1.3.0")}
    answer = compared(old, new, tmp_path)
    total = answer.totals["code"]
    assert (total.total, total.listed, total.bump) == (LISTED + 20, LISTED, Bump.MINOR)
    assert "and 20 more" in RENDERERS["text"](answer, RULES)


def test_nothing_of_an_archive_reaches_a_terminal_as_it_is(tmp_path):
    evil = "\x1b[31m##[error]\u202e" + "x" * 5000
    hostile = {
        "config.json": config(**{evil: evil, "hidden_size": evil}),
        "MLmodel": mlmodel(json.dumps([{"name": evil, "type": evil}])),
        "gate-model.yaml": own("9.0.0", tags=[evil], owner=evil),
        "README.md": f"---\nlicense: {json.dumps(evil)}\n---\n".encode(),
        "requirements.txt": b"torch==2.1.0\n\x1b[31m==1\n",
    }
    answer = compared(base(), {**base(), **hostile}, tmp_path)
    for render in RENDERERS.values():
        text = render(answer, RULES)
        assert "\x1b" not in text and "##[" not in text and "\u202e" not in text
        assert len(text) < 40_000


def test_no_path_of_a_machine_and_no_secret_is_shown(tmp_path):
    new = {**base(), "config.json": config(_name_or_path="/home/alice/x", api_key="hunter2hunter2")}
    text = RENDERERS["json"](compared(base(), new, tmp_path), RULES)
    assert "alice" not in text and "hunter2" not in text and "someone" not in text


def test_equal_arguments_give_equal_bytes(tmp_path):
    new = {**base(), "model.safetensors": layers(5), "requirements.txt": b"a==1\nb==2\n"}
    first, second = (RENDERERS["json"](compared(base(), new, tmp_path), RULES) for _ in range(2))
    assert first == second


# -- saved results -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "new",
    [
        {"model.safetensors": layers(3)},
        {"config.json": config(hidden_size=5), "gate-model.yaml": own("2.0.0")},
        {"requirements.txt": b"torch==2.2.0\n", "gate-model.yaml": own("1.2.1")},
        {"MLmodel": mlmodel("[]"), "tokenizer.json": b"{}", "blob": b"\0"},
    ],
    ids=["weights", "config", "packages", "signature"],
)
def test_a_saved_result_gives_the_same_answer_as_its_archive(new, tmp_path):
    reports = scanned(base(), tmp_path / "old"), scanned({**base(), **new}, tmp_path / "new")
    live = compare(*map(of_report, reports))
    again = compare(*(read_saved(*saved(report)) for report in reports))
    told = [replace(one, source="archive") for one in (again.old, again.new)]
    assert replace(again, old=told[0], new=told[1]) == live


def test_a_result_without_its_inventory_says_so(tmp_path):
    data, _ = saved(scanned(base(), tmp_path / "a"))
    other, _ = saved(scanned({**base(), "config.json": config(hidden_size=5)}, tmp_path / "b"))
    answer = compare(read_saved(data, None), read_saved(other, None))
    assert ("", "no-inventory") in reasons(answer) and answer.required is Bump.MAJOR
    assert compare(read_saved(data, None), read_saved(data, None)).equal


def test_an_inventory_that_was_cut_off_is_named(tmp_path):
    report = scanned(base(), tmp_path / "a")
    data, lines = saved(report)
    cut = read_saved(data, lambda: iter(list(lines())[:-2]))
    whole = snapshot({**base(), "gate-model.yaml": own("2.0.0")}, tmp_path / "b")
    answer = compare(cut, whole)
    assert ("", "inventory-cut") in reasons(answer) and answer.outcome is Outcome.INCONCLUSIVE
    assert list(pieces(report))


# -- properties --------------------------------------------------------------------------------------------------------

_ASPECTS = st.sampled_from(sorted(table().titles))
_BUMPS = st.none() | st.sampled_from(list(Bump))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(_ASPECTS, _BUMPS), max_size=20), st.integers(0, 20))
def test_more_changes_never_need_a_smaller_step(changes, some):
    def needed(rows):
        found = Found(table())
        for aspect, bump in rows:
            found.change(aspect, "changed", "p", bump=bump)
        return found.required

    assert needed(changes[:some]) <= needed(changes)
    assert needed(changes) == needed(reversed(changes))


_PARTS = {
    "model.safetensors": [layers(), layers(fill=1), layers(3)],
    "config.json": [config(), config(hidden_size=5), config(torch_dtype="float16"), b"{"],
    "MLmodel": [mlmodel(), mlmodel("[]"), b"- x"],
    "requirements.txt": [b"torch==2.1.0\n", b"torch\n"],
    "blob": [b"\0\1", b"\0\2"],
}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.fixed_dictionaries({}, optional={name: st.sampled_from(rows) for name, rows in _PARTS.items()}))
def test_any_archive_compared_with_itself_has_no_changes_even_when_its_digest_is_not_known(tmp_path_factory, files):
    one = snapshot({**files, "gate-model.yaml": own()}, tmp_path_factory.mktemp("x") / "m")
    assert compare(one, one).equal
    other = replace(one, side=replace(one.side, subject=replace(one.side.subject, digest={})))
    answer = compare(one, other)
    assert (answer.changes, answer.required, answer.outcome) == ((), Bump.NONE, Outcome.ALLOW)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.fixed_dictionaries({name: st.sampled_from(rows) for name, rows in _PARTS.items()}),
    st.fixed_dictionaries({name: st.sampled_from(rows) for name, rows in _PARTS.items()}),
)
def test_what_one_direction_calls_a_change_the_other_does_too(tmp_path_factory, old, new):
    folder = tmp_path_factory.mktemp("y")
    first, second = snapshot(old, folder / "a"), snapshot(new, folder / "b")
    there, back = compare(first, second), compare(second, first)
    assert {name: row.total for name, row in there.totals.items()} == {
        name: row.total for name, row in back.totals.items()
    }
    assert there.equal == back.equal == (old == new)
