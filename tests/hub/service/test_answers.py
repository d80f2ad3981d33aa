"""Words about orders: what can be read of bytes that can't, and what declines say."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from contract.ids import TillId
from contract.messages import DeclineReason, Malformed, RejectReason
from contract.money import Money
from contract.order import encode_order, make_line
from hub.core.booking import Result, ResultCode, Standing
from hub.core.content import Refusal
from hub.service.answers import anchor_of, declined, id_in, read_order
from tests.hub import samples
from tests.hub.core.test_booking import AGREED
from tests.hub.service.shop import BAR, BEER, YOUTH, a_payout, a_sale, a_top_up

NUMBER = uuid4()


@pytest.mark.parametrize(
    "data",
    [b"", b"[" * 200_000, b"[]", b'{"id": 3}', b'{"id": "x"}', b"\xff", b"null"],
)
def test_what_names_no_order_is_no_trouble(data: bytes) -> None:
    assert id_in(data) is None
    assert id_in(data, "order", "id") is None


def test_an_orders_id_is_found_in_spoiled_bytes() -> None:
    assert id_in(f'{{"id": "{NUMBER}", "kind": 7}}'.encode()) == NUMBER
    assert id_in(f'{{"order": {{"id": "{NUMBER}"}}}}'.encode(), "order", "id") == NUMBER


def test_a_till_speaks_for_itself_only() -> None:
    body = encode_order(samples.order(450))

    assert read_order(body, BAR).till == BAR
    with pytest.raises(Malformed) as told:
        read_order(body, TillId("bar-2"))
    assert told.value.reason is RejectReason.FORGED_TILL


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (DeclineReason.AGE_RESTRICTED, "This wristband may not buy Beer."),
        (DeclineReason.BALANCE_CAP, "The wristband may take 3.00 EUR more."),
        (DeclineReason.INSUFFICIENT_VOUCHERS, "The wristband has 2 vouchers, not 0."),
        (DeclineReason.INSUFFICIENT_BALANCE, "1.00 EUR on the wristband"),
        (DeclineReason.WRONG_PRICE, "What exactly is wrong."),
        (DeclineReason.EVENT_CAP, "The event may hold no more"),
    ],
)
def test_a_decline_says_what_is_so(reason: DeclineReason, text: str) -> None:
    sale = a_sale(7, make_line(BEER, 1))
    result = Result(
        ResultCode.DECLINED, reason, 100, (), 4, b"h", Standing(100, 2, YOUTH, 300)
    )
    refusal = Refusal(DeclineReason.WRONG_PRICE, "What exactly is wrong.")
    anchor = anchor_of(UUID(int=1), 4, b"h")

    said = declined(NUMBER, sale, refusal, result, agreed=AGREED, anchor=anchor)

    assert said.text.startswith(text)
    assert (said.facts.balance, said.facts.vouchers) == (Money(100), 2)
    assert (said.facts.suggested is None) is (
        reason not in {DeclineReason.BALANCE_CAP, DeclineReason.EVENT_CAP}
    )


def test_a_shortage_is_said_as_fits_the_order() -> None:
    reason = DeclineReason.INSUFFICIENT_BALANCE
    result = Result(ResultCode.DECLINED, reason, 100, (), 4, b"h", None)
    anchor = anchor_of(UUID(int=1), 4, b"h")

    for order, text in (
        (a_payout(7, 500), "Only 1.00 EUR on the wristband. Pay out that or less."),
        (a_top_up(7, 500), "Only 1.00 EUR is left on the wristband:"),
    ):
        said = declined(NUMBER, order, None, result, agreed=AGREED, anchor=anchor)
        assert said.text.startswith(text)
