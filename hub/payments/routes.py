"""Where each provider's calls arrive on the portal, and where it sends payers back.

The specification names PostFinance's five; PayPal and Stripe bring a payer back by two
of the same names and call `web_hook` themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from contract.bill_reference import is_reference
from hub.payments.method import Urls
from hub.payments.paypal_orders import PayPalOrders
from hub.payments.postfinance import PostFinance
from hub.payments.stripe_checkout import StripeCheckout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.payments.method import Incoming

ACCEPTED = "payment_accepted"
DECLINED = "payment_declined"
CANCELED = "payment_canceled"
EXCEPTION = "exception"
POST_SALE = "post_sale"
WEB_HOOK = "web_hook"
BILLS_FOLDER = "/bills"
BILL = "bill"
"""The parameter that names the bill a payer comes back to."""

_FEEDBACK = frozenset({ACCEPTED, DECLINED, CANCELED, EXCEPTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A method's part of the portal."""

    code: str
    folder: str
    """The first part of its addresses."""
    controller_name: str
    browser_actions: frozenset[str]
    """By which a payer comes back."""
    provider_actions: frozenset[str]
    """By which the provider calls itself."""
    names_bill: bool
    """Whether payers come back with the bill's reference in the address."""

    @property
    def actions(self) -> frozenset[str]:
        """All that can be called."""
        return self.browser_actions | self.provider_actions


ENTRANCES: Mapping[str, Entrance] = {
    entrance.folder: entrance
    for entrance in (
        Entrance(
            code=PostFinance.code,
            folder="post_finance",
            controller_name=PostFinance.controller_name,
            browser_actions=_FEEDBACK,
            provider_actions=frozenset({POST_SALE}),
            names_bill=False,
        ),
        Entrance(
            code=PayPalOrders.code,
            folder="paypal",
            controller_name=PayPalOrders.controller_name,
            browser_actions=frozenset({ACCEPTED, CANCELED}),
            provider_actions=frozenset({WEB_HOOK}),
            names_bill=True,
        ),
        Entrance(
            code=StripeCheckout.code,
            folder="stripe",
            controller_name=StripeCheckout.controller_name,
            browser_actions=frozenset({ACCEPTED, CANCELED}),
            provider_actions=frozenset({WEB_HOOK}),
            names_bill=True,
        ),
    )
}
"""By the first part of their addresses."""


def return_urls(
    portal_url: str, code: str, reference: str, folder: str = BILLS_FOLDER
) -> Urls:
    """Say where a method's provider sends the payer of a bill back to.

    `folder` has the bill's own page: guests' bills lie beside their wristbands.
    """
    root = portal_url.rstrip("/")
    bill = f"{root}{folder}/{reference}"
    for entrance in ENTRANCES.values():
        if entrance.code == code:
            break
    else:
        return Urls(
            accepted=bill, declined=bill, canceled=bill, exception=bill, bill=bill
        )
    query = f"?{urlencode({BILL: reference})}" if entrance.names_bill else ""

    def to(action: str) -> str:
        if action not in entrance.browser_actions:
            return bill
        return f"{root}/{entrance.folder}/{action}{query}"

    return Urls(
        accepted=to(ACCEPTED),
        declined=to(DECLINED),
        canceled=to(CANCELED),
        exception=to(EXCEPTION),
        bill=bill,
    )


def named_bill(incoming: Incoming) -> str | None:
    """Read which bill a payer comes back to; None if the address names none."""
    try:
        fields = parse_qs(incoming.query.decode("ascii", "replace"), max_num_fields=50)
    except ValueError:
        return None
    named = fields.get(BILL, [""])[0]
    return named if is_reference(named) else None
