"""What is not in the archive and is fetched when its model is loaded: told, never fetched, never called clean."""

import json

import pytest

from gate.core.gap import GapReason
from tests.inspectors.looking import A, B, Result, listing, sha

NOT_FETCHED = GapReason.NOT_FETCHED
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


def lfs(data=A, size=None, version="https://git-lfs.github.com/spec/v1"):
    return f"version {version}\noid sha256:{sha(data)}\nsize {len(data) if size is None else size}\n".encode()


def gaps(result):
    return [(path, reason) for path, reason, _ in result.gaps]


def mlmodel(**transformers):
    flavors = {"python_function": {"loader_module": "mlflow.transformers"}, "transformers": transformers}
    return json.dumps({"flavors": flavors}).encode()


# -- git LFS -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors", "in.zip!/w.onnx", "SHA256SUMS"])
def test_a_pointer_of_git_lfs_is_no_model(name):
    result = Result({name: lfs(size=4_976_698_672), "config.json": b"{}"})
    assert result.references == [(name, "git-lfs", "", f"sha256:{sha(A)}", 4_976_698_672)]
    assert gaps(result) == [(name, NOT_FETCHED)] and "git lfs pull" in result.gaps[0][2]
    assert result.findings == []
    assert (result.section["external"], result.section["unpinned"]) == (1, 0)


def test_a_pointer_whose_content_lies_in_the_archive_is_none():
    store = f".git/lfs/objects/{sha(A)[:2]}/{sha(A)[2:4]}/{sha(A)}"
    assert gaps(Result({"w.bin": lfs(), store: A})) == []
    assert gaps(Result({"w.bin": lfs(), "elsewhere/copy.bin": A})) == []
    assert gaps(Result({"w.bin": lfs(), store: None})) == [("w.bin", NOT_FETCHED)]


def test_a_digest_of_the_content_is_not_compared_with_the_pointer():
    held = Result({"a.bin": lfs(), "SHA256SUMS": listing({"a.bin": A})})
    assert (held.findings, held.section["unread"]) == ([], 1)
    of_the_pointer = Result({"a.bin": lfs(), "SHA256SUMS": listing({"a.bin": lfs()})})
    assert (of_the_pointer.findings, of_the_pointer.section["matched"]) == ([], 1)
    assert Result({"a.bin": lfs(), "SHA256SUMS": listing({"a.bin": B})}).findings == [("digest-mismatch", "a.bin")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"# about LFS\n" + lfs(),
        lfs() + b"more\n",
        lfs().replace(b"sha256", b"sha1"),
        lfs().replace(b"spec/v1", b"spec/v9"),
        lfs().replace(b"size ", b"size 0"),
        lfs() + b" " * 1000,
    ],
)
def test_what_is_not_exactly_a_pointer_is_an_ordinary_file(data):
    assert Result({"notes.txt": data}).references == []


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\n\n"], ids=["unix", "windows", "empty lines"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_pointer_that_an_editor_saved_again_is_no_model_either(ends, encoding):
    data = lfs(size=7).decode().replace("\n", ends).encode(encoding)
    assert Result({"model.bin": data}).references == [("model.bin", "git-lfs", "", f"sha256:{sha(A)}", 7)]


@pytest.mark.parametrize("encoding", ENCODINGS[1:])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("config.json", json.dumps({"auto_map": {"AutoModel": "acme/code--model.Net"}})),
        ("adapter_config.json", json.dumps({"peft_type": "LORA", "base_model_name_or_path": "acme/base"})),
        ("MLmodel", "flavors:\n  python_function: {loader_module: x, code: code}\n"),
        ("model.pkl.dvc", "outs:\n- path: model.pkl\n  md5: 0123456789abcdef0123456789abcdef\n"),
        ("Kitfile", "manifestVersion: 1.0.0\nmodel: {path: ./missing}\n"),
        ("m.safetensors.index.json", json.dumps({"weight_map": {"a": "missing.safetensors"}})),
    ],
)
def test_no_encoding_hides_what_a_document_says(name, data, encoding):
    """Loaders of bytes take UTF-16 and UTF-32, those of text fail: here it is read, or a gap."""
    plain, wide = Result({name: data.encode()}), Result({name: data.encode(encoding)})
    assert plain.references or plain.findings
    assert wide.references == plain.references or wide.gaps


