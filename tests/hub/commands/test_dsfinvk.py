from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from dsfinvk.validate import validate_zip

from contract.closing import encode_closing
from contract.ids import TillId, new_uuid7
from contract.messages import (
    AdviceBatch,
    Closing,
    ClosingRecorded,
    OrderAdvice,
    TillDescribed,
    TillDevice,
    TseFacts,
    TseNotes,
    TseOutage,
    encode_advice,
)
from contract.order import Outcome, Path, encode_order, make_line
from hub.__main__ import main
from hub.commands.progress import Progress
from hub.service.context import ContextKeeper
from hub.service.events import publish_catalogue
from hub.store.store import Store
from tests.hub import samples
from tests.hub.export import exports
from tests.hub.export.exports import rows
from tests.hub.export.till_days import (
    BEER,
    CASH,
    CATALOGUE,
    REGISTER,
    Till,
    a_day,
    identity,
    sale,
)
from tests.hub.hubs import running_parts
from tests.hub.people import hire

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from hub.export.cash_point import CashPoint, Ended
    from tests.hub.commands.conftest import Office
    from tests.hub.hubs import Parts

OUT_OF_ORDER = "kein Strom; Stecker gezogen"


async def deliver(parts: Parts, ended: Ended) -> None:
    advice = OrderAdvice(
        order=msgspec.Raw(encode_order(ended.order)),
        outcome=ended.outcome,
        path=Path.STAND_IN if ended.outcome is Outcome.COMPLETED else None,
        decided_at=ended.decided_at,
        signature=ended.signature,
        outage=ended.outage,
    )
    batch = AdviceBatch(id=new_uuid7(), advices=(msgspec.Raw(encode_advice(advice)),))
    await parts.orders.advise(batch, ended.order.till)
    if ended.outage is not None:
        outage = TseOutage(
            id=new_uuid7(),
            since=ended.outage.since,
            until=ended.decided_at,
            reason=ended.outage.reason,
        )
        notes = TseNotes(id=new_uuid7(), outages=(outage,))
        await parts.tse_news.noted(notes, ended.order.till)


async def close(parts: Parts, point: CashPoint) -> None:
    message = Closing(
        id=new_uuid7(),
        report=msgspec.Raw(encode_closing(point.report)),
        signature=point.signature,
        outage=point.outage,
    )
    answer = await parts.closings.close(message, point.report.till)
    assert isinstance(answer, ClosingRecorded), answer


def description(till: Till) -> TillDescribed:
    own = identity(till.tse)
    return TillDescribed(
        id=new_uuid7(),
        device=TillDevice(
            brand=REGISTER.brand,
            model=REGISTER.model,
            serial="1000",
            software_brand=REGISTER.software_brand,
            software_version=REGISTER.software_version,
        ),
        tse=TseFacts(
            serial=till.facts.serial,
            public_key=till.facts.public_key,
            algorithm=till.facts.algorithm,
            time_format=till.facts.time_format,
            certificates=tuple(data for _, data in own.files()),
            expires=own.expiry,
            signatures_left=1000,
        ),
        since=samples.NOW,
        z_number=1,
    )


async def fill(dsn: str, till: Till, *, described: bool = True) -> None:
    """Let the hub record a till's day, and what is left open after its closings."""
    store = await Store.open(dsn)
    try:
        context = ContextKeeper(store, samples.EVENT.slug)
        await context.refresh()
        async with running_parts(store, context) as parts:
            await publish_catalogue(store, samples.EVENT.number, CATALOGUE)
            await hire(parts)
            await context.refresh()
            if described:
                told = description(till)
                await parts.tse_news.described(told, TillId(till.name))
            for point, orders in till.closed:
                for ended in orders:
                    await deliver(parts, ended)
                await close(parts, point)
            for ended in till.rung:
                await deliver(parts, ended)
    finally:
        await store.close()


@pytest.fixture
def day(hub: Office, one_database: str) -> Till:
    """A till's day in two closings; a third Z number is open."""
    assert hub
    till = a_day(Till())
    till.ring(sale(CASH, make_line(BEER, 1)))
    asyncio.run(fill(one_database, till))
    return till


def export(hub: Office, *options: str) -> tuple[FilePath, Any]:
    out = hub.folder / "export.zip"
    return out, hub.figures("dsfinvk", *options, "--out", out)


def test_a_day_is_exported_and_every_judge_finds_it_good(
    hub: Office, day: Till, capsys: pytest.CaptureFixture[str]
) -> None:
    out, figures = export(hub)

    assert (figures["closings"], figures["orders"]) == (2, 18)
    assert figures["remarks"] == [
        "Z 3 of till bar-1 is open (orders: 1): it is not exported. Close it there."
    ]
    verdict = hub.figures("dsfinvk", "--check", out)
    assert (verdict["ok"], verdict["found"]) == (True, 0), verdict
    assert verdict["signatures"] == verdict["verified"] == 19
    assert validate_zip(out) == []
    assert capsys.readouterr().out == ""
    sold = [ended for _, orders in day.closed for ended in orders]
    receipts = {row["BON_ID"] for row in rows(out, "transactions.csv")}
    assert receipts == {str(each.order.id) for each in sold} | {"Z1-bar-1", "Z2-bar-1"}


