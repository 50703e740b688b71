"""The embedded engine: the policy as WebAssembly compiled by OPA, in this process, with a memory cap and a deadline.

OPA's WebAssembly ABI: https://www.openpolicyagent.org/docs/wasm
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gate.core.canonical import canonical
from gate.core.errors import EngineError, UsageError
from gate.core.report import Json

if TYPE_CHECKING:
    from gate.adapters.opa_module import Running
    from gate.adapters.private_files import PrivateFiles

ENTRYPOINT = "gate/decision/result"
_INPUT_BYTES = 32 * 2**20
"""A document of 0.1 MB is large; this many bytes take about 180 MB of the module's memory."""
RESULT_BYTES = 8 * 2**20
_DATA_BYTES = 8 * 2**20
_MEMORY_PAGES = 4096
"""Of 64 KiB: 256 MiB."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The three files of a compiled policy, verified against each other."""

    digest: str
    module: bytes
    data: Mapping[str, Json]


class Embedded:
    """Evaluates a compiled policy: a folder of policy.wasm, data.json and manifest.json.

    Nothing of wasmtime is imported or started before the first evaluate(): its threads do not survive a fork, so a
    program that forks does so first. close() stops them.

    `seconds` bounds one evaluation. `overlay` becomes data.gate_site.config. With `expected`, a policy digest, any
    other policy is refused at evaluate(). Raises UsageError for a folder that was not compiled, and for an overlay when
    the policy was compiled with a data.gate_site.config of its own. `kept` holds machine code between runs; without it,
    each engine compiles.
    """

    name = "embedded"

    def __init__(
        self,
        compiled: Path,
        *,
        seconds: float = 5.0,
        overlay: Mapping[str, Json] | None = None,
        expected: str | None = None,
        kept: PrivateFiles | None = None,
    ) -> None:
        _refuse_sources(compiled)
        if overlay is not None:
            _refuse_second_config(compiled)
        self._folder, self._seconds, self._overlay, self._expected = compiled, seconds, overlay, expected
        self._kept = kept
        self._policy: Running | None = None
        self.data_digest = None if overlay is None else hashlib.sha256(canonical(overlay)).hexdigest()

    @property
    def digest(self) -> str | None:
        """The policy digest that the manifest states, None when there is no readable one."""
        try:
            return _text(_manifest(self._folder), "digest")
        except EngineError:
            return None

    def evaluate(self, document: Mapping[str, Json], entrypoint: str = ENTRYPOINT) -> Json:
        """The value of an entry point, data.gate.decision.result by default, for one document; raises EngineError."""
        text = encoded(document)
        with _translated():
            self._policy = self._policy or self._start()
            if entrypoint not in self._policy.entrypoints:
                raise EngineError("undefined", f"the policy was compiled without {entrypoint}")
            values = self._policy.evaluate(text, entrypoint)
        if not values:
            raise EngineError("undefined", "the policy has no result for this document (unknown stage or schema?)")
        return values[0]

    def close(self) -> None:
        """Stop the engine's threads; the next evaluate() starts it anew."""
        if self._policy is not None:
            self._policy.close()
            self._policy = None

    def _start(self) -> Running:
        from opapywasm import PolicyConfig

        from gate.adapters.opa_module import Running

        compiled = _load(self._folder)
        if self._expected is not None and compiled.digest != self._expected:
            raise EngineError("digest-mismatch", f"{self._folder} holds policy {compiled.digest}, not {self._expected}")
        config = PolicyConfig(
            eval_timeout_seconds=self._seconds,
            max_memory_pages=_MEMORY_PAGES,
            max_input_bytes=_INPUT_BYTES,
            max_data_bytes=_DATA_BYTES,
            max_result_bytes=RESULT_BYTES,
            max_cstring_scan_bytes=RESULT_BYTES,
            parse_raw_json_input=False,  # canonical() wrote it
        )
        data = canonical(_with_site(compiled.data, self._overlay))
        return Running(compiled.module, data, config, self._kept)


def _refuse_sources(folder: Path) -> None:
    if (folder / "policy.wasm").is_file():
        return
    if folder.is_dir() and any(folder.rglob("*.rego")):
        raise UsageError(
            f"{folder}: Rego must be compiled before the embedded engine can run it; give the folder that holds the "
            "policy.wasm, data.json and manifest.json made from it"
        )


def _refuse_second_config(folder: Path) -> None:
    path = folder / "data.json"
    try:
        held = "config" in _site(_object(path, _read(path)))
    except EngineError:
        return  # evaluate() says so
    if held:
        raise UsageError(f"--policy-data: {folder} holds data.gate_site.config already; change it there")


def encoded(document: Mapping[str, Json]) -> bytes:
    """A policy document as the bytes that any engine takes; raises EngineError (over-cap)."""
    try:
        text = canonical(document)
    except ValueError as error:
        raise EngineError("over-cap", f"the policy document is not one that an engine takes: {error}") from error
    if len(text) > _INPUT_BYTES:
        raise EngineError("over-cap", f"the policy document has {len(text)} bytes, more than {_INPUT_BYTES}")
    return text


@contextmanager
def _translated() -> Iterator[None]:
    """Every exception of opapywasm and wasmtime becomes an EngineError, here and nowhere else."""
    try:
        from opapywasm import OpaInvalidPolicyError, OpaWasmError
        from wasmtime import WasmtimeError
    except (ImportError, OSError) as error:  # no wheel for this platform, or its shared library does not load
        raise EngineError("unavailable", f"opa-py-wasm cannot be used: {error}") from error
    try:
        yield
    except OpaInvalidPolicyError as error:
        raise EngineError("unavailable", f"the compiled policy cannot be loaded: {error}") from error
    except OpaWasmError as error:
        # It has no exception of its own for a spent deadline.
        code = "timed-out" if "exceeded its time limit" in str(error) else "trapped"
        raise EngineError(code, str(error)) from error
    except (WasmtimeError, MemoryError, RecursionError) as error:
        raise EngineError("trapped", f"{type(error).__name__}: {error}") from error


def _load(folder: Path) -> _Compiled:
    manifest = _manifest(folder)
    sums = manifest.get("sha256")
    module, data = _read(folder / "policy.wasm"), _read(folder / "data.json")
    actual = {"policy.wasm": hashlib.sha256(module).hexdigest(), "data.json": hashlib.sha256(data).hexdigest()}
    if sums != actual:
        raise EngineError("digest-mismatch", f"{folder}: policy.wasm or data.json is not what manifest.json says")
    return _Compiled(_text(manifest, "digest"), module, _object(folder / "data.json", data))


def _manifest(folder: Path) -> Mapping[str, Json]:
    path = folder / "manifest.json"
    return _object(path, _read(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EngineError("unavailable", f"{path}: {error.strerror}") from error


def _object(path: Path, text: bytes) -> Mapping[str, Json]:
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EngineError("unavailable", f"{path}: is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise EngineError("unavailable", f"{path}: is not a JSON object")
    return value


def _text(manifest: Mapping[str, Json], key: str) -> str:
    value = manifest.get(key)
    if not isinstance(value, str):
        raise EngineError("unavailable", f"manifest.json: {key} is not a string")
    return value


def _with_site(data: Mapping[str, Json], overlay: Mapping[str, Json] | None) -> Mapping[str, Json]:
    return data if overlay is None else {**data, "gate_site": {**_site(data), "config": overlay}}


def _site(data: Mapping[str, Json]) -> Mapping[str, Json]:
    site = data.get("gate_site")
    return site if isinstance(site, Mapping) else {}