@pytest.mark.parametrize(
    "data",
    [
        '{"\\u0061uto_map": {"AutoModel": "acme/code--model.Net"}}',
        json.dumps({"padding": "x" * 70_000, "auto_map": {"AutoModel": "acme/code--model.Net"}}),
    ],
    ids=["a letter by its number", "behind 64 KiB"],
)
def test_no_spelling_hides_a_key_that_makes_a_loader_fetch_code(data):
    assert [row[1] for row in Result({"config.json": data.encode()}).references] == ["hugging-face-code"]


# -- DVC -----------------------------------------------------------------------------------------------------------

OUT = b"outs:\n- {md5: 0123456789abcdef0123456789abcdef, size: 7, hash: md5, path: model.pkl}\n"


def test_what_dvc_keeps_elsewhere_is_not_here():
    result = Result({"m/model.pkl.dvc": OUT})
    digest = "md5:0123456789abcdef0123456789abcdef"
    assert result.references == [("m/model.pkl.dvc", "dvc", "m/model.pkl", digest, 7)]
    assert gaps(result) == [("m/model.pkl.dvc", NOT_FETCHED)] and "dvc pull" in result.gaps[0][2]
    assert result.findings == []


def test_a_folder_that_dvc_keeps_may_be_here():
    out = b"outs:\n- {md5: 0123456789abcdef0123456789abcdef.dir, nfiles: 2, hash: md5, path: data}\n"
    assert Result({"data.dvc": out}).references[0][2:4] == ("data", "md5:0123456789abcdef0123456789abcdef.dir")
    here = Result({"data.dvc": out, "data/a.csv": A})
    assert here.references == [] and (gaps(here), here.findings[0]) == ([], ("digest-mismatch", "data"))


def test_an_import_is_pinned_by_the_commit_that_it_was_locked_to_only():
    outs = b"outs:\n- {path: w.bin}\n"
    loose = Result({"w.bin.dvc": b"deps:\n- {etag: abc, path: https://h.example/w.bin}\n" + outs})
    assert loose.findings == [("unpinned-reference", "w.bin.dvc")]
    repo = b"deps:\n- {path: w.bin, repo: {url: git@h.example:o/r, rev_lock: %s}}\n" % (b"a" * 40)
    assert Result({"w.bin.dvc": repo + outs}).references[0][3] == "gitCommit:" + "a" * 40


@pytest.mark.parametrize("data", [b"outs: 1", b"outs:\n- 1", b"outs:\n- {md5: x}", b"outs: ["])
def test_a_damaged_dvc_file_is_a_gap(data):
    assert gaps(Result({"x.dvc": data})) == [("x.dvc", GapReason.CORRUPT)]


