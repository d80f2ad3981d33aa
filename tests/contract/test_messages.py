from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.messages import (
    REMEDY,
    AdviceBatch,
    FromTill,
    Malformed,
    OrderRequest,
    Rejected,
    RejectReason,
    decode_advice,
    decode_from_hub,
    decode_from_till,
    encode,
)
from contract.order import decode_order, encode_order
from contract.topics import MESSAGE_BYTES_MAX
from tests.contract.samples import ADVICE, MESSAGES, ORDER

if TYPE_CHECKING:
    from contract.messages import Message

GOLDEN = Path(__file__).parent / "golden"
FROM_TILL = {kind.__name__ for kind in get_args(FromTill)}


def kind(message: Message) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", MESSAGES, ids=kind)
def test_a_message_is_written_byte_for_byte_as_agreed(message: Message) -> None:
    golden = GOLDEN / f"{kind(message)}.json"
    assert encode(message) == golden.read_bytes().rstrip(b"\n"), (
        f"{golden.name} differs: a change of the contract needs a new version."
    )


@pytest.mark.parametrize("message", MESSAGES, ids=kind)
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    decode = decode_from_till if kind(message) in FROM_TILL else decode_from_hub
    assert encode(decode(encode(message))) == encode(message)


def test_every_golden_file_has_its_message() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == {kind(each) for each in MESSAGES}


@pytest.mark.parametrize("message", MESSAGES, ids=kind)
def test_a_newer_peer_may_add_fields(message: Message) -> None:
    data = json.loads(encode(message))
    data["something_new"] = {"deep": [1]}
    decode = decode_from_till if kind(message) in FROM_TILL else decode_from_hub
    assert kind(decode(json.dumps(data).encode())) == kind(message)


def test_an_orders_bytes_travel_untouched_through_request_and_advice() -> None:
    odd = encode_order(ORDER).replace(b'"quantity":2', b'"quantity" :  2')
    request = OrderRequest(
        id=ORDER.id, order=msgspec.Raw(odd), answer_by=ADVICE.decided_at
    )
    received = decode_from_till(encode(request))
    assert isinstance(received, OrderRequest)
    assert bytes(received.order) == odd
    assert decode_order(received.order) == ORDER


DEEP = b"[" * 60_000  # fits into a message, but not on Python's stack

BAD_INPUTS = [
    (b"", RejectReason.NOT_JSON),
    (b"{", RejectReason.NOT_JSON),
    (b"\xff\xfe", RejectReason.NOT_JSON),
    (b"[]", RejectReason.INVALID),
    (b"{}", RejectReason.UNKNOWN_TYPE),
    (b'{"type":"Gift","id":null}', RejectReason.UNKNOWN_TYPE),
    (b'{"type":"OrderBooked"}', RejectReason.UNKNOWN_TYPE),
    (b'{"type":"TillOnline","version":9}', RejectReason.UNKNOWN_VERSION),
    (b'{"type":"TillOnline","version":1}', RejectReason.INVALID),
    (b'{"type":"AdviceBatch","version":1,"id":7}', RejectReason.INVALID),
    (b'{"type":"\xff"}', RejectReason.NOT_JSON),
    (b'{"type":"OrderRequest","version":1,"order":' + DEEP, RejectReason.NOT_JSON),
    (b" " * (MESSAGE_BYTES_MAX + 1), RejectReason.TOO_LARGE),
]


@pytest.mark.parametrize(("data", "reason"), BAD_INPUTS)
def test_bad_input_is_named(data: bytes, reason: RejectReason) -> None:
    with pytest.raises(Malformed) as caught:
        decode_from_till(data)
    assert caught.value.reason is reason
    assert re.fullmatch(r"The message .*|Messages .*|Version .*", str(caught.value))
    assert str(caught.value).endswith(REMEDY)


def test_what_is_wrong_with_a_message_is_a_sentence_with_a_remedy() -> None:
    for decode in (decode_from_till, decode_from_hub, decode_advice):
        with pytest.raises(Malformed) as caught:
            decode(b"[]")
        assert str(caught.value) == (
            "The message can't be used: Expected `object`, got `array`. Update the till"
            " or the hub: they may be of different versions."
        )


def test_a_rejection_of_anything_can_be_told_to_whoever_sent_it() -> None:
    rejected = next(each for each in MESSAGES if isinstance(each, Rejected))
    odd = json.dumps("\n" * 5000).encode()
    with pytest.raises(Malformed) as caught:
        decode_from_hub(encode(rejected).replace(b'"invalid"', odd))
    told = msgspec.structs.replace(rejected, text=str(caught.value))
    assert decode_from_hub(encode(told)) == told


@pytest.mark.parametrize("data", [b'{"type":"\xff"}', b'{"type":' + DEEP])
def test_what_no_json_reader_takes_breaks_no_decoder(data: bytes) -> None:
    for decode in (decode_from_hub, decode_advice):
        with pytest.raises(Malformed):
            decode(data)


def test_a_rejection_names_the_message_it_regards() -> None:
    data = json.loads(encode(MESSAGES[0]))
    data["version"] = 2
    with pytest.raises(Malformed) as caught:
        decode_from_till(json.dumps(data).encode())
    assert caught.value.regarding == MESSAGES[0].id


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoders(data: bytes) -> None:
    for decode in (decode_from_till, decode_from_hub, decode_advice):
        with pytest.raises(Malformed):
            decode(data)


@given(st.data())
def test_a_damaged_message_is_taken_whole_or_refused(data: st.DataObject) -> None:
    message = encode(data.draw(st.sampled_from(MESSAGES)))
    cut = data.draw(st.integers(0, len(message) - 1))
    with pytest.raises(Malformed):
        decode_from_till(message[:cut])


def test_too_many_advices_in_one_batch_are_refused() -> None:
    batch = next(each for each in MESSAGES if isinstance(each, AdviceBatch))
    data = encode(AdviceBatch(id=batch.id, advices=batch.advices * 41))
    with pytest.raises(Malformed):
        decode_from_till(data)
