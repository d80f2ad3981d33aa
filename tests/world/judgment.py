"""What must hold at the end of every world, whatever happened in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.fiscal import process_data
from contract.ids import OrderId
from contract.messages import decode_advice
from contract.order import Outcome, Path, PaymentMethod, decode_order
from hub.core.ledger import Role
from tests.world.closings import judge_closings
from tests.world.drawers import judge_drawers, judge_shifts

if TYPE_CHECKING:
    from uuid import UUID

    from tests.world.simulation import World
    from tests.world.tills import SimulatedTill


def judge(world: World) -> None:
    """Raise AssertionError unless till journals, TSEs and ledger agree."""
    site = world.site
    for till in world.tills:
        _every_order_ended(till)
        _shown_means_completed(till)
        _ledger_holds_it(world, till)
        _signed_or_explained(till)
        _sequences_have_no_gap(till)
        _practice_counts_for_nothing(till)
        _cards_got_what_was_canceled(till)
        judge_shifts(till)
    for desk in world.desks:
        for known in desk.orders.values():
            assert known.outcome is not None
            if not known.contradicted:
                ends_as(world, known.id, known.outcome)
    site.proof.settled()
    assert site.process is not None
    site.proof.same_as_loaded(site.process.state)
    _no_signature_counts_twice(world)
    judge_closings(world)
    if world.counts_cash:
        judge_drawers(world)
    if not site.restored and not any(desk.is_faulty for desk in world.desks):
        _only_a_stand_in_loses(world)


def _every_order_ended(till: SimulatedTill) -> None:
    for row in till.journal.rows.values():
        order = row.order
        assert order.decision is not None, f"order {order.id} was forgotten"
        assert order.sealed
        assert order.recorded


def _shown_means_completed(till: SimulatedTill) -> None:
    for order in till.shown:
        decision = till.journal.rows[OrderId(order)].order.decision
        assert decision is not None
        assert decision.outcome is Outcome.COMPLETED, f"{order} was shown approved"


def _ledger_holds_it(world: World, till: SimulatedTill) -> None:
    for order, row in till.journal.rows.items():
        decision = row.order.decision
        assert decision is not None
        ends_as(world, order, decision.outcome)
    ends = [rows.outcome for rows in world.site.database.orders.values()]
    undoing = {end[6] for end in ends if end is not None}
    for refused in till.declined_by_cashier:  # a card terminal may refuse to pay back
        assert refused in undoing, f"nobody tried to cancel order {refused}"


def ends_as(world: World, order: UUID, outcome: Outcome) -> None:
    """Check that the ledger holds what a till decided."""
    rows = world.site.database.orders.get(order)
    assert rows is not None, f"the ledger never heard of order {order}"
    assert rows.outcome is not None, f"the ledger does not know how {order} ended"
    assert rows.outcome[1] == outcome.value


def _signed_or_explained(till: SimulatedTill) -> None:
    for row in till.journal.rows.values():
        assert row.advice is not None
        advice = decode_advice(row.advice)
        order = decode_order(advice.order)
        assert (advice.signature is None) != (advice.outage is None)
        if advice.signature is not None:
            expected = process_data(order, advice.outcome)
            assert advice.signature.process_data == expected
            assert till.tse.signed[advice.signature.number] == advice.signature


def _practice_counts_for_nothing(till: SimulatedTill) -> None:
    for row in till.journal.rows.values():
        decision = row.order.decision
        assert decision is not None
        if decode_order(decision.document).training:
            assert decision.process_data.startswith("AVTraining^")
            assert (decision.charges, decision.cash_minor) == ((), 0)
            assert decision.path is None, "practice needs nobody to stand in"


def _cards_got_what_was_canceled(till: SimulatedTill) -> None:
    """Hold that a cancellation by card completed just if the card has its money."""
    told = {}
    for row in till.journal.rows.values():
        decision = row.order.decision
        assert decision is not None
        order = decode_order(decision.document)
        payment, is_undoing = order.payment, order.cancels is not None
        by_card = payment is not None and payment.method is PaymentMethod.CARD
        counts = decision.outcome is Outcome.COMPLETED and not order.training
        if is_undoing and by_card and counts and order.total_minor:
            assert payment is not None
            assert payment.card is not None, f"{order.id} refunded no card"
            told[payment.card.id] = -order.total_minor
    assert told == till.refunds, "cards got something else than what was canceled"


def _sequences_have_no_gap(till: SimulatedTill) -> None:
    sequences = sorted(row.order.sequence for row in till.journal.rows.values())
    assert sequences == list(range(1, len(sequences) + 1))


def _no_signature_counts_twice(world: World) -> None:
    signed = [
        rows.signature[1:]
        for rows in world.site.database.orders.values()
        if rows.signature is not None
    ]
    assert len(set(signed)) == len(signed), "two orders claim one signature"


def _only_a_stand_in_loses(world: World) -> None:
    database = world.site.database
    losses = {
        number
        for (role, _), number in database.accounts.items()
        if role == Role.STAND_IN_LOSS.value
    }
    for order, rows in database.orders.items():
        for live in rows.live:
            lost = any(
                account in losses and amount < 0
                for account, _, amount in database.postings.get(live[0], ())
            )
            if lost and rows.outcome is not None and live[5] is None:
                path = decode_advice(rows.outcome[8]).path
                assert path is Path.STAND_IN, f"only a stand-in may lose: {order}"
