"""How often somebody may try: log-ins, mails on demand, links from mails.

Counted in this process and by moving windows. Two counts guard each act: one of the
address that is tried from, one of the account that is tried for.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

if TYPE_CHECKING:
    from starlette.requests import Request

FROM_ONE_PLACE: dict[str, RateLimitItem] = {
    "log_in": parse("60 per 15 minutes"),
    "mail": parse("20 per hour"),
    "code": parse("60 per hour"),
    "api": parse("600 per minute"),
    # All guests of a site may share one address; no code can be guessed anyway.
    "wristband": parse("240 per minute"),
    "top_up": parse("240 per minute"),
}
FOR_ONE_ACCOUNT: dict[str, RateLimitItem] = {
    # For an account from one place: from elsewhere its owner still gets in.
    "log_in": parse("10 per 15 minutes"),
    "mail": parse("5 per hour"),
    "top_up": parse("40 per hour"),
}
FOR_ONE_ACCOUNT_FROM_ANYWHERE: dict[str, RateLimitItem] = {
    "log_in": parse("100 per 15 minutes"),
}


class TooOften(Exception):
    """Somebody has tried too often and has to wait."""


class RateLimits:
    """Counts what is tried."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def count(self, act: str, request: Request, account: str = "") -> None:
        """Count an act; raises TooOften instead if there were enough."""
        place, who = _place(request), account.casefold()
        # The account is counted per place, except where mail goes to it from anywhere.
        by = (who,) if act == "mail" else (who, place)
        counts: list[tuple[RateLimitItem, tuple[str, ...]]] = [
            (FROM_ONE_PLACE[act], (place,))
        ]
        if who and act in FOR_ONE_ACCOUNT:
            counts.append((FOR_ONE_ACCOUNT[act], by))
        if who and act in FOR_ONE_ACCOUNT_FROM_ANYWHERE:
            counts.append((FOR_ONE_ACCOUNT_FROM_ANYWHERE[act], (who, "anywhere")))
        for item, key in counts:
            if not await self._limiter.hit(item, act, *key):
                raise TooOften


def _place(request: Request) -> str:
    host = request.client.host if request.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        # One household or machine has a whole /64 to try from.
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
