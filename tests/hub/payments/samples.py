from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from contract.money import Currency
from hub.core.bills.attempts import Attempt
from hub.payments.method import Answer, Call, GiveBack, Start, Urls
from tests.hub.core.bills.billing import REFERENCE, bill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.payments.method import Plan

T = TypeVar("T")
ORDER_ID = f"{REFERENCE[:26]}-1"
PORTAL = "https://pay.example.org"
URLS = Urls(
    accepted=f"{PORTAL}/post_finance/payment_accepted",
    declined=f"{PORTAL}/post_finance/payment_declined",
    canceled=f"{PORTAL}/post_finance/payment_canceled",
    exception=f"{PORTAL}/post_finance/exception",
    bill=f"{PORTAL}/bills/{REFERENCE}",
)
ATTEMPT = Attempt(
    reference=REFERENCE,
    number=1,
    method="x",
    principal_minor=4500,
    surcharge_minor=128,
)
START = Start(
    bill=bill(),
    attempt=ATTEMPT,
    urls=URLS,
    language="de",
    subject="Startgeld Sola 2026",
)


def give_back(**changed: object) -> GiveBack:
    given: dict[str, object] = {
        "money_ref": "M1",
        "amount_minor": 1000,
        "currency": Currency.CHF,
        "key": "refund-1",
        "order_id": ORDER_ID,
    }
    return GiveBack(**(given | changed))  # type: ignore[arg-type]


def performed(
    plan: Plan[T], answers: Sequence[Answer | Exception] = ()
) -> tuple[T, list[Call]]:
    """Perform a plan with the answers given; returns its result and its calls."""
    calls: list[Call] = []
    waiting = list(answers)
    try:
        call = next(plan)
        while True:
            calls.append(call)
            answer = waiting.pop(0)
            if isinstance(answer, Exception):
                call = plan.throw(answer)
            else:
                call = plan.send(answer)
    except StopIteration as stop:
        assert not waiting, "answers nobody asked for"
        result: T = stop.value
        return result, calls
