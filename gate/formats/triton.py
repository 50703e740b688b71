"""Triton's config.pbtxt: name, backend, inputs and outputs, instance groups.

https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_configuration.html
"""

from __future__ import annotations

from collections.abc import Iterator

from gate.archive.source import Source
from gate.formats.claims import VALUES, Claim, Claims, claim
from gate.formats.model_fields import present
from gate.formats.pbtxt import Message, Value, read_pbtxt


def read_triton(source: Source) -> Claims:
    """What a model configuration says; FormatError or NotExamined."""
    return Claims.of(_said(read_pbtxt(source)))


def _said(config: Message) -> Iterator[Claim]:
    batched = _scalar(config, "max_batch_size") not in ("", "0", "-1")
    yield from present(
        claim("name", _scalar(config, "name"), "name"),
        claim("framework", _scalar(config, "backend") or _scalar(config, "platform"), "backend"),
        claim("io.inputs", [_port(port, batched) for port in config.get("input", [])[:VALUES]], "input"),
        claim("io.outputs", [_port(port, batched) for port in config.get("output", [])[:VALUES]], "output"),
    )
    for i, group in enumerate(config.get("instance_group", [])[:VALUES]):
        if isinstance(group, dict):
            kind, count = _scalar(group, "kind"), _scalar(group, "count")
            yield from present(
                claim("hardware.kind", kind, f"instance_group[{i}].kind"),
                claim("hardware.count", count, f"instance_group[{i}].count"),
            )
    for i, parameter in enumerate(config.get("parameters", [])[:VALUES]):
        if isinstance(parameter, dict):
            value = next((row for row in parameter.get("value", []) if isinstance(row, dict)), {})
            key = f"param.{_scalar(parameter, 'key')}"
            yield from present(claim(key, _scalar(value, "string_value"), f"parameters[{i}].value"))


def _scalar(message: Message, name: str) -> str:
    """The last value of a field that is none of messages: as in every reader of the format."""
    return next((value for value in reversed(message.get(name, [])) if isinstance(value, str)), "")


def _port(port: Value, batched: bool) -> str:
    if not isinstance(port, dict):
        return ""
    dims = [dim for dim in port.get("dims", []) if isinstance(dim, str)][:VALUES]
    optional = "?" if _scalar(port, "optional") == "true" else ""
    shape = ", ".join((["-1"] if batched else []) + dims)
    return f"{_scalar(port, 'name')}{optional}: {_scalar(port, 'data_type')}[{shape}]"
