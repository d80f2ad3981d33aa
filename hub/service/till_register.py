"""Which tills and TSEs an event has or had, for the tax office and for technicians."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hub.core.notification import System

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from hub.store.store import Row, Store

OUT_OF_USE: Final = "Archivierung"  # the value that StuStaPay sends
SWAPPED: Final = "TSE ausgetauscht"


@dataclass(frozen=True, slots=True)
class Registered:
    """Every till with a TSE, and what nobody has said of them yet, in sentences."""

    systems: tuple[System, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TseFile:
    """All that the hub knows of an event's TSEs, as rows of the store."""

    tses: Sequence[Row]
    uses: Sequence[Row]
    outages: Sequence[Row]
    clocks: Sequence[Row]
    archives: Sequence[Row]


class TillRegister:
    """Reads it all; raises DatabaseGone."""

    def __init__(self, store: Store, event: int) -> None:
        self._store = store
        self._event = event

    async def tse_file(self) -> TseFile:
        """Read what is known of TSEs: what they are, where they were, what they log."""
        names = ("tses", "tse_uses", "tse_outages", "tse_clocks", "tse_archives")
        found = [await self._store.fetch(name, self._event) for name in names]
        return TseFile(*found)

    async def registered(self, zone: ZoneInfo) -> Registered:
        """List every till with each TSE it used, by days of the site's own time."""
        tills = await self._store.fetch("till_register", self._event)
        uses = await self._store.fetch("tse_uses", self._event)
        tses = {
            row["serial"]: row for row in await self._store.fetch("tses", self._event)
        }
        systems: list[System] = []
        missing: list[str] = []
        for till in tills:
            own = [use for use in uses if use["till"] == till["id"]]
            lacks = list(_lacking(till, own, tses))
            missing += lacks
            if not lacks:
                systems += (_system(till, use, tses, zone) for use in own)
        return Registered(tuple(systems), tuple(missing))

    async def note_asset(
        self,
        till: str,
        *,
        acquired: date | None = None,
        commissioned: date | None = None,
        decommissioned: date | None = None,
        reason: str = "",
    ) -> None:
        """Note when a till was bought, put into service and taken out of it."""
        days = (acquired, commissioned, decommissioned)
        await self._store.fetch("put_till_asset", self._event, till, *days, reason)


def _lacking(till: Row, uses: Sequence[Row], tses: dict[str, Row]) -> Iterator[str]:
    name = till["id"]
    if till["brand"] is None or not uses:
        if till["revoked_at"] is None:
            yield (
                f"{name}: it has never described itself. Start it once, connected to"
                " the hub and with its TSE; or revoke it, if it was never used."
            )
        return
    if not till["brand"] or not till["model"]:
        yield (
            f"{name}: its maker and model are not known. Set device.brand and"
            " device.model in its configuration, and start it once."
        )
    if till["acquired_on"] is None:
        yield (
            f"{name}: nobody said when it was bought. Say it with 'kassenband-hub"
            f" till asset {name} --acquired YYYY-MM-DD'."
        )
    for serial in {use["tse_serial"] for use in uses}:
        if not tses[serial]["bsi_id"]:
            yield (
                f"{name}: the BSI's number of TSE {serial[:16]}... is not known. Set"
                " tse.bsi_id (nnnn-yyyy, on its data sheet) in the till's"
                " configuration, and start it once."
            )


def _system(till: Row, use: Row, tses: dict[str, Row], zone: ZoneInfo) -> System:
    def day(moment: datetime) -> date:
        return moment.astimezone(zone).date()

    gone = till["decommissioned_on"]
    if gone is None and till["revoked_at"] is not None:
        gone = day(till["revoked_at"])
    reason = till["reason"] or OUT_OF_USE
    if use["until"] is not None:
        gone, reason = day(use["until"]), SWAPPED
    return System(
        till=till["id"],
        software=till["software_brand"],
        software_version=till["software_version"],
        brand=till["brand"],
        model=till["model"],
        tse_serial=use["tse_serial"],
        tse_since=day(use["since"]),
        bsi_id=tses[use["tse_serial"]]["bsi_id"],
        acquired_on=till["acquired_on"],
        commissioned_on=till["commissioned_on"] or day(till["first_used_at"]),
        decommissioned_on=gone,
        reason=reason if gone is not None else "",
    )
