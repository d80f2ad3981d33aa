"""A competition to register for, with clubs, fees and deadlines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hub.core.bills.fees import AdditionalFee, StartFee
from hub.service.competitions import (
    NewCompetition,
    put_club,
    put_competition,
)
from tests.hub import samples

if TYPE_CHECKING:
    from hub.store.store import Store

SLUG = "night-run-2026"
CLUB = "ol-norska"
NOW = datetime.now(UTC).replace(microsecond=0)
EARLY, LATE = NOW + timedelta(days=10), NOW + timedelta(days=30)

NIGHT_RUN = NewCompetition(
    slug=SLUG,
    name="Night Run 2026",
    organizer="OL Regio Bern",
    opens_at=NOW - timedelta(days=1),
    categories=("Elite", "Family", "Juniors"),
    start_fees=(
        StartFee(4500, EARLY),
        StartFee(6000, LATE),
        StartFee(2000, LATE, "Juniors"),
    ),
    additional_fees=(AdditionalFee("Map", 500), AdditionalFee("Tent", 1500, "Family")),
)


async def open_night_run(store: Store) -> None:
    """Open a competition for registration, with a club."""
    await put_competition(store, samples.EVENT.number, NIGHT_RUN)
    await put_club(store, CLUB, "OL Norska")
