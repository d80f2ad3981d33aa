"""What must hold at the end of every world, whatever happened in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.fiscal import process_data
from contract.ids import OrderId
from contract.messages import decode_advice
from contract.order import Outcome, decode_order
from tests.world.reference_hub import LOSS

if TYPE_CHECKING:
    from tests.world.simulation import SimulatedTill, World


def judge(world: World) -> None:
    """Raise AssertionError unless till journals, TSEs and ledger agree."""
    for till in world.tills:
        _every_order_ended(till)
        _shown_means_completed(till)
        _ledger_holds_it_once(world, till)
        _signed_or_explained(till)
        _sequences_have_no_gap(till)
    _wallets_add_up(world)


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


def _ledger_holds_it_once(world: World, till: SimulatedTill) -> None:
    books = world.hub.books
    for order, row in till.journal.rows.items():
        decision = row.order.decision
        assert decision is not None
        assert order in books.advices
        completed = decision.outcome is Outcome.COMPLETED
        expected = decision.total_minor if completed else 0
        assert world.hub.net(order) == expected, f"order {order} is not booked once"
        assert (order in books.booked) == completed
    for refused in till.declined_by_cashier:
        assert refused in books.canceled, f"order {refused} should have been canceled"


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


def _sequences_have_no_gap(till: SimulatedTill) -> None:
    sequences = sorted(row.order.sequence for row in till.journal.rows.values())
    assert sequences == list(range(1, len(sequences) + 1))


def _wallets_add_up(world: World) -> None:
    from tests.world.simulation import WALLETS  # noqa: PLC0415 - it imports us not

    books = world.hub.books
    for wallet, balance in books.balances.items():
        taken = sum(
            amount
            for entries in books.entries.values()
            for account, amount in entries
            if account == wallet
        )
        assert balance == WALLETS.get(wallet, 0) - taken
        assert balance >= 0
    for order, entries in books.entries.items():
        lost = sum(amount for account, amount in entries if account == LOSS)
        if lost and not world.hub.restored:
            path = books.advices[order][1].path
            assert path is not None
            assert path.value == "stand_in", "only a stand-in may lose"
