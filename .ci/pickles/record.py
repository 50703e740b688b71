"""Record what the files of make.py do, as a corpus for the tests: python record.py FOLDER ... > recorded.txt

A line for each way in which a global is used, with what it is called with: fixtures/serialization/recorded.py makes a
program of opcodes of it again, so that the tests need none of the libraries. Uses that gate does not find quiet are
listed on stderr: they are what a table lacks.
"""

import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gate.archive.budget import Budget  # noqa: E402 - the checkout's, without installing it
from gate.archive.source import Memory  # noqa: E402
from gate.core.errors import FormatError  # noqa: E402
from gate.core.limits import Limits  # noqa: E402
from gate.formats import pickle_npy  # noqa: E402
from gate.formats.pickle import GlobalUse, looks_like_pickle, walk  # noqa: E402
from gate.formats.pickle_verdict import Verdict  # noqa: E402
from gate.formats.pickle_words import Arg, Kind  # noqa: E402
from gate.inspectors.serialization import _tables  # noqa: E402

VARIANTS = 3
"""Lists of arguments that are recorded of one function."""


def parts(path: Path) -> Iterator[bytes]:
    """The file, or the members of the zip that it is."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            yield from (zipped.read(name) for name in zipped.namelist())
    else:
        yield path.read_bytes()


def uses(data: bytes) -> tuple[GlobalUse, ...]:
    """What the walk finds, nothing for bytes that are no pickle."""
    budget = Budget(Limits())
    budget.admit(len(data))
    source = Memory(data, budget)
    try:
        if data.startswith(pickle_npy.MAGIC):
            return pickle_npy.walk_objects(source).uses
    except FormatError:
        return ()
    if not looks_like_pickle(data[: 2**16]):
        return ()
    result = walk(source)
    return result.uses if result.recognised else ()


def shown(arg: Arg, name: str) -> str:
    """An argument; texts only where a contract asks for them."""
    keep = arg.kind in (Kind.GLOBAL, Kind.INSTANCE) or (arg.kind is Kind.TEXT and name in _tables().contracts)
    return f"{arg.kind}:{arg.text}" if keep and arg.text else str(arg.kind.value)


def main() -> None:
    seen: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
    for folder in sys.argv[1:]:
        for path in sorted(Path(folder).iterdir()):
            for data in parts(path):
                for use in uses(data):
                    if not use.certain or use.args is None:
                        continue
                    verdict = _tables().judge(use).verdict
                    if verdict >= Verdict.UNVERIFIED:
                        print(verdict.name, use.use, use.name, use.args, path.name, file=sys.stderr)
                    args = " ".join(shown(arg, use.name) for arg in use.args)
                    seen[use.module, use.qualname, use.use.name][args] = None
    for (module, qualname, use), variants in sorted(seen.items()):
        for args in sorted(variants)[:VARIANTS]:
            print(f"{use} {module} {qualname} {args}".rstrip())


if __name__ == "__main__":
    main()
