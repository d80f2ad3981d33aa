from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from contract.ids import TillId, new_uuid7
from contract.messages import (
    AdviceFlag,
    CashierLoggedIn,
    CashierLogout,
    DeclineReason,
    LoginRefusal,
    LoginRefused,
    OrderBooked,
    OrderCheck,
    OrderChecked,
    OrderDeclined,
)
from contract.order import (
    Ask,
    CardReceipt,
    Credit,
    OrderKind,
    Payment,
    PaymentMethod,
    ask_first,
    encode_order,
)
from contract.staff import Right, StaffRole, staff_hash
from hub.link.configuration import till_config
from hub.service.staff import (
    NewMember,
    PinRefused,
    Staff,
    block_member,
    pin_hash,
    put_member,
    put_role,
)
from tests.hub import acts, people, samples
from tests.hub.people import EVENT, advise, hire, login, request
from tests.hub.samples import order

if TYPE_CHECKING:
    from contract.order import Order
    from tests.hub.hubs import Parts

BAR, OTHER = samples.TILL, TillId("bar-2")


def by(cashier: str, about: Order, till: TillId = BAR) -> Order:
    return msgspec.structs.replace(about, cashier=cashier, till=till)


async def enter(parts: Parts, name: str, till: TillId = BAR) -> CashierLoggedIn:
    answer = await parts.staff.log_in(login(name), till)
    assert isinstance(answer, CashierLoggedIn), answer
    return answer


async def refused(parts: Parts, name: str, till: TillId = BAR) -> LoginRefusal:
    answer = await parts.staff.log_in(login(name), till)
    assert isinstance(answer, LoginRefused), answer
    assert answer.text.endswith(".")
    return answer.reason


async def test_a_cashier_logs_in_by_wristband(parts: Parts) -> None:
    await hire(parts)

    answer = await enter(parts, "ann")

    assert (answer.cashier, answer.name, answer.role) == ("ann", "Ann", "cashier")
    assert answer.rights == people.CASHIER.rights
    assert await refused(parts, "ann", OTHER) is LoginRefusal.LOGGED_IN_ELSEWHERE


async def test_who_logged_out_may_log_in_elsewhere(parts: Parts) -> None:
    await hire(parts)
    await enter(parts, "ann")

    said = CashierLogout(id=new_uuid7(), cashier="ann")
    left = await parts.staff.log_out(said, BAR)

    assert (left.regarding, left.cashier) == (said.id, "ann")
    await enter(parts, "ann", OTHER)


async def test_two_tills_at_once_let_nobody_in_twice(parts: Parts) -> None:
    await hire(parts)

    answers = await asyncio.gather(
        *(parts.staff.log_in(login("ann"), till) for till in (BAR, OTHER))
    )

    assert sum(isinstance(each, CashierLoggedIn) for each in answers) == 1


async def test_a_supervised_log_in_needs_a_supervisor(parts: Parts) -> None:
    await hire(parts)
    assert await refused(parts, "ben") is LoginRefusal.SUPERVISOR_NEEDED

    await enter(parts, "cleo")

    assert (await enter(parts, "ben")).supervised


async def test_the_next_hub_knows_who_is_logged_in(parts: Parts) -> None:
    await hire(parts)
    await enter(parts, "ann")
    await enter(parts, "cleo", OTHER)
    await parts.staff.log_out(CashierLogout(id=new_uuid7(), cashier="cleo"), OTHER)

    standby = Staff(parts.store, parts.context)
    await standby.load()
    answer = await standby.log_in(login("ann"), OTHER)
    assert isinstance(answer, LoginRefused)
    assert answer.reason is LoginRefusal.LOGGED_IN_ELSEWHERE
    let_in = await standby.log_in(login("ben"), OTHER)
    assert isinstance(let_in, CashierLoggedIn), "a supervisor was there before"


