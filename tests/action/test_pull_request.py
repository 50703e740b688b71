"""A pull request that changes whose signatures count and what is waived: the base revision is asked, not the request."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fixtures.churn.contents import safetensors
from gate.action.base import Base, base
from gate.action.given import Supplies
from gate.core.errors import UsageError
from tests.conftest import zipped

WAIVER = """\
[[waiver]]
code = "provenance.unsigned"
subject = "*"
stages = ["production"]
reason = "I am in a hurry"
owner = "me"
approved_by = "me"
ticket = "NONE-1"
created = {created}
expires = {expires}
"""


def git(folder, *arguments):
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder, message):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def event(sha):
    return {"pull_request": {"base": {"sha": sha}, "head": {"sha": "f" * 40}, "title": "::error::x"}}


@pytest.fixture
def request_(stocked):
    """A repository whose pull request brings an archive signed by its author, and trusts them; the base does not."""
    folder = stocked.workspace
    for path in folder.glob("*.mar*"):
        path.unlink()
    weights = safetensors({"w": ((2,), bytes(8))}, {"format": "np"})
    (folder / "clean.zip").write_bytes(zipped({"model.safetensors": weights}))
    (folder / "waivers.toml").write_text("")
    git(folder, "init", "-q")
    first = commit(folder, "what the bank trusts")
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    data = (folder / "clean.zip").read_bytes()
    (folder / "clean.zip.sig").write_bytes(base64.b64encode(key.sign(data, ec.ECDSA(hashes.SHA256()))))
    (folder / "demo-release.pub").write_bytes(public)
    (folder / "trust.yaml").write_text("version: 1\nkeys: [{name: mallory, file: demo-release.pub}]\n")
    commit(folder, "trust me instead")
    return SimpleNamespace(job=stocked, base=first, inputs={**stocked.inputs, "path": "clean.zip"})


def test_trust_is_that_of_the_base_revision(request_):
    job, inputs = request_.job, request_.inputs
    assert job.run("push", **inputs).outputs["decision"] == "allow", "the request's own trust would let it pass"
    ran = job.run("pull_request", event(request_.base), **inputs)
    assert ran.code == 1 and "gate: provenance.unsigned" in ran.titles(), ran.log
    assert f"from the base revision {request_.base}, not from the pull request: " in ran.log
    assert all(name in ran.log for name in ("trust.yaml", "demo-release.pub", "target.yaml", "policy-data.yaml"))
    assert not list(job.temp.glob("gate-base-*")), "the private copies are removed"


def test_waivers_are_those_of_the_base_revision(request_):
    from datetime import UTC, datetime, timedelta

    job, folder = request_.job, request_.job.workspace
    today = datetime.now(UTC).date()
    waiver = WAIVER.format(created=today - timedelta(1), expires=today + timedelta(30))
    codes = ("provenance.unsigned", "signature.invalid", "signature.untrusted")
    (folder / "waivers.toml").write_text("".join(waiver.replace("provenance.unsigned", code) for code in codes))
    git(folder, "checkout", "-q", request_.base, "--", "trust.yaml", "demo-release.pub")
    commit(folder, "waive it")
    inputs = {**request_.inputs, "waivers": "waivers.toml"}
    assert job.run("push", **inputs).outputs["decision"] == "allow"
    ran = job.run("pull_request", event(request_.base), **inputs)
    assert ran.code == 1 and ran.outputs["decision"] == "deny"


def test_a_shallow_clone_is_told_to_fetch(request_, tmp_path):
    job = request_.job
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{job.workspace}", str(tmp_path / "shallow"))
    shutil.rmtree(job.workspace)
    (tmp_path / "shallow").rename(job.workspace)
    ran = job.run("pull_request", event(request_.base), **request_.inputs)
    assert ran.code == 2 and ran.outputs["decision"] == "error" and "fetch-depth: 0" in ran.log


@pytest.fixture
def tree(tmp_path):
    """A small repository of two revisions, and how to ask for supplies of the first."""
    root, private = tmp_path / "repo", tmp_path / "private"
    (root / "gate").mkdir(parents=True)
    private.mkdir()
    git(root, "init", "-q")
    (root / "gate" / "waivers.toml").write_text("base")
    (root / "gate" / "link.toml").symlink_to("waivers.toml")
    (root / "real.toml").write_text("base")
    first = commit(root, "base")
    (root / "gate" / "waivers.toml").write_text("request")
    (root / "new.toml").write_text("request")
    (root / "out").symlink_to(tmp_path)
    commit(root, "request")
    (tmp_path / "outside.toml").write_text("of the workflow")
    (tmp_path / "back.toml").symlink_to(root / "new.toml")

    def ask(revision=first, **files):
        known = {"policy_data": "", "waivers": "", "trust": "", "profiles": (), "db": ""}
        return Base(str(root), revision, str(private)).supplies(Supplies(**{**known, **files}))

    return SimpleNamespace(root=root, first=first, ask=ask, outer=tmp_path, private=private)


@pytest.mark.parametrize("path", ["gate/waivers.toml", "./gate/../gate//waivers.toml", "ABSOLUTE"])
def test_a_file_is_that_of_the_base_however_it_is_written(tree, path):
    path = path.replace("ABSOLUTE", f"{tree.root}/gate/waivers.toml")
    copy = tree.ask(waivers=path).waivers
    assert copy.startswith(f"{tree.private}/")
    with open(copy) as file:
        assert file.read() == "base"


def test_what_lies_elsewhere_is_the_workflows_own(tree):
    path = str(tree.outer / "outside.toml")
    assert tree.ask(waivers=path, db=path, profiles=(path,)).waivers == path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("new.toml", "is not in the base revision .*merge it first"),
        ("gate", "is no regular file"),
        ("gate/link.toml", "is no regular file"),
        ("gate/w*.toml", "is not in the base"),
        (":(glob)**/waivers.toml", "is not in the base"),
        ("out/outside.toml", "is not in the base"),
        ("../back.toml", "leads back into the workspace"),
        (".git/config", "is not in the base"),
    ],
)
@pytest.mark.parametrize("option", ["waivers", "policy_data", "trust", "db"])
def test_what_the_base_does_not_have_is_refused(tree, option, path, said):
    with pytest.raises(UsageError, match=f"{option.replace('_', '-')}: .*{said}"):
        tree.ask(**{option: path})


def test_a_revision_that_was_not_fetched_and_a_folder_without_git_are_told_apart(tree):
    with pytest.raises(UsageError, match=r"not in this clone; .*fetch-depth: 0"):
        tree.ask("e" * 40, waivers="real.toml")
    shutil.rmtree(tree.root / ".git")
    with pytest.raises(UsageError, match=r"no git checkout; .*fetch-depth: 0"):
        tree.ask(waivers="real.toml")


@pytest.mark.parametrize("name", ["ABSOLUTE", "../../elsewhere.pub", "/etc/../ROOT"])
def test_a_trust_file_reaches_nothing_but_the_base(tree, name):
    name = name.replace("ABSOLUTE", f"{tree.root}/new.toml").replace("/ROOT", f"{tree.root}/new.toml")
    (tree.root / "trust.yaml").write_text(json.dumps({"version": 1, "keys": [{"name": "k", "file": name}]}))
    revision = commit(tree.root, "base")
    with pytest.raises(UsageError, match=r"relative to a trust file|outside of the repository"):
        tree.ask(revision, trust="trust.yaml")


def test_a_broken_trust_file_of_the_base_is_named(tree):
    (tree.root / "trust.yaml").write_text("version: 2")
    revision = commit(tree.root, "base")
    with pytest.raises(UsageError, match=r"trust.yaml > version: must be 1"):
        tree.ask(revision, trust="trust.yaml")


def test_what_replaces_objects_or_filters_them_is_not_asked(tree):
    (tree.root / ".gitattributes").write_text("* diff=evil filter=evil\n")
    git(tree.root, "config", "diff.evil.textconv", "echo textconv")
    git(tree.root, "config", "filter.evil.smudge", "echo smudge")
    old, new = (git(tree.root, "rev-parse", f"{rev}:gate/waivers.toml") for rev in (tree.first, "HEAD"))
    git(tree.root, "replace", old, new)
    with open(tree.ask(waivers="gate/waivers.toml").waivers) as file:
        assert file.read() == "base"


@pytest.mark.parametrize(
    ("name", "from_base"),
    [
        ("push", False),
        ("workflow_dispatch", False),
        ("merge_group", False),
        ("pull_request", True),
        ("pull_request_review", True),
    ],
)
def test_events_of_pull_requests_ask_the_base(tree, tmp_path, name, from_base):
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event(tree.first)))
    environment = {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}
    assert (base(environment, str(tree.root), str(tree.private)) is not None) == from_base


def test_pull_request_target_believes_only_a_checkout_of_the_base_branch(tree):
    head = git(tree.root, "rev-parse", "HEAD")
    for sha, believed in ((head, True), (tree.first, False)):
        environment = {"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_SHA": sha}
        assert (base(environment, str(tree.root), str(tree.private)) is None) == believed


@pytest.mark.parametrize(
    "document", ["", "[]", "{}", '{"pull_request": {"base": {"sha": "--help"}}}', '{"pull_request": {"base": []}}']
)
def test_an_event_without_a_base_is_refused(tree, tmp_path, document):
    path = tmp_path / "event.json"
    path.write_text(document)
    with pytest.raises(UsageError):
        base({"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(path)}, str(tree.root), "x")
