from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from contract.ids import EventId, TillId, new_uuid7
from contract.messages import ClockConfirmation, TseNotes, TseOutage
from hub.core.notification import NAMESPACE
from hub.service.context import ContextKeeper
from hub.service.tse_news import TseNews
from hub.store.store import Store
from tests.hub import samples
from tests.hub.service.test_tse_news import AT, described, tse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.hub.commands.conftest import Office

BAR, OTHER = samples.TILL, TillId("bar-2")
LATER = AT + timedelta(hours=1)


def told(dsn: str, say: Callable[[TseNews], Awaitable[object]]) -> None:
    """Let a till tell something, as it would over the link."""

    async def tell() -> None:
        store = await Store.open(dsn)
        try:
            context = ContextKeeper(store, EventId(samples.EVENT.slug))
            await context.refresh()
            await say(TseNews(store, context))
        finally:
            await store.close()

    asyncio.run(tell())


async def swapped(news: TseNews) -> None:
    await news.described(described(tse(1)), BAR)
    await news.described(described(tse(2), LATER, 2), BAR)
    lasting = TseOutage(id=new_uuid7(), since=AT, reason="It is not plugged in.")
    clock = ClockConfirmation(id=new_uuid7(), at=AT, by="ann")
    await news.noted(TseNotes(id=new_uuid7(), outages=(lasting,), clocks=(clock,)), BAR)


def test_all_that_is_known_of_tses_is_shown(hub: Office, one_database: str) -> None:
    assert "No till has told of its TSE yet." in hub("tse").out
    told(one_database, swapped)

    figures = hub.figures("tse", "--till", BAR)
    assert [each["serial"] for each in figures["tses"]] == [
        tse(1).serial,
        tse(2).serial,
    ]
    assert [each["until"] is None for each in figures["uses"]] == [False, True]
    assert figures["outages"][0]["until"] is None
    assert figures["clocks"][0]["confirmed_by"] == "ann"
    said = hub("tse").out
    assert "goes on" in said
    assert "its log was never delivered" in said  # of the first one
    there = AT.astimezone(ZoneInfo("Europe/Berlin"))
    assert f"{there:%Y-%m-%d %H:%M:%S} CEST" in said
    assert "UTC" not in said
    assert said.endswith("given away.\n")  # and no empty line
    assert hub.figures("tse", "--till", OTHER)["uses"] == []
    assert "No till is named x" in hub("tse", "--till", "x").errors


def test_one_tse_that_two_tills_use_at_once_is_warned_of(
    hub: Office, one_database: str
) -> None:
    told(one_database, lambda news: news.described(described(tse(1)), BAR))
    assert "at once" not in hub("tse").out
    told(one_database, lambda news: news.described(described(tse(1), LATER), OTHER))
    line = f"LOOK  {BAR} and {OTHER} say that they use one TSE at once"
    assert line in hub("tse").out
    assert line in hub("tse", "--till", OTHER).out
    assert hub.figures("tse")["shared"] == [
        {"tse_serial": tse(1).serial, "tills": [BAR, OTHER]}
    ]
    told(one_database, lambda news: news.described(described(tse(2), LATER, 2), BAR))
    assert "at once" not in hub("tse").out  # it was moved


def elements(path: Path) -> list[dict[str, str]]:
    root = ET.fromstring(path.read_bytes())
    assert root.tag == f"{{{NAMESPACE}}}Aufzeichnung146a"
    (inner,) = root
    return [
        {part.tag.removeprefix(f"{{{NAMESPACE}}}"): part.text or "" for part in system}
        for system in inner
    ]


def test_the_notification_lists_every_till_with_each_of_its_tses(
    hub: Office, one_database: str, tmp_path: Path
) -> None:
    told(one_database, swapped)
    for till in samples.TILLS[1:]:
        hub("till", "revoke", till)
    hub("till", "asset", BAR, "--acquired", "2026-05-01")
    path = tmp_path / "146a.xml"
    assert hub.figures("notification-146a", "--out", path)["systems"] == 2

    first, second = elements(path)
    assert list(second) == [
        *("Art", "Software", "SoftwareVersion", "SeriennummerAS", "Hersteller"),
        *("Modell", "SeriennummerTSE", "InbetriebnahmeTSE", "BSIID", "ArtTSE"),
        *("AnschaffungAS", "InbetriebnahmeAS"),
    ]
    assert second["SeriennummerAS"] == BAR
    assert second["SeriennummerTSE"] == tse(2).serial
    assert second["AnschaffungAS"] == "01.05.2026"
    assert second["BSIID"] == "0362-2019"
    assert first["AusserbetriebnahmeAS"] == f"{LATER:%d.%m.%Y}"
    assert path.read_text("utf-8").startswith(
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>'
    )

    hub("till", "asset", BAR, "--out-of-service", "2026-09-30")
    hub.figures("notification-146a", "--out", path)
    assert elements(path)[1]["AusserbetriebnahmeAS"] == "30.09.2026"


def test_what_is_missing_is_named_with_the_remedy(
    hub: Office, one_database: str, tmp_path: Path
) -> None:
    told(one_database, lambda news: news.described(described(tse(3, bsi_id="")), BAR))
    path = tmp_path / "146a.xml"
    said = hub("notification-146a", "--out", path)
    assert said.code == 1
    assert f"till asset {BAR} --acquired" in said.errors
    assert "BSI's number of TSE" in said.errors
    assert f"{OTHER}: it has never described itself" in said.errors
    assert not path.exists()


@pytest.mark.parametrize("day", ["1.5.2026", "2026-13-01"])
def test_a_day_that_is_none_is_refused(hub: Office, day: str) -> None:
    with pytest.raises(SystemExit):
        hub("till", "asset", BAR, "--acquired", day)
