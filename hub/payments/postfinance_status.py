"""What each STATUS of PostFinance e-Commerce means, as a table.

Guide "e-Commerce Advanced" 5.4.4, appendix on statuses. Arriving at ACCEPTURL proves
nothing: 9 is paid, and only 9. 52 and 92 mean that PostFinance itself does not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hub.core.bills.reports import Said

if TYPE_CHECKING:
    from collections.abc import Mapping


class Meaning(msgspec.Struct, frozen=True):
    """What a status says, and what an operator has to do about it, if anything."""

    said: Said
    about: str
    alarm: str | None = None


_CAPTURE = "Only reserved at PostFinance, not paid: capture or delete it there."
_CLARIFY = (
    "PostFinance does not know whether it was paid, and clarifies it within a working "
    "day. Let nobody pay again until then; look it up in the back office."
)
_LOOK = "Not a status of this form's payments: look it up in PostFinance's back office."
_REFUND_FAILED = "The refund was refused: give the money back another way."


def meaning(status: str) -> Meaning:
    """Look a status up; one that no guide names needs a look, and changes nothing."""
    known = STATUSES.get(status)
    if known is not None:
        return known
    return Meaning(Said.NOTHING, "unknown", f"Unknown status {status[:10]!r}. {_LOOK}")


STATUSES: Mapping[str, Meaning] = {
    "0": Meaning(Said.FAILED, "invalid or incomplete"),
    "1": Meaning(Said.CANCELED, "canceled by the customer"),
    "2": Meaning(Said.FAILED, "authorization refused"),
    "4": Meaning(Said.PENDING, "order stored"),
    "40": Meaning(Said.PENDING, "stored, waiting for an external result"),
    "41": Meaning(Said.PENDING, "waiting for the client's payment"),
    "46": Meaning(Said.PENDING, "waiting for authentication"),
    "5": Meaning(Said.RESERVED, "authorized", _CAPTURE),
    "50": Meaning(Said.PENDING, "authorized, waiting for an external result"),
    "51": Meaning(Said.PENDING, "authorization waiting"),
    "52": Meaning(Said.UNCERTAIN, "authorization not known", _CLARIFY),
    "55": Meaning(Said.PENDING, "stand-by", _LOOK),
    "56": Meaning(Said.PENDING, "ok with scheduled payments", _LOOK),
    "57": Meaning(Said.NOTHING, "not ok with scheduled payments", _LOOK),
    "59": Meaning(Said.PENDING, "to be authorized by hand", _LOOK),
    "6": Meaning(Said.CANCELED, "authorized and canceled"),
    "61": Meaning(Said.PENDING, "cancellation of authorization waiting"),
    "62": Meaning(Said.UNCERTAIN, "cancellation of authorization uncertain", _CLARIFY),
    "63": Meaning(Said.RESERVED, "cancellation of authorization refused", _CAPTURE),
    "64": Meaning(Said.CANCELED, "authorized and canceled"),
    "7": Meaning(Said.REFUNDED, "payment deleted"),
    "71": Meaning(Said.REFUND_PENDING, "deletion waiting"),
    "72": Meaning(Said.REFUND_PENDING, "deletion uncertain", _CLARIFY),
    "73": Meaning(Said.REFUND_FAILED, "deletion refused", _REFUND_FAILED),
    "74": Meaning(Said.REFUNDED, "payment deleted"),
    "75": Meaning(Said.REFUNDED, "deletion handled by the merchant"),
    "8": Meaning(Said.REFUNDED, "refund"),
    "81": Meaning(Said.REFUND_PENDING, "refund waiting"),
    "82": Meaning(Said.REFUND_PENDING, "refund uncertain", _CLARIFY),
    "83": Meaning(Said.REFUND_FAILED, "refund refused", _REFUND_FAILED),
    "84": Meaning(Said.REFUND_FAILED, "refund refused by the acquirer", _REFUND_FAILED),
    "85": Meaning(Said.REFUNDED, "refund handled by the merchant"),
    "9": Meaning(Said.PAID, "paid"),
    "91": Meaning(Said.PENDING, "payment processing"),
    "92": Meaning(Said.UNCERTAIN, "payment uncertain", _CLARIFY),
    "93": Meaning(Said.FAILED, "payment refused"),
    "94": Meaning(Said.FAILED, "refused by the acquirer"),
    "95": Meaning(Said.NOTHING, "processed by the merchant", _LOOK),
    "99": Meaning(Said.PENDING, "being processed"),
}
"""Every status of the guide."""
