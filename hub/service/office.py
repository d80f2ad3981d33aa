"""Who may work in the office: staff with a right for one of its parts, by name and PIN.

Sessions are kept in the office's process only: whoever restarts it logs everybody out.
Rights are looked up at every page, so whoever is blocked is out at once.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.staff import Right
from hub.service.passwords import Passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hub.core.staffing import Member, Staffing
    from hub.service.context import ContextKeeper

MONEY_RIGHTS = frozenset({Right.FINANCE})
"""What opens bank, bills, refunds, settlements and what providers said."""

OFFICE_RIGHTS = MONEY_RIGHTS | {Right.CLOSE_SHIFTS}
"""Any of these lets somebody in; who closes shifts sees the tills' closings only."""

SESSION_LASTS_S = 8 * 3600
TOKEN_BYTES = 32
SESSIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class OfficeMember:
    """Somebody who is logged in at the office."""

    id: str
    name: str
    rights: frozenset[Right]

    def may_open(self, rights: Collection[Right]) -> bool:
        """Say whether any of these rights is theirs."""
        return not self.rights.isdisjoint(rights)


class Office:
    """Lets staff into the office and knows who they are."""

    def __init__(
        self, context: ContextKeeper, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._context = context
        self._now = now
        self._passwords = Passwords()
        self._sessions: dict[bytes, tuple[str, float]] = {}

    async def log_in(self, who: str, pin: str) -> str | None:
        """Begin a session for a member of staff; None if it is not them.

        A wrong name takes as long as a wrong PIN.
        """
        member = _named(self._staffing, who)
        known = member.entry.pin_hash if member is not None else ""
        right = await self._passwords.matches(pin, known or None)
        if member is None or not right or not self._may_enter(member.entry.id):
            return None
        self._forget_old()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        ends = self._now() + SESSION_LASTS_S
        self._sessions[_key(token)] = (member.entry.id, ends)
        return token

    def member_of(self, token: str) -> OfficeMember | None:
        """Say whose session it is; None if it ended, or they may not enter now."""
        member, ends = self._sessions.get(_key(token), ("", 0.0))
        if ends <= self._now() or not self._may_enter(member):
            return None
        staffing = self._staffing
        name = staffing.by_id[member].entry.name
        return OfficeMember(member, name, staffing.rights(member))

    def end(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(_key(token), None)

    @property
    def _staffing(self) -> Staffing:
        return self._context.current.staffing

    def _may_enter(self, member: str) -> bool:
        return not OFFICE_RIGHTS.isdisjoint(self._staffing.rights(member))

    def _forget_old(self) -> None:
        now = self._now()
        live = [each for each in self._sessions.items() if each[1][1] > now]
        self._sessions = dict(live[-SESSIONS_MAX + 1 :])


def _named(staffing: Staffing, who: str) -> Member | None:
    wanted = who.strip().casefold()
    found = [
        member
        for member in staffing.members
        if wanted in {member.entry.id.casefold(), member.entry.name.casefold()}
    ]
    return found[0] if len(found) == 1 else None


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
