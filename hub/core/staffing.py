"""Who works at an event: who may log in where, and who may make which order.

An event without staff at its tills asks nobody for rights: they are trusted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract.acts import OrderKind, PaymentMethod
from contract.messages import (
    AdviceFlag,
    DeclineReason,
    LoginRefusal,
    Right,
    StaffEntry,
    StaffRole,
)
from contract.staff import rights_for, rights_of
from hub.core.orders import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contract.ids import TillId
    from contract.order import Order

_LOG_IN = frozenset({Right.LOG_IN, Right.LOG_IN_SUPERVISED, Right.SUPERVISE})
OFFICE_ONLY = frozenset({Right.FINANCE})
# What a till lets its cashier do while the hub is silent.
OFFLINE_RIGHTS = frozenset({Right.SELL, Right.CANCEL_OWN})


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff as the hub knows them."""

    entry: StaffEntry
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in: who works at a till, as what, and whether a supervisor let them."""

    cashier: str
    role: str
    supervised: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Why somebody can't log in, in words; `roles` are those to choose from."""

    reason: LoginRefusal
    text: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Staffing:
    """Everybody who works at an event, and what each role allows."""

    roles: tuple[StaffRole, ...] = ()
    members: tuple[Member, ...] = ()
    key: bytes = b""
    """The key of the hashes by which staff wristbands are known."""
    by_id: Mapping[str, Member] = field(init=False, repr=False, compare=False)
    by_hash: Mapping[str, Member] = field(init=False, repr=False, compare=False)
    guards_tills: bool = field(init=False, repr=False, compare=False)
    """Whether anybody works at tills, so that these ask who does: not the office only,
    and whoever is blocked counts, too."""

    def __post_init__(self) -> None:
        by_id = {member.entry.id: member for member in self.members}
        by_hash = {member.entry.uid_hash: member for member in self.members}
        object.__setattr__(self, "by_id", by_id)
        object.__setattr__(self, "by_hash", by_hash)
        each_ones = (rights_of(self.roles, each.entry.roles) for each in self.members)
        guards = any(rights != OFFICE_ONLY for rights in each_ones)
        object.__setattr__(self, "guards_tills", guards)

    def rights(self, cashier: str) -> frozenset[Right]:
        """Collect what somebody may do in any of their roles; nothing if blocked."""
        member = self.by_id.get(cashier)
        if member is None or member.blocked:
            return frozenset()
        return rights_of(self.roles, member.entry.roles)

    def role(self, name: str) -> StaffRole | None:
        """Find a role."""
        return next((role for role in self.roles if role.name == name), None)


@dataclass(slots=True)
class Presence:
    """Who is where: log-ins by till, and whose the cash registers are."""

    sessions: dict[TillId, Session] = field(default_factory=dict)
    before: dict[TillId, Session] = field(default_factory=dict)
    """Who logged in last at each till, whether still there or not."""
    holders: dict[str, str] = field(default_factory=dict)
    """The cashier by cash register."""

    def tills_of(self, cashier: str) -> list[TillId]:
        """List the tills somebody is logged in at."""
        return [till for till, each in self.sessions.items() if each.cashier == cashier]

    def register_of(self, cashier: str) -> str | None:
        """Name the cash register that was handed to somebody."""
        held = (each for each, holder in self.holders.items() if holder == cashier)
        return next(held, None)


def log_in(
    member: Member, wanted: str | None, till: TillId, who: Staffing, where: Presence
) -> Session | Refused:
    """Let a member of staff work at a till, or say why not."""
    if member.blocked:
        return Refused(
            LoginRefusal.BLOCKED,
            f"{member.entry.name} may not log in any more. Ask the office.",
        )
    elsewhere = [each for each in where.tills_of(member.entry.id) if each != till]
    if elsewhere:
        return Refused(
            LoginRefusal.LOGGED_IN_ELSEWHERE,
            f"{member.entry.name} is logged in at {elsewhere[0]}. Log out there first.",
        )
    chosen = _role(member, wanted, who)
    if isinstance(chosen, Refused):
        return chosen
    return _session(member, chosen, till, who, where)


def order_refusal(order: Order, who: Staffing, where: Presence) -> Refusal | None:
    """Say who may not do what an order does, or that a shift can't be closed yet.

    Asked of orders that are requested or checked: who makes them is logged in here, or
    logged in at the till while the hub was silent.
    """
    return _right_refusal(order, who, where) or _close_out_refusal(order, where)


def _right_refusal(order: Order, who: Staffing, where: Presence) -> Refusal | None:
    if not who.guards_tills:
        return None
    session = where.sessions.get(order.till)
    role = None
    if session is not None and session.cashier == order.cashier:
        role = who.role(session.role)
    rights = who.rights(order.cashier) & _rights_at(order, who, where)
    if not _is_allowed(order, rights, who):
        return Refusal(
            DeclineReason.NOT_ALLOWED,
            "Who is logged in may not do that. Ask someone whose role allows it.",
        )
    if role is not None and role.needs_register and _takes_cash(order):
        return _register_refusal(order, where)
    return None


