from __future__ import annotations

import pytest

from hub.service.passwords import LENGTH_MAX, LENGTH_MIN, Passwords, is_good


@pytest.mark.usefixtures("dear_hashes")
async def test_a_password_matches_its_hash_and_no_other() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("correct horse battery")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed != await passwords.hash("correct horse battery"), "salted"
    assert await passwords.matches("correct horse battery", hashed)
    assert not await passwords.matches("correct horse", hashed)
    assert not await passwords.matches("", hashed)
    assert not await passwords.matches("x" * (LENGTH_MAX + 1), hashed)


async def test_without_a_hash_nothing_matches() -> None:
    assert not await Passwords().matches("correct horse battery", None)


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("correct horse battery", True),
        ("ein Satz mit Ümlaut", True),
        ("x" * LENGTH_MIN, False),
        ("abcdeabcd", False),
        ("abc" * LENGTH_MAX, False),
        ("ada.lovelace@example.org", False),
        ("Ada.Lovelace", False),
        ("Ada Lovelace", False),
        ("", False),
    ],
)
def test_what_everybody_guesses_is_not_good(password: str, good: bool) -> None:
    assert is_good(password, "ada.lovelace@example.org", "Ada Lovelace") is good
