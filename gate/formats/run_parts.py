"""What a training run was made of, as a gate-model.yaml says it, and the id that follows from that.

The id of `gate.run/v1` is sha256 over the canonical JSON (RFC 8785) of

    {"code": "<40 or 64 hex>", "data": {"<name>": "<algorithm>:<hex>"}, "env": "sha256:<hex>", "params": "sha256:<hex>",
     "v": "gate.run/v1"}

where `params` is sha256 over the canonical JSON of the parameters and `env` over the lines of the lock, without
comments and empty ones, stripped, each once, sorted, joined by line feeds. Parts have names, so that none can be
shifted into another, which a plain concatenation would allow.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gate.archive.source import Source, whole
from gate.core.errors import FormatError, NotExamined
from gate.core.report import Json
from gate.formats.bounded import parse_yaml
from gate.formats.jcs import jcs

BYTES = 4 * 2**20
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}|md5:[0-9a-f]{32}(?:\.dir)?)")
_STRONG = re.compile(r"sha(?:256|384|512):")
_ID = re.compile(r"sha256:[0-9a-f]{64}")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")


@dataclass(frozen=True, slots=True)
class RunParts:
    """The parts of a run; "" or empty for one that is missing or has not the form that it needs.

    `params` and `env` are `sha256:<hex>`; `lock` is the path of the list that locks the environment, as spelled.
    `run_id` is what the file says; `other` is true for an id of another form, which cannot be computed again.
    """

    run_id: str = ""
    other: bool = False
    code: str = ""
    data: tuple[tuple[str, str], ...] = ()
    params: str = ""
    env: str = ""
    lock: str = ""
    seeds: int = 0

    @property
    def strong(self) -> bool:
        """Whether every data set has a digest that nobody can find a second file for."""
        return bool(self.data) and all(_STRONG.match(digest) for _, digest in self.data)

    def missing(self, env: str) -> tuple[str, ...]:
        """The parts that are not there; `env` is what was computed from the lock."""
        parts = {"code": self.code, "data": self.data, "env": env, "params": self.params}
        return tuple(name for name, value in parts.items() if not value)


def read_run_parts(source: Source) -> RunParts:
    """The parts of a gate-model.yaml; FormatError or NotExamined."""
    document = parse_yaml(whole(source, BYTES)).value
    row = document if isinstance(document, Mapping) else {}
    said = _text(row.get("run_id"))
    env = _mapping(row.get("env"))
    code = _text(_mapping(row.get("code")).get("commit"))
    return RunParts(
        run_id=said if _ID.fullmatch(said) else "",
        other=bool(said) and not _ID.fullmatch(said),
        code=code if _COMMIT.fullmatch(code) else "",
        data=_data(row.get("data")),
        params=_params(row.get("params")),
        env=_locked(_text(env.get("lock_sha256"))),
        lock=_text(env.get("lock")),
        seeds=len(_mapping(row.get("seeds"))),
    )


def run_id(parts: RunParts, env: str) -> str:
    """The id that follows from the parts, all of which must be there."""
    document: dict[str, Json] = {
        "code": parts.code,
        "data": dict(parts.data),
        "env": env,
        "params": parts.params,
        "v": "gate.run/v1",
    }
    return _sha256(jcs(document))


def lock_digest(data: bytes) -> str:
    """The `env` of a lock: neither order, nor comments, nor line ends matter. FormatError when it is not UTF-8."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 at byte {error.start}") from None
    lines = {_COMMENT.sub("", line).strip() for line in text.splitlines()} - {""}
    return _sha256("\n".join(sorted(lines)))


def _data(value: Json) -> tuple[tuple[str, str], ...]:
    """Name and digest of each data set; nothing when one has none, because a run is made of all of them."""
    rows = [_mapping(item) for item in value] if isinstance(value, list) else []
    pairs = [(_text(row.get("name")), _text(row.get("digest"))) for row in rows]
    sound = len(dict(pairs)) == len(pairs) and all(name and _DIGEST.fullmatch(digest) for name, digest in pairs)
    return tuple(sorted(pairs)) if sound else ()


def _params(value: Json) -> str:
    if not isinstance(value, Mapping):
        return ""
    try:
        return _sha256(jcs(value))
    except NotExamined:
        return ""


def _locked(digest: str) -> str:
    text = digest.removeprefix("sha256:")
    return f"sha256:{text}" if _ID.fullmatch(f"sha256:{text}") else ""


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _text(value: Json) -> str:
    return value.strip() if isinstance(value, str) else ""


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
