from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
import pytest_asyncio

from contract.ids import TillId, new_uuid7
from contract.messages import (
    AdviceFlag,
    CashierLoggedIn,
    CashierLogout,
    DeclineReason,
    OrderBooked,
    OrderCheck,
    OrderChecked,
    OrderDeclined,
)
from contract.money import Currency, Money
from contract.order import CashMove, OrderKind, Outcome, encode_order, undone
from contract.stocking import Pieces, Stocking
from hub.core.ledger import Role, Unit
from hub.link.configuration import till_config
from hub.service.shifts import Shifts
from hub.service.staff import put_role
from hub.service.stockings import put_stocking
from hub.service.verification import verify
from tests.hub import acts, people, samples
from tests.hub.acts import BAG, BANK, VAULT, cash, register, shift_end, shift_start
from tests.hub.people import advise, hire, login, request
from tests.hub.samples import order

if TYPE_CHECKING:
    from contract.order import Order
    from tests.hub.hubs import Parts

BAR, OTHER = samples.TILL, TillId("bar-2")
FLOAT = Stocking(
    name="Bar float",
    pieces=(
        Pieces(value_minor=20_00, count=5),
        Pieces(value_minor=2_00, count=1, in_roll=25),
        Pieces(value_minor=50, count=1, in_roll=40),
        Pieces(value_minor=50, count=35),
    ),
)


@pytest_asyncio.fixture
async def shifts(parts: Parts) -> Shifts:
    return Shifts(parts.store, parts.context)


async def held(shifts: Shifts) -> dict[str, int]:
    """What each place has, in cents."""
    return {place.key: place.held.minor for place in await shifts.cash()}


async def holder(shifts: Shifts, key: str = BAR) -> str | None:
    return next(place.holder for place in await shifts.cash() if place.key == key)


async def check(parts: Parts, about: Order) -> OrderChecked | OrderDeclined:
    message = OrderCheck(
        id=new_uuid7(),
        order=msgspec.Raw(encode_order(about)),
        answer_by=samples.NOW,
    )
    answer = await parts.orders.checks.check(message, about.till)
    assert isinstance(answer, OrderChecked | OrderDeclined)
    return answer


def stocked(template: Stocking, holder: str) -> Order:
    """The order that hands the register out with what a template says."""
    move = CashMove(
        source=VAULT,
        target=register(),
        amount_minor=template.total_minor,
        holder=holder,
        stocking=template,
    )
    return cash(OrderKind.SHIFT_START, move)


async def is_well(parts: Parts) -> bool:
    event = parts.context.current
    report = await verify(parts.store, event.number, event.incarnation)
    assert report.ok, report.findings
    return report.ok


async def test_stockings(parts: Parts, shifts: Shifts) -> None:
    """A template of rolls and notes comes to the tills; the hub books its total."""
    event = parts.context.current
    await put_stocking(parts.store, event.number, FLOAT, Currency.EUR)
    fresh = await parts.context.refresh()
    config = till_config(fresh, fresh.agreed.tills[BAR])
    assert config is not None
    [template] = config.stockings

    assert await advise(parts, stocked(template, "ann")) == ()

    assert await held(shifts) == {BAR: 18_750, "main": -18_750}
    assert await holder(shifts) == "ann"
    assert await is_well(parts)


async def test_rolls_and_notes_that_are_other_money_than_was_moved(
    parts: Parts, shifts: Shifts
) -> None:
    """Nobody can be handed more than the drawer holds by its own list."""
    order = stocked(FLOAT, "ann")
    assert order.cash is not None
    thin = msgspec.structs.replace(FLOAT, pieces=FLOAT.pieces[:1])
    cash_ = msgspec.structs.replace(order.cash, stocking=thin)

    flags = await advise(parts, msgspec.structs.replace(order, cash=cash_))

    assert AdviceFlag.INCONSISTENT_ORDER in flags


async def test_hand_out_register(parts: Parts, shifts: Shifts) -> None:
    """The vault gives, the register has, and it is the cashier's from then on."""
    await advise(parts, shift_start(15_000, "ann", z_number=4))

    assert await held(shifts) == {BAR: 15_000, "main": -15_000}
    [place] = [each for each in await shifts.cash() if each.key == BAR]
    assert (place.holder, place.z_number) == ("ann", 4)
    assert place.held == Money(15_000)