async def test_strangers_and_forgers_stay_out(parts: Parts) -> None:
    await hire(parts)

    assert await refused(parts, "zoe") is LoginRefusal.UNKNOWN_CASHIER
    assert await refused(parts, "ann", TillId("bar-9")) is LoginRefusal.ROLE_NOT_OPEN
    genuine = login("ann")
    token = msgspec.structs.replace(genuine.credential, signature=b"\0" * 64)
    forged = msgspec.structs.replace(genuine, credential=token)
    answer = await parts.staff.log_in(forged, BAR)
    assert isinstance(answer, LoginRefused)
    assert answer.reason is LoginRefusal.FORGED_WRISTBAND


async def test_who_was_dismissed_does_nothing_more(parts: Parts) -> None:
    await hire(parts)
    wallet = await parts.wallet(1000)
    await enter(parts, "ann")

    await block_member(parts.store, EVENT, "ann")
    await parts.context.refresh()

    assert await refused(parts, "ann") is LoginRefusal.BLOCKED
    answer = await request(parts, by("ann", order(450, wallet)))
    assert isinstance(answer, OrderDeclined)
    assert answer.reason is DeclineReason.NOT_ALLOWED


async def test_a_lost_staff_wristband_that_is_blocked_opens_nothing(
    parts: Parts,
) -> None:
    await hire(parts)
    issued = await parts.wristbands.issue(samples.uid(people.UIDS["ann"]))
    await parts.wristbands.block(issued.wallet)
    message = msgspec.structs.replace(
        login("ann"), credential=people.token(people.UIDS["ann"], issued.wallet)
    )

    answer = await parts.staff.log_in(message, BAR)

    assert isinstance(answer, LoginRefused)
    assert answer.reason is LoginRefusal.BLOCKED


async def test_payouts_and_grants_need_their_rights(parts: Parts) -> None:
    await hire(parts)
    wallet = await parts.wallet(1000)
    await enter(parts, "ann")
    await enter(parts, "dora", OTHER)

    declined = await request(parts, by("ann", acts.payout(wallet, 300)))
    assert isinstance(declined, OrderDeclined)
    assert declined.reason is DeclineReason.NOT_ALLOWED
    paid = await request(parts, by("dora", acts.payout(wallet, 300), OTHER))
    assert isinstance(paid, OrderBooked)
    for granter, is_allowed in (("dora", True), ("ann", False), ("zoe", False)):
        given = (Credit(wallet=wallet, vouchers=2),)
        grant = acts.act(OrderKind.GRANT, credits=given, granted_by=granter)
        answer = await request(parts, by("ann", grant))
        assert isinstance(answer, OrderBooked if is_allowed else OrderDeclined)


async def test_staff_of_the_office_alone_make_no_till_ask(parts: Parts) -> None:
    office = StaffRole(name="office", rights=(Right.FINANCE,))
    await put_role(parts.store, EVENT, office)
    fay = NewMember(id="fay", name="Fay", uid=samples.uid(201), roles=["office"])
    await put_member(parts.store, EVENT, fay)
    await parts.context.refresh()
    wallet = await parts.wallet(1000)
    assert isinstance(await request(parts, order(450, wallet)), OrderBooked)
    assert isinstance(await request(parts, acts.payout(wallet, 300)), OrderBooked)


async def test_a_right_that_was_missing_flags_what_was_done(parts: Parts) -> None:
    await hire(parts)

    flags = await advise(parts, by("ann", acts.shift_start(15_000, "ann")))

    assert flags == (AdviceFlag.NOT_ALLOWED,)


async def test_only_a_lead_cancels_what_another_till_sold(parts: Parts) -> None:
    await hire(parts)
    await enter(parts, "ann", OTHER)
    wallet = await parts.wallet(1000)
    sale = by("ann", order(300, wallet))
    await advise(parts, sale)

    undo = by("ann", order(-300, wallet, cancels=sale.id), OTHER)
    answer = await request(parts, undo)
    assert isinstance(answer, OrderDeclined)
    assert answer.reason is DeclineReason.NOT_ALLOWED

    said = CashierLogout(id=new_uuid7(), cashier="ann")
    await parts.staff.log_out(said, OTHER)
    await enter(parts, "cleo", OTHER)
    undo = by("cleo", order(-300, wallet, cancels=sale.id), OTHER)
    assert isinstance(await request(parts, undo), OrderBooked)


