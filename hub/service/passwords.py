"""Passwords of portal users: what is good enough, and Argon2id hashes of them."""

from __future__ import annotations

import asyncio
import os
from functools import cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

LENGTH_MIN = 10
LENGTH_MAX = 200
DISTINCT_MIN = 5
# OWASP's second choice for Argon2id (RFC 9106): 19 MiB, two passes.
MEMORY_KIB = 19 * 1024
ITERATIONS = 2
SALT_BYTES = 16
HASH_BYTES = 32
AT_ONCE = 2
"""Hashes computed at the same time: log-ins must not take the tills' processors."""


class Passwords:
    """Hashes passwords in threads, a few at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """Hash a password that is good enough, in PHC form."""
        assert is_good(password)
        async with self._turn:
            return await asyncio.to_thread(_hash, password)

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Compare; without a hash it is False, after the same work."""
        async with self._turn:
            right = await asyncio.to_thread(_matches, password, hashed or _nobodys())
        return right and hashed is not None


def is_good(password: str, *about: str) -> bool:
    """Say whether nobody guesses a password at once, knowing this of its owner."""
    lowered = password.casefold()
    known = {each.casefold() for each in about if each}
    known |= {each.partition("@")[0] for each in known}
    return (
        LENGTH_MIN <= len(password) <= LENGTH_MAX
        and len(set(lowered)) >= DISTINCT_MIN
        and lowered not in known
    )


def _hash(password: str) -> str:
    return Argon2id(
        salt=os.urandom(SALT_BYTES),
        length=HASH_BYTES,
        iterations=ITERATIONS,
        lanes=1,
        memory_cost=MEMORY_KIB,
    ).derive_phc_encoded(password.encode())


def _matches(password: str, hashed: str) -> bool:
    if len(password) > LENGTH_MAX:
        return False
    try:
        Argon2id.verify_phc_encoded(password.encode(), hashed)
    except InvalidKey:
        return False
    return True


@cache
def _nobodys() -> str:
    return _hash(os.urandom(SALT_BYTES).hex())
