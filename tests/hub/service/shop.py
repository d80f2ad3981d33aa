"""A shop that sells everything there is, and tills that say any order to its hub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from contract.catalogue import (
    Button,
    ButtonPart,
    Catalogue,
    Product,
    ProductGroup,
    ProductKind,
    TaxRate,
    Ticket,
)
from contract.fiscal import Outage
from contract.ids import TillId, new_uuid7
from contract.messages import (
    AdviceBatch,
    AdviceFlag,
    AdviceRecorded,
    OrderAdvice,
    OrderBooked,
    OrderCheck,
    OrderChecked,
    OrderDeclined,
    OrderRequest,
    encode_advice,
)
from contract.order import (
    Credit,
    Line,
    LineRole,
    Order,
    OrderKind,
    Outcome,
    Path,
    Payment,
    PaymentMethod,
    encode_order,
    plain_line,
    sum_taxes,
    undone,
    voucher_lines,
)
from hub.service.events import publish_catalogue
from tests.hub import samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract.messages import Rejected
    from contract.token import Credential
    from hub.service.orders import Verdict
    from tests.hub.hubs import Parts

ADULTS, YOUTH = 0, 18
BAR, DESK, OTHER = samples.TILL, samples.DESK, TillId("bar-2")
CASH = Payment(method=PaymentMethod.CASH)


def _product(number: int, name: str, price_minor: int, **more: Any) -> Product:
    more = {"tax_code": 1, "group": 1} | more
    label = name.split(" ", maxsplit=1)[0][:9]
    return Product(id=number, name=name, label=label, price_minor=price_minor, **more)


BEER = _product(1, "Beer", 450, price_in_vouchers=1, restricted_variants=(YOUTH,))
PRETZEL = _product(2, "Pretzel", 220, tax_code=2, price_in_vouchers=1)
CENT = samples.CENT
CUP = _product(4, "Cup", 200, kind=ProductKind.DEPOSIT)
BOOK = _product(5, "Used book", 300, tax_code=2, free_price=True)
ENTRY = _product(6, "Entry", 1000, tax_code=2)
YOUTH_ENTRY = _product(7, "Youth entry", 600, tax_code=2)
GIFT = _product(8, "Gift", 100, tax_code=5, kind=ProductKind.DONATION, free_price=True)
CATALOGUE = Catalogue(
    event=samples.EVENT.slug,
    version=2,
    currency=samples.EVENT.currency,
    taxes=(*samples.CATALOGUE.taxes, TaxRate(code=5, rate_bp=0, name="0 %")),
    groups=(ProductGroup(id=1, name="All", color="#e0a526"),),
    products=(BEER, PRETZEL, CENT, CUP, BOOK, ENTRY, YOUTH_ENTRY, GIFT),
    buttons=(
        Button(
            id=1,
            label="Beer",
            group=1,
            parts=(ButtonPart(product=1), ButtonPart(product=4)),
        ),
    ),
    tickets=(
        Ticket(id=1, product=6, top_up_minor=500),
        Ticket(id=2, product=7, variants=(YOUTH,), vouchers=2),
    ),
)


def an_order(
    kind: OrderKind = OrderKind.SALE,
    lines: Iterable[Line] = (),
    payment: Payment | None = CASH,
    **more: Any,
) -> Order:
    """An order at its first attempt that adds up."""
    sold = tuple(lines)
    values: dict[str, Any] = {
        "id": new_uuid7(),
        "event": CATALOGUE.event,
        "till": BAR,
        "sequence": 1,
        "z_number": 1,
        "attempt": 1,
        "opened_at": samples.NOW,
        "currency": CATALOGUE.currency,
        "catalogue": CATALOGUE.version,
    }
    return Order(
        kind=kind,
        lines=sold,
        taxes=sum_taxes(sold, CATALOGUE.tax_rates()),
        total_minor=sum(line.total_minor for line in sold),
        payment=payment,
        **(values | more),
    )


def a_sale(wallet: int | None, *lines: Line, **more: Any) -> Order:
    """A sale paid by a wallet, or in cash."""
    return an_order(
        OrderKind.SALE, lines, CASH if wallet is None else by(wallet), **more
    )


def a_top_up(wallet: int, minor: int, payment: Payment = CASH, **more: Any) -> Order:
    """Money that goes onto a wristband."""
    line = plain_line(LineRole.CREDIT, minor, "Top-up")
    given = (Credit(wallet=wallet, amount_minor=minor),)
    more = {"till": DESK, "credits": given} | more
    return an_order(OrderKind.TOP_UP, (line,), payment, **more)


def a_payout(wallet: int, minor: int, **more: Any) -> Order:
    """Money that a guest gets back in cash."""
    line = plain_line(LineRole.CREDIT, -minor, "Payout")
    given = (Credit(wallet=wallet, amount_minor=-minor),)
    more = {"till": DESK, "credits": given} | more
    return an_order(OrderKind.PAYOUT, (line,), **more)


def a_grant(wallet: int, vouchers: int, **more: Any) -> Order:
    """Vouchers given away by somebody who may."""
    given = (Credit(wallet=wallet, vouchers=vouchers),)
    more = {"till": DESK, "credits": given, "granted_by": "lead-1"} | more
    return an_order(OrderKind.GRANT, (), None, **more)


def with_vouchers(wallet: int, vouchers: int, *lines: Line) -> Order:
    """A sale that uses so many vouchers where they save most."""
    products = {each.id: each for each in CATALOGUE.products}
    return a_sale(wallet, *lines, *voucher_lines(lines, products, vouchers))


def by(wallet: int) -> Payment:
    """The payment by a wristband."""
    return Payment(method=PaymentMethod.WALLET, wallet=wallet)


def canceling(
    original: Order,
    lines: tuple[int, ...] | None = None,
    *,
    guest: int | None = None,
    **more: Any,
) -> Order:
    """The cancellation of an order at another till, ready to be said."""
    more = {"till": OTHER, "payment": original.payment} | more
    return msgspec.structs.replace(
        undone(original, lines, guest=guest),
        id=new_uuid7(),
        attempt=1,
        **more,
    )


def again(order: Order, attempt: int, lines: Iterable[Line]) -> Order:
    """The same order at another attempt, with other lines."""
    sold = tuple(lines)
    return msgspec.structs.replace(
        order,
        attempt=attempt,
        lines=sold,
        taxes=sum_taxes(sold, CATALOGUE.tax_rates()),
        total_minor=sum(line.total_minor for line in sold),
    )


@dataclass
class Shop:
    """A running hub, with shorthands for what tills say and what came of it."""

    parts: Parts
    _bands: int = 100

    async def open(self) -> Shop:
        """Publish what there is to sell."""
        number = samples.EVENT.number
        await publish_catalogue(self.parts.store, number, CATALOGUE)
        await self.parts.context.refresh()
        return self

    async def band(
        self, minor: int = 0, vouchers: int = 0, variant: int = ADULTS
    ) -> int:
        """Issue a wristband with money and vouchers on it."""
        self._bands += 1
        uid = samples.uid(self._bands)
        issued = await self.parts.wristbands.issue(uid, variant)
        if minor:
            await self.advise(a_top_up(issued.wallet, minor))
        if vouchers:
            await self.ask(a_grant(issued.wallet, vouchers))
        return issued.wallet

    async def ask(self, order: Order, credential: Credential | None = None) -> Verdict:
        """Request an order with the genuine token of the wristband that pays."""
        return await self.parts.orders.request(
            OrderRequest(
                id=new_uuid7(),
                order=msgspec.Raw(encode_order(order)),
                answer_by=samples.NOW,
                credential=credential or self.token(order),
            ),
            order.till,
        )

    async def booked(self, order: Order) -> OrderBooked:
        """Request an order, which has to be booked."""
        verdict = await self.ask(order)
        assert isinstance(verdict, OrderBooked), verdict
        return verdict

    async def declined(self, order: Order) -> OrderDeclined:
        """Request an order, which has to be declined."""
        verdict = await self.ask(order)
        assert isinstance(verdict, OrderDeclined), verdict
        assert verdict.text.endswith("."), verdict.text
        return verdict

    async def check(self, order: Order) -> OrderChecked | OrderDeclined | Rejected:
        """Ask whether an order could be booked."""
        message = OrderCheck(
            id=new_uuid7(),
            order=msgspec.Raw(encode_order(order)),
            answer_by=samples.NOW,
            credential=self.token(order),
        )
        return await self.parts.orders.checks.check(message, order.till)

    async def advise(
        self,
        order: Order,
        path: Path = Path.ONLINE,
        outcome: Outcome = Outcome.COMPLETED,
        **more: Any,
    ) -> tuple[AdviceFlag, ...]:
        """Report how an order ended; the flags of its record."""
        advice = self.advice(order, path, outcome, **more)
        (answer,) = await self.parts.orders.advise(
            AdviceBatch(id=new_uuid7(), advices=(msgspec.Raw(advice),)), order.till
        )
        assert isinstance(answer, AdviceRecorded), answer
        assert [each.order for each in answer.recorded] == [order.id]
        return answer.recorded[0].flags

    def advice(
        self,
        order: Order,
        path: Path = Path.ONLINE,
        outcome: Outcome = Outcome.COMPLETED,
        **more: Any,
    ) -> bytes:
        """The bytes of an advice."""
        values: dict[str, Any] = {
            "decided_at": samples.NOW,
            "credential": self.token(order),
            "outage": Outage(since=samples.NOW, reason="silent"),
        }
        return encode_advice(
            OrderAdvice(
                order=msgspec.Raw(encode_order(order)),
                outcome=outcome,
                path=path,
                **(values | more),
            )
        )

    def token(self, order: Order) -> Credential | None:
        """The genuine token of the wristband that an order is about."""
        return samples.credential(order.wallets[0]) if order.wallets else None

    async def held(self, wallet: int) -> tuple[int, int]:
        """Money and vouchers of a wristband's wallet."""
        number = samples.EVENT.number
        (row,) = await self.parts.store.fetch("load_bands", number, [wallet])
        return row["balance_minor"], row["vouchers"]

    async def posted(self, role: str, key: str, unit: str = "money") -> int:
        """What all postings on an account add up to."""
        async with self.parts.store._pool.acquire() as connection:
            return int(
                await connection.fetchval(
                    "SELECT coalesce(sum(p.amount_minor), 0)::bigint FROM account AS a"
                    " JOIN posting AS p ON p.account = a.id WHERE a.role ="
                    " $1::account_role AND a.key = $2 AND p.unit = $3::posting_unit",
                    role,
                    key,
                    unit,
                )
            )
