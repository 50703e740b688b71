"""Values that may be there are known by digests, and a digest that gives the value away is not enough."""

import hashlib
import hmac

import pytest

from gate.core.errors import FormatError
from gate.formats.allowed import Allowed, read_allowed

MAIL, CARD, KEY = "Anna@Example.org", "4111 1111 1111 1111", b"k" * 32


def plain(value: str) -> str:
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def keyed(value: str, key: bytes = KEY) -> str:
    return "hmac-sha256:" + hmac.new(key, value.encode(), hashlib.sha256).hexdigest()


def test_an_address_is_allowed_by_its_digest_and_a_card_is_not() -> None:
    allowed = read_allowed(f"# contacts\n{plain(MAIL.lower())}  # support\n\n{plain(CARD)}\n".encode())
    assert allowed.holds(MAIL, "pii.email-address") and not allowed.holds("b@example.org", "pii.email-address")
    assert not allowed.holds(CARD, "pii.payment-card")


def test_with_the_secret_anything_is() -> None:
    allowed = read_allowed(f"{keyed(CARD)}\n{keyed(MAIL.lower()).upper()}\n".encode(), KEY)
    assert allowed.holds(CARD, "pii.payment-card") and allowed.holds(MAIL, "pii.email-address")
    assert not read_allowed(keyed(CARD).encode(), b"x" * 32).holds(CARD, "pii.payment-card")


def test_a_secret_is_not_printed() -> None:
    assert "kkkk" not in repr(Allowed(key=KEY))


@pytest.mark.parametrize("line", [MAIL, CARD, "sha256:12", "md5:" + "0" * 64, plain(MAIL)[:-1] + "g"])
def test_a_line_that_is_no_digest_is_refused_and_not_repeated(line: str) -> None:
    with pytest.raises(FormatError, match="line 2") as caught:
        read_allowed(f"# one\n{line}\n".encode(), KEY)
    assert line not in str(caught.value)


def test_keyed_digests_need_the_secret() -> None:
    with pytest.raises(FormatError, match="mask-key"):
        read_allowed(keyed(CARD).encode())
