"""Who is at the other end of a TLS connection, by the certificate it has shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

PEER = "peer"
"""The name in a request's state: the common name, or "" where there is none."""


class PeerProtocol(H11Protocol):
    """HTTP that tells the application the common name of its client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note who has connected."""
        super().connection_made(transport)
        name = common_name(transport.get_extra_info("peercert"))
        self.app_state = {**self.app_state, PEER: name}


def common_name(certificate: dict[str, Any] | None) -> str:
    """Return the common name of a certificate that TLS has verified, or ""."""
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName":
                return str(value)
    return ""