async def test_move_cash(parts: Parts, shifts: Shifts) -> None:
    """Cashier to bag, bag to vault, vault to bank."""
    await advise(parts, shift_start(15_000, "ann"))
    for source, target in ((register(), BAG), (BAG, VAULT), (VAULT, BANK)):
        move = CashMove(source=source, target=target, amount_minor=4_000)
        assert await advise(parts, cash(OrderKind.CASH_MOVEMENT, move)) == ()

    assert await held(shifts) == {BAR: 11_000, "bag-1": 0, "main": -15_000}
    overview = await shifts.money_overview()
    assert overview.of(Role.BANK) == -4_000
    assert await is_well(parts)


async def test_hand_register_to_another_cashier(parts: Parts, shifts: Shifts) -> None:
    """The register keeps its cash and gets another holder."""
    await advise(parts, shift_start(15_000, "ann"))
    move = CashMove(source=register(), target=register(), holder="dora")

    await advise(parts, cash(OrderKind.CASH_TRANSFER, move))

    assert await holder(shifts) == "dora"
    assert await held(shifts) == {BAR: 15_000, "main": -15_000}


async def test_cash_goes_to_another_register(parts: Parts, shifts: Shifts) -> None:
    await advise(parts, shift_start(15_000, "ann"))
    move = CashMove(source=register(), target=register("bar-2"), amount_minor=5_000)

    await advise(parts, cash(OrderKind.CASH_TRANSFER, move))

    assert await held(shifts) == {BAR: 10_000, "bar-2": 5_000, "main": -15_000}
    assert await holder(shifts) == "ann"


async def test_close_out(parts: Parts, shifts: Shifts) -> None:
    """Counted against expected; what is missing is a difference of the register."""
    await advise(parts, shift_start(15_000, "ann"))
    await advise(parts, order(450))

    assert await advise(parts, shift_end(15_400, 15_450, "ann")) == ()

    assert await held(shifts) == {BAR: 0, "main": 400}
    assert await holder(shifts) is None
    overview = await shifts.money_overview()
    assert overview.of(Role.DIFFERENCE) == -50
    assert await is_well(parts)


async def test_a_close_out_is_told_what_the_ledger_has_in_the_register(
    parts: Parts, shifts: Shifts
) -> None:
    """Another till's cash is expected, too: nothing stays behind in the books."""
    await advise(parts, shift_start(15_000, "ann"))
    move = CashMove(source=register("bar-2"), target=register(), amount_minor=5_000)
    await advise(parts, cash(OrderKind.CASH_TRANSFER, move))

    answer = await check(parts, shift_end(20_000, 15_000, "ann"))

    assert isinstance(answer, OrderChecked)
    assert answer.facts.in_register == Money(20_000)
    assert await advise(parts, shift_end(20_000, 20_000, "ann")) == ()
    assert (await held(shifts))[BAR] == 0
    assert (await shifts.money_overview()).of(Role.DIFFERENCE) == 0


async def test_a_register_that_the_ledger_never_heard_of_is_empty(parts: Parts) -> None:
    answer = await check(parts, shift_end(0, 0, "ann"))

    assert isinstance(answer, OrderChecked)
    assert answer.facts.in_register == Money(0)


async def test_who_logs_in_hears_what_is_in_the_register(parts: Parts) -> None:
    await hire(parts)
    await advise(parts, shift_start(15_000, "ann"))

    answer = await parts.staff.log_in(login("ann"), OTHER)

    assert isinstance(answer, CashierLoggedIn)
    assert (answer.register, answer.register_minor) == (BAR, 15_000)


async def test_a_close_out_that_expects_other_cash_is_flagged(
    parts: Parts, shifts: Shifts
) -> None:
    await advise(parts, shift_start(15_000, "ann"))
    await advise(parts, order(450))

    flags = await advise(parts, shift_end(15_000, 15_000, "ann"))

    assert flags == (AdviceFlag.REGISTER_DIFFERS,)
    assert await held(shifts) == {BAR: 450, "main": 0}


