from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from contract.fiscal import Signature, process_data
from contract.ids import TillId
from contract.messages import AdviceFlag, DeclineReason
from contract.money import Currency
from contract.order import Outcome, Payment, PaymentMethod, make_line, sum_taxes
from hub.core.orders import (
    Agreed,
    Till,
    advice_flags,
    request_refusal,
    wallet_refusal,
)
from tests.hub import samples
from tests.hub.samples import NOW, order

if TYPE_CHECKING:
    from contract.order import Order

WALLET = 5
AGREED = Agreed(
    event=samples.EVENT.slug,
    number=samples.EVENT.number,
    currency=Currency.EUR,
    catalogues={1: samples.CATALOGUE},
    tills={till: Till(till, till.title()) for till in samples.TILLS},
    token_keys=(samples.SIGNER.public,),
)


def changed(**changes: object) -> Order:
    return msgspec.structs.replace(order(450, WALLET), **changes)


def priced(product: int, price_minor: int) -> Order:
    line = msgspec.structs.replace(
        make_line(samples.BEER, 1),
        product=product,
        unit_price_minor=price_minor,
        total_minor=price_minor,
    )
    return changed(
        lines=(line,),
        taxes=sum_taxes((line,), samples.CATALOGUE.tax_rates()),
        total_minor=price_minor,
    )


def test_a_good_order_is_not_refused() -> None:
    token = samples.credential(WALLET)

    assert request_refusal(order(450, WALLET), token, AGREED) is None
    assert request_refusal(priced(1, 450), token, AGREED) is None


REFUSED = {
    DeclineReason.UNKNOWN_TILL: changed(till=TillId("bar-9")),
    DeclineReason.WRONG_CURRENCY: changed(currency=Currency.CHF),
    DeclineReason.INCONSISTENT_ORDER: changed(total_minor=449),
    DeclineReason.UNKNOWN_PRODUCT: priced(99, 450),
    DeclineReason.WRONG_PRICE: priced(1, 1),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_each_fault_has_its_reason(reason: DeclineReason) -> None:
    refusal = request_refusal(REFUSED[reason], samples.credential(WALLET), AGREED)

    assert refusal is not None
    assert refusal.reason is reason
    assert refusal.detail.endswith(".")


@pytest.mark.parametrize(
    "wrong",
    [
        changed(catalogue=2),
        changed(payment=Payment(method=PaymentMethod.CASH)),
        order(-450, WALLET),
        changed(taxes=()),
    ],
)
def test_other_faults_are_refused(wrong: Order) -> None:
    assert request_refusal(wrong, samples.credential(WALLET), AGREED) is not None


def test_a_revoked_till_is_refused() -> None:
    tills = {samples.TILL: Till(samples.TILL, "Bar", revoked=True)}
    refusal = request_refusal(
        order(450, WALLET), samples.credential(WALLET), replace(AGREED, tills=tills)
    )

    assert refusal is not None
    assert refusal.reason is DeclineReason.UNKNOWN_TILL


def test_a_wallet_is_charged_with_its_own_token_only() -> None:
    sale = order(450, WALLET)
    own, others = samples.credential(WALLET), samples.credential(WALLET + 1)
    torn = msgspec.structs.replace(own, signature=own.signature[:-1] + b"\0")

    assert wallet_refusal(sale, own, AGREED) is None
    for wrong in (None, others, torn):
        refusal = wallet_refusal(sale, wrong, AGREED)
        assert refusal is not None
        assert refusal.reason is DeclineReason.FORGED_WRISTBAND


def test_giving_back_needs_no_token() -> None:
    sale = order(450, WALLET)
    assert wallet_refusal(order(-450, WALLET, cancels=sale.id), None, AGREED) is None


def test_an_advice_is_flagged_not_refused() -> None:
    newer = replace(AGREED, catalogues={1: samples.CATALOGUE, 2: samples.CATALOGUE})
    good, wrong = order(450, WALLET), priced(1, 1)

    assert advice_flags(samples.advice(good), good, AGREED) == ()
    assert advice_flags(samples.advice(wrong), wrong, AGREED) == (
        AdviceFlag.INCONSISTENT_ORDER,
    )
    assert advice_flags(samples.advice(good), good, newer) == (
        AdviceFlag.SUPERSEDED_CATALOGUE,
    )


def test_a_signature_of_something_else_is_flagged() -> None:
    sale = order(450, WALLET)
    key = b"\x04" + b"k" * 96
    signature = Signature(
        client=sale.till,
        number=1,
        start_counter=1,
        counter=2,
        started_at=NOW,
        finished_at=NOW,
        process_type="Kassenbeleg-V1",
        process_data=process_data(sale, Outcome.COMPLETED),
        algorithm="ecdsa-plain-SHA384",
        time_format="unixTime",
        value=b"v" * 96,
        public_key=key,
        tse_serial=hashlib.sha256(key).hexdigest(),
    )
    other = msgspec.structs.replace(signature, process_data="Beleg^9.99")

    for mark, flags in ((signature, ()), (other, (AdviceFlag.BAD_SIGNATURE,))):
        said = samples.advice(sale, signature=mark)
        assert advice_flags(said, sale, AGREED) == flags
