from __future__ import annotations

import msgspec
import pytest

from contract.ids import TillId
from contract.messages import (
    AdviceFlag,
    DeclineReason,
    LoginRefusal,
    Right,
    StaffEntry,
    StaffRole,
)
from contract.order import Credit, Order, OrderKind
from hub.core.staffing import (
    Member,
    Presence,
    Refused,
    Session,
    Staffing,
    cancels_own_only,
    log_in,
    may_see,
    order_flags,
    order_refusal,
)
from tests.hub import acts, samples
from tests.hub.samples import order

BAR, DESK = TillId("bar-1"), TillId("desk-1")


def role(name: str, *rights: Right, needs_register: bool = False) -> StaffRole:
    return StaffRole(name=name, rights=rights, needs_register=needs_register)


def member(name: str, *roles: str, blocked: bool = False) -> Member:
    entry = StaffEntry(id=name, name=name.title(), uid_hash=name * 8, roles=roles)
    return Member(entry, blocked)


WHO = Staffing(
    roles=(
        role("cashier", Right.LOG_IN, Right.SELL, Right.CANCEL_OWN),
        role("helper", Right.LOG_IN_SUPERVISED, Right.SELL),
        role("lead", Right.LOG_IN, Right.SUPERVISE, Right.SELL, Right.CANCEL_ANY),
        role(
            "desk",
            Right.LOG_IN,
            Right.TOP_UP,
            Right.PAY_OUT,
            Right.MANAGE_WRISTBANDS,
            needs_register=True,
        ),
        role("office", Right.LOG_IN, Right.GRANT_VOUCHERS, Right.MOVE_CASH),
        role("nobody", Right.SELL),
    ),
    members=(
        member("ann", "cashier"),
        member("ben", "helper"),
        member("cleo", "lead"),
        member("dora", "desk", "cashier"),
        member("emil", "office"),
        member("fritz", "nobody"),
        member("gone", "cashier", blocked=True),
    ),
)


def attempt(
    name: str, where: Presence, wanted: str | None = None, till: TillId = BAR
) -> Session | LoginRefusal:
    """Try to log in; who succeeds is there then."""
    found = log_in(WHO.by_id[name], wanted, till, WHO, where)
    if isinstance(found, Refused):
        assert found.text.endswith(".")
        return found.reason
    where.sessions[till] = where.before[till] = found
    return found


def test_a_cashier_logs_in() -> None:
    assert attempt("ann", Presence()) == Session("ann", "cashier")


def test_several_roles_are_chosen_from() -> None:
    found = log_in(WHO.by_id["dora"], None, BAR, WHO, Presence())

    assert isinstance(found, Refused)
    assert (found.reason, found.roles) == (
        LoginRefusal.CHOOSE_ROLE,
        ("desk", "cashier"),
    )
    assert attempt("dora", Presence(), "cashier") == Session("dora", "cashier")


def test_a_supervised_cashier_is_let_in_by_a_supervisor() -> None:
    where = Presence()
    assert attempt("ben", where) is LoginRefusal.SUPERVISOR_NEEDED

    attempt("ann", where)
    assert attempt("ben", where) is LoginRefusal.SUPERVISOR_NEEDED

    attempt("cleo", where)
    del where.sessions[BAR]  # the supervisor has left again
    let_in = Session("ben", "helper", supervised=True)
    assert attempt("ben", where) == let_in
    assert attempt("ben", where) == let_in  # the same, said again
    del where.sessions[BAR]
    assert attempt("ben", where) is LoginRefusal.SUPERVISOR_NEEDED


def test_a_supervisor_elsewhere_lets_nobody_in() -> None:
    where = Presence()
    attempt("cleo", where, till=DESK)

    assert attempt("ben", where) is LoginRefusal.SUPERVISOR_NEEDED


