from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.catalogue import TaxRate, decode_catalogue
from contract.order import (
    LINES_MAX,
    Line,
    OrderKind,
    Payment,
    PaymentMethod,
    decode_order,
    encode_order,
    inconsistency,
    order_digest,
    sum_taxes,
)
from contract.topics import MESSAGE_BYTES_MAX
from tests.contract.samples import CATALOGUE, ORDER

RATES = {
    1: TaxRate(code=1, rate_bp=1900, name="general"),
    2: TaxRate(code=2, rate_bp=700, name="reduced"),
    5: TaxRate(code=5, rate_bp=0, name="none"),
}


def line(quantity: int, price_minor: int, tax_code: int) -> Line:
    return Line(
        product=1,
        name="Beer",
        quantity=quantity,
        unit_price_minor=price_minor,
        total_minor=quantity * price_minor,
        tax_code=tax_code,
    )


lines = st.lists(
    st.builds(
        line, st.integers(-99, 99), st.integers(0, 10**6), st.sampled_from([1, 2, 5])
    )
)


@given(lines)
def test_gross_is_net_plus_tax_and_the_sums_are_the_lines(given: list[Line]) -> None:
    taxes = sum_taxes(given, RATES)
    assert sum(tax.gross_minor for tax in taxes) == sum(
        one.total_minor for one in given
    )
    for tax in taxes:
        assert tax.gross_minor == tax.net_minor + tax.tax_minor
        exact = tax.gross_minor * 10_000
        assert abs(tax.net_minor * (10_000 + tax.rate_bp) - exact) * 2 <= (
            10_000 + tax.rate_bp
        )


@given(lines)
def test_a_returned_order_has_the_same_tax_with_the_sign_turned(
    given: list[Line],
) -> None:
    back = [line(-one.quantity, one.unit_price_minor, one.tax_code) for one in given]
    for tax, turned in zip(
        sum_taxes(given, RATES), sum_taxes(back, RATES), strict=True
    ):
        assert turned.tax_minor == -tax.tax_minor


def test_the_sample_order_adds_up() -> None:
    assert inconsistency(ORDER) is None
    assert [tax.tax_minor for tax in ORDER.taxes] == [144, 20]


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"total_minor": 1201}, "total"),
        ({"taxes": ()}, "taxes"),
        ({"taxes": ORDER.taxes + ORDER.taxes[:1]}, "twice"),
        (
            {"lines": (msgspec.structs.replace(ORDER.lines[0], total_minor=1),)},
            "line 1",
        ),
    ],
)
def test_an_order_that_does_not_add_up_says_where(
    changes: dict[str, object], part: str
) -> None:
    broken = msgspec.structs.replace(ORDER, **changes)
    assert part in str(inconsistency(broken))


@pytest.mark.parametrize(
    "changes",
    [
        {"payment": None},
        {"attempt": 0},
        {"kind": OrderKind.CANCELLATION},
        {"cancels": UUID(int=1)},
        {"payment": Payment(method=PaymentMethod.WALLET)},
        {"payment": Payment(method=PaymentMethod.CASH, wallet=3)},
    ],
)
def test_contradictions_within_an_order_are_refused(changes: dict[str, object]) -> None:
    fields = {name: getattr(ORDER, name) for name in ORDER.__struct_fields__}
    data = msgspec.json.encode({**fields, **changes})
    with pytest.raises(msgspec.ValidationError):
        decode_order(data)


def test_a_hundred_lines_are_too_many() -> None:
    full = msgspec.structs.replace(ORDER, lines=ORDER.lines[:1] * LINES_MAX)
    assert decode_order(encode_order(full)) == full
    over = msgspec.structs.replace(ORDER, lines=ORDER.lines[:1] * (LINES_MAX + 1))
    with pytest.raises(msgspec.ValidationError):
        decode_order(encode_order(over))


def test_the_largest_order_fits_into_one_message() -> None:
    longest = msgspec.structs.replace(
        ORDER.lines[0],
        name="\N{BEER MUG}" * 80,
        product=2**53,
        quantity=-9_999,
        unit_price_minor=2**53,
        total_minor=-(2**53) * 9_999 // 9_999,
    )
    full = msgspec.structs.replace(ORDER, lines=(longest,) * LINES_MAX)
    assert len(encode_order(full)) < MESSAGE_BYTES_MAX - 4096


@pytest.mark.parametrize("data", [b'{"id":"\xff"}', b'{"extra":' + b"[" * 60_000])
def test_what_no_json_reader_takes_is_an_error_like_others(data: bytes) -> None:
    for decode in (decode_order, decode_catalogue):
        with pytest.raises(msgspec.DecodeError):
            decode(data)


def test_the_digest_covers_every_byte() -> None:
    data = encode_order(ORDER)
    assert order_digest(data) == order_digest(msgspec.Raw(data))
    assert order_digest(data) != order_digest(data.replace(b"maria", b"Maria"))


def test_the_catalogue_finds_its_products() -> None:
    product = CATALOGUE.product(2)
    assert product is not None
    assert product.name == "Pretzel"
    assert CATALOGUE.product(99) is None
