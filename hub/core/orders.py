"""Judging an order by what the event has agreed, before any balance is looked at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from contract.config import EventLimits, TillProfile
from contract.fields import LATEST
from contract.fiscal import process_data
from contract.messages import AdviceFlag, DeclineReason
from contract.money import Money
from contract.order import (
    Ask,
    BookingModel,
    OrderKind,
    Outcome,
    PaymentMethod,
    ask_first,
)
from hub.core.baskets import Found, plain_basket
from hub.core.content import (
    Prices,
    Refusal,
    barred_variants,
    content_refusal,
    minimum_refusal,
)
from hub.core.tickets import admission_of
from hub.core.tokens import verify

__all__ = ["Agreed", "Prices", "Refusal", "Till"]

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from contract.catalogue import Catalogue
    from contract.fiscal import Signature
    from contract.ids import EventId, TillId
    from contract.messages import OrderAdvice
    from contract.money import Currency
    from contract.order import Order
    from contract.token import Credential, TokenKey

# Tills keep their clock by NTP, which is off by milliseconds. An answer may wait in a
# broken network for some seconds; minutes can only be a clock that nobody has set.
CLOCK_OFF = timedelta(minutes=2)
SOLD_FIRST = datetime(2020, 1, 1, tzinfo=UTC)  # no till of ours is as old as that
NO_LIMITS = EventLimits()
UUID_TIME_BITS = 48  # of a UUIDv7: Unix time in ms, RFC 9562 section 5.7


ALL_ROUND = TillProfile(
    name="all", kinds=tuple(OrderKind), methods=tuple(PaymentMethod)
)
"""What a till is told to be that was registered without a profile."""


@dataclass(frozen=True, slots=True)
class Till:
    """A till as the hub knows it; without a profile it may do whatever tills do."""

    id: TillId
    label: str
    issues_wristbands: bool = False
    revoked: bool = False
    profile: TillProfile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What till and hub have agreed for an event: all that judging an order needs."""

    event: EventId
    number: int
    currency: Currency
    catalogues: Mapping[int, Catalogue]
    tills: Mapping[TillId, Till]
    token_keys: tuple[TokenKey, ...]
    limits: EventLimits = NO_LIMITS
    booking_model: BookingModel = BookingModel.PAYMENT
    prices: Mapping[int, Prices] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        prices = {each: Prices.of(self.catalogues[each]) for each in self.catalogues}
        object.__setattr__(self, "prices", prices)

    @property
    def current_catalogue(self) -> int:
        """The version that tills should sell by; 0 when there is none."""
        return max(self.catalogues, default=0)

    @property
    def top_up_minimum(self) -> Money:
        """The least that may be topped up."""
        return Money(self.limits.top_up_min_minor, self.currency)


def recall(order: Order, agreed: Agreed) -> Found | None:
    """Return what is known of an order's basket, if one like it was found sound."""
    prices = agreed.prices.get(order.catalogue)
    return None if prices is None else prices.baskets.recall(plain_basket(order))


def remember(order: Order, agreed: Agreed, found: Found) -> None:
    """Keep what was found of an order against which nothing speaks.

    Not of one that takes vouchers: these leave the payer's wallet beside its total.
    """
    prices, basket = agreed.prices.get(order.catalogue), plain_basket(order)
    if prices is not None and basket is not None and not order.vouchers:
        prices.baskets.remember(basket, found)


def request_refusal(
    order: Order,
    credential: Credential | None,
    agreed: Agreed,
    found: Found | None = None,
) -> Refusal | None:
    """Find what speaks against booking a requested order, its wallets aside.

    `found`: what is known of a basket that was sound; it is not looked into again.
    """
    if order.attempt == 0 or ask_first(order) is not Ask.REQUEST:
        return Refusal(
            DeclineReason.INCONSISTENT_ORDER,
            "Only what takes from wristbands, or changes them, is asked for. "
            "Report the others by an advice.",
        )
    return _order_refusal(order, agreed, found) or wallet_refusal(
        order, credential, agreed
    )


def check_refusal(
    order: Order, credential: Credential | None, agreed: Agreed
) -> Refusal | None:
    """Find what speaks against an order that is not yet paid, its wallets aside."""
    return (
        _order_refusal(order, agreed)
        or wallet_refusal(order, credential, agreed)
        or _stranger_refusal(order, credential, agreed)
        or minimum_refusal(order, agreed.top_up_minimum)
    )


def wallet_refusal(
    order: Order, credential: Credential | None, agreed: Agreed
) -> Refusal | None:
    """Find what forbids charging an order's wallet: a token that is missing or false.

    Money given back needs no token: the guest may be gone.
    """
    charged = _charged_wallet(order)
    if charged is None:
        return None
    token = verify(credential, agreed.token_keys, agreed.number) if credential else None
    if token is None:
        text = "The wristband's token is missing or not genuine. Keep the wristband."
    elif token.serial != charged:
        text = "The wristband's token belongs to another wallet. Present it again."
    else:
        return None
    return Refusal(DeclineReason.FORGED_WRISTBAND, text)


