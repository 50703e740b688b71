from __future__ import annotations

import http.server
import json
import os
import random
import subprocess
import sys
import threading
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from fixtures.advisories import build
from gate.adapters import pip_audit as adapter
from gate.adapters.pip_audit import audit
from gate.advisories.database import open_database
from gate.advisories.importing import import_feed
from gate.advisories.server import Server
from gate.core.advisory import Advisory, Certainty
from gate.core.errors import FormatError, MissingExtra, NotExamined
from gate.core.gap import GapReason
from tests.advisories import model
from tests.conftest import ROOT


def advisory(own, *aliases, **fields):
    return Advisory(own, aliases, **{"summary": "s", "severity": "high", "malicious": False, "fixed_in": ("2",), "certainty": Certainty.CERTAIN, **fields})  # fmt: skip


KNOWN = {
    "a": (advisory("CVE-1", "PYSEC-1", severity="critical"), advisory("MAL-1", malicious=True, fixed_in=())),
    "b": (advisory("CVE-2", certainty=Certainty.POSSIBLE),),
}
PINS = [("a", Version("1")), ("Nobody_Knows", Version("1.2+cu113")), ("b", Version("2!3rc1"))]


def lookup(name, version):
    return KNOWN.get(name, ())


def test_every_package_comes_back_with_our_own_advisories():
    assert list(audit(PINS, lookup)) == [(name, version, lookup(name, version)) for name, version in PINS]
    assert list(audit([], lookup)) == []


def test_a_build_with_a_local_label_is_looked_up_and_not_skipped():
    asked = []
    list(audit(PINS, lambda name, version: asked.append((name, str(version))) or ()))
    assert asked == [("a", "1"), ("Nobody_Knows", "1.2+cu113"), ("b", "2!3rc1")]


def test_packages_are_audited_one_at_a_time():
    def endless():
        number = 0
        while True:
            number += 1
            yield f"p{number}", Version("1")

    audited = audit(endless(), lookup)
    assert [next(audited)[0] for _ in range(3)] == ["p1", "p2", "p3"]


NAMES = st.sampled_from(["PYSEC-1", "PYSEC-2", "GHSA-1", "GHSA-2", "CVE-1", "CVE-2", "CVE-3"])
ADVISORIES = st.lists(
    st.builds(lambda own, aliases: advisory(own, *sorted(aliases - {own})), NAMES, st.sets(NAMES, max_size=3)),
    max_size=5,
    unique_by=lambda one: one.id,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ADVISORIES)
def test_it_merges_what_pip_audit_s_auditor_merges(advisories):
    adapter._library()  # pip-audit, without its consequences
    from pip_audit._audit import Auditor
    from pip_audit._dependency_source import DependencySource
    from pip_audit._service import ResolvedDependency, VulnerabilityResult, VulnerabilityService

    class Service(VulnerabilityService):
        def query(self, spec):
            return spec, [
                VulnerabilityResult(one.id, one.summary, [Version("2")], set(one.aliases)) for one in advisories
            ]

    class Source(DependencySource):
        def collect(self):
            yield ResolvedDependency("a", Version("1"))

        def fix(self, fix_version):
            raise NotImplementedError

    ((_, theirs),) = Auditor(Service()).audit(Source())
    ((_, _, ours),) = audit([("a", Version("1"))], lambda name, version: tuple(advisories))
    assert [(one.id, set(one.aliases) - {one.id}) for one in ours] == [
        (one.id, one.aliases - {one.id}) for one in theirs
    ]


def test_what_the_lookup_raises_is_passed_on():
    def broken(name, version):
        raise FormatError("damaged")

    with pytest.raises(FormatError, match="damaged"):
        list(audit(PINS, broken))


@pytest.mark.parametrize("kind", ["ServiceError", "ConnectionError", "DependencySourceError", "SystemExit"])
def test_its_own_exceptions_become_ours_once(kind):
    adapter._library()
    import pip_audit._dependency_source as sources
    import pip_audit._service as services

    raised = getattr(services, kind, None) or getattr(sources, kind, None) or SystemExit

    def broken(name, version):
        raised_now = raised("text of pip-audit")
        raise raised_now

    with pytest.raises(NotExamined) as error:
        list(audit(PINS, broken))
    assert error.value.reason is GapReason.UNAVAILABLE and "text of" not in str(error.value)


def test_a_package_that_it_skips_is_not_a_clean_one(monkeypatch):
    plugins = adapter._library()
    from pip_audit._service import SkippedDependency

    class Source(plugins.source):
        def collect(self):
            yield SkippedDependency("a", "because")

    monkeypatch.setattr(adapter, "_library", lambda: plugins._replace(source=Source))
    with pytest.raises(NotExamined, match="left a package out"):
        list(audit(PINS, lookup))


def test_without_pip_audit_the_extra_is_named(monkeypatch):
    adapter._library.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "pip_audit"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pip_audit", None)
    with pytest.raises(MissingExtra, match=r"mlgate\[scan\]"):
        list(audit(PINS, lookup))
    adapter._library.cache_clear()


def test_the_private_names_are_those_of_the_pinned_version():
    """pip-audit promises no API; when this fails the pin in pyproject.toml was moved without looking."""
    import importlib.metadata
    import inspect

    assert importlib.metadata.version("pip-audit").startswith("2.10.")
    plugins = adapter._library()
    from pip_audit._service import ResolvedDependency, ServiceError, SkippedDependency, VulnerabilityResult
    from pip_audit._service.interface import VulnerabilityService

    assert list(inspect.signature(plugins.auditor).parameters) == ["service", "options"]
    assert list(inspect.signature(VulnerabilityResult).parameters) == [
        "id",
        "description",
        "fix_versions",
        "aliases",
        "published",
    ]
    assert list(inspect.signature(ResolvedDependency).parameters) == ["name", "version"]
    assert list(inspect.signature(SkippedDependency).parameters) == ["name", "skip_reason"]
    assert VulnerabilityService.__abstractmethods__ == {"query"} and issubclass(ServiceError, Exception)
    assert plugins.source([]).__class__.__mro__[1].__abstractmethods__ == {"collect", "fix"}


