"""Bills: what somebody has to pay, reviewed, billed, shown, taken back.

What was reviewed is what is billed: the review hands out a seal that says it, and who
accepts hands it back. Somebody else's bill is not found, as one that never was.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from contract.bill_reference import NO_PREFIX, NUMBER_MAX, NUMBER_MIN, make_reference
from contract.money import Currency
from hub.core.bills import attempts as rules
from hub.core.bills.bill import (
    NOBODY,
    Bill,
    Change,
    Line,
    LineKind,
    Payer,
    Standing,
    changes,
    make_bill,
)
from hub.core.bills.errors import BadBill, NoSuchBill, NotAllowed
from hub.payments.registry import offered
from hub.service.bill_list import ListedBill, listed_bill
from hub.service.bill_terms import read_terms, refusal_of
from hub.service.bill_viewers import OfStaff, OfUser, OfWallet, visible
from hub.store.bills import BillRecord, add_bill, lock_bill, payer_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hub.core.bills.attempts import Refusal
    from hub.payments.method import PaymentMethod
    from hub.service.bill_viewers import Viewer
    from hub.store.bills import Source
    from hub.store.store import Row, Store

HubClock: TypeAlias = Callable[[], datetime]
REFERENCES_TRIED_MAX = 5
SEAL_BYTES_MAX = 200_000


def hub_time() -> datetime:
    """Tell the hub's own time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidFees:
    """Fees on no bill yet, of one competition; a club's are apart."""

    competition: str
    """Its short name."""
    title: str
    club: str | None
    """The short name of the club that pays, if one does."""
    club_name: str | None
    currency: Currency
    lines: tuple[Line, ...]

    @property
    def total_minor(self) -> int:
        """What a bill of it would ask for."""
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What would be billed now, to be accepted or not."""

    fees: UnpaidFees
    payer: Payer
    lacking: tuple[str, ...]
    """Parts of the address that must be filled in first."""
    seal: str
    """To be handed back with the acceptance: says what was reviewed."""


@dataclass(frozen=True, slots=True)
class Created:
    """A bill was made."""

    reference: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Nothing was billed, for it is no longer what was reviewed.

    Without a review nothing is left to be billed.
    """

    changes: tuple[Change, ...]
    review: Review | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to pay a bill now."""

    method: str
    principal_minor: int
    surcharge_minor: int
    """What the payer bears of the method's cost."""
    instructions: str
    """The organizer's own words, where there are any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBill:
    """All that a bill's page shows."""

    record: BillRecord
    standing: Standing
    offers: tuple[Offer, ...]
    refusals: Mapping[str, Refusal]
    """Why a method that is switched on can't be chosen now."""

    @property
    def bill(self) -> Bill:
        """The bill itself."""
        return self.record.bill

    @property
    def may_be_canceled(self) -> bool:
        """Whether its payer can still take it back."""
        return _why_not_canceled(self.record) is None


