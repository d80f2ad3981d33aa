from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from contract.catalogue import (
    Button,
    ButtonPart,
    Catalogue,
    Product,
    ProductKind,
    TaxRate,
    Ticket,
    changed_products,
    decode_catalogue,
    digest,
    encode_catalogue,
    lock_breaches,
)
from tests.contract.orders import BEER, CUP, FESTIVAL, GIFT
from tests.contract.samples import CATALOGUE


def test_a_catalogue_comes_back_as_it_was() -> None:
    assert decode_catalogue(encode_catalogue(CATALOGUE)) == CATALOGUE


def test_its_digest_names_its_bytes() -> None:
    assert digest(b"abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )  # FIPS 180-4, example SHA-256


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("tax_code", 9, "tax code 9"),
        ("group", 9, "group 9"),
        ("label", "Much too long", "at most 2 lines"),
        ("label", "a\nb\nc", "at most 2 lines"),
        ("id", 2, "share one number"),
        ("price_minor", -1, "price_minor"),
        ("name", "", "name"),
        ("name", "a\u0007", "name"),
    ],
)
def test_a_broken_catalogue_says_what_is_wrong(
    field: str, value: object, words: str
) -> None:
    data = json.loads(encode_catalogue(CATALOGUE))
    data["products"][0][field] = value
    with pytest.raises(msgspec.ValidationError, match=words):
        decode_catalogue(json.dumps(data).encode())


def test_what_is_not_said_is_not_written() -> None:
    """So that catalogues from before buttons and deposits keep bytes and digest."""
    written = json.loads(encode_catalogue(CATALOGUE))
    assert set(written) == {
        "event",
        "version",
        "currency",
        "taxes",
        "groups",
        "products",
    }
    assert set(written["products"][0]) == {
        "id",
        "name",
        "label",
        "price_minor",
        "tax_code",
        "group",
    }


def test_a_festivals_catalogue_comes_back_as_it_was() -> None:
    assert decode_catalogue(encode_catalogue(FESTIVAL)) == FESTIVAL


def test_tiles_are_the_buttons_and_what_stands_on_none() -> None:
    named = [
        each.label if isinstance(each, Button) else each.name for each in FESTIVAL.tiles
    ]
    assert named == [
        "Beer\n+ cup",
        "Cup\nback",
        "Pretzel",
        "Whatever it costs",
        "For the lifeguards",
        "Half a chicken",
        "Tip for the crew",
        "Service",
    ]
    assert CATALOGUE.tiles == CATALOGUE.products


@pytest.mark.parametrize(("variant", "ticket"), [(0, 1), (1, 2), (9, 1)])
def test_the_ticket_follows_from_the_wristbands_variant(
    variant: int, ticket: int
) -> None:
    found = FESTIVAL.ticket_for(variant)
    assert found is not None
    assert found.id == ticket
    assert CATALOGUE.ticket_for(variant) is None


def test_only_deposits_are_taken_back() -> None:
    assert [each.id for each in FESTIVAL.products if each.returnable] == [CUP.id]


def button(*parts: ButtonPart, **changes: Any) -> dict[str, Any]:
    made = Button(id=9, label="Button", parts=parts, group=1)
    return {"buttons": (msgspec.structs.replace(made, **changes),)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (button(ButtonPart(product=99)), "product 99"),
        (button(ButtonPart(product=1), group=7), "group 7"),
        (button(ButtonPart(product=1, quantity=0)), "not even once"),
        (button(ButtonPart(product=1, quantity=-1)), "no deposit"),
        (button(ButtonPart(product=1), ButtonPart(product=1)), "twice"),
        (button(ButtonPart(product=4), ButtonPart(product=5)), "free price"),
        ({"buttons": button(ButtonPart(product=1))["buttons"] * 2}, "share one number"),
        ({"tickets": (Ticket(id=1, product=99),)}, "product 99"),
    ],
)
def test_a_catalogue_with_buttons_says_what_is_wrong(
    changes: dict[str, Any], words: str
) -> None:
    fields = {name: getattr(FESTIVAL, name) for name in FESTIVAL.__struct_fields__}
    with pytest.raises(ValueError, match=words):
        Catalogue(**{**fields, **changes})


@pytest.mark.parametrize(
    ("product", "changes", "words"),
    [
        (CUP, {"price_in_vouchers": 1}, "no goods"),
        (GIFT, {"tax_code": 1}, "not taxable"),
        (BEER, {"label": "Much too long"}, "product 1"),
    ],
)
def test_a_product_that_can_not_be_says_why(
    product: Product, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        msgspec.structs.replace(product, **changes)


def test_what_is_not_taxable_has_no_rate() -> None:
    with pytest.raises(ValueError, match="Tax code 5"):
        TaxRate(code=5, rate_bp=700, name="odd")


def version(number: int, *products: Product) -> Catalogue:
    return msgspec.structs.replace(
        CATALOGUE, version=number, products=products, groups=FESTIVAL.groups
    )


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, ""),
        ({"label": "Pils", "group": 2, "restricted_variants": ()}, ""),
        ({"price_minor": 460}, "price"),
        ({"tax_code": 2}, "tax"),
        ({"name": "Other"}, "name"),
        ({"kind": ProductKind.DEPOSIT, "price_in_vouchers": 0}, "kind"),
        ({"locked": False}, "lock"),
    ],
)
def test_what_was_sold_keeps_what_receipts_show(
    changes: dict[str, Any], kept: str
) -> None:
    sold = msgspec.structs.replace(BEER, locked=True)
    later = msgspec.structs.replace(sold, **changes)
    breaches = lock_breaches(version(1, sold), version(2, later))
    assert len(breaches) == (1 if kept else 0)
    assert kept in "".join(breaches)


def test_what_was_not_sold_may_change_and_anything_may_leave() -> None:
    dearer = msgspec.structs.replace(BEER, price_minor=460)
    assert lock_breaches(version(1, BEER), version(2, dearer)) == ()
    sold = msgspec.structs.replace(BEER, locked=True)
    assert lock_breaches(version(1, sold), version(2)) == ()


def test_what_was_sold_without_a_lock_keeps_price_tax_and_kind() -> None:
    before = version(1, BEER)
    dearer = version(2, msgspec.structs.replace(BEER, price_minor=460))
    renamed = version(2, msgspec.structs.replace(BEER, name="Pils"))

    assert changed_products(before, dearer) == (BEER.id,)
    assert changed_products(before, renamed) == changed_products(before, before) == ()
    (breach,) = lock_breaches(before, dearer, {BEER.id})
    assert "has been sold and keeps its price" in breach
    assert lock_breaches(before, dearer, {BEER.id + 1}) == ()
    assert lock_breaches(before, renamed, {BEER.id}) == ()