async def test_no_close_out_while_the_cashier_is_logged_in(
    parts: Parts, shifts: Shifts
) -> None:
    await hire(parts)
    closes = msgspec.structs.replace(people.FINANCE, needs_register=False)
    await put_role(parts.store, people.EVENT, closes)
    await parts.context.refresh()
    await advise(parts, shift_start(15_000, "ann"))
    for name, till in (("ann", OTHER), ("emil", BAR)):
        said = await parts.staff.log_in(login(name), till)
        assert isinstance(said, CashierLoggedIn), said
    ends = msgspec.structs.replace(shift_end(15_000, 15_000, "ann"), cashier="emil")

    refused = await check(parts, ends)
    assert isinstance(refused, OrderDeclined)
    assert refused.reason is DeclineReason.CASHIER_LOGGED_IN
    assert "bar-2" in refused.text

    await parts.staff.log_out(CashierLogout(id=new_uuid7(), cashier="ann"), OTHER)
    assert isinstance(await check(parts, ends), OrderChecked)
    assert await advise(parts, ends) == ()
    assert await holder(shifts) is None
    assert await held(shifts) == {BAR: 0, "main": 0}


async def test_a_close_out_told_while_the_cashier_works_on_is_flagged(
    parts: Parts,
) -> None:
    """No till asked: the hub was silent. Whoever it is closed out in the name of."""
    await hire(parts)
    await advise(parts, shift_start(15_000, "ann"))
    before = datetime.now(UTC)
    assert isinstance(await parts.staff.log_in(login("ann"), OTHER), CashierLoggedIn)
    ends = shift_end(15_000, 15_000, "dora")
    ends = msgspec.structs.replace(ends, cashier="emil")
    working = datetime.now(UTC)
    await parts.staff.log_out(CashierLogout(id=new_uuid7(), cashier="ann"), OTHER)

    assert await advise(parts, ends, decided_at=working) == (
        AdviceFlag.CASHIER_LOGGED_IN,
        AdviceFlag.OTHER_HOLDER,
    )
    for when in (before, datetime.now(UTC)):
        await advise(parts, shift_start(15_000, "ann"))
        right = shift_end(15_000, 15_000, "ann")
        right = msgspec.structs.replace(right, cashier="emil")
        assert await advise(parts, right, decided_at=when) == ()


async def test_a_log_out_heard_late_counts_from_when_it_was(parts: Parts) -> None:
    """The hub was silent when ann left, and when her register was counted then."""
    await hire(parts)
    await advise(parts, shift_start(15_000, "ann"))
    assert isinstance(await parts.staff.log_in(login("ann"), OTHER), CashierLoggedIn)
    working = datetime.now(UTC)
    left = working + timedelta(microseconds=1)
    ends = msgspec.structs.replace(shift_end(15_000, 15_000, "ann"), cashier="emil")

    bye = CashierLogout(id=new_uuid7(), cashier="ann", at=left)
    await parts.staff.log_out(bye, OTHER)

    assert await advise(parts, ends, decided_at=left) == ()
    await advise(parts, shift_start(15_000, "ann"))
    early = msgspec.structs.replace(shift_end(15_000, 15_000, "ann"), cashier="emil")
    assert AdviceFlag.CASHIER_LOGGED_IN in await advise(
        parts, early, decided_at=working
    )


@pytest.mark.parametrize("year", [1999, 2099])
async def test_a_log_out_by_a_clock_that_is_off_is_one_all_the_same(
    parts: Parts, year: int
) -> None:
    await hire(parts)
    await advise(parts, shift_start(15_000, "ann"))
    assert isinstance(await parts.staff.log_in(login("ann"), OTHER), CashierLoggedIn)
    off = datetime(year, 1, 1, tzinfo=UTC)

    await parts.staff.log_out(
        CashierLogout(id=new_uuid7(), cashier="ann", at=off), OTHER
    )

    ends = msgspec.structs.replace(shift_end(15_000, 15_000, "ann"), cashier="emil")
    assert await advise(parts, ends, decided_at=datetime.now(UTC)) == ()


