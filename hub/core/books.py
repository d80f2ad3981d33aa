"""The accounts of a ledger by number and name, and which wallet a wristband opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from hub.core.ledger import Role, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hub.core.ledger import Entry

    Row: TypeAlias = Mapping[str, Any]
# An enum's own `value` is slow, and asked for per posting.
_ROLES = {role: role.value for role in Role}
_UNITS = {unit: unit.value for unit in Unit}


class Books:
    """All accounts, and whose wallet each wristband opened when."""

    def __init__(
        self, accounts: Iterable[Row], bands: Iterable[Row], currency: str | None = None
    ) -> None:
        self.currency = currency
        """The event's, if it is to be compared."""
        self._wallets: dict[int, int] = {}
        self._wallet_ids: set[int] = set()
        self._others: dict[int, tuple[str, str]] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._moved: dict[int, list[tuple[int, int]]] = {}
        for row in accounts:
            if row["role"] == Role.WALLET.value:
                self._wallets[int(row["key"])] = row["id"]
                self._wallet_ids.add(row["id"])
            else:
                name = row["role"], row["key"]
                self._others[row["id"]] = name
                self._numbers[name] = row["id"]
        for row in bands:
            moves = self._moved.setdefault(row["serial"], [])
            before = moves[-1][1] if moves else self._wallets.get(row["serial"])
            if row["wallet"] != before:
                moves.append((row["entry"], row["wallet"]))

    def is_wallet(self, account: int) -> bool:
        """Whether an account is a guest's."""
        return account in self._wallet_ids

    def account(self, number: int) -> tuple[str, str] | None:
        """Role and key of an account that is no wallet."""
        return self._others.get(number)

    def wallet_of(self, serial: int, entry: int) -> int | None:
        """The account of the wallet that a wristband opened when an entry was made."""
        found = self._wallets.get(serial)
        for since, wallet in self._moved.get(serial, ()):
            if since <= entry:
                found = wallet
        return found

    def exactly(self, entry: Entry, number: int) -> dict[tuple[int | None, str], int]:
        """Say what an entry posts where, if nothing of it was a loss."""
        amounts: dict[tuple[int | None, str], int] = {}
        for posting in entry.postings:
            account = posting.account
            if account.role is Role.WALLET:
                place = self.wallet_of(int(account.key), number)
            else:
                place = self._numbers.get((_ROLES[account.role], account.key))
            where = place, _UNITS[posting.unit]
            amounts[where] = amounts.get(where, 0) + posting.amount_minor
        return amounts
