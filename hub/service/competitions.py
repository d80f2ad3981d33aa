"""Setting up what teams register for: competitions, fees, ways to pay, clubs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from hub.core.bills.fees import MethodFee
from hub.service.accounts import is_email
from hub.store.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.core.bills.fees import AdditionalFee, StartFee
    from hub.payments.transfer import Creditor
    from hub.store.store import Store


class SetUpRefused(Refused):
    """A competition or club can't be set up so; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedMethod:
    """A way to pay, and what it costs whom."""

    method: str
    fee: MethodFee = field(default_factory=MethodFee)
    payer_bears: bool = False
    instructions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCompetition:
    """All that is to be said of a competition."""

    slug: str
    name: str
    organizer: str
    creditor: Creditor | None = None
    """The account payers transfer to."""
    payee: Creditor | None = None
    """The organizer's account, for settlements."""
    reference_prefix: str = "00000"
    zone: str = "Europe/Zurich"
    opens_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    is_public: bool = True
    categories: Sequence[str]
    start_fees: Sequence[StartFee]
    additional_fees: Sequence[AdditionalFee] = ()
    methods: Sequence[OfferedMethod] = ()


async def put_competition(store: Store, event: int, new: NewCompetition) -> int:
    """Make a competition, or change one; what teams have copied stays.

    Fees and categories are added or changed, never removed: teams refer to them.
    """
    async with store.unit_of_work() as work:
        number: int | None = await work.fetch_value(
            "put_competition",
            event,
            new.slug,
            new.name,
            new.organizer,
            _json(new.creditor),
            _json(new.payee),
            new.reference_prefix,
            new.zone,
            new.opens_at,
            new.is_public,
        )
        if number is None:
            raise SetUpRefused(
                f"{new.slug!r} is a competition of another event. Choose another name."
            )
        for position, name in enumerate(new.categories):
            await work.fetch("put_category", number, name, position)
        for fee in new.start_fees:
            said = (fee.category, fee.deadline, fee.amount_minor)
            await work.fetch("put_start_fee", number, *said)
        for extra in new.additional_fees:
            said_too = (extra.name, extra.category, extra.amount_minor)
            await work.fetch("put_additional_fee", number, *said_too)
        for offer in new.methods:
            await work.fetch(
                "put_competition_method",
                number,
                offer.method,
                offer.fee.fixed_minor,
                offer.fee.rate_bp,
                offer.fee.most_minor,
                offer.payer_bears,
                offer.instructions,
            )
    return number


async def put_club(store: Store, slug: str, name: str) -> int:
    """Make a club, or change its name."""
    number: int = await store.fetch_value("put_club", slug, name)
    return number


async def add_officer(store: Store, club: str, email: str) -> None:
    """Let the user with an address bill what is registered on a club's account."""
    if not is_email(email):
        raise SetUpRefused(f"{email!r} is no e-mail address.")
    if not await store.fetch("add_officer", club, email):
        raise SetUpRefused(
            f"There is no club {club!r}, or no account {email!r}. Payment officers "
            "register at the portal first."
        )


async def remove_officer(store: Store, club: str, email: str) -> None:
    """Let a user bill nothing more for a club."""
    await store.fetch("remove_officer", club, email)


def _json(creditor: Creditor | None) -> str | None:
    return None if creditor is None else msgspec.json.encode(creditor).decode()