class Billing:
    """Makes bills and shows them; `methods` are all ways to pay there are."""

    def __init__(
        self,
        store: Store,
        methods: Mapping[str, PaymentMethod],
        *,
        clock: HubClock = hub_time,
    ) -> None:
        self._store = store
        self._methods = methods
        self._clock = clock

    async def unpaid(self, user: int) -> tuple[UnpaidFees, ...]:
        """List the fees on no bill that somebody has to pay, by competition and club.

        Where nothing is to be paid, nothing is listed.
        """
        groups = _grouped(await self._store.fetch("unpaid_teams", user, None))
        return tuple(fees for fees in groups if fees.total_minor)

    async def review(
        self, user: int, competition: str, club: str | None = None
    ) -> Review | None:
        """Say what would be billed now; None if there is nothing."""
        return await self._review(self._store, user, competition, club)

    async def create(
        self, user: int, competition: str, seal: str, club: str | None = None
    ) -> Created | Changed:
        """Bill what was reviewed, or say what is different now.

        Raises BadBill while the address lacks something. Asked twice at once, one bill
        is made.
        """
        for _ in range(REFERENCES_TRIED_MAX):
            try:
                return await self._create(user, competition, seal, club)
            except _Taken:
                continue
        raise BadBill("The bill could not be numbered. Try again.")

    async def top_up(
        self, event: int, serial: int, amount_minor: int, *, payer: Payer | None = None
    ) -> str:
        """Make the bill of an online top-up; returns its reference.

        Raises NoSuchBill for an unknown wristband, NotAllowed for one that was swapped
        or is blocked, BadBill for an amount of nothing.
        """
        row = await self._store.fetch_row("top_up_target", event, serial)
        if row is None:
            raise NoSuchBill("There is no such wristband.")
        if row["blocked"] or row["successor"] is not None:
            raise NotAllowed("This wristband is blocked or was replaced: use another.")
        label = "Top-up"
        line = Line(
            kind=LineKind.TOP_UP,
            label=label,
            amount_minor=max(0, amount_minor),
            wallet=serial,
        )
        for _ in range(REFERENCES_TRIED_MAX):
            record = self._record(
                _Owner(event=event, slug=row["slug"]),
                Currency(row["currency"]),
                payer or NOBODY,
                (line,),
            )
            async with self._store.unit_of_work() as unit:
                if await add_bill(unit, record):
                    return record.bill.reference
        raise BadBill("The bill could not be numbered. Try again.")

    async def show(self, viewer: Viewer, reference: str) -> ShownBill:
        """Show a bill; raises NoSuchBill, also for somebody else's."""
        record = await visible(self._store, viewer, reference)
        offers, refusals = await self._offers(record)
        return ShownBill(
            record=record,
            standing=record.standing,
            offers=offers,
            refusals=refusals,
        )

    async def listed(self, viewer: Viewer) -> tuple[ListedBill, ...]:
        """List somebody's bills, newest first; the office has lists of its own."""
        match viewer:
            case OfUser(user):
                rows = await self._store.fetch("bills_of_user", user)
            case OfWallet(event, serial):
                rows = await self._store.fetch("bills_of_wallet", event, serial)
            case OfStaff():
                rows = []
        return tuple(listed_bill(row) for row in rows)

    async def cancel(self, viewer: Viewer, reference: str) -> None:
        """Take a bill back, so that its teams can be billed anew.

        Raises NoSuchBill, NotAllowed (something is paid, or on its way).
        """
        async with self._store.unit_of_work() as unit:
            await visible(unit, viewer, reference)
            record = await lock_bill(unit, reference)
            assert record is not None, "bills are never deleted"
            if record.bill.is_canceled:
                return
            why_not = _why_not_canceled(record)
            if why_not is not None:
                raise NotAllowed(why_not)
            await unit.fetch("cancel_bill", reference, self._clock())

    # --- what the public promises are made of ----------------------------------------

    async def _review(
        self, source: Source, user: int, competition: str, club: str | None
    ) -> Review | None:
        rows = await source.fetch("unpaid_teams", user, competition)
        fees = next((each for each in _grouped(rows) if each.club == club), None)
        payer = await source.fetch_row("payer", user)
        if fees is None or payer is None or not fees.total_minor:
            return None
        address = payer_of(payer)
        return Review(
            fees=fees,
            payer=address,
            lacking=address.lacking(),
            seal=_seal(fees.lines),
        )

    async def _create(
        self, user: int, competition: str, seal: str, club: str | None
    ) -> Created | Changed:
        async with self._store.unit_of_work() as unit:
            found = await unit.fetch("unpaid_teams", user, competition)
            if found:
                await unit.fetch("lock_teams", user, found[0]["competition"])
            review = await self._review(unit, user, competition, club)
            now = review.fees.lines if review else ()
            different = changes(_unseal(seal), now)
            if different or review is None:
                return Changed(different, review)
            row = next(row for row in found if row["club_slug"] == club)
            owner = _Owner(
                event=row["event"],
                slug=row["slug"],
                competition=row["competition"],
                club=row["club"],
                user=user,
                prefix=row["reference_prefix"],
            )
            fees = review.fees
            record = self._record(owner, fees.currency, review.payer, fees.lines)
            if not await add_bill(unit, record):
                raise _Taken
            return Created(record.bill.reference)

    def _record(
        self,
        owner: _Owner,
        currency: Currency,
        payer: Payer,
        lines: tuple[Line, ...],
    ) -> BillRecord:
        number = NUMBER_MIN + secrets.randbelow(NUMBER_MAX - NUMBER_MIN + 1)
        bill = Bill(
            reference=make_reference(number, owner.prefix),
            event=owner.slug,
            currency=currency,
            payer=payer,
            lines=lines,
            created_at=self._clock(),
        )
        return BillRecord(
            bill=make_bill(bill),
            event=owner.event,
            title=owner.slug,
            competition=owner.competition,
            club=owner.club,
            portal_user=owner.user,
            attempts=(),
            payments=(),
            passed_minor=0,
        )

    async def _offers(
        self, record: BillRecord
    ) -> tuple[tuple[Offer, ...], Mapping[str, Refusal]]:
        terms = await read_terms(self._store, record)
        at, offers, refusals = record.standing, [], {}
        for method in offered(self._methods, terms, record.bill):
            why_not = refusal_of(record, method)
            if why_not is not None:
                refusals[method.code] = why_not
                continue
            offers.append(
                Offer(
                    method=method.code,
                    principal_minor=at.open_minor,
                    surcharge_minor=terms[method.code].surcharge(record),
                    instructions=terms[method.code].instructions,
                )
            )
        return tuple(offers), refusals


