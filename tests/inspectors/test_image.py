"""Images are read layer by layer, and what the container shows of them is told apart from what ships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.archive import streams, tars, zips
from fixtures.image.layouts import ABOVE, BASE, CLEARED, DPKG, descriptor, layer, layout, saved, sha
from gate import pipeline, registry
from gate.core.limits import Limits
from gate.inspectors import image

TEAM = registry.load()


def scan(files, tmp_path, kind="tar"):
    target = tmp_path / "image"
    if kind == "folder":
        for name, data in files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    else:
        data = tars.simple(files)
        target.write_bytes(streams.gz(data) if kind == "tar.gz" else data)
    return pipeline.scan(str(target), TEAM, Limits(), jobs=0)


def facts(report):
    return [fact for fact in report.facts if isinstance(fact, image.Layer)]


def told(report):
    return [(f.rule, f.location.path.rpartition("!/")[2]) for f in report.findings if f.rule.startswith("image.")]


def gaps(report, inspector="image"):
    return [
        (gap.location.path.rpartition("!/")[2], str(gap.reason)) for gap in report.gaps if gap.inspector == inspector
    ]


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "folder"])
@pytest.mark.parametrize("make", [layout, lambda layers: layout(layers, packed=False), lambda layers: saved(*layers)],
                         ids=["oci", "oci plain", "docker save"])  # fmt: skip
def test_the_uppermost_layer_wins_and_what_it_deletes_still_ships(tmp_path, kind, make):
    report = scan(make([BASE, ABOVE]), tmp_path, kind)
    assert [(f.position, f.visible, f.replaced, f.deleted) for f in sorted(facts(report), key=lambda f: f.position)] == [
        (0, 2, 1, 1), (1, 1, 0, 0)
    ]  # fmt: skip
    assert told(report) == [("image.deleted-file", "opt/model/old.pkl")]
    assert gaps(report) == [("var/lib/dpkg/status", "unsupported")]
    expected = {"images": 1, "layers": 2, "visible": 3, "replaced": 1, "deleted": 1, "package_databases": 1}
    assert report.sections["image"].items() >= expected.items()


def test_absolute_links_of_a_layer_stay_in_the_container(tmp_path):
    report = scan(layout([BASE, ABOVE]), tmp_path)
    assert [f.rule for f in report.findings if f.rule.startswith("archive.")] == []


def test_absolute_links_are_findings_where_the_name_of_the_layer_is_a_lie(tmp_path):
    files = {f"blobs/sha256/{sha(b'other')}": BASE}
    assert "archive.link-escape" in {f.rule for f in scan(files, tmp_path).findings}


def test_an_opaque_folder_hides_all_below_it(tmp_path):
    report = scan(layout([BASE, ABOVE, CLEARED]), tmp_path)
    assert {path for _, path in told(report)} == {"opt/model/old.pkl", "opt/model/w.bin", "opt/keep.txt"}
    assert report.sections["image"]["visible"] == 2


def test_a_deleted_folder_hides_all_in_it_and_a_later_one_is_new(tmp_path):
    layers = [layer({"a/x": b"1", "a-b": b"2"}), layer({".wh.a": b""}), layer({"a/y": b"3"})]
    report = scan(layout(layers), tmp_path)
    assert told(report) == [("image.deleted-file", "a/x")]
    assert report.sections["image"]["visible"] == 2


def test_images_that_share_a_layer_share_its_blob(tmp_path):
    report = scan(layout([BASE, ABOVE], [BASE]), tmp_path)
    assert report.sections["image"]["images"] == 2 and report.sections["image"]["layers"] == 3
    members = 3 + 2 * 2 + 2 + 4 + 2  # each blob once
    assert report.inventory.members <= members


def test_a_layer_that_is_not_there_is_a_gap(tmp_path):
    files = layout([BASE, ABOVE])
    del files[f"blobs/sha256/{sha(streams.gz(ABOVE))}"]
    report = scan(files, tmp_path)
    assert "not-fetched" in {reason for _, reason in gaps(report)}


def test_an_image_in_a_zip_is_an_image(tmp_path):
    target = tmp_path / "x.zip"
    target.write_bytes(zips.simple({"image.tar": tars.simple(layout([BASE, ABOVE]))}, zips.DEFLATED))
    report = pipeline.scan(str(target), TEAM, Limits(), jobs=0)
    assert told(report) == [("image.deleted-file", "opt/model/old.pkl")]


@pytest.mark.parametrize("path", ["lib/apk/db/installed", "usr/lib/sysimage/rpm/rpmdb.sqlite", "var/lib/rpm/Packages"])
def test_every_data_base_of_packages_is_known(tmp_path, path):
    assert gaps(scan(layout([layer({path: DPKG})]), tmp_path)) == [(path, "unsupported")]


def test_the_packages_of_a_distroless_layer_are_one_gap(tmp_path):
    base = layer({f"var/lib/dpkg/status.d/p{i}": DPKG for i in range(9)})
    assert gaps(scan(layout([base]), tmp_path)) == [("var/lib/dpkg/status.d/p0", "unsupported")]


def test_artifacts_whose_layers_are_no_file_system_are_no_images(tmp_path):
    weights = b"weights"
    manifest = json.dumps({"layers": [descriptor(weights, "application/vnd.cncf.model.weight.v1.raw")]}).encode()
    files = {f"blobs/sha256/{sha(data)}": data for data in (weights, manifest)}
    report = scan(files, tmp_path)
    assert facts(report) == [] and gaps(report) == []


@pytest.mark.parametrize(
    "manifest",
    [
        b'{"layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "../../etc/passwd"}]}',
        b'{"layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar"}]}',
        b'{"layers": ["' + b'", "'.join([b"x"] * 2000) + b'"]',
        b'{"layers":',
        b'{"layers": 3}',
    ],
    ids=["name", "no digest", "cut", "cut early", "number"],
)
def test_a_malformed_manifest_is_a_gap_or_nothing(tmp_path, manifest):
    report = scan({f"blobs/sha256/{sha(manifest)}": manifest}, tmp_path)
    assert facts(report) == []
    assert {reason for _, reason in gaps(report)} <= {"corrupt"}


def test_a_saved_manifest_cannot_lead_out_of_the_archive(tmp_path):
    manifest = json.dumps([{"Config": "c", "Layers": ["../../etc/passwd", 3, {"x": 1}]}, "text"]).encode()
    assert gaps(scan({"manifest.json": manifest}, tmp_path)) == [("manifest.json", "not-fetched")]


def test_whiteouts_without_end_are_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(image, "_WHITEOUTS", 3)
    report = scan(layout([layer({f".wh.{i}": b"" for i in range(9)})]), tmp_path)
    assert gaps(report) == [("", "too-many")]


NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a"])
CHANGES = st.lists(
    st.dictionaries(st.one_of(NAMES, st.sampled_from([".wh.a", "d/.wh.a", ".wh.d", "d/.wh..wh..opq"])), st.binary(max_size=3), min_size=1),
    min_size=1,
    max_size=4,
)  # fmt: skip


def unpacked(layers):
    """What a runtime shows: layer by layer, whiteouts first, as the specification applies a change set."""
    shown: dict[str, int] = {}
    for position, files in enumerate(layers):
        for name in files:
            folder, _, last = name.rpartition("/")
            if last == ".wh..wh..opq":
                shown = {path: at for path, at in shown.items() if not path.startswith(folder + "/")}
            elif last.startswith(".wh."):
                gone = (f"{folder}/" if folder else "") + last[4:]
                shown = {path: at for path, at in shown.items() if path != gone and not path.startswith(gone + "/")}
        shown |= {name: position for name in files if ".wh." not in name}
    return shown


@settings(max_examples=60, deadline=None, derandomize=True)
@given(CHANGES)
def test_the_overlay_is_that_of_the_specification(tmp_path_factory, changes):
    folder = Path(tmp_path_factory.mktemp("image"))
    report = scan(layout([layer(files) for files in changes]), folder)
    shown = unpacked(changes)
    visible = {fact.position: fact.visible for fact in facts(report)}
    assert visible == {i: sum(at == i for at in shown.values()) for i in range(len(changes))}
