"""Compares what tills were told with what the database holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract.order import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provisioning.bench.crash_load import Told

    Rows = Sequence[Mapping[str, object]]

BOOKED, DECLINED = "OrderBooked", "OrderDeclined"
STAND_IN_LOSS = "stand_in_loss"


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the database holds: see the questions of the same names."""

    verdicts: Rows
    bookings: Rows
    outcomes: Rows
    balances: Rows


@dataclass(slots=True)
class Findings:
    """What is wrong, sentence by sentence."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def all(self) -> tuple[str, ...]:
        """Everything, the worst first."""
        return (*self.lost, *self.doubled, *self.changed, *self.others)


def compare(
    orders: Iterable[Told], held: Holdings, funds_minor: Mapping[int, int]
) -> Findings:
    """Check every order a till knows of, and that there are no others.

    `funds_minor` is what each wallet held before the first order, by serial.
    """
    found = Findings()
    known = {told.order: told for told in orders}
    verdicts = {row["order_id"]: row for row in held.verdicts}
    bookings = {row["order_id"]: row for row in held.bookings}
    outcomes = {row["order_id"]: row["outcome"] for row in held.outcomes}
    for told in known.values():
        _check_answers(told, verdicts.get(told.order), found)
        _check_outcome(told, outcomes.get(told.order), found)
        _check_booking(told, bookings.get(told.order), found)
    for order in (verdicts.keys() | bookings.keys() | outcomes.keys()) - known.keys():
        found.others.append(f"The database has order {order}, which no till made.")
    _check_wallets(known.values(), held.balances, funds_minor, found)
    return found


def _check_answers(
    told: Told, row: Mapping[str, object] | None, found: Findings
) -> None:
    if not told.answered:
        found.lost.append(f"Order {told.order} was never answered.")
    if told.verdict is None:
        return
    verdict = told.verdict
    if verdict.type not in {BOOKED, DECLINED}:
        found.others.append(f"Order {told.order} was answered by {verdict}.")
    elif row is None:
        found.lost.append(f"The {verdict.type} of order {told.order} is gone.")
    elif verdict.reason != row["reason"] or (
        verdict.type == BOOKED
        and (verdict.balance and verdict.balance.minor) != row["balance_minor"]
    ):
        found.changed.append(f"Order {told.order}: {verdict} was told, but {row} held.")


def _check_outcome(told: Told, outcome: object, found: Findings) -> None:
    if told.recorded is None:
        return
    named = [each.order for each in told.recorded.recorded]
    if named != [told.order]:
        found.others.append(
            f"The advice of order {told.order} was answered by {told.recorded}."
        )
    elif told.outcome is not None and outcome != told.outcome.value:
        found.lost.append(
            f"Order {told.order} is recorded as {told.outcome.value}, but {outcome}"
            " is held."
        )


def _check_booking(
    told: Told, row: Mapping[str, object] | None, found: Findings
) -> None:
    live = row["live_entries"] if row is not None else 0
    wanted = 1 if told.booked else 0
    if live == wanted:
        if row is not None and row["moved_minor"] != told.total_minor:
            found.others.append(
                f"Order {told.order} over {told.total_minor} moved"
                f" {row['moved_minor']}."
            )
        return
    sentence = f"Order {told.order} is booked {live} times instead of {wanted}."
    lost = wanted == 1 and live == 0
    (found.lost if lost else found.doubled).append(sentence)


def _check_wallets(
    orders: Iterable[Told],
    balances: Rows,
    funds_minor: Mapping[int, int],
    found: Findings,
) -> None:
    spent: Counter[int] = Counter()
    uncertain: set[int] = set()  # what a loss took over is not in the answer
    for told in orders:
        if told.wallet is not None and told.booked:
            spent[told.wallet] += told.total_minor
            if _has_loss(told):
                uncertain.add(told.wallet)
    held = {row["serial"]: row["balance_minor"] for row in balances}
    for wallet, funds in funds_minor.items():
        wanted = funds - spent[wallet]
        if wallet not in uncertain and held.get(wallet) != wanted:
            found.others.append(
                f"Wallet {wallet} holds {held.get(wallet)}; its orders leave {wanted}."
            )


def _has_loss(told: Told) -> bool:
    return (
        told.outcome is Outcome.COMPLETED
        and told.recorded is not None
        and any(STAND_IN_LOSS in each.flags for each in told.recorded.recorded)
    )
