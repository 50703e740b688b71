import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.records.times import moment


@pytest.mark.parametrize(
    ("text", "utc", "zone"),
    [
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z", True),
        ("2026-11-21T10:00:00.123+02:00", "2026-11-21T08:00:00Z", True),
        ("2026-11-21 10:00:00 UTC", "2026-11-21T10:00:00Z", True),
        ("2026-11-21 10:00:00.5", "2026-11-21T10:00:00Z", False),
        ("2026-11-21", "2026-11-21T00:00:00Z", False),
        ("21/11/2026 09:44:51", "2026-11-21T09:44:51Z", False),
        ("2026-11-21@09:44:51", "2026-11-21T09:44:51Z", False),
        ("0001-01-01T00:00:00+12:00", "", False),
        ("soon", "", False),
        ("", "", False),
        ("9" * 5000, "", False),
    ],
)
def test_times_as_tools_write_them(text, utc, zone):
    assert moment(text) == (utc, zone)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="0123456789-/:@TZ+. ", max_size=30))
def test_any_text_is_a_time_or_none(text):
    utc, _ = moment(text)
    assert utc == "" or len(utc) == 20
