"""Log-ins, with and without the hub, and what is told of a wristband."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from contract.ids import WristbandUid
from contract.messages import (
    CashierLoggedIn,
    CashierLoggedOut,
    CashierLogin,
    LoginRefusal,
    LoginRefused,
    Rejected,
    RejectReason,
    Right,
    StaffEntry,
    StaffRole,
    WristbandInfo,
    WristbandQuery,
)
from contract.money import Money
from contract.staff import staff_hash
from edge.core import effects, events, intents
from edge.core.acts import TopUp
from edge.core.picture import picture
from edge.core.pins import fits
from edge.core.state import Inquiring, Selling
from edge.core.view import Phase
from tests.edge.core.desk import ANCHOR
from tests.edge.core.festival import CONFIGURED, EVERYTHING, Festival

if TYPE_CHECKING:
    from contract.messages import CashierLogout

KEY = b"k" * 32
PIN = "4711"
SELLER = StaffRole(name="seller", rights=(Right.LOG_IN, Right.SELL, Right.TOP_UP))
RUNNER = StaffRole(name="runner", rights=(Right.LOG_IN, Right.MOVE_CASH))


def pin_hash(pin: str) -> str:
    kdf = Argon2id(salt=b"s" * 16, length=32, iterations=1, lanes=1, memory_cost=64)
    return kdf.derive_phc_encoded(pin.encode())


def staffed(*roles: str, pin: bool = True) -> Festival:
    """Make a till that knows the owner of wristband 1, and needs a log-in."""
    uid = WristbandUid(bytes([4, 0, 0, 0, 0, 0, 1]))
    maria = StaffEntry(
        id="c1",
        name="Maria",
        uid_hash=staff_hash(KEY, uid),
        roles=roles,
        pin_hash=pin_hash(PIN) if pin else "",
    )
    desk = Festival().profile(needs_login=True)
    assert desk.state.terms is not None
    config = msgspec.structs.replace(
        CONFIGURED,
        profile=msgspec.structs.replace(EVERYTHING, needs_login=True),
        roles=(SELLER, RUNNER),
        staff=(maria,),
        staff_key=KEY,
    )
    desk.state = replace(desk.state, terms=replace(desk.state.terms, config=config))
    return desk


def logged_in(request: UUID, *rights: Right) -> CashierLoggedIn:
    return CashierLoggedIn(
        id=UUID(int=3),
        regarding=request,
        cashier="c1",
        name="Maria",
        role="seller",
        rights=rights or SELLER.rights,
        register="drawer-3",
    )


def heard(desk: Festival, bye: CashierLogout) -> None:
    """Let the hub hear of a log-out."""
    desk.say(CashierLoggedOut(id=UUID(int=4), regarding=bye.id, cashier=bye.cashier))


def log_in(desk: Festival, pin: str = PIN, role: str | None = None) -> None:
    desk.do(intents.LogIn(role, pin))
    assert desk.showing() is Phase.PRESENT
    desk.tap()


def test_the_hub_logs_a_cashier_in_and_orders_name_her() -> None:
    desk = staffed("seller").up()
    log_in(desk)
    login = desk.asked(CashierLogin)
    desk.say(logged_in(login.id))
    desk.do(intents.Pick(1))
    desk.do(intents.PayByCash())
    order = desk.last()
    assert (order.cashier, order.register) == ("c1", "drawer-3")
    assert desk.state.registers == {"drawer-3": 450}
    assert desk.restarted().state.cashier == desk.state.cashier


def test_rights_decide_what_she_may_do() -> None:
    desk = staffed("seller").up()
    log_in(desk)
    desk.say(logged_in(desk.asked(CashierLogin).id, Right.LOG_IN, Right.SELL))
    desk.begin(TopUp(2_000))
    assert desk.state.banner is not None
    assert desk.state.banner.title == "Not allowed"


def test_a_refusal_is_said_with_the_roles_to_choose_from() -> None:
    desk = staffed("seller", "runner").up()
    log_in(desk)
    desk.say(
        LoginRefused(
            id=UUID(int=3),
            regarding=desk.asked(CashierLogin).id,
            reason=LoginRefusal.CHOOSE_ROLE,
            text="Choose a role.",
            roles=("seller", "runner"),
        )
    )
    assert desk.state.cashier is None
    assert desk.state.banner is not None
    assert "seller, runner" in desk.state.banner.text


def test_without_the_hub_one_logs_in_to_sell_only() -> None:
    desk = staffed("seller")
    log_in(desk)
    cashier = desk.state.cashier
    assert cashier is not None
    assert cashier.offline
    assert Right.TOP_UP not in cashier.rights
    desk.do(intents.Pick(1))
    desk.do(intents.PayByCash())
    assert desk.last().cashier == "c1"


def test_a_hub_that_falls_silent_is_not_waited_for() -> None:
    desk = staffed("seller").up()
    log_in(desk)
    desk.do(events.InquiryExpired(desk.asked(CashierLogin).id))
    assert desk.state.cashier is not None
    assert desk.state.cashier.offline


@pytest.mark.parametrize(
    ("desk", "pin"),
    [
        (staffed("seller"), "0000"),  # a wrong PIN
        (staffed("seller", pin=False), ""),  # has none
        (staffed("runner"), PIN),  # does not sell
        (Festival(), PIN),  # nobody the till knows
    ],
)
def test_nobody_else_logs_in_without_the_hub(desk: Festival, pin: str) -> None:
    log_in(desk, pin)
    assert desk.state.cashier is None
    assert desk.state.banner is not None


def test_a_wrong_pin_does_not_even_reach_the_hub() -> None:
    desk = staffed("seller").up()
    log_in(desk, "1234")
    assert not desk.performed(effects.SendRequest)


def test_log_outs_from_here_and_from_the_office() -> None:
    desk = staffed("seller").up()
    log_in(desk)
    desk.say(logged_in(desk.asked(CashierLogin).id))
    desk.do(intents.LogOut())
    [bye] = desk.only(effects.SayLogouts).logouts
    assert bye.cashier == "c1"
    heard(desk, bye)
    log_in(desk)
    desk.say(logged_in(desk.asked(CashierLogin).id))
    desk.say(CashierLoggedOut(id=UUID(int=3), regarding=None, cashier="c9"))
    assert picture(desk.state).cashier == "Maria"
    desk.say(CashierLoggedOut(id=UUID(int=3), regarding=None, cashier="c1"))
    assert picture(desk.state).cashier == ""
    assert desk.restarted().state.cashier is None


def test_what_the_hub_knows_of_a_wristband_is_shown() -> None:
    desk = Festival().up()
    desk.do(intents.AskWristband())
    desk.tap(1)
    query = desk.asked(WristbandQuery)
    info = WristbandInfo(
        id=UUID(int=3),
        regarding=query.id,
        wristband=1,
        balance=Money(1_350),
        vouchers=2,
        variant=2,
        blocked=False,
        anchor=ANCHOR,
    )
    desk.say(info)
    counter = desk.state.counter
    assert isinstance(counter, Selling)
    assert counter.known == info
    desk.do(intents.BackToBasket())
    assert desk.state.counter == Selling()


def test_a_lost_wristband_is_asked_about_by_its_number() -> None:
    desk = Festival().up()
    desk.do(intents.AskWristband(9))
    assert desk.asked(WristbandQuery).wristband == 9
    desk.lose_hub()
    assert desk.showing() is Phase.SELLING
    assert desk.state.banner is not None


def test_a_question_the_hub_rejects_is_answered() -> None:
    desk = Festival().up()
    desk.do(intents.AskWristband(9))
    counter = desk.state.counter
    assert isinstance(counter, Inquiring)
    desk.say(
        Rejected(
            id=UUID(int=3),
            regarding=counter.request,
            reason=RejectReason.UNKNOWN_WRISTBAND,
            text="No such wristband.",
        )
    )
    assert desk.state.banner is not None
    assert "No such wristband." in desk.state.banner.text


def test_a_pin_is_never_shown_and_a_broken_hash_fits_none() -> None:
    assert PIN not in repr(intents.LogIn("seller", PIN))
    assert fits(PIN, pin_hash(PIN))
    assert not fits(PIN, "$argon2id$nonsense")
