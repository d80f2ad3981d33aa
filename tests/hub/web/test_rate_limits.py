from __future__ import annotations

import time

import pytest
from starlette.requests import Request

from hub.web.rate_limits import RateLimits, TooOften


@pytest.fixture(autouse=True)
def _a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock: a window that moves on lets somebody in once more."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


def request_from(host: str) -> Request:
    return Request({"type": "http", "client": (host, 4711), "headers": []})


async def tries(rates: RateLimits, act: str, hosts: list[str], account: str) -> int:
    """How many of so many acts are let through."""
    done = 0
    for host in hosts:
        try:
            await rates.count(act, request_from(host), account)
        except TooOften:
            continue
        done += 1
    return done


async def test_an_account_is_tried_ten_times_from_one_place() -> None:
    rates = RateLimits()
    assert await tries(rates, "log_in", ["192.0.2.1"] * 12, "a@e.org") == 10
    assert await tries(rates, "log_in", ["192.0.2.1"], "A@E.ORG") == 0
    assert await tries(rates, "log_in", ["192.0.2.2"], "a@e.org") == 1
    assert await tries(rates, "log_in", ["192.0.2.1"], "b@e.org") == 1


async def test_many_places_together_try_an_account_a_hundred_times() -> None:
    rates = RateLimits()
    hosts = [f"192.0.2.{number}" for number in range(110)]
    assert await tries(rates, "log_in", hosts, "a@e.org") == 100


@pytest.mark.parametrize("act", ["log_in", "mail", "code"])
async def test_one_place_can_not_try_all_accounts(act: str) -> None:
    rates = RateLimits()
    done = 0
    for number in range(70):
        account = f"user{number}@e.org"
        done += await tries(rates, act, ["192.0.2.1"], account)
    assert done == {"log_in": 60, "mail": 20, "code": 60}[act]


async def test_a_household_s_addresses_are_one_place() -> None:
    rates = RateLimits()
    hosts = [f"2001:db8:1:2::{number:x}" for number in range(1, 15)]
    assert await tries(rates, "log_in", hosts, "a@e.org") == 10
    assert await tries(rates, "log_in", ["2001:db8:1:3::1"], "a@e.org") == 1
