"""Judging an order by what the event has agreed, before any balance is looked at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from contract.fiscal import process_data
from contract.messages import AdviceFlag, DeclineReason
from contract.order import OrderKind, Outcome, PaymentMethod, inconsistency
from hub.core.tokens import verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contract.catalogue import Catalogue
    from contract.fiscal import Signature
    from contract.ids import EventId, TillId
    from contract.messages import OrderAdvice
    from contract.money import Currency
    from contract.order import Order
    from contract.token import Credential, TokenKey


@dataclass(frozen=True, slots=True)
class Till:
    """A till as the hub knows it."""

    id: TillId
    label: str
    issues_wristbands: bool = False
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Prices:
    """A catalogue as orders are compared with it, for one is looked up per line."""

    products: Mapping[int, tuple[int, int]]
    """Price in minor units and tax code, by product."""
    rates: Mapping[int, int]
    """Basis points by tax code."""

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        """Index a catalogue."""
        return cls(
            {each.id: (each.price_minor, each.tax_code) for each in catalogue.products},
            {each.code: each.rate_bp for each in catalogue.taxes},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What till and hub have agreed for an event: all that judging an order needs."""

    event: EventId
    number: int
    currency: Currency
    catalogues: Mapping[int, Catalogue]
    tills: Mapping[TillId, Till]
    token_keys: tuple[TokenKey, ...]
    prices: Mapping[int, Prices] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        prices = {each: Prices.of(self.catalogues[each]) for each in self.catalogues}
        object.__setattr__(self, "prices", prices)

    @property
    def current_catalogue(self) -> int:
        """The version that tills should sell by; 0 when there is none."""
        return max(self.catalogues, default=0)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order can't be booked: the reason and what exactly is wrong."""

    reason: DeclineReason
    detail: str


def request_refusal(
    order: Order, credential: Credential | None, agreed: Agreed
) -> Refusal | None:
    """Find what speaks against booking a requested order, its balance aside."""
    till = agreed.tills.get(order.till)
    if till is None or till.revoked:
        return Refusal(
            DeclineReason.UNKNOWN_TILL,
            f"The till {order.till} is not registered for this event. "
            "Register it at the hub.",
        )
    if order.payment is None or order.payment.method is not PaymentMethod.WALLET:
        return Refusal(
            DeclineReason.INCONSISTENT_ORDER,
            "Only a payment by wristband is asked for. Report cash by an advice.",
        )
    return _content_refusal(order, agreed) or wallet_refusal(order, credential, agreed)


def wallet_refusal(
    order: Order, credential: Credential | None, agreed: Agreed
) -> Refusal | None:
    """Find what forbids charging an order's wallet: a token that is missing or false.

    Money given back needs no token: the guest may be gone.
    """
    payment = order.payment
    if payment is None or payment.wallet is None or order.total_minor <= 0:
        return None
    token = verify(credential, agreed.token_keys, agreed.number) if credential else None
    if token is None:
        text = "The wristband's token is missing or not genuine. Keep the wristband."
    elif token.serial != payment.wallet:
        text = "The wristband's token belongs to another wallet. Present it again."
    else:
        return None
    return Refusal(DeclineReason.FORGED_WRISTBAND, text)


def advice_flags(
    advice: OrderAdvice, order: Order, agreed: Agreed
) -> tuple[AdviceFlag, ...]:
    """List what is odd about an advice that will be booked all the same."""
    flags = []
    if advice.outcome is Outcome.COMPLETED:
        if _content_refusal(order, agreed) is not None:
            flags.append(AdviceFlag.INCONSISTENT_ORDER)
        if order.catalogue < agreed.current_catalogue:
            flags.append(AdviceFlag.SUPERSEDED_CATALOGUE)
    if advice.signature and not _signs(advice.signature, order, advice.outcome):
        flags.append(AdviceFlag.BAD_SIGNATURE)
    return tuple(flags)


def _content_refusal(order: Order, agreed: Agreed) -> Refusal | None:
    if order.currency is not agreed.currency:
        return Refusal(
            DeclineReason.WRONG_CURRENCY,
            f"This event runs in {agreed.currency.value}, "
            f"the order in {order.currency.value}.",
        )
    wrong = inconsistency(order)
    if wrong is None and (order.total_minor < 0) is (order.kind is OrderKind.SALE):
        wrong = "its total has the wrong sign" if order.total_minor else None
    if wrong is not None:
        return Refusal(
            DeclineReason.INCONSISTENT_ORDER,
            f"The order does not add up: {wrong}. Void it and enter it again.",
        )
    prices = agreed.prices.get(order.catalogue)
    if prices is None:
        return Refusal(
            DeclineReason.UNKNOWN_PRODUCT,
            f"Version {order.catalogue} of the catalogue is not known to the hub.",
        )
    return _line_refusal(order, prices)


def _line_refusal(order: Order, prices: Prices) -> Refusal | None:
    for line in order.lines:
        agreed = prices.products.get(line.product)
        if agreed is None:
            return Refusal(
                DeclineReason.UNKNOWN_PRODUCT,
                f"Product {line.product} ({line.name}) is not in catalogue "
                f"{order.catalogue}. Take it out of the basket.",
            )
        if (line.unit_price_minor, line.tax_code) != agreed:
            return Refusal(
                DeclineReason.WRONG_PRICE,
                f"{line.name} has another price or tax in catalogue "
                f"{order.catalogue}. Enter it again.",
            )
    for tax in order.taxes:
        if prices.rates.get(tax.code) != tax.rate_bp:
            return Refusal(
                DeclineReason.WRONG_PRICE,
                f"Tax code {tax.code} has another rate in catalogue {order.catalogue}.",
            )
    return None


def _signs(signature: Signature, order: Order, outcome: Outcome) -> bool:
    # The mathematics is checked by `verify`: 1-2 ms of CPU have no place here.
    return (
        signature.client == order.till
        and signature.process_data == process_data(order, outcome)
        and signature.tse_serial == hashlib.sha256(signature.public_key).hexdigest()
    )
