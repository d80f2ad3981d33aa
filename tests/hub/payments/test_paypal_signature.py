from __future__ import annotations

from datetime import timedelta

import pytest

from hub.payments.errors import Forged
from hub.payments.method import Incoming
from hub.payments.paypal_signature import certificate_url, signed_text
from tests.hub.payments.paypal_certificates import (
    CERTIFICATES,
    NOW,
    OTHERS_HOST,
    SELF_MADE,
    check,
    signed,
)


def test_what_is_signed_is_put_together_as_paypal_does() -> None:
    # PayPal-Python-SDK, test/unit_tests/notifications_test.py: ids and time; the CRC is
    # that of this body, computed by hand: crc32(b"123456789") is 0xcbf43926.
    incoming = Incoming(
        action="web_hook",
        headers=(
            ("Paypal-Transmission-Id", "dfb3be50-fd74-11e4-8bf3-77339302725b"),
            ("Paypal-Transmission-Time", "2015-05-18T15:45:13Z"),
        ),
        body=b"123456789",
    )

    assert signed_text(incoming, "4JH86294D6297924G") == (
        b"dfb3be50-fd74-11e4-8bf3-77339302725b|2015-05-18T15:45:13Z"
        b"|4JH86294D6297924G|3421780262"
    )


def test_a_signed_web_hook_is_believed() -> None:
    check().check_chain(CERTIFICATES)
    check().check(signed(b"{}"), CERTIFICATES, "WH1")


@pytest.mark.parametrize(
    "incoming",
    [
        signed(b"{}", PAYPAL_TRANSMISSION_ID="t-2"),
        signed(b"{}", PAYPAL_TRANSMISSION_TIME="2026-05-04T00:00:01Z"),
        signed(b"{}", PAYPAL_TRANSMISSION_SIG="AAAA"),
        signed(b"{}", PAYPAL_TRANSMISSION_SIG="no base64"),
        signed(b"{}", PAYPAL_AUTH_ALGO="none"),
        Incoming(action="web_hook", headers=signed(b"{}").headers, body=b"{} "),
    ],
)
def test_a_changed_web_hook_is_not(incoming: Incoming) -> None:
    with pytest.raises(Forged):
        check().check(incoming, CERTIFICATES, "WH1")


def test_a_web_hook_for_somebody_else_is_not() -> None:
    with pytest.raises(Forged, match="does not match"):
        check().check(signed(b"{}"), CERTIFICATES, "WH2")


@pytest.mark.parametrize(
    "pem",
    [OTHERS_HOST, SELF_MADE, b"", b"no certificate"],
    ids=["others host", "self made", "empty", "none"],
)
def test_only_paypals_own_trusted_certificate_counts(pem: bytes) -> None:
    with pytest.raises(Forged, match="certificate"):
        check().check_chain(pem)


def test_an_expired_certificate_does_not_count() -> None:
    with pytest.raises(Forged, match="not trusted"):
        check(NOW + timedelta(days=365)).check_chain(CERTIFICATES)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://api.paypal.com/cert",
        "https://evil.example/cert",
        "https://paypal.com.evil.example/cert",
        "https://evilpaypal.com/cert",
        "https://api.paypal.com@evil.example/cert",
        "https://api.paypal.com:8443/cert",
        "https://user@api.paypal.com/cert",
        "https://[::1/cert",
        "file:///etc/passwd",
    ],
)
def test_a_certificate_is_fetched_from_paypal_only(url: str) -> None:
    with pytest.raises(Forged, match="not PayPal"):
        certificate_url(signed(b"{}", PAYPAL_CERT_URL=url))
