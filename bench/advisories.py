"""What the data base of advisories costs: python bench/advisories.py [ALL_ZIP] [ROUNDS]

Without ALL_ZIP 25,000 records are made up; with it (OSV's all.zip for PyPI) its records are repeated up to that number.
Import: seconds, records a second, peak memory. Look-up of 300 packages: a process that is warm, and ms of it. A scan of
an archive with 200 requirements, against pip-audit itself on the file with a local server (`gate db serve`'s).
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from packaging.version import Version

from bench._measure import GATE, interleaved, quiet, run
from fixtures.advisories.build import affects, record
from gate.advisories.database import Database, open_database
from gate.advisories.server import Server

RECORDS, LOOKED_UP, REQUIREMENTS = 25_000, 300, 200


def made_up() -> Iterator[dict[str, object]]:
    """Like the real ones: 4,000 packages, most of them with few records, 50 versions listed beside a range."""
    chance = random.Random(1)  # the same every time
    for number in range(RECORDS):
        package = f"package-{int(4000 * chance.random() ** 3)}"
        fixed = chance.randrange(2, 50)
        versions = [f"{major}.{minor}" for major in range(1, fixed) for minor in range(2)]
        yield record(
            f"PYSEC-2026-{number}",
            affects(package, "introduced 1.0", f"fixed {fixed}.0", versions=versions),
            aliases=[f"CVE-2026-{number}", f"GHSA-{number}"],
            summary="something is wrong with it " * 3,
            details="in many words, " * 60,
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}],
        )


def repeated(path: str) -> Iterator[dict[str, object]]:
    """The records of a zip under further ids, about further packages, until there are enough."""
    with zipfile.ZipFile(path) as archive:
        texts = [archive.read(name) for name in archive.namelist() if name.endswith(".json")]
    for number in range(RECORDS):
        turn, own = divmod(number, len(texts))
        known = json.loads(texts[own])
        known["id"] = f"{known['id']}-{turn}" if turn else known["id"]
        for entry in known.get("affected", []):
            entry["package"]["name"] += f"-{turn}" if turn else ""
        yield known


def write(feed: str, real: str) -> None:
    with zipfile.ZipFile(feed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, one in enumerate(repeated(real) if real else made_up()):
            archive.writestr(f"{number}.json", json.dumps(one))


def packages(database: Database, number: int) -> list[tuple[str, Version]]:
    """A third of them with known vulnerabilities, each at the version before its first fix."""
    chance, found = random.Random(2), []
    names = [row[0] for row in database._connection.execute("SELECT name FROM package ORDER BY name")]
    for name in chance.sample(names, number // 3):
        fixes = [fix for entry in database._entries(name) for fix in entry.fixes]
        found.append((name, Version(f"{min(fixes).major}.0") if fixes else Version("1.0")))
    return found + [(f"unknown-{i}", Version("1.0")) for i in range(number - len(found))]


def looked_up(database: Database, wanted: list[tuple[str, Version]], rounds: int) -> tuple[float, int]:
    """Seconds of the best round, nothing of which is kept from the one before, and how many advisories there were."""
    best, hits = 1e9, 0
    for _ in range(rounds):
        database._entries.cache_clear()
        begin = time.process_time()
        hits = sum(len(database.of_version(*one)) for one in wanted)
        best = min(best, time.process_time() - begin)
    return best, hits


def main() -> None:
    arguments = sys.argv[1:]
    rounds = int(arguments.pop()) if arguments and arguments[-1].isdecimal() else 3
    print(quiet())
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled, and so is the peer
    with tempfile.TemporaryDirectory() as folder:
        feed, path = os.path.join(folder, "all.zip"), os.path.join(folder, "db.sqlite")
        write(feed, arguments[0] if arguments else "")
        run(*GATE, "db", "--help")
        made = run(*GATE, "db", "import", feed, "--db", path)
        size = os.path.getsize(path) / 2**20
        print(
            f"import of {RECORDS} records: {made.cpu:.1f} s of CPU, {RECORDS / made.cpu:.0f}/s, {made.peak} MB, "
            f"{size:.0f} MB on disk (exit {made.code})"
        )
        with open_database(path) as database:
            wanted = packages(database, LOOKED_UP)
            seconds, hits = looked_up(database, wanted, max(rounds, 5))
            asked = packages(database, REQUIREMENTS)
        print(f"look-up of {LOOKED_UP} packages, {hits} advisories: {seconds * 1000:.1f} ms")
        text = "".join(f"{name}=={version}\n" for name, version in asked)
        requirements, archive = os.path.join(folder, "requirements.txt"), os.path.join(folder, "model.zip")
        with open(requirements, "w", encoding="utf-8") as file:
            file.write(text)
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("requirements.txt", text)
        server = Server(path, "127.0.0.1", 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ours = (*GATE, "scan", archive, "--db", path, "-q")
        theirs = (
            sys.executable, "-m", "pip_audit", "-r", requirements, "--no-deps", "--disable-pip", "-s", "osv",
            "--osv-url", f"{server.url}/v1/query", "--progress-spinner", "off",
        )  # fmt: skip
        gate, peer = interleaved((ours, theirs), rounds)
        print(f"scan of {REQUIREMENTS} requirements: {gate.cpu:.2f} s of CPU, {gate.peak} MB (exit {gate.code})")
        print(f"pip-audit without its server: {peer.cpu:.2f} s of CPU (exit {peer.code})")
        print(f"ratio of CPU {gate.cpu / peer.cpu:.2f}, of time {gate.wall / peer.wall:.2f}")
        server.shutdown()


if __name__ == "__main__":
    main()
