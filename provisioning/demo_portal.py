"""The demo's portal: a competition to register teams for, and ways to top up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hub.core.bills.fees import AdditionalFee, MethodFee, StartFee
from hub.payments.transfer import Creditor
from hub.service.bill_terms import Terms
from hub.service.competitions import NewCompetition, OfferedMethod, put_competition
from hub.service.top_ups import TopUps, put_top_ups
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
    """Put the competition onto the portal, and let guests top up by transfer."""
    await _let_guests_top_up(store)
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


async def _let_guests_top_up(store: Store) -> None:
    by_transfer = Terms("ebanking", MethodFee(), payer_bears=False)
    ways = TopUps(terms=[by_transfer], creditor=ACCOUNT)
    await put_top_ups(store, demo_event.EVENT_NUMBER, ways)
