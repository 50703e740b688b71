"""Digests of files in bills of materials: CycloneDX and SPDX as JSON.

https://cyclonedx.org/docs/1.7/json/#components
https://spdx.github.io/spdx-spec/v2.3/file-information/
https://spdx.github.io/spdx-spec/v3.0.1/model/Software/Classes/File/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gate.archive.source import Source
from gate.core.report import Json
from gate.formats.bounded import read_json
from gate.formats.file_claims import Claim
from gate.formats.hashing import canonical

MARKS = (b'"bomFormat"', b'"spdxVersion"', b"https://spdx.org/rdf/3")
"""What the first bytes of such a document say."""
_HEX = re.compile(r"[0-9a-fA-F]{32,128}")
_FILE = {
    "cyclonedx": ("name", "hashes", "alg", "content"),
    "spdx": ("fileName", "checksums", "algorithm", "checksumValue"),
}
_ELEMENT = ("name", "verifiedUsing", "algorithm", "hashValue")


def up(path: str) -> int:
    """How many folders above a document its names begin.

    https://peps.python.org/pep-0770/, and where Microsoft's sbom-tool writes them.
    """
    folders = path.rpartition("!/")[2].split("/")[:-1]
    if len(folders) > 1 and (
        (folders[-2].endswith(".dist-info") and folders[-1] == "sboms") or folders[-2] == "_manifest"
    ):
        return 2
    return 0


def read_bom(source: Source) -> tuple[Claim, ...]:
    """The digests of files; a document may describe more than the archive holds. FormatError or NotExamined."""
    document = read_json(source).value
    if not isinstance(document, dict):
        return ()
    claims: list[Claim] = []
    if "bomFormat" in document:
        claims += _cyclonedx(document.get("components"))
    elif "spdxVersion" in document:
        for file in _mappings(document.get("files")):
            claims += _hashes(file, _FILE["spdx"])
    else:
        for element in _mappings(document.get("@graph")):
            if str(element.get("type", "")).endswith("File"):
                claims += _hashes(element, _ELEMENT)
    return tuple(dict.fromkeys(claims))


def _cyclonedx(components: Json) -> Iterator[Claim]:
    for component in _mappings(components):
        if component.get("type") == "file":
            yield from _hashes(component, _FILE["cyclonedx"])
        yield from _cyclonedx(component.get("components"))


def _hashes(file: dict[str, Json], keys: tuple[str, str, str, str]) -> Iterator[Claim]:
    named, listed, algorithm, digest = keys
    name = file.get(named)
    if isinstance(name, str) and name:
        for item in _mappings(file.get(listed)):
            said, value = item.get(algorithm), item.get(digest)
            if isinstance(said, str) and isinstance(value, str) and _HEX.fullmatch(value):
                yield Claim(name.encode(), canonical(said, len(value)), value.lower(), sure=False)


def _mappings(value: Json) -> Iterator[dict[str, Json]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
