"""Bills as their pages show them: every value written out in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.bill_reference import grouped
from contract.money import Money
from hub.core.bills.attempts import LIVE, AttemptState, may_be_given_up
from hub.core.bills.bill import MovementKind
from hub.web.account_texts import account_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.money import Currency
    from hub.core.bills.attempts import Attempt
    from hub.core.bills.bill import Change, Line, Payer
    from hub.service.bill_list import ListedBill
    from hub.service.bills import Offer, Review, ShownBill, UnpaidFees
    from hub.store.bills import Payment
    from hub.web.bill_texts import BillTexts
    from hub.web.pages import Reader


FRUITLESS = frozenset(
    {AttemptState.FAILED, AttemptState.CANCELED, AttemptState.EXPIRED}
)


@dataclass(frozen=True, slots=True)
class CardView:
    """A bill in a list."""

    reference: str
    shown_reference: str
    title: str
    about: str
    date: str
    sum: str
    state: str
    state_text: str


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team on no bill, with all it has to pay."""

    name: str
    category: str
    amount: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """The unpaid teams of one competition."""

    title: str
    club: str
    teams: tuple[TeamView, ...]
    total: str
    pay: str


@dataclass(frozen=True, slots=True)
class LineView:
    """What is billed, and how much."""

    label: str
    amount: str


@dataclass(frozen=True, slots=True)
class ReviewView:
    """What will be billed if it is accepted."""

    title: str
    slug: str
    club: str
    here: str
    seal: str
    lines: tuple[LineView, ...]
    total: str
    payer: tuple[str, ...]
    lacking: bool
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MovedView:
    """Money that came or went back."""

    date: str
    what: str
    amount: str


@dataclass(frozen=True, slots=True)
class WayView:
    """A way to pay."""

    code: str
    name: str
    hint: str
    surcharge: str
    button: str


@dataclass(frozen=True, slots=True)
class BillView:
    """Everything a bill's page shows."""

    reference: str
    shown_reference: str
    title: str
    date: str
    payer: tuple[str, ...]
    lines: tuple[LineView, ...]
    total: str
    paid: str
    open: str
    over: str
    percent: int
    state: str
    state_text: str
    next_step: str
    history: tuple[MovedView, ...]
    ways: tuple[WayView, ...]
    refusal: str
    live: str
    give_up: int
    failed: str
    """That the last try came to nothing, so that whoever comes back knows."""
    may_be_canceled: bool


def view_card(bill: ListedBill, reader: Reader) -> CardView:
    """Write out a bill of a list: unpaid ones with what is open."""
    texts, at = reader.texts.bills, bill.standing
    minor = bill.total_minor if bill.is_settled else at.open_minor
    return CardView(
        reference=bill.reference,
        shown_reference=grouped(bill.reference),
        title=bill.title,
        about=", ".join(bill.labels),
        date=reader.formats.day_of(bill.created_at),
        sum=_money(minor, bill.currency, reader),
        state=at.state.value,
        state_text=texts.states[at.state],
    )


def view_group(fees: UnpaidFees, reader: Reader) -> GroupView:
    """Write out unpaid fees, added up per team."""
    club = fees.club_name or ""
    path = f"/bills/new?event={fees.competition}"
    if fees.club is not None:
        path += f"&club={fees.club}"
    return GroupView(
        title=fees.title,
        club=reader.texts.bills.club_fees.format(club=club) if club else "",
        teams=_teams(fees.lines, fees.currency, reader),
        total=_money(fees.total_minor, fees.currency, reader),
        pay=reader.link(path),
    )


def view_review(
    review: Review, reader: Reader, changes: Sequence[Change] = ()
) -> ReviewView:
    """Write out what would be billed, and what is different from what was seen."""
    fees = review.fees
    club = fees.club or ""
    here = f"/bills/new?event={fees.competition}" + (f"&club={club}" if club else "")
    return ReviewView(
        title=fees.title,
        slug=fees.competition,
        club=club,
        here=here,
        seal=review.seal,
        lines=_lines(fees.lines, fees.currency, reader),
        total=_money(fees.total_minor, fees.currency, reader),
        payer=payer_lines(review.payer, reader),
        lacking=bool(review.lacking),
        changes=tuple(_change(each, fees.currency, reader) for each in changes),
    )


def view_bill(shown: ShownBill, reader: Reader) -> BillView:
    """Write out a bill with how it stands, what came, and what can be done."""
    bill, at, texts = shown.bill, shown.standing, reader.texts.bills
    currency = bill.currency
    live = _provided(shown)
    return BillView(
        reference=bill.reference,
        shown_reference=grouped(bill.reference),
        title=shown.record.title,
        date=reader.formats.day_of(bill.created_at),
        payer=payer_lines(bill.payer, reader),
        lines=_lines(bill.lines, currency, reader),
        total=_money(bill.total_minor, currency, reader),
        paid=_money(at.kept_minor, currency, reader),
        open=_money(at.open_minor, currency, reader),
        over=_money(at.over_minor, currency, reader) if at.over_minor else "",
        percent=_percent(at.kept_minor, at.due_minor),
        state=at.state.value,
        state_text=texts.states[at.state],
        next_step=texts.next_steps[at.state],
        history=tuple(_moved(each, currency, reader) for each in shown.record.payments),
        ways=tuple(view_way(each, currency, reader) for each in shown.offers),
        refusal=_refusal(shown, texts),
        live=_live(live, currency, reader) if live else "",
        failed=_failed(shown, reader),
        give_up=live.number if live and may_be_given_up(live) else 0,
        may_be_canceled=shown.may_be_canceled,
    )


