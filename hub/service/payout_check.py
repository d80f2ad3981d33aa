"""Whether settlements and refunds are what bills and ledger say: for `verify`.

A payout's entry is proved from its bytes with all orders. Here its bytes are compared
with what was settled, that with the steps of bills it is made of, and each refund with
the money that went back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.core.bills.payouts import decode_paid
from hub.core.bills.settlement import Amount, Share, settle
from hub.core.bills.steps import decode_step, earned
from hub.core.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hub.store.store import Row, Snapshot


async def check_payouts(snapshot: Snapshot, event: int) -> Tally:
    """Compare all settlements and refunds of an event, as of one moment."""
    tally = Tally()
    lines: dict[int, list[Row]] = {}
    for row in await snapshot.fetch("verify_settlement_lines", event):
        lines.setdefault(row["settlement"], []).append(row)
    carried: dict[str, int] = {}
    for row in await snapshot.fetch("verify_settlements", event):
        slug = row["slug"]
        found = settlement_findings(row, lines.get(row["id"], ()), carried.get(slug, 0))
        for text in found:
            tally.find("settlement", f"settlement {row['number']} of {slug}", text)
        carried[slug] = min(0, _balance(row))
    for row in await snapshot.fetch("verify_unknown_payouts", event):
        text = "The ledger booked it as a payout that no settlement knows of."
        tally.find("settlement", f"order {row['order_id']}", text)
    for row in await snapshot.fetch("verify_refunds", event):
        for text in refund_findings(row):
            where = f"refund {row['number']} of bill {row['bill']}"
            tally.find("refund", where, text)
    return tally


def settlement_findings(
    row: Row, lines: Sequence[Row], carried_in_minor: int
) -> Iterator[str]:
    """Say what is wrong with a settlement that was not withdrawn."""
    for line in lines:
        step = decode_step(line["body"])
        if step is None or earned(step) != line["amount_minor"]:
            yield f"Its line of step {line['step']} is not what that step brought."
    made = settle(
        (
            Amount(Share(line["share"]), line["amount_minor"], line["reference"])
            for line in lines
        ),
        carried_in_minor=carried_in_minor,
    )
    said = (
        made.paid_bills_minor,
        made.surcharges_minor,
        made.method_fees_minor,
        made.taken_back_minor,
        made.carried_in_minor,
        made.payout_minor,
    )
    if said != tuple(row[name] for name in _SUMS):
        yield "Its sums are not those of its lines and of what was carried forward."
    paid = decode_paid(row["body"])
    named = None if paid is None else (paid.organizer, paid.number, paid.payout_minor)
    if named != (row["slug"], row["number"], row["payout_minor"]):
        yield "What it gives the ledger to book is another payout."
    if row["is_filed"] and not row["is_approved"]:
        yield "Its payout is in a file, but nobody has approved it."
    if row["batch"] != row["booked_in"] and row["batch"] is not None:
        yield f"It is noted as booked in batch {row['batch']}, but it is not there."
    if row["booked_in"] is not None and not (row["is_filed"] and row["is_same"]):
        yield "The ledger booked under its id what was not paid out."


def refund_findings(row: Row) -> Iterator[str]:
    """Say what is wrong with a refund."""
    state, moved = row["state"], row["moved_minor"]
    if state in {"approved", "sent", "done"} and not row["is_approved"]:
        yield f"It is {state}, but nobody has approved it."
    if state == "done" and moved != row["amount_minor"]:
        asked = row["amount_minor"]
        yield f"It is done with {asked}; what went back by it is {moved or 'nil'}."
    if row["way"] == "transfer" and (state == "done") is not row["is_filed"]:
        yield f"It is {state}, which does not agree with the files for the bank."
    if state in {"requested", "declined"} and moved is not None:
        yield f"It is {state}, but money went back by it."


def _balance(row: Row) -> int:
    return sum(row[name] for name in _SUMS[:-1])


_SUMS = (
    "paid_bills_minor",
    "surcharges_minor",
    "method_fees_minor",
    "taken_back_minor",
    "carried_in_minor",
    "payout_minor",
)
