"""Limits: every budget of a scan in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from gate.core.errors import UsageError

MIB = 2**20
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep a hostile archive from costing more than its size is worth; each can be set by `--limit`.

    Once one is spent every further member yields a Gap of its own.
    """

    depth: int = 8
    """Levels of nesting below the subject; real archives have at most 4."""
    members: int = 2_000_000
    """Members over all levels; the largest real data sets in one archive have 10^6."""
    total_bytes: int = 64 * GIB
    """Bytes read or inflated in all, or `total_factor` times the input where that is more."""
    total_factor: int = 8
    """Times the input: one pass for the digest and one for each of some inspectors."""
    expansion_ratio: int = 200
    """Bytes read or inflated for each byte of input, above `expansion_floor_bytes`; DEFLATE reaches 1032."""
    expansion_floor_bytes: int = 256 * MIB
    """Below this no ratio is too high: a file of zeros is not an attack."""
    memory_bytes: int = 8 * MIB
    """An unpacked member that readers jump in stays in memory up to this size, then it is spooled."""
    spool_bytes: int = 8 * GIB
    """Unpacked members on disk over the whole scan; never more than half of the free space."""
    directory_bytes: int = 256 * MIB
    """Size of one zip central directory: 2 million entries of 128 bytes."""
    seconds: float = 3600.0
    """Wall time of the whole scan."""
    member_seconds: float = 60.0
    """Wall time in which one member must show progress; beyond it its worker is killed."""
    opcodes: int = 50_000_000
    """Pickle opcodes over one member; a random forest of 16 MB has 0.2 million."""
    text_bytes: int = 256 * MIB
    """Size of a manifest or digest list that is read as text."""
    requirements_bytes: int = 4 * MIB
    """Size of a list of requirements or of one package's metadata."""
    lock_bytes: int = 8 * MIB
    """Size of a lock file; 3,000 packages with the digests of all their wheels take 6 MB."""
    personal_bytes: int = 256 * MIB
    """Text of one member that is searched for personal data."""
    secret_characters: int = GIB
    """Text of one member that is searched for credentials."""
    native_bytes: int = 512 * MIB
    """Size of a Windows or macOS library, which is copied to be parsed; the largest of PyTorch has 434 MB."""
    native_memory_bytes: int = 3 * GIB
    """Address space of the process that parses native libraries, and of one that reads tables."""
    native_seconds: float = 20.0
    """Wall time in which one native library must be parsed; processor time in which one store of tables is read."""
    store_bytes: int = 4 * GIB
    """Size of a SQLite data base or a Parquet, Arrow or ORC file whose tables are read."""
    signature_bytes: int = 64 * MIB
    """Size of a signature file; one over 10,000 members has 2.4 MB."""
    rule_items: int = 100
    """Findings of one rule (gaps of one reason) that are listed; all are counted."""
    facts: int = 1000
    """Facts that are listed in the result; all are counted."""

    def changed(self, name: str, value: str) -> Limits:
        """These limits with one replaced; UsageError for an unknown name or a value that is no positive number."""
        kinds = {field.name: field.type for field in fields(self)}
        if name not in kinds:
            raise UsageError(f"--limit {name}: no such limit; there are {', '.join(sorted(kinds))}")
        try:
            number = float(value) if kinds[name] == "float" else int(value)
        except ValueError:
            raise UsageError(f"--limit {name}={value}: not a number") from None
        if not 0 < number < float("inf"):
            raise UsageError(f"--limit {name}={value}: must be more than 0")
        return replace(self, **{name: number})  # type: ignore[arg-type]  # the field's own type was looked up above
