"""gate keys generate."""

import os
import stat

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from tests.cli.inside import inside

__all__ = ["inside"]
SECRET = {"GATE_KEY_PASSWORD": "correct horse"}


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


def make(gate, out, *arguments, env=SECRET):
    return gate("keys", "generate", "release", "--out", out, *arguments, env=env)


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_a_pair_is_made(inside, out, kind):
    run = make(inside, out, "--type", kind)
    assert run.returncode == 0 and not run.stderr
    assert sorted(os.listdir(out)) == ["release.key", "release.pub"]
    assert stat.S_IMODE((out / "release.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((out / "release.pub").stat().st_mode) == 0o644
    private = load_pem_private_key((out / "release.key").read_bytes(), b"correct horse")
    assert private.public_key() == load_pem_public_key((out / "release.pub").read_bytes())
    assert "fingerprint  sha256:" in run.stdout and "correct horse" not in run.stdout


def test_the_password_may_come_from_a_file_which_wins(inside, out, tmp_path):
    (tmp_path / "pw").write_bytes(b"from the file\n")
    assert make(inside, out, "--password-file", tmp_path / "pw").returncode == 0
    load_pem_private_key((out / "release.key").read_bytes(), b"from the file")


def test_no_password_has_to_be_said(inside, out):
    assert make(inside, out, "--no-password", env={}).returncode == 0
    load_pem_private_key((out / "release.key").read_bytes(), None)


@pytest.mark.parametrize("there", ["release.key", "release.pub"])
def test_nothing_is_overwritten(inside, out, there):
    (out / there).write_bytes(b"precious")
    run = make(inside, out)
    assert run.returncode == 2 and "is there already" in run.stderr
    assert os.listdir(out) == [there] and (out / there).read_bytes() == b"precious"


def test_a_dangling_link_is_there_too(inside, out, tmp_path):
    (out / "release.pub").symlink_to(tmp_path / "elsewhere")
    assert make(inside, out).returncode == 2 and not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        ((), {}, "needs a password: give --password-file FILE or set GATE_KEY_PASSWORD"),
        ((), {"GATE_KEY_PASSWORD": ""}, "GATE_KEY_PASSWORD is empty"),
        (("--password-file", os.devnull), SECRET, "is empty"),
        (("--password-file", "/no/such/file"), SECRET, "No such file"),
        (("--password-file", os.devnull, "--no-password"), {}, "exclude each other"),
        (("--type", "rsa"), SECRET, "there are p256, ed25519"),
        (("--out", "/no/such/folder"), SECRET, "no such folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(inside, out, arguments, env, said):
    run = make(inside, out, *arguments, env=env)
    assert run.returncode == 2 and said in run.stderr and run.stderr.count("\n") == 1
    assert os.listdir(out) == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "-x", "a\nb", "n" * 101])
def test_a_name_is_no_path(inside, out, name):
    run = inside("keys", "generate", "--out", out, "--", name, env=SECRET)
    assert run.returncode == 2 and os.listdir(out) == []


def test_a_second_file_that_appears_meanwhile_leaves_no_half_of_a_pair(tmp_path):
    from gate.cli.file_set import write_set
    from gate.core.errors import UsageError

    (tmp_path / "b").write_bytes(b"precious")
    with pytest.raises(UsageError, match="there already"):
        write_set(str(tmp_path), {"a": b"1", "b": b"2"}, {"a": 0o600}, replace=False)
    assert os.listdir(tmp_path) == ["b"] and (tmp_path / "b").read_bytes() == b"precious"


def test_a_set_that_cannot_be_completed_leaves_none_of_it(tmp_path):
    from gate.cli.file_set import write_set
    from gate.core.errors import UsageError

    (tmp_path / "b" / "full").mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot be written"):
        write_set(str(tmp_path), {"a": b"1", "b": b"2"}, {}, replace=True)
    assert os.listdir(tmp_path) == ["b"]


def test_a_password_is_asked_for_twice(out):
    import pty
    import sys

    def talk(*answers):
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.pop("GATE_KEY_PASSWORD", None)
            os.execv(sys.executable, [sys.executable, "-m", "gate", "keys", "generate", "asked", "--out", str(out)])
        said = b""
        for answer in answers:
            while not said.endswith(b": "):
                said += os.read(terminal, 1024)
            said += b"|"
            os.write(terminal, answer + b"\n")
        try:
            while more := os.read(terminal, 1024):
                said += more
        except OSError:  # it hung up
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said

    code, said = talk(b"one", b"two")
    assert code == 2 and b"differ" in said and os.listdir(out) == []
    code, said = talk(b"one", b"one")
    assert code == 0 and b"Password for the new key asked: " in said and b"one\r" not in said
    load_pem_private_key((out / "asked.key").read_bytes(), b"one")
