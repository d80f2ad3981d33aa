"""A till's day in every kind of order, signed by a TSE of its own, and its closings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from contract.acts import BookingModel
from contract.catalogue import Catalogue, Product, ProductGroup, ProductKind, TaxRate
from contract.closing import (
    PROCESS_TYPE,
    ClosingReport,
    SequenceSpan,
    closing_process_data,
    encode_closing,
    orders_digest,
)
from contract.fiscal import Outage, Signature, process_data, process_type
from contract.ids import TillId, new_uuid7
from contract.money import Currency
from contract.order import (
    CardReceipt,
    Credit,
    Line,
    LineRole,
    Order,
    OrderKind,
    Outcome,
    Payment,
    PaymentMethod,
    encode_order,
    make_line,
    order_digest,
    plain_line,
    sum_taxes,
    undone,
)
from hub.core import closings
from hub.export.cash_point import CashPoint, Ended, Original, Register, TseFacts
from tests.hub import acts, samples
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    TimeFormat,
    signed_bytes,
)
from tse_driver.simulator import keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GUEST, OTHER_GUEST = 41, 42
CASH = Payment(method=PaymentMethod.CASH)
WALLET = Payment(method=PaymentMethod.WALLET, wallet=GUEST)
CARD = Payment(
    method=PaymentMethod.CARD,
    card=CardReceipt(provider="sumup", id="c-1", scheme="girocard"),
)
CATALOGUE = Catalogue(
    event=samples.EVENT.slug,
    version=2,
    currency=Currency.EUR,
    taxes=(
        TaxRate(code=1, rate_bp=1900, name="19 %"),
        TaxRate(code=2, rate_bp=700, name="7 %"),
        TaxRate(code=5, rate_bp=0, name="nicht steuerbar"),
    ),
    groups=(
        ProductGroup(id=1, name="Getränke; kalt", color="#e0a526"),
        ProductGroup(id=2, name='"Essen"', color="#a0a526"),
    ),
    products=(
        Product(id=1, name="Bier", label="Bier", price_minor=450, tax_code=1, group=1),
        Product(
            id=2, name="Brezel", label="Brezel", price_minor=221, tax_code=2, group=2
        ),
        Product(
            id=3,
            name='Becher "0,4 l"; grün',
            label="Becher",
            price_minor=200,
            tax_code=1,
            group=1,
            kind=ProductKind.DEPOSIT,
        ),
        Product(
            id=4,
            name="Spende",
            label="Spende",
            price_minor=100,
            tax_code=5,
            group=2,
            kind=ProductKind.DONATION,
            free_price=True,
        ),
        Product(
            id=5,
            name="Trinkgeld",
            label="Trinkgeld",
            price_minor=100,
            tax_code=5,
            group=2,
            kind=ProductKind.TIP_STAFF,
            free_price=True,
        ),
    ),
)
BEER, PRETZEL, CUP, DONATION, TIP = CATALOGUE.products
REGISTER = Register("Raspberry Pi", "5", "Kassenband", "0.1.0")


@cache
def identity(number: int = 1) -> keys.Identity:
    """The keys of one of our TSEs: making them takes its time."""
    return keys.create(datetime(2026, 7, 1, tzinfo=UTC), number)


@dataclass
class Till:
    """Rings up orders, each signed unless its TSE is out of order."""

    name: str = samples.TILL
    tse: int = 1
    booking_model: BookingModel = BookingModel.PAYMENT
    currency: Currency = Currency.EUR
    now: datetime = samples.NOW
    z_number: int = 1
    sequence: int = 0
    number: int = 0
    counter: int = 0
    closed: list[tuple[CashPoint, list[Ended]]] = field(default_factory=list)
    rung: list[Ended] = field(default_factory=list)

    def ring(
        self,
        order: Order,
        outcome: Outcome = Outcome.COMPLETED,
        *,
        outage: str = "",
        original: Ended | None = None,
    ) -> Ended:
        """Take an order as the till's next one, and end it."""
        self.sequence += 1
        self.now += timedelta(seconds=40)
        mine = msgspec.structs.replace(
            order,
            id=new_uuid7(),
            till=TillId(self.name),
            sequence=self.sequence,
            z_number=self.z_number,
            opened_at=self.now,
            booking_model=self.booking_model,
            currency=self.currency,
        )
        signed = None if outage else self._sign(process_data(mine, outcome))
        ended = Ended(
            order=mine,
            outcome=outcome,
            decided_at=self.now + timedelta(seconds=9),
            signature=signed,
            outage=Outage(since=self.now, reason=outage) if outage else None,
            original=None if original is None else _place_of(original),
        )
        self.rung.append(ended)
        return ended

    def cancel(self, ended: Ended, lines: Iterable[int] | None = None) -> Ended:
        """Undo an order, whole or by line."""
        order = undone(ended.order, None if lines is None else set(lines))
        payment = ended.order.payment
        return self.ring(
            msgspec.structs.replace(order, attempt=1, payment=payment), original=ended
        )

    def close(self, *, outage: str = "") -> CashPoint:
        """Close the Z number."""
        self.now += timedelta(minutes=5)
        report = self._report()
        data = encode_closing(report)
        signed = None if outage else self._sign(closing_process_data(data))
        why = Outage(since=self.now, reason=outage) if outage else None
        point = CashPoint(report, REGISTER, signed, why)
        self.closed.append((point, self.rung))
        self.rung = []
        self.z_number += 1
        return point

    @property
    def facts(self) -> TseFacts:
        """What the hub knows of its TSE."""
        own = identity(self.tse)
        return TseFacts(
            id=self.tse,
            serial=own.public_key.serial.hex(),
            algorithm=own.algorithm.name,
            time_format="unixTime",
            encoding="UTF-8",
            public_key=own.public_key.point,
            certificate=own.chain[0].public_bytes(Encoding.DER),
        )

    def _report(self) -> ClosingReport:
        orders = [
            each.order
            for each in self.rung
            if each.outcome is Outcome.COMPLETED and not each.order.training
        ]
        return ClosingReport(
            event=samples.EVENT.slug,
            till=TillId(self.name),
            z_number=self.z_number,
            currency=self.currency,
            opened_at=self.rung[0].order.opened_at if self.rung else self.now,
            closed_at=self.now,
            span=SequenceSpan(
                first=self.sequence - len(self.rung) + 1, last=self.sequence
            ),
            completed=len(orders),
            aborted=len(self.rung) - len(orders),
            totals=closings.totals(orders),
            taxes=closings.taxes(orders),
            digest=orders_digest(
                order_digest(encode_order(each.order)) for each in self.rung
            ),
            cashier="ann",
        )

    def _sign(self, text: str) -> Signature:
        own = identity(self.tse)
        self.number += 1
        self.counter += 2
        kind = process_type(text) if not text.startswith("Closing") else PROCESS_TYPE
        finish = Certified(
            Operation.FINISH, self.name, text.encode(), kind, self.number
        )
        finished = self.now.replace(microsecond=0)
        logged = Protocolled(
            own.public_key.serial, own.algorithm, self.counter, finished
        )
        value = own.sign(signed_bytes(Kind.TRANSACTION, finish.to_bytes(), logged))
        return Signature(
            client=TillId(self.name),
            number=self.number,
            start_counter=self.counter - 1,
            counter=self.counter,
            started_at=finished - timedelta(seconds=3),
            finished_at=finished,
            process_type=kind,
            process_data=text,
            algorithm=own.algorithm.name,
            time_format=str(TimeFormat.UNIX),
            value=value,
            public_key=own.public_key.point,
            tse_serial=own.public_key.serial.hex(),
        )


