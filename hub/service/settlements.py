"""Settlements with organizers: drawn up, approved by another person, paid out.

What is owed is the balance of the organizer's account in the ledger; what makes it up
are the steps of bills that no earlier settlement had. Both must say the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from contract.ids import new_uuid7
from contract.money import Currency, plain_amount
from hub.core.bills.errors import NotAllowed
from hub.core.bills.payouts import SettlementPaid, encode_paid
from hub.core.bills.settlement import (
    Amount,
    Approval,
    Settlement,
    Share,
    approve,
    may_settle,
    settle,
)
from hub.core.bills.steps import StepKind, decode_step, earned
from hub.payments.by_hand import BANK_ACCOUNT
from hub.payments.transfer import Creditor
from hub.service.payees import account_of
from hub.service.rows import columns
from hub.store.store import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hub.store.store import Store, UnitOfWork

_SHARES = {
    StepKind.PAYMENT: Share.SURCHARGES,
    StepKind.FEE: Share.METHOD_FEES,
    StepKind.RETURN: Share.SURCHARGES,
    StepKind.RELEASE: Share.PAID_BILLS,
    StepKind.RETAKE: Share.TAKEN_BACK,
}


class DrawnUp(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement as it was drawn up, and how far it is."""

    id: int
    competition: str
    name: str
    organizer: str
    number: int
    currency: Currency
    paid_bills_minor: int
    surcharges_minor: int
    method_fees_minor: int
    taken_back_minor: int
    carried_in_minor: int
    payout_minor: int
    payee: Creditor | None
    payer: Creditor | None
    drawn_up_by: str
    drawn_up_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    withdrawn_at: datetime | None
    message_id: str | None
    """Of the file that its payout is in."""
    batch: int | None

    @property
    def state(self) -> str:
        """Say how far it is: withdrawn, drawn_up, approved, filed, booked, closed.

        Closed is one without a payout, which is carried forward when approved.
        """
        if self.withdrawn_at is not None:
            return "withdrawn"
        if self.approved_by is None:
            return "drawn_up"
        if self.payout_minor == 0:
            return "closed"
        if self.message_id is None:
            return "approved"
        return "filed" if self.batch is None else "booked"

    @property
    def settled(self) -> Settlement:
        """What was settled, as the rules know it; without the bills that made it up."""
        return Settlement(
            bills=(),
            paid_bills_minor=self.paid_bills_minor,
            surcharges_minor=self.surcharges_minor,
            method_fees_minor=self.method_fees_minor,
            taken_back_minor=self.taken_back_minor,
            carried_in_minor=self.carried_in_minor,
        )

    @property
    def balance_minor(self) -> int:
        """The organizer's balance when it was drawn up."""
        return self.settled.balance_minor

    @property
    def carried_out_minor(self) -> int:
        """What the organizer owes, taken off the next one; zero or negative."""
        return self.settled.carried_out_minor


class SettledBill(msgspec.Struct, frozen=True, kw_only=True):
    """A share of one bill in a settlement."""

    reference: str
    payer_name: str
    share: Share
    amount_minor: int


class ToSettle(msgspec.Struct, frozen=True, kw_only=True):
    """A competition and what a settlement of it would say now."""

    competition: str
    name: str
    currency: Currency
    deadline: datetime | None
    settlement: Settlement | None
    why_not: str | None


class _Account(msgspec.Struct, frozen=True):
    """What an organizer's account holds that is in no settlement."""

    competition: Row
    amounts: tuple[tuple[UUID, Amount], ...]
    carried_in_minor: int

    @property
    def settlement(self) -> Settlement:
        return settle(
            (amount for _, amount in self.amounts),
            carried_in_minor=self.carried_in_minor,
        )


def utc_now() -> datetime:
    """Tell the hub's time."""
    return datetime.now(UTC)


