"""The demo's competition: teams can be registered for it, and their fees paid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hub.core.bills.fees import AdditionalFee, StartFee
from hub.payments.transfer import Creditor
from hub.service.competitions import NewCompetition, OfferedMethod, put_competition
from provisioning import demo_event

if TYPE_CHECKING:
    from hub.store.store import Store

# An IBAN for examples; its bank code belongs to nobody's account.
ACCOUNT = Creditor(
    iban="DE75512108001245126199",
    name="Demo Runners",
    street="Waldweg",
    house_number="7",
    postal_code="10115",
    town="Berlin",
    country="DE",
)
EARLY, LATE = timedelta(days=30), timedelta(days=90)


async def open_portal(store: Store) -> None:
    """Put the competition onto the portal."""
    now = datetime.now(UTC)
    await put_competition(
        store,
        demo_event.EVENT_NUMBER,
        NewCompetition(
            slug="demo-run",
            name="Demo Run",
            organizer="Demo Runners",
            creditor=ACCOUNT,
            payee=ACCOUNT,
            zone="Europe/Berlin",
            categories=("Relay", "Family"),
            start_fees=(
                StartFee(4500, now + EARLY, "Relay"),
                StartFee(6000, now + LATE, "Relay"),
                StartFee(2000, now + LATE, "Family"),
            ),
            additional_fees=(AdditionalFee("Insurance", 300),),
            methods=(
                OfferedMethod(method="ebanking"),
                OfferedMethod(method="cash"),
                OfferedMethod(
                    method="organizer",
                    instructions="Bring the amount to the start, in an envelope.",
                ),
            ),
        ),
    )
