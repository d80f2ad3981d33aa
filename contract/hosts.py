"""How a host is named in settings and certificates."""

from __future__ import annotations

import ipaddress
import re

HOST_CHARACTERS_MAX = 253  # RFC 1035, as text
PORT_MAX = 0xFFFF
HOST_FORM = (
    "an IP address, or a name of letters a-z, digits, hyphens and dots such as"
    " hub.example (one with umlauts in its form xn--...)"
)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")  # networks of containers have _


def is_host(text: str) -> bool:
    """Whether a text is an IP address or a name that name servers can be asked for."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _is_name(text)
    return True


def _is_name(text: str) -> bool:
    labels = text.removesuffix(".").split(".")
    return (
        len(text) <= HOST_CHARACTERS_MAX
        and all(map(_LABEL.fullmatch, labels))
        and not labels[-1].isdigit()  # a mistyped address
    )
