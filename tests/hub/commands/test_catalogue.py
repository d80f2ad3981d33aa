from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from contract.catalogue import encode_catalogue
from tests.hub import samples

if TYPE_CHECKING:
    from contract.catalogue import Catalogue
    from tests.hub.commands.conftest import Office


def written(hub: Office, products: Catalogue) -> str:
    return str(hub.write("products.json", encode_catalogue(products).decode()))


def test_the_next_version_is_what_tills_sell(hub: Office) -> None:
    dearer = msgspec.structs.replace(samples.BEER, price_minor=480)
    changed = msgspec.structs.replace(
        samples.CATALOGUE,
        version=2,
        products=(dearer, *samples.CATALOGUE.products[1:]),
    )
    assert hub.figures("catalogue", "publish", written(hub, changed))["version"] == 2

    shown = hub("catalogue", "show").out
    assert "Version 2" in shown
    assert "4.80 EUR" in shown


def test_an_older_version_or_another_content_is_refused(hub: Office) -> None:
    cheaper = msgspec.structs.replace(samples.BEER, price_minor=1)
    other = msgspec.structs.replace(samples.CATALOGUE, products=(cheaper,))
    said = hub("catalogue", "publish", written(hub, other))
    assert said.code == 1
    assert "Publish the change under the next number" in said.errors

    newer = msgspec.structs.replace(samples.CATALOGUE, version=5)
    assert hub("catalogue", "publish", written(hub, newer)).code == 0
    said = hub("catalogue", "publish", written(hub, samples.CATALOGUE))
    assert said.code == 1
    assert "Give it the number 6" in said.errors


def test_a_catalogue_of_another_event_is_refused(hub: Office) -> None:
    other = msgspec.structs.replace(samples.CATALOGUE, event="winter", version=2)
    said = hub("catalogue", "publish", written(hub, other), "--json")

    assert said.code == 1
    assert "is for winter in EUR" in said.figures["refused"]


def test_a_product_without_its_group_is_named(hub: Office) -> None:
    raw = msgspec.to_builtins(samples.CATALOGUE)
    raw["products"][0]["group"] = 99
    path = hub.write("products.json", msgspec.json.encode(raw).decode())
    said = hub("catalogue", "publish", path)

    assert said.code == 1
    assert "Product 1 names group 99" in said.errors


def test_without_a_catalogue_the_remedy_is_named(new_hub: Office) -> None:
    seller = msgspec.json.encode(samples.EVENT.seller).decode()
    plan = (
        f'{{"number": 7, "name": "S", "currency": "EUR", "seller": {seller}, '
        '"portal_url": "https://s.example", '
        '"stand_in": {"allowance_minor": 0, "till_total_minor": 0}}'
    )
    new_hub("event", "open", new_hub.write("event.json", plan))
    said = new_hub("catalogue", "show")

    assert said.code == 1
    assert "kassenband-hub catalogue publish" in said.errors
