from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest

from hub.service.payment_log import Note, PaymentLog, Search, Severity
from hub.store.store import HUB_ROLE

if TYPE_CHECKING:
    from hub.store.store import Store

SECRET = "Mysecretsig1875!?"


@pytest.fixture
def log(store: Store) -> PaymentLog:
    return PaymentLog(store, [SECRET])


def about(**changed: object) -> Note:
    told: dict[str, object] = {
        "severity": Severity.INFO,
        "controller_name": "PostFinanceController",
        "action": "post_sale",
        "message": "POST /post_finance/post_sale",
        "ip_address": "192.0.2.7",
    }
    return Note(**(told | changed))  # type: ignore[arg-type]


async def test_an_entry_says_what_the_specification_asks_for(log: PaymentLog) -> None:
    call = await log.note(about())
    await log.note(
        about(severity=Severity.ERROR, message=f"wrong hash {SECRET}", regarding=call)
    )
    outcome, entry = await log.search(Search())
    assert entry.severity is Severity.INFO
    assert entry.controller_name == "PostFinanceController"
    assert entry.action == "post_sale"
    assert entry.payment is None
    assert entry.ip_address == "192.0.2.7"
    assert entry.message == "POST /post_finance/post_sale"
    assert outcome.regarding == entry.number == call
    assert outcome.message == "wrong hash ***"
    assert outcome.logged_at >= entry.logged_at


@pytest.mark.parametrize(
    ("given", "kept"),
    [("2001:db8::1%eth0", "2001:db8::1"), ("unknown", ""), ("", ""), ("1.2.3.4, ", "")],
)
async def test_an_address_is_kept_if_it_is_one(
    log: PaymentLog, given: str, kept: str
) -> None:
    await log.note(about(ip_address=given))
    (entry,) = await log.search(Search())
    assert entry.ip_address == kept


async def test_a_long_message_is_cut_to_ten_thousand_bytes(log: PaymentLog) -> None:
    await log.note(about(message="€\x00" * 100_000))
    (entry,) = await log.search(Search())
    assert 9_990 < len(entry.message.encode()) <= 10_000


async def test_the_log_is_searched(log: PaymentLog) -> None:
    await log.note(about(message="first ORDERID=77-1"))
    await log.note(about(message="second", severity=Severity.FATAL))
    await log.note(
        about(message="third", controller_name="PaypalController", action="web_hook")
    )
    await log.note(about(message="fourth", ip_address="198.51.100.9"))

    async def found(**wanted: object) -> list[str]:
        entries = await log.search(Search(**wanted))  # type: ignore[arg-type]
        return [entry.message for entry in entries]

    entries = await log.search(Search())
    now = entries[0].logged_at
    assert await found() == ["fourth", "third", "second", "first ORDERID=77-1"]
    assert await found(severity=Severity.WARNING) == ["second"]
    assert await found(controller_name="PaypalController") == ["third"]
    assert await found(text="orderid=77") == ["first ORDERID=77-1"]
    assert await found(text="100%_") == []
    assert await found(text="web_hook") == ["third"]
    assert await found(text="198.51.100.9") == ["fourth"]
    assert await found(payment="12") == []
    assert await found(entries_max=2) == ["fourth", "third"]
    assert await found(before=entries[1].number, entries_max=1) == ["second"]
    assert await found(since=now + timedelta(seconds=1)) == []
    assert len(await found(until=now + timedelta(seconds=1))) == 4


@pytest.mark.parametrize(
    "statement", ["DELETE FROM payment_log", "UPDATE payment_log SET severity = 1"]
)
async def test_nobody_changes_an_entry(
    log: PaymentLog, store: Store, statement: str
) -> None:
    await log.note(about())
    owner = await asyncpg.connect(store.dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await owner.execute(statement)
        await owner.execute(f"SET ROLE {HUB_ROLE}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission"):
            await owner.execute(statement)
    finally:
        await owner.close()
    assert len(await log.search(Search())) == 1
