"""A client for providers whose hosts are played on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping


class Rerouted(httpx.AsyncBaseTransport):
    """Leads known hosts to other addresses, by real connections; no others."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._hosts = hosts
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host not in self._hosts:
            raise httpx.ConnectError("no such host")
        assert request.url.scheme == "https", "providers are asked by HTTPS only"
        target = httpx.URL(self._hosts[request.url.host])
        request.url = request.url.copy_with(
            scheme=target.scheme, host=target.host, port=target.port
        )
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def rerouted(hosts: Mapping[str, str]) -> httpx.AsyncClient:
    """Make a client that knows these hosts only."""
    return httpx.AsyncClient(
        transport=Rerouted(hosts), timeout=httpx.Timeout(60), trust_env=False
    )
