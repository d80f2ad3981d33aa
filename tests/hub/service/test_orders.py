from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from contract.ids import new_uuid7
from contract.messages import AdviceBatch, AdviceRecorded, encode_advice
from hub.core.booking import Result, ResultCode
from hub.service.orders import Orders
from tests.hub.samples import TILLS, advice, order

if TYPE_CHECKING:
    import pytest

    from hub.core.booking import Item
    from hub.service.context import ContextKeeper
    from tests.hub.hubs import Parts


async def test_an_answer_names_the_newest_batch_of_its_advices(
    parts: Parts, context: ContextKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = iter([7, 6])

    def submit(_: Item) -> asyncio.Future[Result]:
        booked: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        number = next(batches)
        head = bytes([number]) * 32
        booked.set_result(Result(ResultCode.RECORDED, None, None, (), number, head))
        return booked

    monkeypatch.setattr(parts.booking, "submit", submit)
    advices = tuple(msgspec.Raw(encode_advice(advice(order(300)))) for _ in range(2))

    answers = await Orders(parts.store, context, parts.booking).advise(
        AdviceBatch(id=new_uuid7(), advices=advices), TILLS[0]
    )

    assert isinstance(answers[0], AdviceRecorded)
    assert answers[0].anchor.batch == 7
    assert answers[0].anchor.chain_head == "07" * 32