def view_way(offer: Offer, currency: Currency, reader: Reader) -> WayView:
    """Write out a way to pay, with what it costs the payer."""
    texts = reader.texts.bills
    method, surcharge = texts.methods[offer.method], offer.surcharge_minor
    costs = _money(surcharge, currency, reader)
    return WayView(
        code=offer.method,
        name=method.name,
        hint=method.hint,
        surcharge=texts.surcharge.format(amount=costs) if surcharge else "",
        button=method.button,
    )


def payer_lines(payer: Payer, reader: Reader) -> tuple[str, ...]:
    """Write an address line by line; what is empty is left out."""
    countries = account_texts(reader.language).countries
    lines = (
        payer.name,
        f"{payer.street} {payer.house_number}".strip(),
        f"{payer.postal_code} {payer.town}".strip(),
        countries.get(payer.country, payer.country),
    )
    return tuple(line for line in lines if line)


def moved_text(payment: Payment, texts: BillTexts) -> str:
    """Say which way money went, and how."""
    kinds = {
        MovementKind.PAYMENT: texts.payment,
        MovementKind.REFUND: texts.refund,
        MovementKind.CHARGEBACK: texts.chargeback,
    }
    known = texts.methods.get(payment.method)
    return f"{kinds[payment.kind]}: {known.name if known else payment.method}"


def moved_minor(payment: Payment) -> int:
    """What the bill gained; negative for what went back, if only a surcharge did."""
    sign = 1 if payment.kind is MovementKind.PAYMENT else -1
    return sign * (payment.principal_minor or payment.surcharge_minor)


def _moved(payment: Payment, currency: Currency, reader: Reader) -> MovedView:
    at = payment.value_on
    formats = reader.formats
    return MovedView(
        date=formats.day(at) if at is not None else formats.day_of(payment.heard_at),
        what=moved_text(payment, reader.texts.bills),
        amount=_money(moved_minor(payment), currency, reader),
    )


def _refusal(shown: ShownBill, texts: BillTexts) -> str:
    """Say why nothing can be paid now, where the page does not show it otherwise."""
    if (
        _provided(shown) is not None
        or shown.offers
        or not shown.refusals
        or not shown.standing.open_minor
    ):
        return ""
    reasons = list(dict.fromkeys(shown.refusals.values()))
    return " ".join(texts.refusals[each] for each in reasons)


def _provided(shown: ShownBill) -> Attempt | None:
    """Find the attempt that a provider has not ended yet."""
    for each in shown.record.attempts:
        if each.state in LIVE and not _is_by_hand(each.method):
            return each
    return None


def _failed(shown: ShownBill, reader: Reader) -> str:
    """Say of the last attempt that nothing came of it, if more can be tried."""
    last = max(shown.record.attempts, key=lambda each: each.number, default=None)
    if last is None or last.state not in FRUITLESS or not shown.offers:
        return ""
    return _live(last, shown.bill.currency, reader)


def _live(live: Attempt, currency: Currency, reader: Reader) -> str:
    """Say what is with a payment, and what that means for the payer."""
    texts = reader.texts.bills
    amount = _money(live.amount_minor, currency, reader)
    name = texts.methods[live.method].name
    return texts.attempts[live.state].format(method=name, amount=amount)


def _is_by_hand(method: str) -> bool:
    return method in {"slip", "ebanking", "cash", "organizer"}


def _change(change: Change, currency: Currency, reader: Reader) -> str:
    def told(minor: int | None) -> str:
        return "" if minor is None else _money(minor, currency, reader)

    return reader.texts.bills.changes[change.kind].format(
        label=change.label, before=told(change.before_minor), now=told(change.now_minor)
    )


def _teams(
    lines: Sequence[Line], currency: Currency, reader: Reader
) -> tuple[TeamView, ...]:
    names: dict[str, str] = {}
    sums: dict[str, int] = {}
    more: dict[str, list[str]] = {}
    for line in lines:
        team = line.team or line.label
        if team in names:
            more[team].append(line.label)
        names.setdefault(team, line.label)
        more.setdefault(team, [])
        sums[team] = sums.get(team, 0) + line.amount_minor
    return tuple(
        TeamView(name, ", ".join(more[team]), _money(sums[team], currency, reader))
        for team, name in names.items()
    )


def _lines(
    lines: Sequence[Line], currency: Currency, reader: Reader
) -> tuple[LineView, ...]:
    return tuple(
        LineView(line.label, _money(line.amount_minor, currency, reader))
        for line in lines
    )


def _percent(kept_minor: int, due_minor: int) -> int:
    if due_minor <= 0:
        return 100
    return max(0, min(100, 100 * kept_minor // due_minor))


def _money(minor: int, currency: Currency, reader: Reader) -> str:
    return reader.formats.money(Money(minor, currency))
