"""Who may do what on the simulated TSE: PINs, three tries, one PUK."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from tse_driver.commands import ADMIN, TIME_ADMIN

if TYPE_CHECKING:
    from pathlib import Path

USERS_FILE = "users.json"
TRIES_MAX = 3
FACTORY_PIN = "12345"
FACTORY_PUK = "123456"

LOGIN_OK = 1
LOGIN_WRONG_PIN = 2
LOGIN_UNKNOWN_USER = 3
LOGIN_BLOCKED = 4


@dataclass(slots=True)
class User:
    """One user's secrets and remaining tries."""

    pin: str = FACTORY_PIN
    puk: str = FACTORY_PUK
    tries_left: int = TRIES_MAX
    puk_tries_left: int = TRIES_MAX


@dataclass(slots=True)
class Users:
    """The two users of a TSE; kept in a file so that a restart unblocks nobody."""

    path: Path | None = None
    users: dict[str, User] = field(
        default_factory=lambda: {ADMIN: User(), TIME_ADMIN: User()}
    )
    logged_in: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, directory: Path | None) -> Users:
        """Read the users kept in a directory, or the factory's."""
        if directory is None:
            return cls()
        path = directory / USERS_FILE
        if not path.exists():
            return cls(path)
        kept = json.loads(path.read_text())
        return cls(path, {name: User(**user) for name, user in kept.items()})

    def login(self, name: str, pin: str) -> int:
        """Judge a PIN; the third wrong one blocks it."""
        verdict = self._judge(name, pin)
        if verdict == LOGIN_OK:
            self.logged_in.add(name)
        return verdict

    def unblock(self, name: str, puk: str, pin: str) -> int:
        """Judge a PUK and set a new PIN."""
        verdict = self._judge_puk(name, puk)
        if verdict == LOGIN_OK:
            user = self.users[name]
            user.pin, user.tries_left = pin, TRIES_MAX
            self._save()
        return verdict

    def change_pin(self, name: str, pin: str, new_pin: str) -> int:
        """Judge a PIN as a login does and set a new one."""
        verdict = self._judge(name, pin)
        if verdict == LOGIN_OK:
            self.users[name].pin = new_pin
            self._save()
        return verdict

    def change_puk(self, name: str, puk: str, new_puk: str) -> int:
        """Judge a PUK and set a new one."""
        verdict = self._judge_puk(name, puk)
        if verdict == LOGIN_OK:
            self.users[name].puk = new_puk
            self._save()
        return verdict

    def reset(self) -> None:
        """Become as the factory made them."""
        self.users = {ADMIN: User(), TIME_ADMIN: User()}
        self.logged_in.clear()
        self._save()

    def block_all(self, *, puks: bool = False) -> None:
        """Block both PINs (and PUKs), as somebody's three wrong tries would."""
        for user in self.users.values():
            user.tries_left = 0
            if puks:
                user.puk_tries_left = 0

    def _judge(self, name: str, pin: str) -> int:
        user = self.users.get(name)
        if user is None:
            return LOGIN_UNKNOWN_USER
        if user.tries_left == 0:
            return LOGIN_BLOCKED
        if pin != user.pin:
            user.tries_left -= 1
            self._save()
            return LOGIN_WRONG_PIN if user.tries_left else LOGIN_BLOCKED
        if user.tries_left != TRIES_MAX:
            user.tries_left = TRIES_MAX
            self._save()
        return LOGIN_OK

    def _judge_puk(self, name: str, puk: str) -> int:
        user = self.users.get(name)
        if user is None:
            return LOGIN_UNKNOWN_USER
        if user.puk_tries_left == 0:
            return LOGIN_BLOCKED
        right = puk == user.puk
        user.puk_tries_left = TRIES_MAX if right else user.puk_tries_left - 1
        self._save()
        if right:
            return LOGIN_OK
        return LOGIN_WRONG_PIN if user.puk_tries_left else LOGIN_BLOCKED

    def _save(self) -> None:
        if self.path is None:
            return
        kept = {name: asdict(user) for name, user in self.users.items()}
        fresh = self.path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(kept))
        fresh.replace(self.path)
