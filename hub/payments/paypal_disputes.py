"""PayPal's disputes about a payment: told to people, who record what comes of them.

PayPal REST API, Customer Disputes v1. A list says how far a dispute is, not what was
taken back by it, so that nothing is booked from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from hub.core.bills.reports import Report, Said

if TYPE_CHECKING:
    from hub.payments.errors import ProviderRefused
    from hub.payments.json_body import Fields

SETTLED = "RESOLVED"
CHARACTERS_MAX = 40


def disputes_path(capture: str) -> str:
    """Say where PayPal lists the disputes about a capture."""
    query = urlencode({"disputed_transaction_id": capture})
    return f"/v1/customer/disputes?{query}"


def dispute_report(dispute: Fields, order_id: str) -> Report:
    """Tell how far a dispute is; each step of it is told anew."""
    case, status = _short(dispute, "dispute_id"), _short(dispute, "status")
    disputed = dispute.object("dispute_amount")
    amount, currency = _short(disputed, "value"), _short(disputed, "currency_code")
    return Report(
        order_id=order_id,
        said=Said.NOTHING,
        status=f"dispute {status}",
        alarm=(
            f"PayPal's case {case} about {amount} {currency} of {order_id} is "
            f"{status!r}. Look there what was decided, and record here what was taken "
            "back, unless it is booked."
        )
        if status == SETTLED
        else (
            f"PayPal's case {case} about {amount} {currency} of {order_id} is "
            f"{status!r}. Answer in PayPal's resolution center, and record here what "
            "is taken back."
        ),
    )


def blind_report(refused: ProviderRefused, order_id: str) -> Report:
    """Tell that disputes are not told to this hub."""
    return Report(
        order_id=order_id,
        said=Said.NOTHING,
        status=str(refused),
        alarm="PayPal does not tell this hub of disputes. Switch Disputes on among "
        "the features of its app there; until then, look for them in PayPal's "
        "resolution center.",
    )


def _short(fields: Fields, name: str) -> str:
    return fields.text(name)[:CHARACTERS_MAX]