def _why_not_canceled(record: BillRecord) -> str | None:
    if not record.standing.may_be_canceled:
        return "Something is paid on this bill, so it can't be canceled."
    if record.bill.locked_to is not None:
        return "A payment slip is on its way for this bill, so it can't be canceled."
    if record.bill.held_by is not None:
        return "This bill is being paid at a till just now, so it can't be canceled."
    states = {each.state for each in record.attempts}
    if states & {rules.AttemptState.PENDING, rules.AttemptState.UNCERTAIN}:
        return "A payment of this bill is on its way, so it can't be canceled now."
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """Whose a new bill is, and what is in its number."""

    event: int
    slug: str
    competition: int | None = None
    club: int | None = None
    user: int | None = None
    prefix: str = NO_PREFIX


class _Taken(Exception):
    """A number, or a team, was taken by somebody else in the same moment."""


def _grouped(rows: Iterable[Row]) -> list[UnpaidFees]:
    groups: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["slug"], row["club_slug"]), []).append(row)
    return [
        UnpaidFees(
            competition=slug,
            title=own[0]["title"],
            club=club,
            club_name=own[0]["club_name"],
            currency=Currency(own[0]["currency"]),
            lines=tuple(line for row in own for line in _lines(row)),
        )
        for (slug, club), own in groups.items()
    ]


def _lines(row: Row) -> Iterable[Line]:
    team = str(row["id"])
    yield Line(
        kind=LineKind.START_FEE,
        label=row["name"],
        amount_minor=row["start_fee_minor"],
        team=team,
    )
    for label, amount_minor in zip(row["labels"], row["amounts"], strict=True):
        yield Line(
            kind=LineKind.ADDITIONAL_FEE,
            label=label,
            amount_minor=amount_minor,
            team=team,
        )


def _seal(lines: Sequence[Line]) -> str:
    """Write down what was reviewed; it decides nothing, it is only compared."""
    return base64.urlsafe_b64encode(_LINES.encode(lines)).decode()


def _unseal(seal: str) -> tuple[Line, ...]:
    if len(seal) > SEAL_BYTES_MAX:
        return ()
    try:
        return _SEALED.decode(base64.urlsafe_b64decode(seal.encode()))
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return ()


_LINES = msgspec.json.Encoder()
_SEALED = msgspec.json.Decoder(tuple[Line, ...])
