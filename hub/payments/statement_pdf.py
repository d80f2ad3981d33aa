"""A settlement's statement for the organizer: what came, what was kept, what is paid.

Each bill stands in a line of its own with what it brought in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contract.bill_reference import grouped
from contract.money import Currency
from hub.payments.letter import LEFT, RIGHT, ROW_HEIGHT, Letter, amount_text, person
from hub.payments.transfer import Creditor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

PAGE_FOOT = 270
NEXT_PAGE_TOP = 30


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the letter says; amounts in minor units."""

    organizer: str
    name: str
    """What was settled: the competition's name."""
    number: int
    currency: Currency
    paid_bills_minor: int
    surcharges_minor: int
    method_fees_minor: int
    taken_back_minor: int
    carried_in_minor: int
    payout_minor: int
    carried_out_minor: int
    payer: Creditor | None
    payee: Creditor | None
    bills: tuple[tuple[str, str, int], ...]
    """Reference, payer and what it brought in all."""
    drawn_up_by: str
    approved_by: str | None
    language: str = "de"


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is printed in one language."""

    statement: str
    of: str
    paid_bills: str
    surcharges: str
    method_fees: str
    taken_back: str
    carried_in: str
    balance: str
    payout: str
    carried_out: str
    to_account: str
    draft: str
    people: str
    bills: str
    nobody: str


WORDS: Mapping[str, Words] = {
    "de": Words(
        statement="Abrechnung",
        of="vom",
        paid_bills="Bezahlte Rechnungen",
        surcharges="Zuschläge, von Zahlenden getragen",
        method_fees="Kosten der Zahlungsarten",
        taken_back="Zurückgenommen (Rückbuchungen, Erstattungen)",
        carried_in="Übertrag der letzten Abrechnung",
        balance="Saldo",
        payout="Auszahlung",
        carried_out="Übertrag auf die nächste Abrechnung",
        to_account="Auf das Konto",
        draft="Entwurf: noch nicht von zwei Personen freigegeben",
        people="Erstellt von {0}, freigegeben von {1}",
        bills="Rechnungen",
        nobody="niemandem",
    ),
    "en": Words(
        statement="Settlement",
        of="of",
        paid_bills="Paid bills",
        surcharges="Surcharges borne by payers",
        method_fees="Costs of payment methods",
        taken_back="Taken back (chargebacks, refunds)",
        carried_in="Carried over from the last settlement",
        balance="Balance",
        payout="Payout",
        carried_out="Carried over to the next settlement",
        to_account="To the account",
        draft="Draft: not yet approved by two people",
        people="Drawn up by {0}, approved by {1}",
        bills="Bills",
        nobody="nobody",
    ),
}
"""By ISO 639-1 code; the portal's languages."""


def statement_pdf(statement: Statement, drawn_up_at: datetime) -> bytes:
    """Print a statement; the same one gives the same bytes."""
    words = WORDS.get(statement.language, WORDS["en"])
    title = f"{words.statement} {statement.number}: {statement.name}"
    page = Letter(title)
    page.set_creation_date(drawn_up_at)
    if statement.payer is not None:
        page.block(LEFT, 20, person(statement.payer), 9)
    to = statement.payee
    page.block(120, 45, [statement.organizer] if to is None else person(to), 11)
    page.put(LEFT, 85, title, 14, is_bold=True)
    page.put(LEFT, 92, f"{words.of} {drawn_up_at:%d.%m.%Y}", 9)
    top = page.rows(103, _sums(statement, words))
    top = _result(page, top + 2, statement, words)
    _bills(page, top + 8, statement.bills, words)
    return bytes(page.output())


def _sums(statement: Statement, words: Words) -> Iterable[tuple[str, int]]:
    rows = (
        (words.paid_bills, statement.paid_bills_minor),
        (words.surcharges, statement.surcharges_minor),
        (words.method_fees, statement.method_fees_minor),
        (words.taken_back, statement.taken_back_minor),
        (words.carried_in, statement.carried_in_minor),
    )
    yield from ((label, minor) for label, minor in rows if minor)
    yield words.balance, sum(minor for _, minor in rows)


def _result(page: Letter, top: float, statement: Statement, words: Words) -> float:
    page.line(LEFT, top, RIGHT, top)
    top += 3
    minor = statement.payout_minor or statement.carried_out_minor
    label = words.payout if statement.payout_minor else words.carried_out
    page.put(LEFT, top, label, 11, is_bold=True)
    amount = f"{statement.currency.value} {amount_text(minor)}"
    page.right(RIGHT, top, amount, 11, is_bold=True)
    top += ROW_HEIGHT + 2
    if statement.payee is not None and statement.payout_minor:
        iban = statement.payee.compact_iban
        groups = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
        page.put(LEFT, top, f"{words.to_account} {groups}", 10)
        top += ROW_HEIGHT
    approved = statement.approved_by
    people = words.people.format(statement.drawn_up_by, approved or words.nobody)
    page.put(LEFT, top, people if approved else words.draft, 9)
    return top + ROW_HEIGHT


def _bills(
    page: Letter, top: float, bills: Iterable[tuple[str, str, int]], words: Words
) -> None:
    page.put(LEFT, top, words.bills, 11, is_bold=True)
    top += ROW_HEIGHT + 2
    for reference, payer, minor in bills:
        if top > PAGE_FOOT:
            page.add_page()
            top = NEXT_PAGE_TOP
        top = page.rows(top, [(f"{grouped(reference)}  {payer}", minor)])
