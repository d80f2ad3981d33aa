from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest
import pytest_asyncio

from hub.service.accounts import Accounts, is_email
from hub.service.outbox import Outbox
from tests.hub.competitions import open_night_run

if TYPE_CHECKING:
    from hub.store.store import Store

EMAIL = "ada@example.org"


async def as_owner(store: Store, *texts: str) -> list[asyncpg.Record]:
    """Turn clocks back, as nobody else may; rows of the last statement."""
    owner = await asyncpg.connect(store.dsn)
    try:
        rows: list[asyncpg.Record] = []
        for text in texts:
            rows = list(await owner.fetch(text))
        return rows
    finally:
        await owner.close()


async def code_in_mail(store: Store) -> str:
    rows = await as_owner(store, "SELECT body FROM mail_outbox ORDER BY id DESC")
    found: str = rows[0]["body"].partition("portal.example/")[2].split()[0]
    return found.partition("/")[2]


@pytest_asyncio.fixture
async def accounts(store: Store) -> Accounts:
    return Accounts(store, Outbox("portal.example"), "https://portal.example/")


async def test_a_code_and_a_session_end(store: Store, accounts: Accounts) -> None:
    await accounts.register(EMAIL, "Ada", "en")
    code = await code_in_mail(store)
    assert await accounts.owner_of(code, "verify") is not None
    assert await accounts.owner_of(code, "reset") is None
    user = await accounts.choose_password(code, "verify", "correct horse battery")
    assert user is not None
    token = await accounts.begin_session(user)
    assert await accounts.user_of(token) is not None
    await accounts.forgot(EMAIL, "en")
    code = await code_in_mail(store)
    await as_owner(
        store,
        "UPDATE portal_session SET expires_at = now() - interval '1 second'",
        "UPDATE portal_code SET expires_at = now() - interval '1 second'",
    )
    assert await accounts.user_of(token) is None
    assert await accounts.owner_of(code, "reset") is None
    assert await accounts.choose_password(code, "reset", "another long one") is None


async def test_tokens_are_not_in_the_database(store: Store, accounts: Accounts) -> None:
    await accounts.register(EMAIL, "Ada", "en")
    code = await code_in_mail(store)
    await accounts.choose_password(code, "verify", "correct horse battery")
    token = await accounts.begin_session(1)
    rows = await as_owner(
        store,
        "SELECT token_hash AS kept FROM portal_session"
        " UNION ALL SELECT code_hash FROM portal_code",
    )
    assert rows
    for row in rows:
        assert row["kept"] not in {token.encode(), code.encode()}
        assert len(row["kept"]) == 32


async def test_addresses_that_nobody_proved_are_removed(
    store: Store, accounts: Accounts
) -> None:
    await open_night_run(store)
    for email in (EMAIL, "new@example.org", "team@example.org"):
        await accounts.register(email, "X", "de")
    await as_owner(
        store,
        "UPDATE portal_user SET created_at = now() - interval '8 days'"
        " WHERE email <> 'new@example.org'",
        "INSERT INTO team (id, competition, category, name, registered_by,"
        " start_fee_minor) SELECT gen_random_uuid(), c.id, 'Elite', 'X', u.id, 0"
        " FROM competition AS c, portal_user AS u WHERE u.email = 'team@example.org'",
    )
    await accounts.sweep()
    left = await as_owner(store, "SELECT email FROM portal_user ORDER BY email")
    assert [row["email"] for row in left] == ["new@example.org", "team@example.org"]


async def test_one_address_is_one_account(store: Store, accounts: Accounts) -> None:
    for email in (EMAIL, EMAIL.upper(), "Ada@Example.ORG"):
        await accounts.register(email, "Ada", "en")
    (row,) = await as_owner(store, "SELECT count(*) AS number FROM portal_user")
    assert row["number"] == 1


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("ada@example.org", True),
        ("ada+teams@mail.example.co.uk", True),
        ("o'neil@example.org", True),
        ("ada@localhost", False),
        ("ada", False),
        ("ada@example.org\r\nBcc: b@example.org", False),
        ("ada@exa mple.org", False),
        ("a@b@example.org", False),
        ("Ada <ada@example.org>", False),
        (f"{'x' * 64}@{'y' * 63}.{'z' * 63}.{'w' * 63}.org", False),
        ("", False),
    ],
)
def test_only_addresses_get_mail(text: str, good: bool) -> None:
    assert is_email(text) is good
