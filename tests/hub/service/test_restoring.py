"""A backup takes the ledger's place: what it lacks, the tills tell again."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from contract.anchors import JournalAnchors, RememberedHead
from contract.ids import TillId
from hub.service.restoring import begin_incarnation
from hub.service.verification import verify
from hub.store.ledger import Ledger
from hub.store.store import Store
from tests.hub.conftest import KINDS, Servers
from tests.hub.samples import EVENT, order
from tests.hub.store.ledgers import Bench, asked, completed, told

if TYPE_CHECKING:
    from uuid import UUID

    from hub.core.booking import Item, Result

BOOKED = ("booked", None, ())
RECORDED = ("recorded", None, ())


async def reopened(dsn: str, stack: AsyncExitStack) -> Bench:
    """A ledger that is there already, with a writer that remembers nothing."""
    store = await Store.open(dsn)
    stack.push_async_callback(store.close)
    ledger = await Ledger.seize(store, EVENT.number)
    assert ledger is not None
    stack.push_async_callback(ledger.close)
    return Bench(dsn, store, ledger)


async def incarnation_of(bench: Bench) -> UUID:
    row = await bench.store.fetch_row("event_by_slug", EVENT.slug)
    assert row is not None
    found: UUID = row["incarnation"]
    return found


def remembered(incarnation: UUID, *answers: Result) -> JournalAnchors:
    """What a till's journal holds after these answers."""
    heads = [(each.batch, each.chain_head.hex()) for each in answers]
    return JournalAnchors(
        till=TillId("bar-1"),
        event=EVENT.slug,
        anchors=tuple(RememberedHead(incarnation, *each) for each in heads),
    )


async def test_a_backup_that_is_restored_hears_again_what_it_lacks(
    servers: Servers,
) -> None:
    """Nothing is lost and nothing doubled, whatever the backup held of an order."""
    kind = KINDS[0]
    live = await servers.new_database(kind)
    async with AsyncExitStack() as stack:
        bench = await Bench.open(live, stack)
        wallet = await bench.wallet(2000)
        whole, half, late = order(300, wallet), order(250, wallet), order(100, wallet)
        in_cash = order(450)
        told_then: list[Item] = [completed(whole), completed(half), completed(late)]
        told_then.append(completed(in_cash))
        kept, *_ = await bench.book(asked(whole), completed(whole), asked(half))
    backup = await servers.copy(kind, live)
    async with AsyncExitStack() as stack:
        bench = await reopened(live, stack)
        first = await incarnation_of(bench)
        lost, *_ = await bench.book(asked(late), *told_then[1:])
        balance = await bench.balance(wallet)
        cash = await bench.posted("cash_register", "bar-1")

    async with AsyncExitStack() as stack:
        store = await Store.open(backup)
        stack.push_async_callback(store.close)
        begun = await begin_incarnation(store, EVENT.number)
        bench = await reopened(backup, stack)
        assert await bench.balance(wallet) != balance
        again = await bench.book(*told_then, asked(whole), asked(late))
        twice = await bench.book(*told_then)

        assert [told(each) for each in again] == [*[RECORDED] * 4, BOOKED, BOOKED]
        assert [told(each) for each in twice] == [RECORDED] * 4
        assert await bench.balance(wallet) == balance
        assert await bench.posted("cash_register", "bar-1") == cash
        journal = remembered(first, kept, lost)
        report = await verify(
            store, EVENT.number, begun.incarnation, journals=[journal]
        )
        assert report.ok, report.findings
        assert (report.anchors, report.anchors_lost) == (2, 1)
        assert [each.id for each in report.incarnations] == [first, begun.incarnation]
