from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
import pytest

from contract.ids import TillId, new_uuid7
from contract.messages import (
    ClockConfirmation,
    Malformed,
    TillDescribed,
    TillDevice,
    TseFacts,
    TseNotes,
    TseOutage,
)
from tests.hub import samples
from tse_driver.simulator import keys

if TYPE_CHECKING:
    from tests.hub.hubs import Parts

AT = samples.NOW
LATER = AT + timedelta(hours=1)
DEVICE = TillDevice(
    brand="Raspberry Pi",
    model="5",
    serial="1000",
    software_brand="Kassenband",
    software_version="1.0",
)


@cache
def identity(number: int) -> keys.Identity:
    return keys.create(datetime.now(UTC), number)


def tse(number: int = 1, **known: Any) -> TseFacts:
    """A genuine TSE's facts."""
    of = identity(number)
    values: dict[str, Any] = {
        "serial": of.public_key.serial.hex(),
        "public_key": of.public_key.point,
        "certificates": tuple(data for _, data in of.files()),
        "bsi_id": "0362-2019",
        "signatures_left": 1000,
        **known,
    }
    return TseFacts(
        algorithm=of.algorithm.name,
        time_format="unixTime",
        expires=of.expiry,
        **values,
    )


def described(
    facts: TseFacts, since: datetime = AT, z_number: int = 1, reason: str = ""
) -> TillDescribed:
    return TillDescribed(
        id=new_uuid7(),
        device=DEVICE,
        tse=facts,
        since=since,
        z_number=z_number,
        reason=reason,
    )


async def rows(parts: Parts, query: str) -> list[asyncpg.Record]:
    return await parts.store.fetch(query, parts.context.current.number)


async def test_a_till_and_its_tse_are_known_once_told(parts: Parts) -> None:
    told = described(tse())
    answer = await parts.tse_news.described(told, samples.TILL)
    assert answer.regarding == told.id
    await parts.tse_news.described(described(tse()), samples.TILL)  # told again

    (known,) = await rows(parts, "tses")
    assert known["serial"] == tse().serial
    assert [bytes(each) for each in known["certificates"]] == list(tse().certificates)
    (use,) = await rows(parts, "tse_uses")
    assert (use["till"], use["since"], use["until"]) == (samples.TILL, AT, None)
    bar = next(
        row for row in await rows(parts, "till_register") if row["id"] == samples.TILL
    )
    assert (bar["brand"], bar["serial"]) == ("Raspberry Pi", "1000")
    assert bar["first_used_at"] == AT


async def test_another_tse_ends_the_use_of_the_first(parts: Parts) -> None:
    await parts.tse_news.described(described(tse(1)), samples.TILL)
    swapped = described(tse(2), LATER, 2, "Its store is full.")
    await parts.tse_news.described(swapped, samples.TILL)

    uses = await rows(parts, "tse_uses")
    assert [(use["tse_serial"], use["until"]) for use in uses] == [
        (tse(1).serial, LATER),
        (tse(2).serial, None),
    ]
    assert (uses[1]["reason"], uses[1]["z_number"]) == ("Its store is full.", 2)

    # A restored hub hears them again, in any order.
    await parts.tse_news.described(described(tse(1)), samples.TILL)
    assert await rows(parts, "tse_uses") == uses


async def test_what_nobody_could_say_at_first_is_said_once(parts: Parts) -> None:
    await parts.tse_news.described(
        described(tse(certificates=(), bsi_id="")), samples.TILL
    )
    await parts.tse_news.described(described(tse(signatures_left=990)), samples.TILL)
    await parts.tse_news.described(described(tse(bsi_id="0393-2020")), samples.TILL)

    (known,) = await rows(parts, "tses")
    assert known["bsi_id"] == "0362-2019"
    assert len(known["certificates"]) == 3
    assert known["signatures_left"] == 1000  # as of the last word


async def test_a_tse_under_a_false_name_is_refused(parts: Parts) -> None:
    forged = msgspec.structs.replace(tse(1), public_key=tse(2).public_key)
    with pytest.raises(Malformed, match="not that of the public key"):
        await parts.tse_news.described(described(forged), samples.TILL)
    strange = tse(1, certificates=tse(2).certificates)
    with pytest.raises(Malformed, match="first certificate is not that of TSE"):
        await parts.tse_news.described(described(strange), samples.TILL)
    with pytest.raises(Malformed, match="not one of this event"):
        await parts.tse_news.described(described(tse()), TillId("bar-99"))


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"\x04" + bytes(96),
        b"\x04" + bytes(10),
        b"\x02" + bytes(range(48)),
        b"\x30\x03\x02\x01\x00",
        bytes(200),
    ],
)
async def test_a_key_that_is_on_no_curve_is_refused(parts: Parts, key: bytes) -> None:
    named = sha256(key).hexdigest()
    strange = tse(public_key=key, serial=named, certificates=())
    with pytest.raises(Malformed, match="no point of a curve"):
        await parts.tse_news.described(described(strange), samples.TILL)


async def test_an_outage_is_open_until_it_has_ended_for_good(parts: Parts) -> None:
    outage = TseOutage(id=new_uuid7(), since=AT, reason="Not plugged in.")
    before = TseOutage(id=new_uuid7(), since=AT, until=LATER, reason="No answer.")
    clock = ClockConfirmation(id=new_uuid7(), at=AT, by="ann")
    told = TseNotes(id=new_uuid7(), outages=(before, outage), clocks=(clock,))
    assert (await parts.tse_news.noted(told, samples.TILL)).regarding == told.id
    ended = msgspec.structs.replace(outage, until=LATER)
    await parts.tse_news.noted(TseNotes(id=new_uuid7(), outages=(ended,)), samples.TILL)
    await parts.tse_news.noted(told, samples.TILL)  # the first words, late

    outages = await rows(parts, "tse_outages")
    assert {(row["id"], row["until"]) for row in outages} == {
        (before.id, LATER),
        (outage.id, LATER),
    }
    (vouched,) = await rows(parts, "tse_clocks")
    assert (vouched["confirmed_by"], vouched["confirmed_at"]) == ("ann", AT)


async def test_what_tells_of_tses_never_changes(
    parts: Parts, one_database: str
) -> None:
    await parts.tse_news.described(described(tse()), samples.TILL)
    outage = TseOutage(id=new_uuid7(), since=AT, until=LATER, reason="No answer.")
    await parts.tse_news.noted(
        TseNotes(id=new_uuid7(), outages=(outage,)), samples.TILL
    )
    owner = await asyncpg.connect(one_database)
    try:
        for change in (
            "DELETE FROM closing_outage",
            "DELETE FROM tse_outage",
            "UPDATE tse_outage SET until = NULL",
            "UPDATE tse_use SET since = now()",
            "UPDATE tse SET bsi_id = ''",
            "DELETE FROM tse",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await owner.execute(change)
    finally:
        await owner.close()