def _close_out_refusal(order: Order, where: Presence) -> Refusal | None:
    if order.kind is not OrderKind.SHIFT_END or order.cash is None:
        return None
    # Whose register it is says the ledger, whoever the till takes for its holder.
    named = order.cash.holder
    holder = where.holders.get(order.cash_register) or named
    tills = where.tills_of(holder)
    if not tills:
        return None
    whose = "The cashier" if holder == named else f"Its holder, {holder},"
    return Refusal(
        DeclineReason.CASHIER_LOGGED_IN,
        f"{whose} is still logged in at {tills[0]}. Log out there first.",
    )


def _takes_cash(order: Order) -> bool:
    payment = order.payment
    is_cash = payment is not None and payment.method is PaymentMethod.CASH
    return is_cash and order.cash is None


def _register_refusal(order: Order, where: Presence) -> Refusal | None:
    if where.holders.get(order.cash_register) == order.cashier:
        return None
    return Refusal(
        DeclineReason.UNKNOWN_REGISTER,
        f"The cash register {order.cash_register} was not handed to this cashier. "
        "Use the one that was.",
    )


def order_flags(order: Order, who: Staffing) -> tuple[AdviceFlag, ...]:
    """Say whether an order was none of its cashier's business, in any of their roles.

    Who was logged in when it was made can't be told once it is delivered.
    """
    if not who.guards_tills or _is_allowed(order, who.rights(order.cashier), who):
        return ()
    return (AdviceFlag.NOT_ALLOWED,)


def cancels_own_only(
    order: Order, who: Staffing, where: Presence | None = None
) -> bool:
    """Whether a cancellation may only undo an order of the till it is made at.

    By the role of who is logged in; by all their roles where that can't be told any
    more, for an order that was made some time ago.
    """
    if not who.guards_tills or order.kind is not OrderKind.CANCELLATION:
        return False
    rights = who.rights(order.cashier)
    if where is not None:
        rights &= _rights_at(order, who, where)
    return Right.CANCEL_ANY not in rights


def _rights_at(order: Order, who: Staffing, where: Presence) -> frozenset[Right]:
    """Collect what the role of who is logged in at an order's till allows."""
    session = where.sessions.get(order.till)
    if session is None or session.cashier != order.cashier:
        return OFFLINE_RIGHTS
    role = who.role(session.role)
    return frozenset(role.rights if role else ())


def may_see(cashier: str, who: Staffing) -> bool:
    """Whether somebody may read what was written of a guest, and what they bought."""
    wanted = {Right.SEE_WRISTBANDS, Right.MANAGE_WRISTBANDS}
    return not who.guards_tills or bool(wanted & who.rights(cashier))


def _is_allowed(order: Order, rights: frozenset[Right], who: Staffing) -> bool:
    wanted = rights_for(order, own_till=True)
    if order.granted_by and order.kind is not OrderKind.CANCELLATION:
        # A grant is by the right of whoever grants, whoever then types it in.
        granted = bool(wanted & who.rights(order.granted_by))
        return granted and bool(rights)
    return bool(wanted & rights)


def _role(member: Member, wanted: str | None, who: Staffing) -> StaffRole | Refused:
    known = [who.role(name) for name in member.entry.roles]
    open_roles = [role for role in known if role and _LOG_IN & set(role.rights)]
    names = tuple(role.name for role in open_roles)
    if wanted is None and len(open_roles) > 1:
        text = f"{member.entry.name} has several roles. Choose one."
        return Refused(LoginRefusal.CHOOSE_ROLE, text, names)
    for role in open_roles:
        if wanted in {None, role.name}:
            return role
    text = f"{member.entry.name} may not log in" + (f" as {wanted}." if wanted else ".")
    return Refused(
        LoginRefusal.ROLE_NOT_OPEN, f"{text} Ask the office for that role.", names
    )


def _session(
    member: Member, role: StaffRole, till: TillId, who: Staffing, where: Presence
) -> Session | Refused:
    cashier = member.entry.id
    if role.needs_register and where.register_of(cashier) is None:
        return Refused(
            LoginRefusal.NO_REGISTER,
            f"No cash register was handed to {member.entry.name}. "
            "Fetch one at the cash desk.",
        )
    supervised = not {Right.LOG_IN, Right.SUPERVISE} & set(role.rights)
    if supervised and not _is_let_in(cashier, role.name, till, who, where):
        return Refused(
            LoginRefusal.SUPERVISOR_NEEDED,
            f"{member.entry.name} is let in by a supervisor: let one log in first.",
        )
    return Session(cashier, role.name, supervised)


def _is_let_in(
    cashier: str, role: str, till: TillId, who: Staffing, where: Presence
) -> bool:
    """Whether the last log-in at a till was a supervisor's: it lets one person in."""
    present, last = where.sessions.get(till), where.before.get(till)
    if present == Session(cashier, role, supervised=True):
        return True  # the same log-in, said again
    supervisor = who.role(last.role) if last is not None else None
    return supervisor is not None and Right.SUPERVISE in supervisor.rights