# -- fields that loaders fetch from --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "reference"),
    [
        (
            "adapter_config.json",
            b'{"peft_type": "LORA", "base_model_name_or_path": "acme/base-7b", "revision": null}',
            ("hugging-face", "acme/base-7b", ""),
        ),
        (
            "adapter_config.json",
            b'{"peft_type": "LORA", "base_model_name_or_path": "acme/base-7b", "revision": "%s"}' % (b"c" * 40),
            ("hugging-face", "acme/base-7b", "gitCommit:" + "c" * 40),
        ),
        (
            "adapter_config.json",
            b'{"peft_type": "LORA", "base_model_name_or_path": "/home/jane.doe/models/base"}',
            ("path", "…", ""),
        ),
        (
            "adapter_config.json",
            b'{"peft_type": "LORA", "base_model_name_or_path": "https://u:pw@h.example/base?token=x"}',
            ("url", "https://h.example", ""),
        ),
        (
            "config.json",
            b'{"auto_map": {"AutoModel": "acme/code--modeling.M", "AutoConfig": "configuration.C"}}',
            ("hugging-face-code", "acme/code", ""),
        ),
        (
            "tokenizer_config.json",
            b'{"auto_map": {"AutoTokenizer": ["acme/code--tok.Slow", null]}}',
            ("hugging-face-code", "acme/code", ""),
        ),
        (
            "MLmodel",
            mlmodel(source_model_name="acme/gpt", source_model_revision="main"),
            ("hugging-face", "acme/gpt", ""),
        ),
        (
            "MLmodel",
            mlmodel(source_model_name="acme/gpt", source_model_revision="d" * 40),
            ("hugging-face", "acme/gpt", "gitCommit:" + "d" * 40),
        ),
        (
            "bento.yaml",
            b"models:\n- {tag: 'hf:1', registry: huggingface, metadata: {model_id: acme/m, revision: main}}\n",
            ("hugging-face", "acme/m", ""),
        ),
        ("bento.yaml", b"models:\n- {tag: 'iris_clf:x1', module: bentoml.sklearn}\n", ("bentoml", "iris_clf:x1", "")),
        (
            "Kitfile",
            b"manifestVersion: 1.0.0\nmodel: {path: 'ghcr.io/acme/base:1.0'}\n",
            ("modelkit", "ghcr.io/acme/base:1.0", ""),
        ),
        (
            "Kitfile",
            b"manifestVersion: 1.0.0\nmodel: {path: 'ghcr.io/acme/base@sha256:%s'}\n" % (b"e" * 64),
            ("modelkit", "ghcr.io/acme/base@sha256:" + "e" * 64, "sha256:" + "e" * 64),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_a_loader_fetches_is_told(name, data, reference):
    what, target, digest = reference
    result = Result({f"m/{name}": data})
    assert result.references == [(f"m/{name}", what, target, digest, -1)]
    assert gaps(result) == [(f"m/{name}", NOT_FETCHED)]
    assert result.findings == ([] if digest else [("unpinned-reference", f"m/{name}")])


@pytest.mark.parametrize("key", ["data", "model_path"])
def test_an_address_where_a_manifest_names_a_file_is_a_reference(key):
    data = json.dumps({"flavors": {"python_function": {key: "s3://user:pw@bucket/model.pkl"}}}).encode()
    result = Result({"MLmodel": data})
    assert result.references == [("MLmodel", "url", "s3://bucket", "", -1)]
    assert result.findings == [("unpinned-reference", "MLmodel")]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"config.json": b'{"_name_or_path": "acme/base", "auto_map": {"AutoModel": "modeling.M"}}'}, "history"),
        ({"config.json": b'{"$schema": "https://h.example/s.json", "url": "https://h.example"}'}, "links"),
        ({"README.md": b"[weights](https://h.example/w.bin)\nbase_model: acme/base\n"}, "a card"),
        ({"MLmodel": mlmodel(source_model_name="acme/gpt", model_binary="model"), "model/w": A}, "saved"),
        (
            {"MLmodel": b"flavors: {python_function: {artifacts: {v: {path: v.txt, uri: 's3://b/v'}}}}", "v.txt": A},
            "copied artifacts",
        ),
        ({"adapter_config.json": b'{"base_model_name_or_path": "acme/base"}'}, "no adapter"),
        (
            {"adapter_config.json": b'{"peft_type": "LORA", "base_model_name_or_path": "base"}', "base/w.bin": A},
            "the base is here",
        ),
        (
            {"bento.yaml": b"models:\n- {tag: 'iris:x1'}\n", "models/iris/x1/model.yaml": A},
            "an exported bento",
        ),
        ({"Kitfile": b"manifestVersion: 1\nmodel: {path: ./m.bin}\n", "m.bin": A}, "a file"),
        ({"tokenizer_config.json": b'{"name_or_path": "acme/base"}'}, "a tokenizer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_addresses_that_nobody_loads_from_are_not_told(files, why):
    result = Result(files)
    assert (result.references, result.gaps, result.findings) == ([], [], [])


def test_many_references_of_one_field_are_all_told():
    values = json.dumps([f"acme/m{i}" for i in range(3_000)])
    data = f'{{"peft_type": "X", "base_model_name_or_path": {values}}}'.encode()
    result = Result({"adapter_config.json": data})
    assert len(result.references) == 3_000 == len(result.findings)


def test_no_credential_of_an_address_is_told():
    secret = "hunter2"
    files = {
        "adapter_config.json": f'{{"peft_type": "X", "base_model_name_or_path": "https://u:{secret}@h/{secret}"}}',
        "Kitfile": f"manifestVersion: 1\nmodel: {{path: 'u:{secret}@ghcr.io/a/b:1'}}\n",
        "bento.yaml": f"models:\n- {{tag: 'a:{secret}@h/x'}}\n",
        "config.json": f'{{"auto_map": {{"A": "https://u:{secret}@h/x--m.C"}}}}',
    }
    result = Result({name: text.encode() for name, text in files.items()})
    told = [*result.references, *result.gaps, *((f.args, f.discriminator) for f in result.all)]
    assert result.references and secret not in repr(told)
