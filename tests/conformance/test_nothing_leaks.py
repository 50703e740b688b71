"""No planted credential and no personal value in any output of any fixture, in whatever spelling."""

from __future__ import annotations

import io
import json
import logging
import tarfile
from pathlib import Path

import pytest

from fixtures.churn import build
from fixtures.churn.contents import safetensors
from fixtures.pii import people
from fixtures.secrets import places
from fixtures.secrets.issued import ISSUED, Draw, issued, login, password
from gate.output import FORMATS
from tests.cli.desk import PASSWORD, desk  # noqa: F401
from tests.cli.inside import inside  # noqa: F401
from tests.conftest import NOW, zipped

TOKEN = issued("github-token", "names")[0]
KEY = issued("groq-key", "quoted")[0]
PASS = password(Draw("address"))


@pytest.fixture
def outputs(inside, desk, tmp_path, caplog):  # noqa: F811
    """Everything that commands print and write about a target, by its name."""

    def run(target: Path, *options: object) -> dict[str, str]:
        (tmp_path / "mask.key").write_bytes(bytes(range(32)))
        common = (target, "--mask-key", tmp_path / "mask.key", "--jobs", "0", "--effective-time", NOW, *options)
        files = [part for name in FORMATS for part in ("-o", f"{name}={tmp_path / f'out.{name}'}")]
        logging.getLogger("gate").handlers.clear()
        with caplog.at_level(logging.DEBUG):
            scan = inside("scan", *common, *files, "-v")
            signed = inside(
                "scan", target, "--jobs", "0", "--sign-key", desk / "k.key", "--attest-dir", desk / "out", env=PASSWORD
            )
            facts = inside("facts", *common)
        written = {name: (tmp_path / f"out.{name}").read_text() for name in FORMATS}
        for path in (desk / "out").iterdir():
            from tests.attest.samples import payload

            try:
                written[path.name] = json.dumps(payload(path.read_bytes()))
            except (ValueError, KeyError):
                written[path.name] = path.read_text()
        assert scan.returncode in (1, 3) and len(written) > len(FORMATS), scan.stderr
        return {
            **written,
            "scan": scan.stdout + scan.stderr,
            "signed": signed.stdout + signed.stderr,
            "facts": facts.stdout + facts.stderr,
            "log": caplog.text,
        }

    return run


def leaked(texts: dict[str, str], values: list[str]) -> list[tuple[str, str]]:
    """Output and value, for every value that stands in one."""
    spellings = {spelling for value in values for spelling in places.spellings(value)}
    whole = "\0".join(texts.values())
    seen = [spelling for spelling in spellings if spelling in whole]
    return [(name, spelling) for name, text in texts.items() for spelling in seen if spelling in text]


def test_no_credential_of_any_kind_leaves_a_scan(outputs, make) -> None:
    files, values = places.everything()
    texts = outputs(make(files))
    assert leaked(texts, values) == []
    counted = json.loads(texts["json"])["totals"]
    assert {f"secrets.{rule}" for rule, _ in ISSUED.values()} <= set(counted)
    assert sum(total["total"] for code, total in counted.items() if code.startswith("secrets.")) >= len(ISSUED)


def test_what_other_inspectors_quote_is_masked(outputs, make) -> None:
    address = f"https://ci:{PASS}@pypi.acme.internal/simple"
    card = f"---\nlicense: mit\nmodel_name: m\nauthor: {TOKEN}\nversion: {KEY}\n---\n# M\n"
    config = {"model_type": "bert", "_name_or_path": f"https://{TOKEN}@huggingface.co/acme/m", "architectures": [KEY]}
    pointer = f"outs:\n- md5: {'0' * 32}\n  path: s3://{TOKEN}:{PASS}@bucket/x\n"
    mlmodel = f"run_id: {KEY}\nmodel_uuid: {TOKEN}\nartifact_path: {address}\nflavors:\n  python_function:\n    loader_module: {TOKEN}\n"
    files = {
        "requirements.txt": f"--extra-index-url {address}\nmodel @ git+https://{TOKEN}@github.com/a/b.git\n{KEY}==1.0\n-r {TOKEN}.txt\n",
        "conda.yaml": f"dependencies:\n- pip:\n  - {KEY}\n  - m @ {address}/m.whl\nchannels: ['{address}']\n",
        "README.md": card,
        "config.json": json.dumps(config),
        "data.dvc": pointer,
        "MLmodel": mlmodel,
        "weights.pkl": f"c{TOKEN}\n{KEY}\n(S'{PASS}'\ntR.".encode(),
        "model.safetensors": safetensors({KEY: ((2,), bytes(8))}, {"format": "pt", "source": address, "token": TOKEN}),
        "SHA256SUMS": f"{'0' * 64}  {TOKEN}.bin\n{'1' * 64}  {KEY}\n",
        "MANIFEST.json": json.dumps({"model": {"modelName": TOKEN, "modelVersion": KEY, "serializedFile": address}}),
        "train.py": f"import random\nrandom.seed('{TOKEN}')\nopen('{address}')\n",
        "gate-model.yaml": f"name: {TOKEN}\nversion: {KEY}\nowner: {login(Draw('owner'))}\n",
        "bad.json": f'{{"a": "{TOKEN}", "b": {KEY}',
        "bad.yaml": f"a: !!python/object:{TOKEN}.{KEY} {{}}\n_target_: os.{KEY}\n",
    }
    data = {name: text if isinstance(text, bytes) else text.encode() for name, text in files.items()}
    assert leaked(outputs(make(data)), [TOKEN, KEY, PASS]) == []


def test_a_credential_in_a_name_is_found_and_masked(outputs, make, tmp_path: Path) -> None:
    names = [f"keys/{TOKEN}.json", f"{KEY}/a.txt", f"db/postgresql:__svc:{PASS}@db.acme.internal", f"a/{TOKEN}.zip"]
    files = dict.fromkeys(names[:3], b"hello") | {names[3]: zipped({f"{KEY}.txt": b"{", "w.pkl": b"cos\nsystem\n."})}
    folder = tmp_path / "folder"
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    for target in (make(files), folder, make(out.getvalue(), "model.tar.gz")):
        texts = outputs(target)
        assert leaked(texts, [TOKEN, KEY]) == []
        document = json.loads(texts["json"])
        named = [f["location"]["path"] for f in document["findings"] if f["rule"] == "secrets.service-token"]
        assert set(named) == {"keys/gh******.json", "gs******/a.txt", "a/gh******.zip", "a/gh******.zip!/gs******.txt"}


def test_no_personal_value_leaves_a_scan(outputs, make) -> None:
    members = {"notes.txt": people.notes(), "people.csv": people.rows(40), "people.jsonl": people.json_lines()}
    values = [value for _, value, _ in people.VALUES]
    texts = outputs(make({name: text.encode() for name, text in members.items()}))
    assert [(name, value) for name, text in texts.items() for value in values if value in text] == []


def test_nothing_planted_in_the_models_of_the_bank_leaves_a_scan(outputs, tmp_path: Path) -> None:
    built = build.build(str(tmp_path / "churn"))
    for target in (built.dirty_mar, built.dirty_mlflow):
        texts = outputs(Path(target))
        assert leaked(texts, list(built.secrets)) == []
        assert [(name, value) for name, text in texts.items() for value in built.personal if value in text] == []