def test_the_export_knows_what_the_hub_was_told(hub: Office, day: Till) -> None:
    out, _ = export(hub)
    files = exports.texts(out)

    assert (
        ";Raspberry Pi;5;bar-1;Kassenband;0.1.0;EUR;0\r\n" in files["cashregister.csv"]
    )
    assert ";ann;Ann;150,00;" not in files["transactions.csv"]
    assert ";ann;Ann;19,63;" in files["transactions.csv"]
    (outage,) = [
        line for line in files["transactions_tse.csv"].split("\r\n") if "Strom" in line
    ]
    ended = next(each for _, orders in day.closed for each in orders if each.outage)
    assert f" bis {ended.decided_at:%Y-%m-%dT%H:%M:%SZ})" in outage
    (undone, *_) = rows(out, "references.csv")
    assert (
        undone["REF_DATUM"] == f"{day.closed[0][0].report.closed_at:%Y-%m-%dT%H:%M:%SZ}"
    )


def test_a_closing_that_was_not_signed_says_why(hub: Office, one_database: str) -> None:
    till = Till()
    till.ring(sale(CASH, make_line(BEER, 1)))
    point = till.close(outage="TSE abgezogen; vor dem Abschluss")
    asyncio.run(fill(one_database, till))
    out, _ = export(hub)

    said = {row["BON_ID"]: row for row in rows(out, "transactions_tse.csv")}
    since = f"{point.report.closed_at:%Y-%m-%dT%H:%M:%SZ}"
    assert said["Z1-bar-1"]["TSE_TA_FEHLER"] == (
        f"TSE ausgefallen: TSE abgezogen; vor dem Abschluss (seit {since})"
    )
    verdict = hub.figures("dsfinvk", "--check", out)
    assert (verdict["ok"], verdict["signatures"]) == (True, 1), verdict
    assert validate_zip(out) == []


def test_a_period_takes_closings_by_when_they_were_made(hub: Office, day: Till) -> None:
    until = day.closed[1][0].report.closed_at.isoformat()
    out, figures = export(hub, "--from", "2026-07-04", "--to", until)
    assert figures["closings"] == 1

    before = out.read_bytes()
    said = hub("dsfinvk", "--out", out)
    assert "is there already. Name another file" in said.errors
    assert (said.code, out.read_bytes()) == (1, before), "it may have been handed over"

    out.unlink()
    _, figures = export(hub, "--from", "2026-07-04", "--to", "2026-07-04")
    assert figures["closings"] == 2


REFUSED = (
    (["--from", "2026-07-06"], 1, "No closing lies in this period. There are 2, from"),
    (["--from", "soon"], 2, "--from 'soon' is no day or moment. Write 2026-07-04"),
    (
        ["--from", "2026-07-06", "--to", "2026-07-05"],
        2,
        "The period ends before it begins. Exchange --from and --to.",
    ),
    (
        ["--out", "nowhere/export.zip"],
        2,
        "can't be written (No such file or directory)",
    ),
)


def test_what_can_not_be_exported_is_said(hub: Office, day: Till) -> None:
    assert day
    out = hub.folder / "export.zip"
    for options, code, sentence in REFUSED:
        said = hub("dsfinvk", "--out", out, *options)

        assert (said.code, out.exists()) == (code, False)
        assert sentence in said.errors


def test_without_closings_there_is_nothing_to_export(hub: Office) -> None:
    said = hub("dsfinvk", "--out", hub.folder / "export.zip")

    assert said.code == 1
    assert "No till has a recorded closing yet." in said.errors


def test_missing_master_data_are_told(hub: Office, one_database: str) -> None:
    till = Till()
    till.ring(sale(CASH, make_line(BEER, 1)))
    till.close()
    asyncio.run(fill(one_database, till, described=False))
    out, figures = export(hub)

    assert "Till bar-1 has not said what it is made of" in figures["remarks"][0]
    assert "The certificate of TSE" in figures["remarks"][1]
    said = hub("dsfinvk", "--check", out)
    assert said.code == 1
    assert "tse.csv line 2, TSE_ZERTIFIKAT_I: It must be filled." in said.out


def test_a_z_number_that_is_missing_is_told_and_found(
    hub: Office, one_database: str
) -> None:
    till = Till()
    for z_number in (1, 3):
        till.z_number = z_number
        till.ring(sale(CASH, make_line(BEER, 1)))
        till.close()
    asyncio.run(fill(one_database, till))
    out, figures = export(hub)

    assert figures["remarks"] == ["Till bar-1 has no closing between Z 1 and Z 3."]
    said = hub("dsfinvk", "--check", out)
    assert said.code == 1
    assert "Z_NR: bar-1: after Z 1 comes Z 3." in said.out


def test_a_file_is_judged_without_settings_and_in_sentences(
    tmp_path: FilePath, capsys: pytest.CaptureFixture[str]
) -> None:
    till = Till()
    till.ring(sale(CASH, make_line(BEER, 1)))
    till.close()
    good = exports.write(tmp_path / "good.zip", [till])
    bad = exports.tampered(
        good, {"vat.csv": lambda text: text.replace("19,00", "19,0")}
    )

    assert main(["dsfinvk", "--check", str(good)]) == 0
    said = capsys.readouterr().out
    assert "1 closings with 2 receipts; 2 of 2 signatures verified; no findings" in said
    assert main(["dsfinvk", "--check", str(bad)]) == 1
    said = capsys.readouterr().out
    assert "vat.csv line 2, UST_SATZ: '19,0' has 1 decimals, not 2." in said
    assert main(["dsfinvk", "--check", str(tmp_path / "none.zip")]) == 2


def test_progress_is_shown_on_a_terminal_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        with Progress("orders", stream) as progress:
            progress.show(1, 2)
            progress.show(1, 2)
        assert stream.getvalue().count(" 50 %  1 of 2 orders") == shown
