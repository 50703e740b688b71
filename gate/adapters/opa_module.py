"""The compiled policy as a running module: machine code from a private folder or made anew, one instance at a time.

opa-py-wasm's own front compiles at every start, which is most of what a short process costs (docs/adr/0014). So the
parts below it are used: its instance speaks OPA's ABI and holds the memory cap and the deadline, while engine and
module come from here.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from contextlib import ExitStack
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

from opapywasm import OpaEvaluationError, OpaInvalidPolicyError, PolicyConfig
from opapywasm.abi import OpaAbiSpec
from opapywasm.builtins import BuiltinRegistry, default_builtins
from opapywasm.instance import OpaPolicyInstance
from opapywasm.runtime import BuiltinDispatch, EpochTicker, WasmtimeRuntime, WasmtimeRuntimeFactory
from wasmtime import Config, Engine, MemoryType, Module, WasmtimeError

from gate.core.report import Json

if TYPE_CHECKING:
    from gate.adapters.private_files import PrivateFiles


class Running:
    """One policy with its data. The exceptions of opapywasm and wasmtime leave it as they are.

    After a failure inside of the module its memory is in no known state: the next question gets a fresh instance.
    """

    def __init__(self, wasm: bytes, data: bytes, config: PolicyConfig, kept: PrivateFiles | None) -> None:
        settings = Config()
        settings.epoch_interruption = True  # what the deadline rests on
        self._engine = Engine(settings)
        self._module = _module(self._engine, wasm, kept)
        self._data, self._config = data, config
        self._ticker = EpochTicker(self._engine)
        self._builtins = BuiltinRegistry(default_builtins())
        self._instance: OpaPolicyInstance | None = self._start()
        with ExitStack() as undo:
            undo.callback(self.close)
            self.entrypoints, self.builtins = self._instance.entrypoints(), self._instance.builtins()
            undo.pop_all()

    def evaluate(self, document: bytes, entrypoint: str) -> list[Json]:
        """The value of an entry point in a list, which is empty where it is undefined."""
        self._instance = self._instance or self._start()
        try:
            answer = self._instance.evaluate(document, self.entrypoints[entrypoint])
        finally:
            if self._instance.poisoned:
                self._instance.close()
                self._instance = None
        match answer:
            case []:
                return []
            case [{"result": value}]:
                return [cast(Json, value)]
        raise OpaEvaluationError("the policy's answer is no result set")

    def close(self) -> None:
        """Stop the thread of the deadline and free the memory."""
        if self._instance is not None:
            self._instance.close()
            self._instance = None
        self._ticker.close()

    def create_runtime(self, builtin_dispatch: BuiltinDispatch | None = None) -> WasmtimeRuntime:
        """What an instance asks its factory for."""
        return WasmtimeRuntime(
            self._engine, self._module, builtin_dispatch, max_memory_pages=self._config.max_memory_pages
        )

    def _start(self) -> OpaPolicyInstance:
        factory = cast(WasmtimeRuntimeFactory, self)  # of which an instance uses nothing but create_runtime
        return OpaPolicyInstance(
            factory,
            self._config,
            OpaAbiSpec(),
            initial_data=self._data,
            builtins=self._builtins,
            epoch=self._ticker,
        )


def _module(engine: Engine, wasm: bytes, kept: PrivateFiles | None) -> Module:
    """The module in machine code. wasmtime refuses what another version of it, or for another processor, has made."""
    name = _name(wasm)
    code = kept.read(name) if kept else None
    if code is not None:
        try:
            return Module.deserialize(engine, code)
        except WasmtimeError:
            pass  # it is made anew, and replaced
    try:
        module = Module(engine, wasm)
    except WasmtimeError as error:
        raise OpaInvalidPolicyError(f"no valid WebAssembly: {error}") from error
    if not any(
        row.module == "env" and row.name == "memory" and isinstance(row.type, MemoryType) for row in module.imports
    ):
        raise OpaInvalidPolicyError("it does not import its memory, as a policy does")
    if kept:
        kept.write(name, bytes(module.serialize()))
    return module


def _name(wasm: bytes) -> str:
    """Everything that the machine code depends on, besides the processor's own features, which wasmtime compares."""
    parts = (hashlib.sha256(wasm).hexdigest(), version("wasmtime"), sys.platform, platform.machine(), "epoch")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