async def test_a_close_out_said_right_after_a_log_out_waits_for_it(
    parts: Parts,
) -> None:
    """A till says both at once when the hub is back."""
    await hire(parts)
    closes = msgspec.structs.replace(people.FINANCE, needs_register=False)
    await put_role(parts.store, people.EVENT, closes)
    await parts.context.refresh()
    await advise(parts, shift_start(15_000, "ann"))
    for name, till in (("ann", OTHER), ("emil", BAR)):
        assert isinstance(await parts.staff.log_in(login(name), till), CashierLoggedIn)
    ends = msgspec.structs.replace(shift_end(15_000, 15_000, "ann"), cashier="emil")
    bye = CashierLogout(id=new_uuid7(), cashier="ann", at=datetime.now(UTC))

    _, checked = await asyncio.gather(
        parts.staff.log_out(bye, OTHER), check(parts, ends)
    )

    assert isinstance(checked, OrderChecked)


async def test_a_register_is_handed_out_twice(parts: Parts, shifts: Shifts) -> None:
    """The second says so, to a hub that was started meanwhile, too."""
    await advise(parts, shift_start(15_000, "ann"))
    parts.booking.forget()

    flags = await advise(parts, shift_start(10_000, "ben"))

    assert flags == (AdviceFlag.OTHER_HOLDER,)
    assert await holder(shifts) == "ben"
    assert await held(shifts) == {BAR: 25_000, "main": -25_000}


async def test_money_overview(parts: Parts, shifts: Shifts) -> None:
    """Sums by what accounts are for; they add up to nothing."""
    wallet = await parts.wallet(2000)
    await advise(parts, shift_start(15_000, "ann"))
    await advise(parts, order(1190))
    await request(parts, order(400, wallet))
    await advise(parts, acts.top_up(wallet, 1000))

    overview = await shifts.money_overview()

    assert overview.imbalance == 0
    assert overview.of(Role.WALLET) == 2600
    assert overview.of(Role.CASH_REGISTER) == -(15_000 + 1190 + 1000)
    assert overview.of(Role.VAULT) == 15_000
    assert overview.of(Role.PROVIDER_CLEARING) == -2000
    assert overview.of(Role.REVENUE) + overview.of(Role.TAX) == 1590
    assert overview.of(Role.WALLET, Unit.VOUCHER) == 0


async def test_a_payout_leaves_the_register_and_comes_back_when_aborted(
    parts: Parts, shifts: Shifts
) -> None:
    wallet = await parts.wallet(1000)
    paid = acts.payout(wallet, 300)
    await request(parts, paid)
    assert await held(shifts) == {BAR: -300}

    await advise(parts, paid, Outcome.ABORTED, None)

    assert await held(shifts) == {BAR: 0}
    assert await is_well(parts)


async def test_a_stocking_taken_back_leaves_the_register_to_nobody(
    parts: Parts, shifts: Shifts
) -> None:
    start = shift_start(15_000, "ann")
    await advise(parts, start)
    back = msgspec.structs.replace(
        undone(start), id=new_uuid7(), attempt=1, payment=start.payment, sequence=2
    )

    await advise(parts, back)

    assert await held(shifts) == {BAR: 0, "main": 0}
    assert await holder(shifts) is None
    assert await is_well(parts)


async def test_the_places_hold_what_a_new_writer_finds(
    parts: Parts, shifts: Shifts
) -> None:
    await advise(parts, shift_start(15_000, "ann"))
    parts.booking.forget()
    await advise(parts, order(450))

    assert await advise(parts, shift_end(15_450, 15_450, "ann")) == ()
    assert await held(shifts) == {BAR: 0, "main": 450}


async def test_a_register_handed_over_is_the_next_ones_at_once(parts: Parts) -> None:
    await hire(parts)
    desk = msgspec.structs.replace(people.DESK, needs_register=True)
    await put_role(parts.store, people.EVENT, desk)
    await parts.context.refresh()
    wallet = await parts.wallet(1000)
    await advise(parts, shift_start(15_000, "dora"))
    await parts.staff.log_in(login("dora"), BAR)
    paid = msgspec.structs.replace(acts.payout(wallet, 100), cashier="dora")
    assert isinstance(await request(parts, paid), OrderBooked)

    move = CashMove(source=register(), target=register(), holder="emil")
    await advise(parts, cash(OrderKind.CASH_TRANSFER, move))

    again = msgspec.structs.replace(acts.payout(wallet, 100), cashier="dora")
    refused = await request(parts, again)
    assert isinstance(refused, OrderDeclined)
    assert refused.reason is DeclineReason.UNKNOWN_REGISTER
