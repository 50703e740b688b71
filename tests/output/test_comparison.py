"""The text of a comparison, as people read it."""

from gate.compare.compare import compare
from gate.output.comparison import text
from tests.compare.pairs import RULES, base, layers, own, snapshot


def test_a_step_that_is_too_small(tmp_path):
    new = {**base(), "model.safetensors": layers(fill=1), "gate-model.yaml": own("1.2.1")}
    lines = text(compare(snapshot(base(), tmp_path / "old"), snapshot(new, tmp_path / "new")), RULES)
    assert lines == (
        """\
DENY: the changes need a minor step; 1.2.0 -> 1.2.1 is a patch step.
  old: old: recsys 1.2.0, directory, mlflow, 8 members, 726 B
  new: new: recsys 1.2.1, directory, mlflow, 8 members, 726 B

Finding: metadata.version-bump-too-small (error)
  what: The version says less than what changed: recsys 1.2.0 -> 1.2.1 makes a patch step, and the
      | archives differ by a minor change
  fix:  Release the new archive under a version whose step is at least the one that the changes
      | need, or leave out the change.

Needs a minor step:
  Weights
  - changed model.safetensors: 179 bytes, sha256:OLD -> 179 bytes,
    | sha256:NEW

Needs a patch step:
  Metadata
  - changed gate-model.yaml, version: 1.2.0 -> 1.2.1
""".replace("OLD", digest(base()["model.safetensors"])).replace("NEW", digest(new["model.safetensors"]))
    )


def digest(data):
    import hashlib

    return hashlib.sha256(data).hexdigest()[:16]


def test_every_line_begins_with_words_of_gate(tmp_path):
    new = {"::error::x": b"\0", "##[group]": b"\1", **base(), "gate-model.yaml": own("1.2.1", "::add-mask::x")}
    lines = text(compare(snapshot(base(), tmp_path / "a"), snapshot(new, tmp_path / "b")), RULES).splitlines()
    assert not any(line.lstrip().startswith(("::", "##")) for line in lines)
    assert not any("##[" in line for line in lines)
