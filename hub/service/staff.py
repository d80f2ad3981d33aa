"""Staff at tills: log-ins, and what each order asks of who makes it."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import UNSET, UnsetType

from contract.ids import TillId, WristbandUid, new_uuid7
from contract.messages import (
    AdviceFlag,
    CashierLoggedIn,
    CashierLoggedOut,
    LoginRefusal,
    LoginRefused,
)
from contract.order import OrderKind
from contract.staff import staff_hash
from hub.core import staffing
from hub.core.staffing import Presence, Refused, Session
from hub.core.tokens import verify
from hub.store import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contract.messages import CashierLogin, CashierLogout, StaffRole
    from contract.order import Order
    from hub.core.orders import Refusal
    from hub.core.staffing import Staffing
    from hub.service.context import ContextKeeper
    from hub.store.store import Row, Store

log = logging.getLogger(__name__)

PIN_LENGTH_MIN = 4
# OWASP's second choice for Argon2id: a Raspberry Pi checks it within half a second.
ARGON2_MEMORY_KIB = 19 * 1024
ARGON2_ITERATIONS = 2
SALT_BYTES = 16
PIN_HASH_BYTES = 32


class Staff:
    """Lets staff in and out; knows who works where, on behalf of the one writer."""

    def __init__(self, store: Store, context: ContextKeeper) -> None:
        self._store = store
        self._context = context
        self._presence = Presence()
        # Who asks at two tills at once must be seen at one of them.
        self._turn = asyncio.Lock()

    @property
    def _who(self) -> Staffing:
        return self._context.current.staffing

    async def load(self) -> None:
        """Read who is logged in; to be done before tills are heard. DatabaseGone."""
        event = self._context.current.number
        presence = Presence()
        came: dict[TillId, Row] = {}
        left: dict[TillId, Row] = {}
        for row in await self._store.fetch("logins", event):
            said = came if row["role"] is not None else left
            said[TillId(row["till"])] = row
        for till, row in came.items():
            session = Session(row["staff"], row["role"], row["supervised"])
            presence.before[till] = session
            if till not in left or left[till]["number"] < row["number"]:
                presence.sessions[till] = session
        self._presence = presence
        await self._load_holders()

    async def log_in(
        self, message: CashierLogin, till: TillId
    ) -> CashierLoggedIn | LoginRefused:
        """Let the bearer of a staff wristband work at a till, or say why not."""
        async with self._turn:
            await self._load_holders()
            found = await self._admit(message, till)
            if isinstance(found, Session):
                await self._note(till, found)
        if isinstance(found, Refused):
            log.info("Till %s: no log-in (%s).", till, found.reason.value)
            return LoginRefused(
                id=new_uuid7(),
                regarding=message.id,
                reason=found.reason,
                text=found.text,
                roles=found.roles,
            )
        log.info("Till %s: %s works as %s.", till, found.cashier, found.role)
        role = self._who.role(found.role)
        assert role is not None, "somebody was let in with this role"
        register = self._presence.register_of(found.cashier)
        return CashierLoggedIn(
            id=new_uuid7(),
            regarding=message.id,
            cashier=found.cashier,
            name=self._who.by_id[found.cashier].entry.name,
            role=found.role,
            rights=role.rights,
            supervised=found.supervised,
            register=register,
            register_minor=await self._cash_in(register),
        )

    async def _cash_in(self, register: str | None) -> int | UnsetType:
        if register is None:
            return UNSET
        event = self._context.current.number
        held = await self._store.fetch_value("cash_in_register", event, register)
        assert isinstance(held, int)
        return held

    async def log_out(self, message: CashierLogout, till: TillId) -> CashierLoggedOut:
        """Note that somebody has left a till; whoever is not there has left."""
        async with self._turn:
            session = self._presence.sessions.get(till)
            if session is not None and session.cashier == message.cashier:
                event = self._context.current.number
                left_at = datetime.now(UTC) if message.at is UNSET else message.at
                said = (till, session.cashier, left_at)
                await self._store.fetch("note_logout", event, *said)
                self._presence.sessions.pop(till, None)
                log.info("Till %s: %s has left.", till, session.cashier)
        return CashierLoggedOut(
            id=new_uuid7(), regarding=message.id, cashier=message.cashier
        )

    async def note_handover(self) -> None:
        """Read again whose the registers are; DatabaseGone leaves it as it was."""
        await self._load_holders()

    async def settled(self) -> None:
        """Wait until all are in or out who said so before."""
        async with self._turn:
            return

    def refusal(self, order: Order) -> Refusal | None:
        """Say why whoever is logged in may not make an order."""
        return staffing.order_refusal(order, self._who, self._presence)

    def flags(self, order: Order) -> tuple[AdviceFlag, ...]:
        """Say what is odd about who made an order that is booked all the same."""
        return staffing.order_flags(order, self._who)

    async def close_out_flags(
        self, order: Order, decided_at: datetime
    ) -> tuple[AdviceFlag, ...]:
        """Say whether a register was closed out while its cashier worked at a till.

        By the log-ins that the hub has heard of, at the till's time of the close-out.
        """
        if order.kind is not OrderKind.SHIFT_END or order.cash is None:
            return ()
        holder = self._presence.holders.get(order.cash_register)
        whose = [each for each in (order.cash.holder, holder) if each]
        event = self._context.current.number
        await self.settled()
        was_there = await self._store.fetch_value(
            "was_logged_in", event, whose, decided_at
        )
        return (AdviceFlag.CASHIER_LOGGED_IN,) if was_there else ()

    def cancels_own_only(self, order: Order, *, asked: bool) -> bool:
        """Whether an order may only undo one of its own till.

        `asked`: its till asks now; else it tells of what was done a while ago.
        """
        where = self._presence if asked else None
        return staffing.cancels_own_only(order, self._who, where)

    def may_see(self, cashier: str) -> bool:
        """Whether somebody may read what is known of guests."""
        return staffing.may_see(cashier, self._who)

    async def _admit(self, message: CashierLogin, till: TillId) -> Session | Refused:
        agreed = self._context.current.agreed
        known = agreed.tills.get(till)
        if known is None or known.revoked:
            text = f"The till {till} is not registered. Register it at the hub."
            return Refused(LoginRefusal.ROLE_NOT_OPEN, text)
        token = verify(message.credential, agreed.token_keys, agreed.number)
        if token is None:
            text = "This is no genuine wristband of this event. Keep it."
            return Refused(LoginRefusal.FORGED_WRISTBAND, text)
        uid = WristbandUid(message.credential.uid)
        member = self._who.by_hash.get(staff_hash(self._who.key, uid))
        if member is None:
            text = "This wristband belongs to nobody who works here."
            return Refused(LoginRefusal.UNKNOWN_CASHIER, text)
        band = await self._store.fetch_row(
            "wristband_info", agreed.number, token.serial
        )
        if band is not None and (band["blocked"] or band["successor"] is not None):
            text = "This wristband is blocked, or was swapped. Ask the office."
            return Refused(LoginRefusal.BLOCKED, text)
        return staffing.log_in(member, message.role, till, self._who, self._presence)

    async def _note(self, till: TillId, session: Session) -> None:
        if self._presence.sessions.get(till) == session:
            return  # said again: the answer was lost
        event = self._context.current.number
        said = (session.cashier, session.role, session.supervised)
        await self._store.fetch("note_login", event, till, *said)
        self._presence.sessions[till] = session
        self._presence.before[till] = session

    async def _load_holders(self) -> None:
        event = self._context.current.number
        rows = await self._store.fetch("register_holders", event)
        self._presence.holders = {
            row["register"]: row["holder"] for row in rows if row["holder"] is not None
        }


class PinRefused(errors.Refused):
    """A PIN is not good enough; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """Somebody who works at an event, with a wristband of their own."""

    id: str
    name: str
    uid: WristbandUid
    roles: Sequence[str]
    pin: str = ""


