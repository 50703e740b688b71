"""Reads Parquet, Arrow IPC, Feather and ORC with pyarrow (https://arrow.apache.org/docs/python/) for store_child.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ROWS = 2**18
"""Rows that are read at once, at most."""
BYTES = 2**25
"""Bytes that they may take, by what the file says of itself."""
COLUMNS = 20_000
DEPTH = 8
"""Levels of structs and lists that become columns of their own."""
_NUMBER = 10**6
_THRIFT = 2**28
"""Bytes of the footer of a Parquet file, and parts that it may have."""


def read(path: str, say: Any, _seconds: float) -> None:
    """One table, a few rows at a time."""
    import pyarrow as pa

    with pa.OSFile(path) as file:
        magic = file.read(8)
        file.seek(0)
        try:
            _Reader(pa, say).table(_batches(pa, file, magic))
        except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError, NotImplementedError) as error:
            say.missed(*_why(pa, error, magic))


def _batches(pa: Any, file: Any, magic: bytes) -> Iterator[Any]:
    if magic[:4] in (b"PAR1", b"PARE"):
        yield from _parquet(file)
    elif magic[:3] == b"ORC":
        from pyarrow import orc

        stripes = orc.ORCFile(file)
        yield from (stripes.read_stripe(i) for i in range(stripes.nstripes))
    elif magic[:4] == b"FEA1":
        from pyarrow import feather

        yield from feather.read_table(file, use_threads=False, memory_map=False).to_batches(ROWS)
    elif magic[:6] == b"ARROW1":
        reader = pa.ipc.open_file(file)
        yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
    else:
        yield from pa.ipc.open_stream(file)


def _parquet(file: Any) -> Iterator[Any]:
    from pyarrow import parquet

    table = parquet.ParquetFile(
        file, thrift_string_size_limit=_THRIFT, thrift_container_size_limit=_THRIFT // 64, pre_buffer=False
    )
    size = max((table.metadata.row_group(i).total_byte_size for i in range(table.num_row_groups)), default=0)
    rows = max((table.metadata.row_group(i).num_rows for i in range(table.num_row_groups)), default=0)
    wide = max(size // max(rows, 1), 1)
    yield from table.iter_batches(batch_size=min(max(BYTES // wide, 256), ROWS), use_threads=False)


def _why(pa: Any, error: BaseException, magic: bytes) -> tuple[str, str]:
    """A reason and words; the message of an error may quote what stands in the file."""
    if magic[:4] == b"PARE" or "ncrypt" in str(error):
        return "encrypted", "it is encrypted"
    if isinstance(error, pa.ArrowNotImplementedError | NotImplementedError):
        return "unsupported", f"pyarrow does not read it: {type(error).__name__}"
    return "corrupt", f"it cannot be read to its end: {type(error).__name__}"


class _Reader:
    def __init__(self, pa: Any, say: Any) -> None:
        self._pa, self._say = pa, say
        self._known: dict[str, int] = {}

    def table(self, batches: Iterator[Any]) -> None:
        say = self._say
        say(table="")
        for batch in batches:
            batch.validate(full=True)  # offsets of a stranger point anywhere
            say(rows=batch.num_rows)
            for name, array in zip(batch.schema.names, batch.columns, strict=True):
                self._column(str(name), array, 0)

    def _column(self, name: str, array: Any, depth: int) -> None:
        pa, types = self._pa, self._pa.types
        kind = array.type
        if isinstance(array, pa.ExtensionArray):
            self._column(name, array.storage, depth)
        elif types.is_struct(kind) or types.is_map(kind) or _is_list(types, kind):
            if depth >= DEPTH:
                self._say.missed("too-deep", f"columns below {DEPTH} levels")
            elif types.is_struct(kind):
                for field, inner in zip(kind, array.flatten(), strict=True):
                    self._column(f"{name}.{field.name}", inner, depth + 1)
            elif types.is_map(kind):
                self._column(name, array.keys, depth + 1)
                self._column(name, array.items, depth + 1)
            else:
                self._column(name, array.flatten(), depth + 1)
        elif types.is_run_end_encoded(kind):
            self._column(name, array.values, depth + 1)
        elif types.is_dictionary(kind):
            if _is_text(types, kind.value_type):
                self._texts(name, array.dictionary_decode())
        elif _is_text(types, kind) or types.is_binary(kind) or types.is_large_binary(kind):
            self._texts(name, array)
        elif types.is_integer(kind) or types.is_decimal(kind):
            self._numbers(name, array)

    def _texts(self, name: str, array: Any) -> None:
        found = array.value_counts()
        values = found.field("values").to_pylist()
        times = found.field("counts").to_pylist()
        self._say.cells(self._number(name), map(_text, values), times)

    def _numbers(self, name: str, array: Any) -> None:
        import pyarrow.compute as pc

        limits = pc.min_max(array).as_py()
        if limits["max"] is None or max(limits["max"], -limits["min"]) < _NUMBER:
            return
        found = array.value_counts()
        values = ("" if value is None else str(value) for value in found.field("values").to_pylist())
        self._say.cells(self._number(name), values, found.field("counts").to_pylist())

    def _number(self, name: str) -> int:
        number = self._known.get(name)
        if number is None:
            number = self._known[name] = len(self._known)
            if number >= COLUMNS:
                raise IndexError
            self._say(names=[name])
        return number


def _is_list(types: Any, kind: Any) -> bool:
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def _is_text(types: Any, kind: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _text(value: str | bytes | None) -> str:
    """Bytes as the text that they are, "" for all others."""
    if isinstance(value, bytes):
        if b"\0" in value[:64]:
            return ""
        try:
            return value.decode()
        except UnicodeDecodeError:
            return ""
    return value or ""
