from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.payments.method import Incoming
from hub.service.masking import MESSAGE_BYTES_MAX, Mask, cut, request_text

SECRET = "Mysecretsig1875!?"


def test_a_call_is_written_down_as_it_came() -> None:
    incoming = Incoming(
        action="post_sale",
        query=b"orderID=1&x=%FC\xfc",
        headers=(("Host", "pay.example.org"), ("Accept", "*/*")),
        body=b"STATUS=9&CN=M\xc3\xbcller\xff",
    )
    assert request_text("POST", "/post_finance/post_sale", incoming) == (
        "POST /post_finance/post_sale?orderID=1&x=%FC\\xfc\n"
        "Host: pay.example.org\n"
        "Accept: */*\n"
        "\n"
        "STATUS=9&CN=Müller\\xff"
    )


@pytest.mark.parametrize(
    "name", ["Cookie", "cookie", "Set-Cookie", "Authorization", "Proxy-Authorization"]
)
def test_cookies_and_passwords_in_headers_are_masked(name: str) -> None:
    incoming = Incoming(action="x", headers=((name, "session=abc"), ("Host", "h")))
    text = request_text("GET", "/", incoming)
    assert text == f"GET /\n{name}: ***\nHost: h"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("a=1&password=x y&b=2", "a=1&password=*** y&b=2"),
        ("PSWD=hunter2&STATUS=9", "PSWD=***&STATUS=9"),
        ("?CVC=123&ED=1227", "?CVC=***&ED=1227"),
        (
            '{"client_secret": "a\\"b", "id": "1"}',
            '{"client_secret": "***", "id": "1"}',
        ),
        ("CARDNO=4111111111111111&PM=x", "CARDNO=***1111&PM=x"),
        ('{"card_number":"4111111111111111"}', '{"card_number":"***1111"}'),
        ("pass_in=1&compass=north", "pass_in=1&compass=north"),
        (f"{SECRET} and Mysecretsig1875%21%3F", "*** and ***"),
        ("a\x00b\x1bc\nd\te", "a\\x00b\\x1bc\nd\te"),
    ],
)
def test_what_is_secret_is_masked_wherever_it_stands(text: str, masked: str) -> None:
    assert Mask([SECRET, "9"]).text(text) == masked


@given(st.text(max_size=200), st.integers(0, 60))
def test_a_message_is_cut_between_characters(text: str, repeats: int) -> None:
    text = Mask().text(text) * repeats
    kept = cut(text)
    assert text.startswith(kept)
    size = len(kept.encode())
    assert size <= MESSAGE_BYTES_MAX
    assert kept == text or size > MESSAGE_BYTES_MAX - 4


def test_ten_thousand_bytes_are_kept_and_no_more() -> None:
    assert cut("x" * MESSAGE_BYTES_MAX) == "x" * MESSAGE_BYTES_MAX
    assert cut("x" * 9_999 + "ü") == "x" * 9_999
    assert cut("€" * 4_000) == "€" * 3_333
