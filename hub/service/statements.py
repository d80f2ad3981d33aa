"""A settlement's statement as a letter to the organizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.payments.statement_pdf import Statement, statement_pdf

if TYPE_CHECKING:
    from hub.service.settlements import DrawnUp, Settlements


async def print_statement(
    settlements: Settlements, made: DrawnUp, language: str
) -> bytes:
    """Print it with every bill in it (PDF)."""
    bills: dict[tuple[str, str], int] = {}
    for line in await settlements.lines(made.id):
        key = line.reference, line.payer_name
        bills[key] = bills.get(key, 0) + line.amount_minor
    statement = Statement(
        organizer=made.organizer,
        name=made.name,
        number=made.number,
        currency=made.currency,
        paid_bills_minor=made.paid_bills_minor,
        surcharges_minor=made.surcharges_minor,
        method_fees_minor=made.method_fees_minor,
        taken_back_minor=made.taken_back_minor,
        carried_in_minor=made.carried_in_minor,
        payout_minor=made.payout_minor,
        carried_out_minor=made.carried_out_minor,
        payer=made.payer,
        payee=made.payee,
        bills=tuple((*key, minor) for key, minor in bills.items()),
        drawn_up_by=made.drawn_up_by,
        approved_by=made.approved_by,
        language=language,
    )
    return statement_pdf(statement, made.drawn_up_at)