async def put_role(store: Store, event: int, role: StaffRole) -> None:
    """Make a role, or change what it allows; tills are told at once."""
    rights = [right.value for right in role.rights]
    await store.fetch("put_role", event, role.name, rights, role.needs_register)


async def put_member(store: Store, event: int, member: NewMember) -> None:
    """Add a member of staff, or change all that is known of one.

    Without a PIN nobody logs in by this wristband while the hub is silent. Raises
    PinRefused.
    """
    key = await store.fetch_value("staff_key", event)
    known_as = staff_hash(key, member.uid)
    secret = pin_hash(member.pin) if member.pin else ""
    said = (member.id, member.name, known_as, secret, list(member.roles))
    await store.fetch("put_member", event, *said)


async def block_member(
    store: Store, event: int, member: str, *, blocked: bool = True
) -> None:
    """Let somebody log in no more, or again; who is logged in may not sell any more."""
    await store.fetch("block_member", event, member, blocked)


async def change_pin(store: Store, event: int, member: str, pin: str) -> None:
    """Give somebody another PIN; tills are told at once. Raises PinRefused."""
    await store.fetch("change_pin", event, member, pin_hash(pin))


async def change_roles(
    store: Store, event: int, member: str, roles: Sequence[str]
) -> None:
    """Give somebody other roles; tills are told at once."""
    await store.fetch("change_roles", event, member, list(roles))


def pin_hash(pin: str) -> str:
    """Hash a PIN as tills check it (Argon2id, RFC 9106, in PHC form)."""
    if len(pin) < PIN_LENGTH_MIN or not pin.isdecimal():
        raise PinRefused(
            f"A PIN has at least {PIN_LENGTH_MIN} digits, and nothing else."
        )
    kdf = Argon2id(
        salt=os.urandom(SALT_BYTES),
        length=PIN_HASH_BYTES,
        iterations=ARGON2_ITERATIONS,
        lanes=1,
        memory_cost=ARGON2_MEMORY_KIB,
    )
    return kdf.derive_phc_encoded(pin.encode())