def sale(payment: Payment, *lines: Line, **fields: object) -> Order:
    """A sale of these lines."""
    return _order(OrderKind.SALE, *lines, payment=payment, **fields)


def _order(kind: OrderKind, *lines: Line, **fields: object) -> Order:
    taxes = sum_taxes(lines, CATALOGUE.tax_rates())
    own = {"catalogue": CATALOGUE.version, "taxes": taxes}
    return acts.act(kind, *lines, **own | fields)


def a_day(till: Till) -> Till:
    """Let a till do everything there is, in two shifts."""
    cup = [make_line(BEER, 2), make_line(PRETZEL, 3), make_line(CUP, 2)]
    till.ring(acts.shift_start(15000, "ann", till=till.name, **_own(till)))
    first = till.ring(sale(WALLET, *cup, cashier="ann"))
    till.ring(sale(CASH, *cup, make_line(TIP, 1, 70), make_line(DONATION, 1, 30)))
    till.ring(sale(CARD, make_line(PRETZEL, 1)))
    till.ring(acts.top_up(GUEST, 2000))
    till.ring(acts.payout(GUEST, 1350))
    till.ring(sale(WALLET, make_line(CUP, -2)))
    till.ring(sale(CASH, make_line(CUP, -1), make_line(BEER, 1)))
    till.cancel(first)
    second = till.ring(sale(CASH, *cup))
    till.cancel(second, [2, 3])
    till.ring(sale(CASH, *cup, attempt=1), Outcome.ABORTED)
    till.ring(sale(CASH, make_line(BEER, 1)), outage="kein Strom; Stecker gezogen")
    till.ring(sale(WALLET, make_line(BEER, 7), training=True))
    till.ring(acts.on_wristband(OrderKind.BLOCK, GUEST, blocked=True))
    till.ring(_group_ticket())
    till.close()
    till.cancel(second, [1])
    till.ring(sale(WALLET, make_line(BEER, 1)))
    till.close()
    return till


def _own(till: Till) -> dict[str, object]:
    # The samples' acts move cash by the register of the samples' first till.
    return {"register": samples.TILL} if till.name != samples.TILL else {}


def _group_ticket() -> Order:
    entry = make_line(PRETZEL, 2)
    credit = plain_line(LineRole.CREDIT, 1500, "Guthaben")
    return _order(
        OrderKind.TICKET,
        entry,
        credit,
        payment=CASH,
        credits=(
            Credit(wallet=GUEST, amount_minor=1000),
            Credit(wallet=OTHER_GUEST, amount_minor=500),
        ),
    )


def _place_of(ended: Ended) -> Original:
    order = ended.order
    return Original(order.id, order.till, order.z_number, None)


def all_closings(tills: Sequence[Till]) -> list[tuple[CashPoint, list[Ended]]]:
    """All closings of these tills."""
    return [closing for till in tills for closing in till.closed]
