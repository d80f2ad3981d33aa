"""Performs plans: asks providers over HTTPS, within limits of time and size.

A provider that is down, slow, endless or not itself is silent: the plan is told so,
and nothing waits for it any longer. What was sent is in no message: some is secret.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import httpx

from hub.payments.errors import ProviderSilent
from hub.payments.json_body import ANSWER_BYTES_MAX
from hub.payments.method import Answer

if TYPE_CHECKING:
    from hub.payments.method import Call, Plan

CALLS_MAX = 12
"""The longest plan makes six."""

_HEADERS = {
    "Accept": "*/*",
    # An answer that unpacks to more than it weighs could fill the memory.
    "Accept-Encoding": "identity",
    "User-Agent": "Kassenband",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one call to a provider may take, in seconds."""

    connect_s: float = 5
    read_s: float = 10
    """From one piece of the answer to the next."""
    total_s: float = 15


LIMITS = Limits()


def provider_client(limits: Limits = LIMITS) -> httpx.AsyncClient:
    """Make the client for providers: TLS is verified, and no redirect is followed."""
    return httpx.AsyncClient(
        follow_redirects=False,
        headers=_HEADERS,
        timeout=httpx.Timeout(limits.read_s, connect=limits.connect_s),
        limits=httpx.Limits(max_connections=20, max_keepalive_connections=5),
        # Neither another proxy nor passwords from somewhere in the surroundings.
        trust_env=False,
    )


class Performer:
    """Performs the plans of all methods over one client."""

    def __init__(self, client: httpx.AsyncClient, limits: Limits = LIMITS) -> None:
        self._client = client
        self._limits = limits

    async def perform(self, plan: Plan[T]) -> T:
        """Make a plan's calls one by one; returns its result, raises what it raises."""
        try:
            call = next(plan)
            for _ in range(CALLS_MAX):
                told = await self._answer(call)
                if isinstance(told, ProviderSilent):
                    call = plan.throw(told)
                    continue
                call = plan.send(told)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            plan.close()
        raise ProviderSilent(
            f"{_host(call)} had to be asked more than {CALLS_MAX} times. "
            "Try again in a few minutes."
        )

    async def _answer(self, call: Call) -> Answer | ProviderSilent:
        try:
            async with asyncio.timeout(self._limits.total_s):
                return await self._fetch(call)
        except (TimeoutError, httpx.TimeoutException):
            why = "did not answer in time"
        except httpx.ConnectError:
            why = "can't be reached, or is not who it should be"
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            why = "broke off"
        except _TooLong:
            why = "answered with more than it ever does"
        return ProviderSilent(f"{_host(call)} {why}. Try again in a few minutes.")

    async def _fetch(self, call: Call) -> Answer:
        async with self._client.stream(
            call.verb, call.url, headers=call.headers, content=call.body
        ) as response:
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > ANSWER_BYTES_MAX:
                    raise _TooLong
            return Answer(response.status_code, bytes(body))


class _TooLong(Exception):
    """An answer is too long to be read to its end."""


def _host(call: Call) -> str:
    """Name a provider by its host: the rest of an address may be nobody's business."""
    try:
        return urlsplit(call.url).hostname or "The provider"
    except ValueError:
        return "The provider"
