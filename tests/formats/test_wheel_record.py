import pytest

from gate.archive.budget import Budget
from gate.archive.source import Memory
from gate.core.errors import FormatError
from gate.core.limits import Limits
from gate.formats.text import read_text
from gate.formats.wheel_record import PATH, Recorded, recorded


def read(data):
    return list(recorded(read_text(Memory(data, Budget(Limits())))))


def test_rows_are_csv():
    data = b'a.py,sha256=AQID-_8,12\r\n"a,""b"".py",,\nx-1.dist-info/RECORD,,\n\n\xc3\xa9,sha384=AA,0'
    assert read(data) == [
        Recorded(b"a.py", "sha256", "010203fbff", 12),
        Recorded(b'a,"b".py', "", "", -1),
        Recorded(b"x-1.dist-info/RECORD", "", "", -1),
        Recorded("é".encode(), "sha384", "00", 0),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"a",
        b"a,,,",
        b"a,sha256=A,1",
        b"a,sha256=+/==,1",
        b"a,,-1",
        b"a,,\xc2\xb2",
        b'"a',
        b'"a"b,,',
        b"a,," + b"1" * 20,
    ],
)
def test_anything_else_is_a_format_error(data):
    with pytest.raises(FormatError):
        read(data)


def test_where_a_record_lies():
    assert PATH.fullmatch("w.whl!/x-1.dist-info/RECORD") and PATH.fullmatch("x-1.dist-info/RECORD")
    assert not PATH.fullmatch("RECORD") and not PATH.fullmatch("x-1.dist-info/RECORD.p7s")
