"""Whether bills and ledger say the same: every payment booked as it was, and no other.

A step's entry is proved from its bytes with all orders. Here its bytes are compared
with the bill and its payment, and the bill's account with how the bill stands.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub.core.bills.bill import MovementKind
from hub.core.bills.steps import StepKind, decode_step, passed_on
from hub.core.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from hub.core.bills.steps import BillStep
    from hub.store.store import Row, Snapshot

_MONEY = frozenset({StepKind.PAYMENT.value, StepKind.RETURN.value})
_TURNS = frozenset({StepKind.RELEASE.value, StepKind.RETAKE.value})


async def check_bills(snapshot: Snapshot, event: int) -> Tally:
    """Compare all bills of an event with its ledger, as of one moment."""
    tally = Tally()
    if not (await snapshot.fetch("verify_has_bills", event))[0]["has_bills"]:
        return tally  # spares large ledgers the look at all their postings
    files = await _read(snapshot, event)
    for reference, file in files.items():
        for text in _Case(file).findings():
            tally.find("bill", f"bill {reference}", text)
        tally.counts["bills"] += file.bill is not None
        tally.counts["payments"] += len(file.payments)
        tally.counts["steps_waiting"] += sum(_waits(row) for row in file.steps)
    for row in await snapshot.fetch("verify_unknown_steps", event):
        tally.find(
            "bill",
            f"order {row['order_id']}",
            "The ledger booked it as a step of a bill that knows nothing of it.",
        )
    return tally


@dataclass(slots=True)
class _File:
    """All that there is of one bill."""

    bill: Row | None = None
    payments: list[Row] = field(default_factory=list)
    steps: list[Row] = field(default_factory=list)
    posted: dict[UUID, Row] = field(default_factory=dict)


async def _read(snapshot: Snapshot, event: int) -> Mapping[str, _File]:
    files: dict[str, _File] = defaultdict(_File)
    for row in await snapshot.fetch("verify_bills", event):
        files[row["reference"]].bill = row
    for row in await snapshot.fetch("verify_bill_payments", event):
        files[row["bill"]].payments.append(row)
    for row in await snapshot.fetch("verify_bill_steps", event):
        files[row["bill"]].steps.append(row)
    for row in await snapshot.fetch("verify_bill_postings", event):
        files[row["reference"]].posted[row["order_id"]] = row
    return files


class _Case:
    """One bill under examination."""

    def __init__(self, file: _File) -> None:
        self._file = file
        self._found: list[str] = []

    def findings(self) -> list[str]:
        """Say all that is wrong with it."""
        bill = self._file.bill
        if bill is None:
            self._check_no_bill()
            return self._found
        amounts = bill["amounts"] or []
        if sum(amounts) != bill["total_minor"]:
            self._find(
                f"Its lines add up to {sum(amounts)}; its total says "
                f"{bill['total_minor']}."
            )
        self._check_steps(bill)
        self._check_payments()
        self._check_turns(bill)
        self._check_account()
        return self._found

    def _find(self, text: str) -> None:
        self._found.append(text)

    def _check_no_bill(self) -> None:
        """What a till took for a bill that is not there is flagged with its order."""
        if self._file.payments or self._file.steps:
            self._find("There are payments of it, but there is no such bill.")

    # --- steps -----------------------------------------------------------------------

    def _check_steps(self, bill: Row) -> None:
        payments = {row["id"]: row for row in self._file.payments}
        shares = list(
            zip(
                bill["kinds"] or (),
                bill["amounts"] or (),
                bill["wallets"] or (),
                strict=True,
            )
        )
        for row in self._file.steps:
            self._check_booked(row)
            step = decode_step(row["body"])
            if step is None:
                self._find(f"Step {row['order_id']} can't be read.")
                continue
            own = [
                (each.kind.value, each.amount_minor, each.wallet) for each in step.lines
            ]
            named = (step.reference, step.step.value)
            if named != (row["bill"], row["step"]) or own != shares:
                self._find(f"Step {row['order_id']} is not about this bill's lines.")
            self._check_money(row, step, payments.get(row["payment"]))

    def _check_booked(self, row: Row) -> None:
        order = row["order_id"]
        if row["booked_in"] is None:
            if row["batch"] is not None:
                self._find(
                    f"Step {order} is noted as booked in batch {row['batch']}, but the "
                    "ledger does not have it."
                )
            return
        if not row["is_same"]:
            self._find(f"Step {order} is not what the ledger booked under its id.")
        if row["reason"] is not None:
            self._find(
                f"Step {order} was refused by the ledger ({row['reason']}){_seen(row)}."
            )
        elif row["batch"] not in {None, row["booked_in"]}:
            self._find(
                f"Step {order} is noted as booked in batch {row['batch']}, but it "
                f"is in batch {row['booked_in']}."
            )

    def _check_money(self, row: Row, step: BillStep, payment: Row | None) -> None:
        order = row["order_id"]
        if row["step"] in _MONEY:
            if payment is None or payment["order_id"] != order:
                self._find(f"Step {order} books money of which there is no payment.")
            elif _said(step) != _moved(payment):
                self._find(
                    f"Step {order} books other amounts than payment {payment['id']}."
                )
        elif row["step"] == StepKind.FEE.value and row["payment"] is not None:
            fee = 0 if payment is None else payment["fee_minor"]
            if fee not in {None, step.fee_minor}:  # None: it was said later
                self._find(f"Step {order} books another fee than its payment says.")

    # --- payments --------------------------------------------------------------------

    def _check_payments(self) -> None:
        steps = {row["order_id"] for row in self._file.steps}
        fees = [
            row["payment"]
            for row in self._file.steps
            if row["step"] == StepKind.FEE.value
        ]
        for row in self._file.payments:
            if row["till"] is None:
                if row["order_id"] not in steps:
                    self._find(f"Payment {row['id']} is not given to the ledger.")
            elif self._posted(row["order_id"]) != _toward(row):
                self._find(
                    f"Payment {row['id']} of till {row['till']} is not what order "
                    f"{row['order_id']} booked."
                )
            if row["fee_minor"] and row["id"] not in fees:
                self._find(f"The fee of payment {row['id']} is not booked.")
            if fees.count(row["id"]) > 1:
                self._find(f"The fee of payment {row['id']} is booked twice.")

    def _posted(self, order: UUID) -> int:
        row = self._file.posted.get(order)
        return 0 if row is None else int(row["minor"])

    # --- the bill as a whole ---------------------------------------------------------

    def _check_turns(self, bill: Row) -> None:
        """What is passed on follows what was paid, from one movement to the next."""
        passed = 0
        turns = [row for row in self._file.steps if row["step"] in _TURNS]
        for row in turns:
            step = decode_step(row["body"])
            if step is None:
                continue  # that was said of all steps
            if (step.before_minor, step.after_minor) != (passed, row["passed_minor"]):
                self._find(
                    f"Step {row['order_id']} does not follow from the ones before it."
                )
            passed = step.after_minor
        wanted = self._to_be_passed_on(bill)
        if passed != wanted:
            said = ", ".join(row["step"] for row in turns)
            self._find(
                f"{wanted} of it is to be passed on, its steps say {passed} "
                f"({said or 'none'})."
            )

    def _to_be_passed_on(self, bill: Row) -> int:
        if bill["is_canceled"]:
            return 0
        kept = passed = 0
        for row in self._file.payments:
            kept += _toward(row)
            passed = passed_on(passed, due_minor=bill["total_minor"], kept_minor=kept)
        return passed

    def _check_account(self) -> None:
        """The bill's account holds what was paid in and not yet passed on."""
        known = {row["order_id"] for row in (*self._file.steps, *self._file.payments)}
        strange = [
            row for order, row in self._file.posted.items() if order not in known
        ]
        for row in strange:
            if row["is_old"] and row["minor"]:
                self._find(
                    f"Order {row['order_id']} booked {row['minor']} on it, but there "
                    "is no such payment."
                )
        booked = [row for row in self._file.steps if not _waits(row)]
        if len(booked) != len(self._file.steps) or strange:
            return
        turns = [row["passed_minor"] for row in booked if row["step"] in _TURNS]
        left = self._kept() - (turns[-1] if turns else 0)
        held = sum(row["minor"] for row in self._file.posted.values())
        if held != left:
            self._find(f"Its account holds {held}; by its payments it is {left}.")

    def _kept(self) -> int:
        return sum(_toward(row) for row in self._file.payments)


def _waits(row: Row) -> bool:
    return row["batch"] is None and row["booked_in"] is None


def _seen(row: Row) -> str:
    """Add who has seen to it: a refusal stays one, and is no news then."""
    if row["seen_at"] is None:
        return ""
    at = row["seen_at"].isoformat(timespec="minutes")
    return f" (seen to by {row['seen_by']} on {at})"


def _toward(payment: Row) -> int:
    """What a movement leaves with the bill."""
    is_payment = payment["kind"] == MovementKind.PAYMENT.value
    minor: int = payment["principal_minor"]
    return minor if is_payment else -minor


def _said(step: BillStep) -> tuple[object, ...]:
    is_payment = step.step is StepKind.PAYMENT
    return is_payment, step.principal_minor, step.surcharge_minor


def _moved(payment: Row) -> tuple[object, ...]:
    is_payment = payment["kind"] == MovementKind.PAYMENT.value
    return is_payment, payment["principal_minor"], payment["surcharge_minor"]
