from __future__ import annotations

import pytest

from fixtures.advisories.build import feed
from gate.advisories.database import open_database
from gate.advisories.importing import import_feed
from tests.advisories.model import NOW


@pytest.fixture
def imported(tmp_path):
    """imported(records...) or imported(bytes of a feed) -> an open data base."""
    opened = []

    def make(*records):
        path = tmp_path / f"feed{len(opened)}.zip"
        path.write_bytes(records[0] if isinstance(records[0], bytes) else feed(*records))
        import_feed(str(path), str(tmp_path / f"db{len(opened)}"), now=NOW)
        opened.append(open_database(str(tmp_path / f"db{len(opened)}")))
        return opened[-1]

    yield make
    for database in opened:
        database.close()
