"""Between what the till notes of its TSE and the journal's rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.messages import (
    ClockConfirmation,
    TillDescribed,
    TseNotes,
    TseOutage,
)
from edge.core.records import (
    ClockVouched,
    OutageNoted,
    TseDescribed,
    TseNews,
    TseNewsRecorded,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    Rows = Sequence[sqlite3.Row]

RESTORED = ("restore_tse_uses", "restore_outages", "restore_clocks")
"""What makes all of it unknown to a hub whose ledger was restored."""

TseRecord = TseDescribed | OutageNoted | ClockVouched | TseNewsRecorded


def statements(record: TseRecord) -> Iterator[tuple[str, dict[str, object]]]:
    """Name the statements that write a record, with their values."""
    match record:
        case TseDescribed(said=said):
            text = msgspec.json.encode(said).decode()
            yield "describe_tse", {**_of_use(said), "said": text}
        case OutageNoted(outage=outage):
            yield (
                "note_outage",
                {
                    **_of_outage(outage),
                    "since": _text(outage.since),
                    "reason": outage.reason,
                },
            )
        case ClockVouched(clock=clock):
            yield (
                "vouch_for_clock",
                {"id": str(clock.id), "at": _text(clock.at), "by": clock.by},
            )
        case TseNewsRecorded(told=TillDescribed() as told):
            yield "record_tse_use", _of_use(told)
        case TseNewsRecorded(told=TseNotes() as told):
            for outage in told.outages:
                yield "record_outage", _of_outage(outage)
            for clock in told.clocks:
                yield "record_clock", {"id": str(clock.id)}


def tse_news(uses: Rows, outages: Rows, clocks: Rows) -> TseNews:
    """Read what the hub has yet to record, and what goes on."""
    described = [
        (msgspec.json.decode(row["said"], type=TillDescribed), row["recorded"])
        for row in uses
    ]
    noted = [(_outage(row), row["recorded"]) for row in outages]
    lasting = [outage for outage, _ in noted if outage.until is None]
    return TseNews(
        latest=described[-1][0] if described else None,
        outage=lasting[-1] if lasting else None,
        described=tuple(said for said, recorded in described if not recorded),
        outages=tuple(outage for outage, recorded in noted if not recorded),
        clocks=tuple(
            ClockConfirmation(id=UUID(row["id"]), at=_time(row["at"]), by=row["by"])
            for row in clocks
        ),
    )


def _outage(row: sqlite3.Row) -> TseOutage:
    return TseOutage(
        id=UUID(row["id"]),
        since=_time(row["since"]),
        until=None if row["until"] is None else _time(row["until"]),
        reason=row["reason"],
    )


def _of_use(said: TillDescribed) -> dict[str, object]:
    return {"since": _text(said.since), "message": str(said.id)}


def _of_outage(outage: TseOutage) -> dict[str, object]:
    until = None if outage.until is None else _text(outage.until)
    return {"id": str(outage.id), "until": until}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
