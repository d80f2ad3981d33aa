"""Orders drawn at random have a fiscal record that adds up, and the books agree."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest

from contract.ids import TillId
from contract.order import BookingModel
from tests.contract.test_fiscal_lines import check
from tests.hub.core.test_ledger_and_fiscal import agree
from tests.world.acts import Opening, draw_act
from tests.world.wares import CATALOGUES

if TYPE_CHECKING:
    from contract.order import Order

AT = datetime(2026, 7, 4, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize("model", BookingModel)
def test_orders_drawn_at_random_are_told_alike_everywhere(model: BookingModel) -> None:
    draw = Random(f"fiscal {model.value}")
    decided: list[Order] = []
    for number in range(600):
        opening = Opening(
            UUID(int=number), TillId("bar-1"), number, AT, max(CATALOGUES)
        )
        act = draw_act(draw, opening, decided)
        order = msgspec.structs.replace(
            act.order, attempt=1, payment=act.payment, booking_model=model
        )
        check(order)
        agree(order)
        decided.append(order)