def advice_flags(
    advice: OrderAdvice,
    order: Order,
    agreed: Agreed,
    *,
    sent_at: datetime | None = None,
    now: datetime | None = None,
    found: Found | None = None,
) -> tuple[AdviceFlag, ...]:
    """List what is odd about an advice that will be booked all the same.

    `sent_at` is the till's clock when it sent the advice, `now` the hub's.
    """
    flags = []
    if advice.outcome is Outcome.COMPLETED:
        prices = agreed.prices.get(order.catalogue)
        if found is None and content_refusal(order, prices) is not None:
            flags.append(AdviceFlag.INCONSISTENT_ORDER)
        if order.catalogue < agreed.current_catalogue:
            flags.append(AdviceFlag.SUPERSEDED_CATALOGUE)
        is_top_up = order.kind is OrderKind.TOP_UP
        if is_top_up and minimum_refusal(order, agreed.top_up_minimum) is not None:
            flags.append(AdviceFlag.BELOW_MINIMUM)
        if _profile_refusal(order, agreed) is not None:
            flags.append(AdviceFlag.NOT_ALLOWED)
        payment = order.payment
        by_card = payment is not None and payment.method is PaymentMethod.CARD
        taken = by_card and order.total_minor and not order.training
        if taken and payment and payment.card is None:
            flags.append(AdviceFlag.CARD_RECEIPT_MISSING)
    if order.booking_model is not agreed.booking_model:
        flags.append(AdviceFlag.OTHER_BOOKING_MODEL)
    if advice.signature and not _signs(advice.signature, order, advice.outcome):
        flags.append(AdviceFlag.BAD_SIGNATURE)
    moments = (order.opened_at, advice.decided_at)
    if now is not None and is_clock_off(moments, now, sent_at):
        flags.append(AdviceFlag.TILL_CLOCK_OFF)
    return tuple(flags)


def is_clock_off(
    moments: tuple[datetime, ...], now: datetime, sent: datetime | None = None
) -> bool:
    """Whether a till that told of these moments at this one has no right clock.

    `sent` is the till's clock when it told of them. They may be long ago, for it may
    have had no network; but not yet to come, nor before any till of ours.
    """
    if max(moments) > now + CLOCK_OFF or min(moments) < SOLD_FIRST:
        return True
    return sent is not None and abs(sent - now) > CLOCK_OFF


def looked_into(order: Order, agreed: Agreed) -> Found:
    """Find what judging needs to know of an order's lines, by its catalogue version.

    Which wristbands may not buy them, and whom they let in.
    """
    return Found(
        barred_variants(order, agreed.prices.get(order.catalogue)),
        admission=admission_of(order, agreed.catalogues.get(order.catalogue)),
    )


def clock_of(message: UUID) -> datetime | None:
    """Read its sender's clock off a message's id, if that is a UUIDv7."""
    if message.version != 7:
        return None
    milliseconds = message.int >> (128 - UUID_TIME_BITS)
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return LATEST  # no calendar goes that far


def _order_refusal(
    order: Order, agreed: Agreed, found: Found | None = None
) -> Refusal | None:
    till = agreed.tills.get(order.till)
    if till is None or till.revoked:
        return Refusal(
            DeclineReason.UNKNOWN_TILL,
            f"The till {order.till} is not registered for this event. "
            "Register it at the hub.",
        )
    if order.event != agreed.event:
        return Refusal(
            DeclineReason.WRONG_EVENT,
            f"The order belongs to event {order.event}; this hub serves "
            f"{agreed.event}. Check the till's configuration.",
        )
    if order.currency is not agreed.currency:
        return Refusal(
            DeclineReason.WRONG_CURRENCY,
            f"This event runs in {agreed.currency.value}, "
            f"the order in {order.currency.value}. Enter it again.",
        )
    prices = agreed.prices.get(order.catalogue)
    wrong = content_refusal(order, prices) if found is None else None
    return wrong or _profile_refusal(order, agreed)


def _profile_refusal(order: Order, agreed: Agreed) -> Refusal | None:
    till = agreed.tills.get(order.till)
    profile = None if till is None else till.profile
    if till is None or profile is None:
        return None
    if order.kind not in profile.kinds:
        what = f"orders of the kind '{order.kind.value}'"
    elif order.kind is OrderKind.CANCELLATION:
        return None  # it goes back the way it was paid, or undoing says so
    elif order.payment is not None and order.payment.method not in profile.methods:
        what = f"payments by {order.payment.method.value}"
    elif not profile.free_prices and _has_free_price(order, agreed):
        what = "prices that are entered by hand"
    else:
        return None
    return Refusal(
        DeclineReason.NOT_ALLOWED,
        f"The till {till.id} is a '{profile.name}' till and takes no {what}. "
        "Use another till.",
    )


def _has_free_price(order: Order, agreed: Agreed) -> bool:
    prices = agreed.prices.get(order.catalogue)
    known = {} if prices is None else prices.products
    return any(
        line.product in known and known[line.product].free_price for line in order.lines
    )


def _stranger_refusal(
    order: Order, credential: Credential | None, agreed: Agreed
) -> Refusal | None:
    """Refuse a token that is shown, but is false or of a wristband not named."""
    if credential is None or not order.wallets:
        return None
    token = verify(credential, agreed.token_keys, agreed.number)
    if token is not None and token.serial in order.wallets:
        return None
    return Refusal(
        DeclineReason.FORGED_WRISTBAND,
        "The wristband's token is not genuine or not its own. Keep the wristband.",
    )


def _charged_wallet(order: Order) -> int | None:
    """Name the wallet whose wristband has to be there: it pays, or is paid out."""
    if order.kind is OrderKind.PAYOUT and order.credits:
        return order.credits[0].wallet
    payment = order.payment
    if payment is None or (order.total_minor <= 0 and not order.vouchers > 0):
        return None
    return payment.wallet


def _signs(signature: Signature, order: Order, outcome: Outcome) -> bool:
    # The mathematics is checked by `verify`: 1-2 ms of CPU have no place here.
    return (
        signature.client == order.till
        and signature.process_data == process_data(order, outcome)
        and signature.tse_serial == hashlib.sha256(signature.public_key).hexdigest()
    )