class Settlements:
    """What is settled with the organizers of one event."""

    def __init__(
        self, store: Store, event: int, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._store = store
        self._event = event
        self._now = now

    async def due(self) -> tuple[ToSettle, ...]:
        """Say of every competition what a settlement would come to now."""
        rows = await self._store.fetch("competitions_to_settle", self._event)
        return tuple([await self._preview(row) for row in rows])

    async def all(self) -> tuple[DrawnUp, ...]:
        """List all settlements, the latest first."""
        rows = await self._store.fetch("settlements", self._event, None)
        return tuple(drawn_up(row) for row in rows)

    async def one(self, number: int) -> DrawnUp | None:
        """Read a settlement by its id."""
        row = await self._store.fetch_row("settlements", self._event, number)
        return None if row is None else drawn_up(row)

    async def lines(self, number: int) -> tuple[SettledBill, ...]:
        """List what bills brought and took, in their order."""
        rows = await self._store.fetch("settlement_lines", number)
        return tuple(
            SettledBill(
                reference=row["reference"],
                payer_name=row["payer_name"],
                share=Share(row["share"]),
                amount_minor=row["amount_minor"],
            )
            for row in rows
        )

    async def draw_up(self, competition: str, by: str) -> DrawnUp:
        """Settle a competition up to now; somebody else must approve it.

        Raises NotAllowed: before the deadline, while the last one is under way, where
        nothing is to be settled, or where the ledger and its bills disagree.
        """
        async with self._store.unit_of_work() as unit:
            await unit.fetch("settle_turn", self._event)
            account = await self._look(unit, competition)
            made = account.settlement
            number = await self._keep(unit, account, made, by)
        found = await self.one(number)
        assert found is not None, "it was just kept"
        return found

    async def approve(self, number: int, by: str) -> None:
        """Let a settlement be paid out: the word of a second person."""
        async with self._store.unit_of_work() as unit:
            found = await self._under_way(unit, number)
            approve(Approval(found.drawn_up_by, found.approved_by), by)
            await unit.fetch(
                "approve_settlement", number, found.drawn_up_by, by, self._now()
            )

    async def withdraw(self, number: int, by: str) -> None:
        """Take a settlement back before its payout is in a file."""
        async with self._store.unit_of_work() as unit:
            found = await self._under_way(unit, number)
            if found.state == "closed":
                raise NotAllowed("This settlement is closed: it was carried forward.")
            await unit.fetch("withdraw_settlement", number, by, self._now())

    async def _under_way(self, unit: UnitOfWork, number: int) -> DrawnUp:
        await unit.fetch("settle_turn", self._event)
        row = await unit.fetch_row("settlements", self._event, number)
        if row is None:
            raise NotAllowed(f"There is no settlement {number}.")
        found = drawn_up(row)
        if found.state in {"withdrawn", "filed", "booked"}:
            raise NotAllowed(f"This settlement is {found.state}.")
        return found

    async def _preview(self, row: Row) -> ToSettle:
        made: Settlement | None = None
        why_not: str | None = None
        async with self._store.unit_of_work() as unit:
            try:
                made = (await self._look(unit, row["slug"])).settlement
            except NotAllowed as error:
                why_not = str(error)
        return ToSettle(
            competition=row["slug"],
            name=row["name"],
            currency=Currency(row["currency"]),
            deadline=row["deadline"],
            settlement=made,
            why_not=why_not,
        )

    async def _look(self, unit: UnitOfWork, slug: str) -> _Account:
        row = await unit.fetch_row("competition_to_settle", self._event, slug)
        if row is None:
            raise NotAllowed(f"There is no competition {slug!r}.")
        if row["deadline"] is not None:
            may_settle(row["deadline"], self._now())
        last = await unit.fetch_row("last_settlement", row["id"])
        carried = 0 if last is None else _carried(drawn_up(last))
        said = await unit.fetch_row("organizer_balance", self._event, slug, row["id"])
        assert said is not None, "it has one row"
        amounts = _amounts(msgspec.json.decode(said["steps"]))
        account = _Account(row, amounts, carried)
        balance = account.settlement.balance_minor
        if balance != said["balance_minor"]:
            raise NotAllowed(
                f"The ledger owes {slug} {plain_amount(said['balance_minor'])}, its "
                f"bills say {plain_amount(balance)}. Run 'kassenband-hub verify' and "
                "ask the hub's operator."
            )
        if not amounts:
            raise NotAllowed("Nothing has moved since the last settlement.")
        return account

    async def _keep(
        self, unit: UnitOfWork, account: _Account, made: Settlement, by: str
    ) -> int:
        row = account.competition
        if made.payout_minor:
            account_of(row["payee"], f"the organizer {row['organizer']}")
            account_of(row["creditor"], f"the event for {row['name']}")
        turn = await unit.fetch_value("next_settlement_number", row["id"])
        paid = SettlementPaid(
            organizer=row["slug"],
            number=turn,
            channel=BANK_ACCOUNT,
            payout_minor=made.payout_minor,
        )
        number: int = await unit.fetch_value(
            "add_settlement",
            self._event,
            row["id"],
            row["currency"],
            made.paid_bills_minor,
            made.surcharges_minor,
            made.method_fees_minor,
            made.taken_back_minor,
            made.carried_in_minor,
            made.payout_minor,
            row["payee"],
            row["creditor"],
            by,
            self._now(),
            new_uuid7(),
            encode_paid(paid),
        )
        lines: list[tuple[object, ...]] = [
            (step, amount.reference, amount.share.value, amount.minor)
            for step, amount in account.amounts
        ]
        await unit.fetch("add_settlement_lines", number, *columns(lines, 4))
        return number


def drawn_up(row: Row) -> DrawnUp:
    """Make a settlement of its row."""
    return DrawnUp(
        id=row["id"],
        competition=row["slug"],
        name=row["name"],
        organizer=row["organizer"],
        number=row["number"],
        currency=Currency(row["currency"]),
        paid_bills_minor=row["paid_bills_minor"],
        surcharges_minor=row["surcharges_minor"],
        method_fees_minor=row["method_fees_minor"],
        taken_back_minor=row["taken_back_minor"],
        carried_in_minor=row["carried_in_minor"],
        payout_minor=row["payout_minor"],
        payee=_account(row["payee_json"]),
        payer=_account(row["payer_json"]),
        drawn_up_by=row["drawn_up_by"],
        drawn_up_at=row["drawn_up_at"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
        withdrawn_at=row["withdrawn_at"],
        message_id=row["message_id"],
        batch=row["batch"],
    )


def _account(text: str | None) -> Creditor | None:
    return None if text is None else msgspec.json.decode(text, type=Creditor)


def _carried(last: DrawnUp) -> int:
    """Say what the last settlement carries forward; it must be over and done."""
    if last.state not in {"closed", "booked"}:
        raise NotAllowed(
            f"Settlement {last.number} is under way. Pay it out, or withdraw it."
        )
    return last.carried_out_minor


def _amounts(steps: Sequence[dict[str, str]]) -> tuple[tuple[UUID, Amount], ...]:
    """Say what each step put on the organizer's account or took from it."""
    found = []
    for row in steps:
        step = decode_step(row["body"].encode())
        assert step is not None, "we wrote it ourselves"
        minor = earned(step)
        if minor:
            amount = Amount(_SHARES[step.step], minor, row["reference"])
            found.append((UUID(row["step"]), amount))
    return tuple(found)
