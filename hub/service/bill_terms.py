"""On which terms a bill can be paid by which method, and why not now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.core.bills import attempts as rules
from hub.core.bills.fees import MethodFee, surcharge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.core.bills.attempts import Refusal
    from hub.payments.method import PaymentMethod
    from hub.store.bills import BillRecord, Source


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a method is offered."""

    method: str
    fee: MethodFee
    payer_bears: bool
    instructions: str = ""

    def surcharge(self, record: BillRecord) -> int:
        """Say what the payer of a bill pays on top of what is open."""
        return surcharge(
            self.fee,
            record.standing.open_minor,
            method=self.method,
            payer_bears=self.payer_bears,
            currency=record.bill.currency,
        )


async def put_top_up_terms(store: Source, event: int, terms: Terms) -> None:
    """Offer a way to top up online, or change what it costs."""
    fee = terms.fee
    await store.fetch(
        "put_top_up_method",
        event,
        terms.method,
        fee.fixed_minor,
        fee.rate_bp,
        fee.most_minor,
        terms.payer_bears,
    )


async def read_terms(source: Source, record: BillRecord) -> Mapping[str, Terms]:
    """List the methods switched on for a bill, by their code."""
    if record.competition is None:
        rows = await source.fetch("top_up_methods", record.event)
    else:
        rows = await source.fetch("bill_methods", record.competition)
    return {
        row["method"]: Terms(
            row["method"],
            MethodFee(row["fixed_minor"], row["rate_bp"], row["most_minor"]),
            row["payer_bears"],
            row["instructions"],
        )
        for row in rows
    }


def refusal_of(record: BillRecord, method: PaymentMethod) -> Refusal | None:
    """Say why a bill can't be paid by a method now; None if it can.

    Who went away from a provider's page may go there again.
    """
    others = [
        each
        for each in record.attempts
        if each.method != method.code or not rules.may_be_given_up(each)
    ]
    return rules.refusal(record.bill, record.standing, method.code, others)