_WATCHED = """
import json, os, sys
seen = []
def watch(event, arguments):
    if event in ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn",
                 "socket.connect", "socket.getaddrinfo", "socket.sendto"):
        seen.append(event)
sys.addaudithook(watch)
from packaging.version import Version
from gate.adapters.pip_audit import audit
before = list(sys.path)
audited = list(audit([("a", Version("1"))], lambda name, version: ()))
files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items() if name != "__main__"}
here = [name for name, file in files.items() if file.startswith(os.getcwd())]
print(json.dumps({"seen": seen, "here": here, "path": sys.path == before, "audited": len(audited),
                  "left": "pip_api" in sys.modules}))
"""


def watched(tmp_path, *options, **environment):
    for name in (
        "pip",
        "pip_api",
        "simplejson",
        "brotli",
        "brotlicffi",
        "zstandard",
        "chardet",
        "socks",
        "msgpack",
        "requests",
    ):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r} + ' ')\n")
    (tmp_path / "script.py").write_text(_WATCHED)
    result = subprocess.run(
        [sys.executable, "-W", "error", *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PIPAPI_PYTHON_LOCATION": "/bin/false", **environment},
    )
    assert result.returncode == 0, result.stderr
    ran = tmp_path / "ran"
    return json.loads(result.stdout), ran.read_text() if ran.exists() else ""


@pytest.mark.parametrize("how", [["-c", _WATCHED], ["-m", "script"]], ids=["-c", "-m"])
def test_it_starts_no_process_opens_no_connection_and_runs_nothing_of_the_current_folder(tmp_path, how):
    told, ran = watched(tmp_path, *how)
    assert told == {"seen": [], "here": [], "path": True, "audited": 1, "left": False}
    assert ran == ""


def test_the_watch_would_have_seen_it(tmp_path):
    """The same without our precautions: pip-audit's import does what the others are about."""
    script = _WATCHED.replace(
        "from gate.adapters.pip_audit import audit",
        "import contextlib, gate.adapters.pip_audit as g; g._harmless = contextlib.nullcontext; audit = g.audit",
    )
    script = script.replace(
        "audited = list",
        "audited = []\nwith contextlib.suppress(Exception):  # pip may not be there\n    audited = list",
    )
    (tmp_path / "own").mkdir()
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path / "own",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "subprocess.Popen" in json.loads(result.stdout)["seen"]


def test_importing_the_adapter_imports_no_pip_audit():
    script = "import sys, gate.adapters.pip_audit; print([name for name in sys.modules if name.startswith('pip_')])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert result.stdout == "[]\n", result.stderr


class _Osv(http.server.BaseHTTPRequestHandler):
    """api.osv.dev as far as pip-audit asks it, with a matcher that knows nothing of ours."""

    records: ClassVar[dict[str, list[tuple[dict, list[tuple[str, str]]]]]] = {}

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        version = Version(asked["version"])
        known = self.records.get(asked["package"]["name"], [])
        hits = [record for record, events in known if model.naive(events, version)]
        body = json.dumps({"vulns": hits} if hits else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def osv():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Osv)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # its session keeps a connection
def test_pip_audit_online_and_our_data_base_name_the_same_vulnerabilities(osv, tmp_path):
    """The same records, once served to pip-audit's own OsvService, once imported and looked up here."""
    chance, feed_records = random.Random(5), []
    _Osv.records = {}
    for number in range(60):
        events = [
            ("introduced", "0"),
            *((chance.choice(["fixed", "last_affected", "introduced"]), at) for at in chance.sample(model.BOUNDS, 2)),
        ]
        aliases = [f"CVE-2026-{number // 2}"] if number % 3 else []
        one = build.record(
            f"{'PYSEC' if number % 2 else 'GHSA'}-{number}",
            build.affects(f"p{number % 5}", *map(" ".join, events)),
            aliases=aliases,
            summary="s",
        )
        feed_records.append(one)
        _Osv.records.setdefault(f"p{number % 5}", []).append((one, events))
    (tmp_path / "feed.zip").write_bytes(build.feed(*feed_records))
    import_feed(str(tmp_path / "feed.zip"), str(tmp_path / "db"), now=model.NOW)
    pins = [(f"p{number}", version) for number in range(6) for version in chance.sample(model.UNIVERSE, 20)]

    adapter._library()
    from pip_audit._audit import Auditor
    from pip_audit._dependency_source import DependencySource
    from pip_audit._service import OsvService, ResolvedDependency

    class Source(DependencySource):
        def collect(self):
            return (ResolvedDependency(*pin) for pin in pins)

        def fix(self, fix_version):
            raise NotImplementedError

    def names(ids):
        return sorted(tuple(sorted(one)) for one in ids)

    def asked(url):
        return [
            names({one.id, *one.aliases} for one in found)
            for _, found in Auditor(OsvService(tmp_path / "cache", osv_url=url)).audit(Source())
        ]

    server = Server(str(tmp_path / "db"), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        served = asked(f"{server.url}/v1/query")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    with open_database(str(tmp_path / "db")) as database:
        ours = [names({one.id, *one.aliases} for one in found) for _, _, found in audit(pins, database.of_version)]
    assert ours == asked(osv) == served and sum(map(len, ours)) > 250
