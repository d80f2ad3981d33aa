from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from contract.advice import OrderAdvice
from contract.closing import ClosingReport
from contract.fields import EARLIEST, LATEST
from contract.messages import decode_advice, encode, encode_advice
from contract.order import Order, decode_order, encode_order
from tests.contract.samples import ADVICE, MESSAGES, ORDER

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSURD = (
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
)
ZONES = [timezone(timedelta(hours=hours)) for hours in (-23, -12, 0, 14, 23)]
MOMENT = re.compile(rb'"\d{4}-\d\d-\d\dT[^"]+"')


def moments(value: Any) -> Iterator[datetime]:
    """Every time that a record holds, and those within it."""
    if isinstance(value, datetime):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from moments(getattr(value, name))
    elif isinstance(value, tuple):
        for each in value:
            yield from moments(each)


def absurd(data: bytes, when: str) -> bytes:
    return MOMENT.sub(f'"{when}"'.encode(), data)


RECORDS: list[tuple[type[msgspec.Struct], bytes]] = [
    (type(each), encode(each)) for each in MESSAGES
]
RECORDS += [(Order, encode_order(ORDER)), (OrderAdvice, encode_advice(ADVICE))]
RECORDS += [
    (ClosingReport, bytes(each.report)) for each in MESSAGES if hasattr(each, "report")
]


@pytest.mark.parametrize("when", ABSURD)
def test_whatever_a_clock_showed_every_zone_has_a_day_for_it(when: str) -> None:
    """Also for what will be added to the contract: a new time keeps to it as well."""
    read = 0
    for kind, data in RECORDS:
        record = msgspec.json.decode(absurd(data, when), type=kind)
        for moment in moments(record):
            read += 1
            for zone in ZONES:
                local = moment.astimezone(zone)
                assert local - timedelta(days=1) < moment < local + timedelta(days=1)
    assert read > 15, "the samples hold times"


def test_what_was_said_stays_as_it_was_said() -> None:
    for said, held in ((ABSURD[0], LATEST), (ABSURD[3], EARLIEST)):
        advice = decode_advice(absurd(encode_advice(ADVICE), said))
        assert advice.decided_at == held
        assert said.encode() in bytes(advice.order)
        assert decode_order(advice.order).opened_at == held


def test_a_time_that_can_be_is_read_as_it_is() -> None:
    assert decode_advice(encode_advice(ADVICE)) == ADVICE
    berlin = datetime(2026, 7, 4, 22, 15, tzinfo=timezone(timedelta(hours=2)))
    read = msgspec.structs.replace(ADVICE, decided_at=berlin)
    assert read.decided_at.isoformat() == "2026-07-04T22:15:00+02:00"
