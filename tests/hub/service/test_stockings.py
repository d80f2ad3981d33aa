from __future__ import annotations

import msgspec

from contract.messages import decode_from_hub, encode
from contract.money import Currency
from contract.stocking import DENOMINATIONS, Pieces, Stocking, stocking_fault
from contract.topics import MESSAGE_BYTES_MAX
from hub.service.stockings import STOCKINGS_MAX
from tests.edge.parts import CONFIG


def test_tills_read_as_many_of_the_largest_templates_as_an_event_may_have() -> None:
    """A till that can't read its configuration sells nothing."""
    values = DENOMINATIONS[Currency.EUR]
    pieces = [Pieces(value_minor=each, count=9_999) for each in values]
    pieces += [
        Pieces(value_minor=each, count=9_999, in_roll=roll)
        for each in values[7:]
        for roll in (99, 100)
    ]
    largest = Stocking(
        name="\N{BANKNOTE WITH EURO SIGN}" * 40, pieces=tuple(pieces)[:30]
    )
    assert len(largest.pieces) == 30
    assert stocking_fault(largest, Currency.EUR) is None

    told = msgspec.structs.replace(CONFIG, stockings=(largest,) * STOCKINGS_MAX)
    encoded = encode(told)

    assert len(encoded) <= MESSAGE_BYTES_MAX
    assert decode_from_hub(encoded) == told
