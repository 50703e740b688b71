"""Where the data base lies when nobody says otherwise."""

from __future__ import annotations

import os


def default() -> str:
    """$GATE_DB, else mlgate/advisories.sqlite in the user's data folder; "" where there is neither.

    The data folder is $XDG_DATA_HOME or ~/.local/share. What is not an absolute path is ignored, as the specification
    of base directories has it: https://specifications.freedesktop.org/basedir-spec/latest/
    """
    given = os.environ.get("GATE_DB", "")
    if given:
        return given
    data = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(data):
        home = os.path.expanduser("~")  # asks the user data base where HOME is not set
        data = os.path.join(home, ".local", "share") if os.path.isabs(home) else ""
    return os.path.join(data, "mlgate", "advisories.sqlite") if data else ""