REFUSED = {
    "gone": LoginRefusal.BLOCKED,
    "fritz": LoginRefusal.ROLE_NOT_OPEN,
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_log_in_is_refused(name: str) -> None:
    assert attempt(name, Presence()) is REFUSED[name]


def test_a_role_that_somebody_lacks_is_not_open() -> None:
    assert attempt("ann", Presence(), "lead") is LoginRefusal.ROLE_NOT_OPEN


def test_nobody_is_at_two_tills() -> None:
    where = Presence()
    attempt("ann", where)

    assert attempt("ann", where, till=DESK) is LoginRefusal.LOGGED_IN_ELSEWHERE


def test_who_handles_cash_needs_a_register() -> None:
    assert attempt("dora", Presence(), "desk") is LoginRefusal.NO_REGISTER
    where = Presence(holders={"drawer-3": "dora"})
    assert attempt("dora", where, "desk") == Session("dora", "desk")


def by(cashier: str, about: Order) -> Order:
    return msgspec.structs.replace(about, cashier=cashier)


def grant(granter: str) -> Order:
    given = (Credit(wallet=5, vouchers=2),)
    return acts.act(OrderKind.GRANT, credits=given, granted_by=granter)


ALLOWED = {
    "a sale": ("ann", "cashier", order(450, 5), True),
    "own cancellation": (
        "ann",
        "cashier",
        order(-450, 5, cancels=samples.order(1).id),
        True,
    ),
    "a payout by a cashier": ("ann", "cashier", acts.payout(5, 450), False),
    "a payout at the desk": ("dora", "desk", acts.payout(5, 450), True),
    "a payout by who is here to sell": ("dora", "cashier", acts.payout(5, 450), False),
    "a top-up at the desk": ("dora", "desk", acts.top_up(5, 450), True),
    "a sale at the desk": ("dora", "desk", order(450, 5), False),
    "a swap at the bar": ("ann", "cashier", acts.swap(5, 6), False),
    "a swap at the desk": ("dora", "desk", acts.swap(5, 6), True),
    "a grant by who may": ("ann", "cashier", grant("emil"), True),
    "a grant by who may not": ("ann", "cashier", grant("cleo"), False),
    "a grant by who is unknown": ("ann", "cashier", grant("zoe"), False),
    "a shift closed by a cashier": ("ann", "cashier", acts.shift_end(5, 5, "x"), False),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_orders_are_made_by_those_who_may(name: str) -> None:
    cashier, as_what, about, is_allowed = ALLOWED[name]
    where = Presence({BAR: Session(cashier, as_what)}, holders={BAR: cashier})

    refusal = order_refusal(by(cashier, about), WHO, where)

    reason = None if is_allowed else DeclineReason.NOT_ALLOWED
    assert (refusal.reason if refusal else None) is reason


def test_cash_goes_into_the_register_that_was_handed_over() -> None:
    till = acts.payout(5, 450)
    drawer = acts.payout(5, 450, register="drawer-3")
    where = Presence({BAR: Session("dora", "desk")}, holders={"drawer-3": "dora"})

    assert order_refusal(by("dora", drawer), WHO, where) is None
    refusal = order_refusal(by("dora", till), WHO, where)
    assert refusal is not None
    assert refusal.reason is DeclineReason.UNKNOWN_REGISTER


@pytest.mark.parametrize("named", ["ann", "ben"])
def test_a_register_is_not_closed_out_while_its_holder_is_logged_in(
    named: str,
) -> None:
    """Whoever the till takes for its holder: whose it is says the ledger."""
    where = Presence({DESK: Session("ann", "cashier")}, holders={BAR: "ann"})
    close_out = acts.shift_end(5, 5, named)

    refusal = order_refusal(close_out, Staffing(), where)
    assert refusal is not None
    assert refusal.reason is DeclineReason.CASHIER_LOGGED_IN
    assert DESK in refusal.detail
    del where.sessions[DESK]
    assert order_refusal(close_out, Staffing(), where) is None


def test_who_only_seems_to_hold_a_register_holds_up_no_close_out() -> None:
    where = Presence({DESK: Session("ben", "cashier")}, holders={BAR: "ann"})

    assert order_refusal(acts.shift_end(5, 5, "ben"), Staffing(), where) is None
    nobodys = Presence({DESK: Session("ben", "cashier")})
    assert order_refusal(acts.shift_end(5, 5, "ben"), Staffing(), nobodys) is not None


def test_who_was_not_seen_logging_in_may_sell_and_no_more() -> None:
    assert order_refusal(by("dora", order(450, 5)), WHO, Presence()) is None
    assert order_refusal(by("dora", acts.payout(5, 450)), WHO, Presence()) is not None
    assert order_refusal(by("zoe", order(450, 5)), WHO, Presence()) is not None
    assert order_refusal(by("gone", order(450, 5)), WHO, Presence()) is not None


def test_who_is_blocked_still_has_tills_ask() -> None:
    blocked = Staffing(
        roles=WHO.roles, members=(member("ann", "cashier", blocked=True),)
    )
    assert order_refusal(acts.payout(5, 450), blocked, Presence()) is not None


@pytest.mark.parametrize(
    "nobody",
    [
        Staffing(),
        Staffing(
            roles=(role("finance", Right.FINANCE),), members=(member("fay", "finance"),)
        ),
    ],
    ids=["nobody works here", "only in the office"],
)
def test_without_staff_at_tills_nobody_is_asked(nobody: Staffing) -> None:
    assert order_refusal(acts.payout(5, 450), nobody, Presence()) is None
    assert order_flags(acts.payout(5, 450), nobody) == ()
    assert not cancels_own_only(order(-1, 5, cancels=order(1).id), nobody)
    assert may_see("", nobody)


def test_what_was_done_without_a_right_is_flagged() -> None:
    assert order_flags(by("dora", acts.payout(5, 450)), WHO) == ()
    assert order_flags(by("ann", acts.payout(5, 450)), WHO) == (AdviceFlag.NOT_ALLOWED,)


def test_only_some_cancel_what_others_sold() -> None:
    undo = order(-450, 5, cancels=order(450).id)

    assert cancels_own_only(by("ann", undo), WHO)
    assert not cancels_own_only(by("cleo", undo), WHO)
    assert not cancels_own_only(by("ann", order(450)), WHO)
    # In person, it is the role that counts in which they are logged in.
    where = Presence()
    assert cancels_own_only(by("cleo", undo), WHO, where)
    attempt("cleo", where)
    assert not cancels_own_only(by("cleo", undo), WHO, where)


def test_a_shift_is_not_closed_while_its_cashier_is_logged_in() -> None:
    close = acts.shift_end(100, 100, "ann")
    where = Presence(sessions={DESK: Session("ann", "cashier")})

    refusal = order_refusal(close, Staffing(), where)

    assert refusal is not None
    assert refusal.reason is DeclineReason.CASHIER_LOGGED_IN
    assert "desk-1" in refusal.detail
    assert order_refusal(close, Staffing(), Presence()) is None


def test_comments_are_read_by_those_who_may() -> None:
    assert may_see("dora", WHO)
    assert not may_see("ann", WHO)
    assert not may_see("", WHO)
