import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.churn.contents import safetensors
from gate.archive.media import EMPTY, UNKNOWN, media_type
from tests.conftest import zipped


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b"", EMPTY),
        (zipped({"a": b"b"}), "application/zip"),
        (safetensors({"w": ((1,), bytes(4))}, {}), "application/x-safetensors"),
        (b"GGUF\x03\0\0\0", "application/x-gguf"),
        (b"\x80\x04\x95\x0a\0\0\0", "application/x-python-pickle"),
        (b"\x89PNG\r\n\x1a\n\0", "image/png"),
        (b"\x7fELF\x02", "application/x-elf"),
        (b"\0\0\0\x1cTFL3", "application/x-tflite"),
        (b'{"a": 1}', "application/json"),
        (b'\n[{"a": 1}]', "application/json"),
        (b"{}", "application/json"),
        (b"[section]\nkey = 1\n", "text/plain"),
        (b"{% if messages %}", "text/plain"),
        ("Grüße".encode(), "text/plain"),
        (b"x" * 1023 + "é".encode(), "text/plain"),
        (b"\xff\xfe\x00", UNKNOWN),
        (b"caf\xe9", UNKNOWN),
        (bytes(100), UNKNOWN),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
    ],
    ids=range(19),
)
def test_bytes_say_what_a_member_is(head, wanted):
    assert media_type(head) == wanted


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=2000))
def test_any_bytes_have_one_media_type(head):
    kind, slash, name = media_type(head).partition("/")
    assert slash and kind and name and media_type(head).isascii()
