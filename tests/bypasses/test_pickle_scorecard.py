"""Every class of bypass is blocked in every wrapping, and the page in the docs says what was tried."""

import bz2
import gzip
import io
import json
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections import Counter

import pytest

from fixtures.serialization.classes import CLASSES
from fixtures.serialization.malicious import DANGEROUS
from gate.core.finding import Finding
from gate.registry import load
from tests.bypasses.test_pickle_bypasses import blocked
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "pickles.md"
_TABLE = re.compile(r"(<!-- scorecard -->\n)(.*?)(<!-- /scorecard -->)", re.DOTALL)
ERRORS = {rule.id for rule in load().rules.values() if rule.level == "error"}


@pytest.mark.parametrize("bypass", CLASSES, ids=[bypass.title for bypass in CLASSES])
def test_every_case_of_this_class_is_blocked_by_an_error(bypass) -> None:
    for name in bypass.cases:
        rules = {item.rule for item in blocked(DANGEROUS[name]) if isinstance(item, Finding)}
        assert rules & ERRORS, name


def test_every_case_belongs_to_a_class_or_is_a_sink() -> None:
    named = {name for bypass in CLASSES for name in bypass.cases}
    assert named <= set(DANGEROUS)
    assert all(bypass.references and bypass.cases for bypass in CLASSES)


def rows() -> str:
    lines = ["| class | cases | blocked | published |", "|---|---|---|---|"]
    for bypass in CLASSES:
        hit = sum(bool(blocked(DANGEROUS[name])) for name in bypass.cases)
        links = ", ".join(f"[{_short(url)}]({url})" for url in bypass.references)
        lines.append(f"| {bypass.title} | {len(bypass.cases)} | {hit} | {links} |")
    hit = sum(bool(blocked(data)) for data in DANGEROUS.values())
    lines.append(f"| all cases of the tests | {len(DANGEROUS)} | {hit} | |")
    return "\n".join(lines) + "\n"


def _short(url: str) -> str:
    last = url.rstrip("/").rpartition("/")[2]
    return f"arXiv {last}" if "arxiv" in url else last.replace("advisories", "advisories of " + url.split("/")[4])[:60]


def test_the_scorecard_in_the_docs_is_what_the_code_does() -> None:
    page = PAGE.read_text()
    fresh = _TABLE.sub(lambda found: found[1] + rows() + found[3], page)
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        PAGE.write_text(fresh)
    assert fresh == page or os.environ.get("UPDATE_SNAPSHOTS") == "1"


def _tar(data: bytes) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        info = tarfile.TarInfo("pickle")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return whole.getvalue()


def _zip(name: str, data: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(name, data)
    return whole.getvalue()


WRAPPINGS = {
    # CVE-2025-10155, CVE-2025-1889: the name is no matter; nullifAI and others: nor is the container
    "plain.txt": lambda data: data,
    "README.md": lambda data: data,
    "config.json": lambda data: data,
    "weights.safetensors": lambda data: data,
    "noextension": lambda data: data,
    "gz.pkl": gzip.compress,
    "bz2.joblib": bz2.compress,
    "xz.joblib": lzma.compress,
    "lzma.joblib": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib.joblib": zlib.compress,
    "tar.pt": _tar,
    "tar.gz": lambda data: gzip.compress(_tar(data)),
    "torch.pt": lambda data: _zip("archive/data.pkl", data),
    "constants.pt": lambda data: _zip("archive/constants.pkl", data),
    "text.pt": lambda data: _zip("archive/data.txt", data),
    "array.npz": lambda data: _zip("a.npy", DANGEROUS["npy-objects"]),
    "nested.zip": lambda data: _zip("a.zip", _zip("b.zip", _zip("c", data))),
    "zip-and-pickle.pt": lambda data: _zip("archive/data.pkl", b"\x80\x02N.") + data,
    "pickle-and-zip.pt": lambda data: data + _zip("archive/data.pkl", b"\x80\x02N."),
}


def test_no_wrapping_hides_a_call_from_a_scan(gate, tmp_path) -> None:
    for name, wrap in WRAPPINGS.items():
        (tmp_path / name).write_bytes(wrap(DANGEROUS["hidden-in-dict"]))
    run = gate("scan", str(tmp_path), "-f", "json")
    found = Counter(
        row["location"]["path"].partition("!/")[0]
        for row in json.loads(run.stdout)["findings"]
        if row["rule"].startswith("serialization.dangerous-") or row["rule"] == "archive.trailing-data"
    )
    missed = [name for name in WRAPPINGS if not found[name]]
    assert missed == []
    assert run.returncode == 1
