"""What documents about models say in ways that no table of fields can express."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from gate.core.errors import NotExamined
from gate.core.report import Json
from gate.formats.bounded import parse_json
from gate.formats.claims import CLAIMS, VALUES, Claim, claim, texts
from gate.formats.licences import says_nothing

_HEX = re.compile(r"[0-9a-fA-F]{32,128}(?:\.dir)?")


def mapping(value: Json) -> Mapping[str, Json]:
    """The value, or an empty mapping where it is none."""
    return value if isinstance(value, Mapping) else {}


def items(value: Json) -> Iterator[Json]:
    """The items of a list, at most CLAIMS; of anything else none."""
    return islice(iter(value), CLAIMS) if isinstance(value, list) else iter(())


def present(*claims: Claim | None) -> Iterator[Claim]:
    """Those that say something."""
    return (row for row in claims if row is not None)


def card(document: Json) -> Iterator[Claim]:
    """`license: other` points to `license_name`, which then is the licence.

    https://huggingface.co/docs/hub/repositories-licenses
    """
    row = mapping(document)
    if any(says_nothing(text) for text in texts(row.get("license"))):
        yield from present(claim("licence", row.get("license_name"), "license_name"))


# -- MLflow -----------------------------------------------------------------------------------------------------------


def mlmodel(document: Json) -> Iterator[Claim]:
    """The signature: JSON in texts of the YAML. https://mlflow.org/docs/latest/ml/model/signatures/"""
    signature = mapping(mapping(document).get("signature"))
    for side in ("inputs", "outputs", "params"):
        text = signature.get(side)
        try:
            ports = parse_json(text.encode()).value if isinstance(text, str) else None
        except NotExamined:
            yield from present(claim(f"io.{side}", "unreadable", f"signature.{side}"))
            continue
        yield from present(
            claim(f"io.{side}", [_port(port) for port in islice(items(ports), VALUES)], f"signature.{side}")
        )


def _port(value: Json) -> str:
    """`name: type` or `name: dtype[shape]`, with ? for what may be left out."""
    row = mapping(value)
    tensor = mapping(row.get("tensor-spec"))
    kind = next(texts(tensor.get("dtype") or row.get("type") or row.get("dtype")), "?")
    shape = f"[{', '.join(texts(tensor.get('shape')))}]" if tensor else ""
    optional = "?" if row.get("required") is False or row.get("optional") is True else ""
    name = next(texts(row.get("name")), "")
    return f"{name}{optional}: {kind}{shape}" if name else f"{kind}{shape}{optional}"


# -- skops ------------------------------------------------------------------------------------------------------------


def skops(document: Json) -> Iterator[Claim]:
    """The version of scikit-learn that each estimator keeps: a JSON text in a node of its own.

    https://github.com/skops-dev/skops/blob/main/skops/io/_sklearn.py
    """
    versions: dict[str, str] = {}
    stack: list[tuple[Json, str]] = [(document, "")]
    seeds = 0
    while stack:
        value, field = stack.pop()
        if isinstance(value, list):
            stack.extend((item, field) for item in value)
        elif isinstance(value, Mapping):
            for key, item in value.items():
                said = _content(item)
                if key == "_sklearn_version" and isinstance(said, str) and len(versions) < VALUES:
                    versions.setdefault(said, f"{field}.{key}"[-200:].lstrip("."))
                if key == "random_state" and isinstance(said, int) and not isinstance(said, bool) and not seeds:
                    seeds += 1
                    yield from present(claim("seed.scikit-learn", said, f"{field}.{key}"[-200:].lstrip(".")))
                stack.append((item, f"{field}.{key}"[-200:]))
    for version, field in sorted(versions.items()):
        yield from present(claim("framework.scikit-learn", version, field))


def _content(node: Json) -> Json:
    """What a JsonNode holds."""
    text = mapping(node).get("content")
    if not isinstance(text, str) or len(text) > 200:
        return None
    try:
        return parse_json(text.encode()).value
    except NotExamined:
        return None


# -- DVC --------------------------------------------------------------------------------------------------------------


def dvc(document: Json) -> Iterator[Claim]:
    """Digests of data: outs of a .dvc file, deps and outs of the stages of dvc.lock, and their parameters.

    Without `hash: md5` (DVC 2) line ends of text were normalised before it was hashed, so that digest is no md5 of the
    file. https://dvc.org/doc/user-guide/project-structure/dvc-files
    """
    row = mapping(document)
    yield from _tracked(row, "outs", "")
    for name, stage in islice(mapping(row.get("stages")).items(), CLAIMS):
        for side in ("deps", "outs"):
            yield from _tracked(mapping(stage), side, f"stages.{name}.")
        for file, params in mapping(mapping(stage).get("params")).items():
            for key, value in islice(mapping(params).items(), CLAIMS):
                yield from present(claim(f"param.{key}", value, f"stages.{name}.params.{file}.{key}"))


def _tracked(row: Mapping[str, Json], side: str, field: str) -> Iterator[Claim]:
    key = "data" if side == "deps" or not field else "output"
    for i, item in enumerate(items(row.get(side))):
        entry = mapping(item)
        path, digest = next(texts(entry.get("path")), ""), next(texts(entry.get("md5")), "")
        if path and _HEX.fullmatch(digest):
            kind = "md5" if entry.get("hash") == "md5" else "md5-dos2unix"
            yield from present(claim(f"{key}.{path}", f"{kind}:{digest}", f"{field}{side}[{i}].md5"))
