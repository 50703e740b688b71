"""Container images: an OCI layout from its index down, and what `docker save` writes."""

import json

import pytest

from gate.core.gap import GapReason
from tests.inspectors.images import descriptor, layout
from tests.inspectors.looking import A, B, Result, sha


@pytest.mark.parametrize("root", ["", "img/", "image.tar!/"])
def test_an_image_is_compared_from_its_index_down(root):
    files, _, _ = layout(root)
    whole = Result(files)
    assert (whole.findings, whole.gaps) == ([], [])
    assert whole.counts() == {"declared": 6, "matched": 6}  # three names, three descriptors


def test_a_layer_that_was_replaced_is_a_finding_of_its_name_and_of_its_descriptor():
    files, _, _ = layout(layer=b"evil!")
    result = Result(files)
    assert result.findings == [("digest-mismatch", f"blobs/sha256/{sha(A)}")] * 2
    assert {f.discriminator.split("/")[-1] for f in result.all} == {
        sha(A),
        next(name for name, data in ((k.split("/")[-1], v) for k, v in files.items()) if b'"layers"' in data),
    }


def test_a_layer_or_manifest_that_is_not_there_is_a_finding():
    files, manifest, _ = layout(drop=(A,))
    assert Result(files).findings == [("missing-member", f"blobs/sha256/{sha(A)}")]
    del files[f"blobs/sha256/{sha(manifest)}"]
    assert Result(files).findings == [("missing-member", f"blobs/sha256/{sha(manifest)}")]


def test_the_images_of_other_machines_need_not_be_there():
    inner = json.dumps({"schemaVersion": 2, "manifests": [descriptor(b"arm64"), descriptor(b"s390x")]}).encode()
    outer = json.dumps({"schemaVersion": 2, "manifests": [descriptor(inner)]}).encode()
    files = {"index.json": outer, f"blobs/sha256/{sha(inner)}": inner, f"blobs/sha256/{sha(b'arm64')}": b"arm64"}
    assert Result(files).findings == []


def test_a_descriptor_with_a_wrong_size_is_a_finding():
    index = json.dumps({"schemaVersion": 2, "manifests": [descriptor(A, size=6)]}).encode()
    files = {"index.json": index, f"blobs/sha256/{sha(A)}": A}
    assert Result(files).findings == [("size-mismatch", f"blobs/sha256/{sha(A)}")]


def test_a_layer_that_lies_at_an_address_is_not_fetched():
    layer = descriptor(B, urls=["https://user:secret@cdn.example/x?token=1"])
    manifest = json.dumps({"schemaVersion": 2, "layers": [layer]}).encode()
    path = f"blobs/sha256/{sha(manifest)}"
    result = Result({path: manifest})
    assert result.references == [(path, "url", "https://cdn.example", f"sha256:{sha(B)}", len(B))]
    assert [gap[:2] for gap in result.gaps] == [(path, GapReason.NOT_FETCHED)] and not result.findings
    here = Result({path: manifest, f"blobs/sha256/{sha(B)}": B})
    assert (here.references, here.gaps, here.findings) == ([], [], [])


def test_what_docker_saved_must_be_there():
    config = b'{"rootfs": {}}'
    manifest = [{"Config": f"{sha(config)}.json", "RepoTags": ["m:1"], "Layers": ["0a/layer.tar", "0b/layer.tar"]}]
    files = {"manifest.json": json.dumps(manifest).encode(), f"{sha(config)}.json": config}
    files |= {"0a/layer.tar": A, "0b/layer.tar": B}
    assert Result(files).counts() == {"declared": 3, "matched": 3}
    del files["0b/layer.tar"]
    files[f"{sha(config)}.json"] = b"{}"
    assert Result(files).findings == [("missing-member", "0b/layer.tar"), ("digest-mismatch", f"{sha(config)}.json")]


def test_the_manifest_of_a_web_app_is_no_image():
    web = b'{"name": "app", "icons": [{"src": "gone.png"}], "start_url": "/"}'
    index = b'{"manifests": "none", "version": 1}'
    assert Result({"manifest.json": web, "index.json": index}).counts() == {}
