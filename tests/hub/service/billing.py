"""A competition with teams and fees, people who pay, and providers that are played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID, uuid4

import asyncpg

from contract import order as orders
from contract.bill_reference import order_id
from contract.money import Currency
from contract.order import LineRole, OrderKind, plain_line
from hub.core.bills.postings import Channel, Via
from hub.core.bills.reports import Report, Said
from hub.payments.errors import ProviderSilent
from hub.payments.method import (
    PaymentMethod,
    Redirect,
    Urls,
)
from hub.payments.postfinance import PostFinance, Settings
from hub.payments.registry import registered
from hub.service import verification
from hub.service.bill_payments import BillPayments, Leaving
from hub.service.bill_viewers import OfUser
from hub.service.bills import Billing, Created
from tests.hub import acts, samples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contract.order import Order
    from hub.core.bills.attempts import Attempt
    from hub.payments.method import (
        Ask,
        GiveBack,
        Incoming,
        Plan,
        Received,
        Start,
        Step,
    )
    from hub.service.bill_payments import Chosen
    from hub.service.bill_reports import Reported
    from hub.service.bills import ShownBill
    from hub.store.bills import Payment
    from hub.store.store import Store
    from tests.hub.hubs import Parts

EVENT = samples.EVENT.number
ORGANIZER = "run-2026"
"""The key of the organizer's account."""

T = TypeVar("T")
LEAVING = Leaving(
    urls=Urls(
        accepted="https://summer.example/accepted",
        declined="https://summer.example/declined",
        canceled="https://summer.example/canceled",
        exception="https://summer.example/exception",
        bill="https://summer.example/bills",
    ),
    language="de",
    subject="Run",
)


class Paged:
    """A provider with a page of its own, which we never really reach."""

    code = "paypal"
    controller_name = "PaypalController"
    currencies = frozenset(Currency)
    channel = Channel(Via.PROVIDER, "paypal")
    locks_the_bill = False
    can_be_asked = True

    def start(self, start: Start) -> Plan[Step]:
        yield from ()
        return Redirect("https://pay.example/", f"page-{start.order_id}")

    def receive(self, incoming: Incoming) -> Plan[Received]:
        raise AssertionError(incoming)

    def fetch(self, ask: Ask) -> Plan[tuple[Report, ...]]:
        raise AssertionError(ask)

    def refund(self, back: GiveBack) -> Plan[Report]:
        raise AssertionError(back)

    def money_ref(self, said: Said, typed: str) -> str:
        return typed

    def may_be_same(self, money_ref: str, other: str) -> bool:
        return money_ref == other


METHODS: Mapping[str, PaymentMethod] = registered(
    (PostFinance(Settings(pspid="club", pass_in="in", pass_out="out")), Paged())
)


class Here:
    """Performs plans that ask nobody; or nobody answers."""

    def __init__(self) -> None:
        self.is_silent = False

    async def perform(self, plan: Plan[T]) -> T:
        if self.is_silent:
            raise ProviderSilent("The provider does not answer.")
        try:
            next(plan)
        except StopIteration as end:
            value: T = end.value
            return value
        raise AssertionError("this plan asks somebody")


