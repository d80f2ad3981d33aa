from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.ids import TillId, WristbandUid
from contract.messages import OrderRequest, decode_from_till, encode
from contract.order import decode_order
from contract.token import Credential
from hub.core.orders import Agreed, Till, request_refusal
from hub.core.tokens import TokenSigner
from provisioning import demo_event
from provisioning.bench.figures import Sample
from provisioning.bench.load import BOOKED, LoadTill, Tally
from provisioning.bench.orders import LINES_PER_ORDER_MAX, OrderMaker
from provisioning.token_key import TokenKey

if TYPE_CHECKING:
    from pathlib import Path

TILL = TillId("bar-1")
GUESTS = 20


def signer(directory: Path) -> TokenSigner:
    key = TokenKey.create(directory / "token.key")
    return TokenSigner(key.private.read_bytes(), key.key_id)


def maker(signs: TokenSigner) -> OrderMaker:
    guests = []
    for serial in range(GUESTS):
        uid = WristbandUid(b"\x04\xbe" + serial.to_bytes(5, "big"))
        body, signature = signs.issue(uid, demo_event.EVENT_NUMBER, 0, serial)
        credential = Credential(uid=uid.octets, body=body, signature=signature)
        guests.append((serial, credential))
    return OrderMaker(demo_event.CATALOGUE, guests)


def test_the_hub_finds_nothing_to_refuse_in_the_load(tmp_path: Path) -> None:
    signs = signer(tmp_path)
    agreed = Agreed(
        event=demo_event.EVENT,
        number=demo_event.EVENT_NUMBER,
        currency=demo_event.CURRENCY,
        catalogues={1: demo_event.CATALOGUE},
        tills={TILL: Till(TILL, "Bar 1")},
        token_keys=(signs.public,),
    )
    makes = maker(signs)
    for _ in range(3 * GUESTS):
        request = decode_from_till(encode(makes.request(TILL)))
        assert isinstance(request, OrderRequest)
        order = decode_order(request.order)
        assert 1 <= len(order.lines) <= LINES_PER_ORDER_MAX
        assert request_refusal(order, request.credential, agreed) is None


def test_every_guest_comes_once_before_one_comes_twice(tmp_path: Path) -> None:
    makes = maker(signer(tmp_path))
    first = [makes.request(TILL).credential for _ in range(GUESTS)]
    assert len(set(map(str, first))) == GUESTS


def verdict(kind: str, regarding: UUID) -> bytes:
    return msgspec.json.encode({"type": kind, "regarding": str(regarding), "more": 1})


def waits(talker: LoadTill) -> bool:
    return talker.waits


def test_a_till_of_the_load_never_has_two_orders_under_way(tmp_path: Path) -> None:
    makes = maker(signer(tmp_path))
    tally = Tally.of(1000.0)
    talker = LoadTill(TILL, makes.request, tally)
    first = decode_from_till(talker.next_request())
    assert talker.answered(verdict(BOOKED, UUID(int=1))) is None  # another order's
    assert waits(talker)
    following = talker.answered(verdict(BOOKED, first.id))
    assert following is not None
    second = decode_from_till(following)
    assert second.id != first.id
    assert talker.answered(verdict(BOOKED, first.id)) is None  # a repeat
    tally.restart(-1.0, warm_up_s=0.0)
    assert talker.answered(verdict("OrderDeclined", second.id)) is None
    assert not waits(talker)
    assert tally.refused == {"OrderDeclined": 1}
    assert isinstance(tally.sample(), Sample)
