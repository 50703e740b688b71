"""Every way past a pickle scanner that was ever published, by class; the list only grows.

Sources: the advisories of picklescan, fickling and modelscan, arXiv 2508.19774 (gadgets), arXiv 2605.15084 (parser
discrepancies), arXiv 2607.17503 (BUILD), CPython issue 154848 (frames).
"""

import random

import pytest

from fixtures.serialization.malicious import DANGEROUS, PARSING, STRUCTURES
from gate.archive.budget import Budget
from gate.archive.member import Entry, Member
from gate.archive.source import Memory
from gate.core.finding import Finding
from gate.core.gap import Gap
from gate.core.limits import Limits
from gate.inspectors.serialization import inspector


def blocked(data: bytes) -> list[Finding | Gap]:
    budget = Budget(Limits())
    budget.admit(len(data))
    member = Member("x", Entry(b"x", None, window=Memory(data, budget)), budget)
    if inspector.wants(member) is None:
        return []
    return [item for item in inspector.inspect(member) if isinstance(item, Finding | Gap)]


CLASSES = {
    # GHSA-vvpj-8cmc-gx39, GHSA-5j3x (fickling), CVE-2025-1716, CVE-2026-56315
    "universal resolvers": ["pkgutil.resolve_name", "importlib.import_module", "functools.reduce", "getattr-chain"],
    "dotted traversal": ["random._os.system", "torch.os.system", "collections._sys.modules", "getattr-module"],
    "gadgets of the standard library": ["pip.main", "uuid._get_command_stdout", "_osx_support._read_output"],
    "gadgets of libraries": ["torch.hub.load", "numpy.f2py.crackfortran.param_eval", "torch.utils.collect_env.run"],
    # Names that are made while loading
    "computed names": ["computed-name", "codec", "ext1", "ext2", "ext4"],
    # modelscan 330, arXiv 2607.17503
    "BUILD": ["build-on-class", "build-slots", "double-build"],
    "memo desync": ["memo-after-pop", "memo-overwritten", "memo-sparse"],
    "numbers that genops refuses": ["hex-int", "octal-int", "hex-long", "nul-in-int", "latin-string"],
    "opcodes that scanners lack": ["next-buffer", "bytearray8", "float"],
    "calls that the final object hides": ["popped-call", "pop-mark-call", "obj", "inst", "newobj-ex"],
    # CPython issue 154848
    "frames": ["frame-short", "frame-long", "frame-nested"],
    "payload first, then broken (nullifAI)": ["broken-after", "cut-after"],
    "later streams": ["second-stream", "stream-501", "stream-after-nul", "stream-after-junk", "torch-legacy-after"],
    "legacy torch": ["torch-legacy"],
    "raw arrays": ["joblib-after-array", "joblib-object-array", "joblib-read-plainly", "npy-objects"],
    "pickles in pickles": ["loads", "torch-bytes", "torch-bytes-long", "zlib", "base64"],
    # CVE-2026-24747
    "items into tensors": ["setitem-on-tensor"],
    "globals of the process": ["setitem-on-global", "append-to-global"],
    "scanners as target": ["gate.cli.main", "fickling.load", "picklescan.scanner.scan_file_path"],
}


@pytest.mark.parametrize("cls", CLASSES)
def test_this_class_of_bypass_is_blocked(cls: str) -> None:
    for name in CLASSES[cls]:
        rules = {item.rule for item in blocked(DANGEROUS[name]) if isinstance(item, Finding)}
        assert rules & {"serialization.dangerous-call", "serialization.dangerous-reference", "serialization.anomaly"}, (
            name
        )


@pytest.mark.parametrize(
    "name", ["protocol-0", "inst", "obj", "hidden-in-dict", "no-proto", "latin-string", "frame-short"]
)
def test_no_cut_and_no_flipped_bit_makes_a_call_that_still_happens_clean(name: str) -> None:
    data = {**STRUCTURES, **PARSING}[name]
    sink = data.index(b"system") + len(b"system")
    after = data.index(b"R", sink) + 1 if b"R" in data[sink:] else len(data) - 1
    rng = random.Random(1)
    for _ in range(50):
        cut = rng.randrange(after, len(data) + 1)
        assert blocked(data[:cut])
        spot = rng.randrange(after, len(data))
        damaged = bytearray(data)
        damaged[spot] ^= 1 << rng.randrange(8)
        assert blocked(bytes(damaged))


def test_two_million_nested_tuples_as_a_key_do_not_crash_the_walk() -> None:
    data = b"\x80\x04})" + b"\x85" * 2_000_000 + b"Ns."
    assert blocked(data) == []
