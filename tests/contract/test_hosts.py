from __future__ import annotations

import pytest

from contract.hosts import is_host


@pytest.mark.parametrize(
    "text",
    [
        *("hub", "hub.lan", "hub.lan.", "HUB-1.example", "xn--hst-sna.example"),
        *("kassenband_hub", "127.0.0.1", "::1", "fe80::1%eth0", "a" * 63),
    ],
)
def test_hosts_are_addresses_and_names(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "a..b", "a" * 64, "a." * 127 + "aa", "not a host!", "höst.example"),
        *("-a.example", "a-.example", "10.0.0.256", "10.0.0.", "hub:8883"),
        *("https://hub", "hub\n", "hub\0", "٣.٣", "10.0.0.1/24"),
    ],
)
def test_what_names_no_host_is_none(text: str) -> None:
    assert not is_host(text)