@pytest.mark.parametrize("method", [PaymentMethod.CASH, PaymentMethod.CARD])
async def test_only_a_lead_gives_back_money_that_another_till_took(
    parts: Parts, method: PaymentMethod
) -> None:
    """The hub is asked before; what was done without asking books, and is told."""
    await hire(parts)
    receipt = CardReceipt(provider="acme", id="1")
    card = receipt if method is PaymentMethod.CARD else None
    paid = Payment(method=method, card=card)
    sale = msgspec.structs.replace(by("ann", order(300)), payment=paid)
    await advise(parts, sale)
    undo = msgspec.structs.replace(order(-300, cancels=sale.id), payment=paid)
    assert ask_first(undo, of_other_till=True) is Ask.CHECK

    await enter(parts, "ann", OTHER)
    answer = await check(parts, by("ann", undo, OTHER))
    assert isinstance(answer, OrderDeclined)
    assert answer.reason is DeclineReason.NOT_ALLOWED
    flags = await advise(parts, by("ann", undo, OTHER))
    assert flags == (AdviceFlag.NOT_ALLOWED,)


async def test_a_lead_gives_back_cash_that_another_till_took(parts: Parts) -> None:
    await hire(parts)
    sale = by("ann", order(300))
    await advise(parts, sale)
    await enter(parts, "cleo", OTHER)
    undo = by("cleo", order(-300, cancels=sale.id), OTHER)

    assert isinstance(await check(parts, undo), OrderChecked)
    assert await advise(parts, undo) == ()


async def test_a_cashier_gives_back_cash_that_their_own_till_took(parts: Parts) -> None:
    await hire(parts)
    sale = by("ann", order(300))
    await advise(parts, sale)

    assert await advise(parts, by("ann", order(-300, cancels=sale.id))) == ()


async def check(parts: Parts, about: Order) -> object:
    body = msgspec.Raw(encode_order(about))
    said = OrderCheck(id=new_uuid7(), order=body, answer_by=samples.NOW)
    return await parts.orders.checks.check(said, about.till)


async def test_who_needs_a_register_is_handed_one_first(parts: Parts) -> None:
    await hire(parts)
    assert await refused(parts, "emil") is LoginRefusal.NO_REGISTER

    await advise(parts, acts.shift_start(15_000, "emil"))

    assert (await enter(parts, "emil")).register == BAR


async def test_tills_are_told_of_staff_by_hashes_only(parts: Parts) -> None:
    await hire(parts)
    await block_member(parts.store, EVENT, "cleo")
    context = await parts.context.refresh()

    config = till_config(context, context.agreed.tills[BAR])

    assert config is not None
    assert {entry.id for entry in config.staff} == set(people.UIDS) - {"cleo"}
    hashes = {entry.uid_hash for entry in config.staff}
    assert staff_hash(config.staff_key, samples.uid(101)) in hashes
    assert config.roles == tuple(sorted(people.ROLES, key=lambda role: role.name))
    assert samples.uid(101).octets.hex() not in msgspec.json.encode(config).decode()


@pytest.mark.usefixtures("dear_hashes")
def test_a_pin_is_kept_as_argon2id() -> None:
    known = pin_hash("4711")

    assert known.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    Argon2id.verify_phc_encoded(b"4711", known)
    with pytest.raises(InvalidKey):
        Argon2id.verify_phc_encoded(b"4712", known)


@pytest.mark.parametrize("pin", ["", "123", "12a4", "abcd"])
def test_a_poor_pin_is_refused(pin: str) -> None:
    with pytest.raises(PinRefused, match="at least 4 digits"):
        pin_hash(pin)