@dataclass
class Fair:
    """People, clubs and teams in the database, and the services that bill them."""

    store: Store
    billing: Billing
    payments: BillPayments
    performing: Here

    @classmethod
    async def open(cls, store: Store) -> Fair:
        here = Here()
        payments = BillPayments(store, METHODS, here)
        fair = cls(store, Billing(store, METHODS), payments, here)
        await fair.run(
            "INSERT INTO competition (event, slug, name, organizer, reference_prefix)"
            " VALUES ($1, 'run-2026', 'Run 2026', 'Runners', '12345'),"
            " ($1, 'walk-2026', 'Walk 2026', 'Walkers', '00000')",
            EVENT,
        )
        await fair.run(
            "INSERT INTO category (competition, name) SELECT id, 'A' FROM competition"
        )
        for method in METHODS:
            await fair.offer(method)
        return fair

    async def run(self, text: str, *values: object) -> list[asyncpg.Record]:
        """Do something as the database's owner."""
        owner = await asyncpg.connect(self.store.dsn)
        try:
            return list(await owner.fetch(text, *values))
        finally:
            await owner.close()

    async def tamper(self, *texts: str) -> None:
        """Change what nobody may change, as somebody with the owner's password."""
        owner = await asyncpg.connect(self.store.dsn)
        try:
            await owner.execute("SET session_replication_role = replica")
            for text in texts:
                await owner.execute(text)
        finally:
            await owner.close()

    async def offer(self, method: str, rate_bp: int = 0) -> None:
        """Switch a method on everywhere; the payer bears what it costs."""
        await self.run(
            "INSERT INTO competition_method (competition, method, rate_bp, payer_bears)"
            " SELECT id, $1, $2, true FROM competition ON CONFLICT"
            " (competition, method) DO UPDATE SET rate_bp = $2",
            method,
            rate_bp,
        )
        await self.store.fetch(
            "put_top_up_method", EVENT, method, 0, rate_bp, None, True
        )

    async def user(self, name: str = "pia", street: str = "Seeweg") -> int:
        """Somebody with an address; without a street it is not complete."""
        [row] = await self.run(
            "INSERT INTO portal_user (email, name, street, postal_code, town, country)"
            " VALUES ($1 || '@example.org', $1, $2, '9400', 'Rorschach', 'CH')"
            " RETURNING id",
            name,
            street,
        )
        return int(row["id"])

    async def club(self, officer: int, slug: str = "foxes") -> int:
        [row] = await self.run(
            "INSERT INTO club (slug, name) VALUES ($1, upper($1)) RETURNING id", slug
        )
        await self.run("INSERT INTO club_officer VALUES ($1, $2)", row["id"], officer)
        return int(row["id"])

    async def team(
        self,
        user: int,
        fee_minor: int = 4500,
        *,
        name: str = "Red Foxes",
        competition: str = "run-2026",
        club: int | None = None,
    ) -> UUID:
        """A team with its start fee and a bed for 10.00; paid by its club, if any."""
        team = uuid4()
        await self.run(
            "INSERT INTO team (id, competition, category, name, registered_by, club,"
            " paid_by_club, start_fee_minor)"
            " SELECT $1, id, 'A', $2, $3, $4, $4::bigint IS NOT NULL, $5"
            " FROM competition WHERE slug = $6",
            team,
            name,
            user,
            club,
            fee_minor,
            competition,
        )
        if fee_minor:
            await self.run("INSERT INTO team_fee VALUES ($1, 1, 'Bed', 1000)", team)
        return team

    async def bill(self, user: int, fee_minor: int = 4500) -> str:
        """Register a team and bill it, with 10.00 for its bed; the reference."""
        await self.team(user, fee_minor)
        review = await self.billing.review(user, "run-2026")
        assert review is not None
        made = await self.billing.create(user, "run-2026", review.seal)
        assert isinstance(made, Created), made
        return made.reference

    async def begin(self, user: int, reference: str, method: str = "paypal") -> Chosen:
        """Choose a method, as the bill's page does."""
        viewer = OfUser(user)
        return await self.payments.choose(viewer, reference, method, LEAVING)

    async def attempt(
        self, user: int, reference: str, method: str = "paypal"
    ) -> Attempt:
        """Leave for a provider."""
        chosen = await self.begin(user, reference, method)
        assert chosen.attempt is not None
        return chosen.attempt

    async def say(
        self,
        attempt: Attempt,
        said: Said = Said.PAID,
        amount_minor: int | None = None,
        **more: object,
    ) -> Reported:
        """Have the provider say something of an attempt."""
        return await self.payments.report(
            attempt.method, word(attempt, said, amount_minor, **more)
        )

    async def shown(self, user: int, reference: str) -> ShownBill:
        return await self.billing.show(OfUser(user), reference)

    async def payments_of(self, user: int, reference: str) -> tuple[Payment, ...]:
        return (await self.shown(user, reference)).record.payments

    async def balance(self, role: str, key: str) -> int:
        """What is posted on an account."""
        [row] = await self.run(
            "SELECT coalesce(sum(p.amount_minor), 0)::bigint AS minor FROM posting AS p"
            " JOIN account AS a ON a.id = p.account WHERE a.role = $1::account_role"
            " AND a.key = $2",
            role,
            key,
        )
        return int(row["minor"])


def paying(reference: str, minor: int, **fields: object) -> Order:
    """The order that pays a bill in cash at the samples' first till."""
    return acts.act(
        OrderKind.BILL_PAYMENT,
        plain_line(LineRole.BILL, minor, "Start fees"),
        payment=orders.Payment(method=orders.PaymentMethod.CASH),
        bill=reference,
        **fields,
    )


def word(
    attempt: Attempt,
    said: Said = Said.PAID,
    amount_minor: int | None = None,
    **more: object,
) -> Report:
    """What a provider says: all of it paid, unless said otherwise."""
    given: dict[str, object] = {
        "order_id": order_id(attempt.reference, attempt.number),
        "said": said,
        "money_ref": f"money-{attempt.number}",
        "amount_minor": attempt.amount_minor if amount_minor is None else amount_minor,
        "currency": "EUR",
        "status": said.value,
    }
    return Report(**(given | more))  # type: ignore[arg-type]


async def look(parts: Parts) -> verification.Report:
    """Verify the ledger, bills included."""
    incarnation = parts.context.current.incarnation
    return await verification.verify(parts.store, EVENT, incarnation)
