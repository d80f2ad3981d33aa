"""After a start: go on where the journal says the till stopped.

A decided order is never undone: it is signed, sealed and delivered. An undecided sale
is aborted. A completed order whose approval may not have been seen is asked about.
An unfinished cancellation goes on, since the cashier has already said no.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from contract.catalogue import decode_catalogue, digest
from contract.fiscal import Outage
from contract.messages import Malformed, TillConfig, decode_from_hub
from contract.order import OrderKind, Outcome, decode_order
from edge.core import (
    canceling,
    charging,
    closing,
    inquiring,
    leaving,
    paying,
    printing,
    registers,
    shifts,
    signing,
)
from edge.core.clock import clock_lamp
from edge.core.effects import Deliver, FindCharge, Note, SayLogouts
from edge.core.open_order import reference
from edge.core.standin import StandInBook
from edge.core.state import (
    Asking,
    Cancellation,
    ChargeInDoubt,
    ClosedOrder,
    Connection,
    FiscalUnit,
    Selling,
    Starting,
    Terms,
    TillState,
    at_counter,
    chain,
)

if TYPE_CHECKING:
    from contract.ids import OrderId, WalletSerial
    from edge.core.records import FiscalStart, Recovered, Spend, StoredOrder, TseNews
    from edge.core.state import Identity, Moment, Step


def recover(identity: Identity, found: Recovered, moment: Moment) -> Step:
    """Make the till's first state out of its journal, and what must be done at once."""
    terms, next_config, notes = _terms(found)
    since = min(moment.now, found.standing_in_since or moment.now)
    state = TillState(
        identity=identity,
        counter=Starting() if terms is None else Selling(),
        terms=terms,
        next_config=next_config,
        next_sequence=found.next_sequence,
        z_number=found.z_number,
        last_at=found.last_at,
        undelivered=dict.fromkeys(found.undelivered),
        book=StandInBook(found.wallets, _by_wallet(found.spends)),
        connection=Connection(outage_since=since),
        clock=clock_lamp(moment.now, found.last_at),
        cashier=inquiring.remembered(found.cashier),
        unsaid=leaving.remembered(found.unsaid),
        registers=found.registers,
        elsewhere=registers.remembered(found.elsewhere),
        shift=shifts.remembered(found.shift),
        incarnation=found.incarnation,
        batch=found.batch,
        unit=_unit(found.tse_news),
        tse_news=found.tse_news,
        z_orders=found.z_orders,
    )
    state, effects = chain(
        state,
        *(
            lambda s, order=order: _resume(s, order, moment)
            for order in found.orders
            if not order.sealed
        ),
        *(
            lambda s, pending=pending: closing.resume(s, pending)
            for pending in found.closings
        ),
    )
    state = printing.recovered(_asked(state, found), found)
    delivered = (SayLogouts(state.unsaid), Deliver(found.undelivered))
    return state, (*effects, *delivered, *notes)


def _terms(
    found: Recovered,
) -> tuple[Terms | None, TillConfig | None, tuple[Note, ...]]:
    if found.config is None:
        return None, None, ()
    try:
        config = decode_from_hub(found.config)
        assert isinstance(config, TillConfig)
        if found.catalogue is None:
            return None, config, ()
        catalogue = decode_catalogue(found.catalogue)
    except (Malformed, msgspec.DecodeError) as error:
        text = f"The journal's configuration can't be used ({error}); waiting for the"
        return None, None, (Note(f"{text} hub's."),)
    terms = Terms(config, catalogue, digest(found.catalogue))
    outdated = terms.digest != config.catalogue.digest
    return terms, config if outdated else None, ()


def _unit(known: TseNews) -> FiscalUnit:
    """Say what was known of the TSE; an outage that had not ended goes on."""
    outage, latest = known.outage, known.latest
    return FiscalUnit(
        serial="" if latest is None else latest.tse.serial,
        down_since=None if outage is None else outage.since,
        down_because="" if outage is None else outage.reason,
    )


def _by_wallet(
    spends: tuple[Spend, ...],
) -> dict[WalletSerial, tuple[Spend, ...]]:
    book: dict[WalletSerial, tuple[Spend, ...]] = {}
    for spend in spends:
        book[spend.wallet] = (*book.get(spend.wallet, ()), spend)
    return book


def _resume(state: TillState, order: StoredOrder, moment: Moment) -> Step:
    state = _with_start(state, order.id, order.start, moment)
    if order.decision is not None:
        closed = ClosedOrder(order.decision, order.attempts, look_first=True)
        state = replace(
            state,
            signing=(*state.signing, closed),
            undelivered={**state.undelivered, order.id: None},
        )
        return signing.advance(state, closed, moment)
    if order.kind is OrderKind.CANCELLATION and len(order.attempts) > 1:
        assert order.cancels is not None
        waiting = Cancellation(order.id, order.cancels, order.attempts[1:])
        return canceling.resume(state, waiting, moment)
    if charging.is_in_doubt(order):
        doubtful = ChargeInDoubt(order)
        asked = reference(order.id, order.attempts[-1].number)
        state = replace(state, charges=(*state.charges, doubtful))
        return state, (FindCharge(order.id, asked),)
    last = order.attempts[-1]
    tried = tuple(each for each in order.attempts if each.number > 0)
    aborted = signing.decided(tried, last.document, Outcome.ABORTED, moment)
    return signing.close(state, aborted, tried, moment)


def _with_start(
    state: TillState, order: OrderId, start: FiscalStart | None, moment: Moment
) -> TillState:
    lost = Outage(since=moment.now, reason=signing.LOST_START)
    return replace(state, fiscal={**state.fiscal, order: start or lost})


def _asked(state: TillState, found: Recovered) -> TillState:
    unseen = [
        order
        for order in found.orders
        if order.decision is not None
        and order.decision.outcome is Outcome.COMPLETED
        and order.kind is OrderKind.SALE
        and not order.shown
        and not decode_order(order.decision.document).training
    ]
    if not unseen:
        return state
    last = max(unseen, key=lambda order: order.sequence)
    assert last.decision is not None
    return at_counter(state, Asking(last, paying.approval_of(state, last.decision)))
