"""Guests' wallets as their pages show them, and amounts as guests type them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.money import Money, plain_amount
from contract.order import OrderKind
from hub.core.bills.bill import BillState
from hub.service.guest_wallets import TOP_UP_MINOR_MAX

if TYPE_CHECKING:
    from contract.money import Currency
    from hub.core.bills.fees import MethodFee
    from hub.service.bill_list import ListedBill
    from hub.service.guest_wallets import GuestOrder, GuestWallet, TopUpTerms
    from hub.web.pages import Reader
    from hub.web.wallet_texts import WalletTexts

PRESETS_MINOR = (1000, 2000, 3000, 5000, 10000)
"""What most people top up by; those that fit are offered as buttons."""

UNFINISHED = frozenset(
    {BillState.OPEN, BillState.PARTLY_PAID, BillState.REFUNDED, BillState.CHARGED_BACK}
)


@dataclass(frozen=True, slots=True)
class OrderView:
    """One thing that was done with a wristband."""

    title: str
    about: str
    amount: str
    vouchers: str
    is_gain: bool
    canceled: str
    link: str
    """Its receipt, or its bill; '' where there is neither."""


@dataclass(frozen=True, slots=True)
class BillCardView:
    """A top-up that is not paid yet."""

    amount: str
    state: str
    state_text: str
    link: str


@dataclass(frozen=True, slots=True)
class WalletView:
    """All that the wallet's page shows."""

    event_name: str
    is_demo: bool
    balance: str
    is_below: bool
    vouchers: str
    is_blocked: bool
    is_replaced: bool
    orders: tuple[OrderView, ...]
    bills: tuple[BillCardView, ...]


@dataclass(frozen=True, slots=True)
class PresetView:
    """A button with an amount."""

    value: str
    shown: str


@dataclass(frozen=True, slots=True)
class TopUpView:
    """All that the top-up form shows."""

    presets: tuple[PresetView, ...]
    currency: str
    hint: str
    room: str
    """How much fits onto it; '' where that is no bound."""
    ways: tuple[tuple[str, str], ...]
    """Name and cost of each way to pay."""
    why_not: str
    """Why nothing can be paid in now; '' if it can."""


def view_wallet(wallet: GuestWallet, reader: Reader, texts: WalletTexts) -> WalletView:
    """Write out a wristband: what it holds, what it did, what is to be paid."""
    return WalletView(
        event_name=wallet.event_name,
        is_demo=wallet.is_demo,
        balance=reader.formats.money(wallet.balance),
        is_below=wallet.balance.minor < 0,
        vouchers=_vouchers(wallet.vouchers, reader, texts),
        is_blocked=wallet.is_blocked,
        is_replaced=wallet.is_replaced,
        orders=tuple(
            _order(each, wallet.balance.currency, reader, texts)
            for each in wallet.orders
        ),
        bills=tuple(
            _bill(each, reader, texts)
            for each in wallet.bills
            if each.standing.state in UNFINISHED
        ),
    )


def view_top_up(terms: TopUpTerms, reader: Reader, texts: WalletTexts) -> TopUpView:
    """Write out how a wristband can be topped up now."""

    def told(minor: int) -> str:
        return reader.formats.money(Money(minor, terms.currency))

    is_bounded = terms.most_minor < TOP_UP_MINOR_MAX
    fitting = range(terms.least_minor, terms.most_minor + 1)
    presets = [each for each in PRESETS_MINOR if each in fitting]
    if not presets and terms.is_possible:
        presets = [terms.most_minor]
    return TopUpView(
        presets=tuple(PresetView(plain_amount(each), told(each)) for each in presets),
        currency=terms.currency.value,
        hint=texts.amount_hint.format(
            least=told(terms.least_minor), most=told(terms.most_minor)
        ),
        room=texts.room.format(amount=told(terms.most_minor)) if is_bounded else "",
        ways=tuple(
            (
                reader.texts.bills.methods[way.method].name,
                _costs(way.fee, terms.currency, reader, texts),
            )
            for way in terms.ways
        ),
        why_not=_why_not(terms, texts),
    )


def _order(
    order: GuestOrder, currency: Currency, reader: Reader, texts: WalletTexts
) -> OrderView:
    link = ""
    if order.has_receipt:
        link = reader.link(f"/receipts/{order.order}")
    elif order.bill is not None:
        link = reader.link(f"/wallet/topup/{order.bill}")
    place = order.place or texts.online
    return OrderView(
        title=_title(order, texts),
        about=f"{place} · {reader.formats.minute(order.at)}",
        amount=_signed(order.minor, currency, reader) if order.minor else "",
        vouchers=_vouchers(order.vouchers, reader, texts, signed=True),
        is_gain=order.minor > 0 or (not order.minor and order.vouchers > 0),
        canceled=texts.canceled if order.is_canceled else "",
        link=link,
    )


def _title(order: GuestOrder, texts: WalletTexts) -> str:
    if order.kind is OrderKind.TOP_UP and order.minor < 0:
        return texts.taken_back
    return texts.kinds.get(order.kind, texts.other_kind)


def _bill(bill: ListedBill, reader: Reader, texts: WalletTexts) -> BillCardView:
    still = reader.formats.money(Money(bill.standing.open_minor, bill.currency))
    return BillCardView(
        amount=texts.bill_open.format(amount=still),
        state=bill.standing.state.value,
        state_text=reader.texts.bills.states[bill.standing.state],
        link=reader.link(f"/wallet/topup/{bill.reference}"),
    )


def _signed(minor: int, currency: Currency, reader: Reader) -> str:
    sign = "+" if minor > 0 else ""
    return f"{sign}{reader.formats.money(Money(minor, currency))}"


def _vouchers(
    count: int, reader: Reader, texts: WalletTexts, *, signed: bool = False
) -> str:
    if not count:
        return ""
    form = texts.vouchers["one" if abs(count) == 1 else "other"]
    sign = "+" if signed and count > 0 else ""
    return form.format(count=f"{sign}{reader.formats.count(count)}")


def _costs(
    fee: MethodFee | None, currency: Currency, reader: Reader, texts: WalletTexts
) -> str:
    if fee is None:
        return texts.free_of_charge
    parts = []
    if fee.fixed_minor:
        parts.append(reader.formats.money(Money(fee.fixed_minor, currency)))
    if fee.rate_bp:
        parts.append(reader.formats.rate(fee.rate_bp))
    return texts.costs.format(costs=" + ".join(parts))


def _why_not(terms: TopUpTerms, texts: WalletTexts) -> str:
    if terms.is_possible:
        return ""
    if terms.is_stopped:
        return texts.stopped
    return texts.full if terms.ways else texts.no_ways
