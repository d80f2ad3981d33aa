"""The demo's portal and office: a competition, ways to top up, and finance staff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hub.core.bills.fees import AdditionalFee, MethodFee, StartFee
from hub.payments.transfer import Creditor
from hub.service.bill_terms import Terms
from hub.service.competitions import NewCompetition, OfferedMethod, put_competition
from hub.service.staff import NewMember, put_member, put_role
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
    """Put the competition onto the portal; let guests top up, and staff look on."""
    await _let_guests_top_up(store)
    await _employ_finance(store)
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


async def _employ_finance(store: Store) -> None:
    event = demo_event.EVENT_NUMBER
    await put_role(store, event, demo_event.FINANCE)
    for number, (who, name) in enumerate(demo_event.FINANCE_STAFF.items()):
        member = NewMember(
            id=who,
            name=name,
            uid=demo_event.finance_uid(number),
            roles=(demo_event.FINANCE.name,),
            pin=demo_event.PIN,
        )
        await put_member(store, event, member)
