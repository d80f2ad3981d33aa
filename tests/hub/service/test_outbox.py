from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from hub.service.letters import LANGUAGES, Letters, letters
from hub.service.outbox import PUT_OFF, Mail, Outbox, Postman, Server
from provisioning.ca import EventCa
from tests.hub.hubs import PATIENCE_S
from tests.hub.post import Post, mail_server

if TYPE_CHECKING:
    from pathlib import Path

    from hub.store.store import Row, Store

TO = "ada@example.org"
BLANKS = {
    "name": "Ada Müller",
    "portal": "portal.example",
    "link": "https://portal.example/reset/abc",
    "hours": "24",
}
RESET = Mail(letter="reset", to=TO, language="de", blanks=BLANKS, holds_secret=True)


async def queue(store: Store, mail: Mail = RESET) -> bool:
    async with store.unit_of_work() as work:
        return await Outbox("portal.example").put(work, mail)


async def outbox(store: Store) -> list[Row]:
    connection = await store.connect()
    try:
        return list(await connection.fetch("SELECT * FROM mail_outbox ORDER BY id"))
    finally:
        await connection.close()


async def make_due(store: Store) -> None:
    connection = await store.connect()
    try:
        await connection.execute("UPDATE mail_outbox SET due_at = now()")
    finally:
        await connection.close()


async def test_a_mail_arrives_once_and_its_secret_is_forgotten(store: Store) -> None:
    post = Post()
    await queue(store)
    async with mail_server(post) as server:
        postman = Postman(store, server)
        assert await postman.send_due() == 1
        assert await postman.send_due() == 0
    (message,) = post.taken
    assert message["From"] == "Büro <office@portal.example>"
    assert message["To"] == TO
    assert message["Subject"] == "Wählen Sie ein neues Passwort"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@portal.example>")
    text = message.get_content()
    assert "Guten Tag Ada Müller," in text
    assert BLANKS["link"] in text
    (row,) = await outbox(store)
    assert row["sent_at"] is not None
    assert row["body"] == ""


async def test_the_same_occasion_is_told_once(store: Store) -> None:
    reminder = Mail(
        letter="known", to=TO, language="en", blanks=BLANKS, occasion="reminder-1"
    )
    assert await queue(store, reminder)
    assert not await queue(store, reminder)
    assert len(await outbox(store)) == 1


async def test_what_is_not_committed_is_not_sent(store: Store) -> None:
    async def fail() -> None:
        async with store.unit_of_work() as work:
            await Outbox("portal.example").put(work, RESET)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await outbox(store) == []


async def test_a_server_that_is_busy_is_asked_again(store: Store) -> None:
    post = Post(moods=["451 Greylisted, come back later"])
    await queue(store)
    async with mail_server(post) as server:
        postman = Postman(store, server)
        await postman.send_due()
        (row,) = await outbox(store)
        assert "Greylisted" in row["problem"]
        assert row["sent_at"] is None
        assert await postman.send_due() == 0, "not before the pause is over"
        await make_due(store)
        await postman.send_due()
    assert len(post.taken) == 1


async def test_what_is_refused_for_good_is_given_up(store: Store) -> None:
    post = Post(moods=["550 No such user"])
    await queue(store)
    async with mail_server(post) as server:
        await Postman(store, server).send_due()
    (row,) = await outbox(store)
    assert row["given_up_at"] is not None
    assert "No such user" in row["problem"]
    assert row["body"] == ""


async def test_one_bad_mail_holds_up_no_other(store: Store) -> None:
    post = Post(moods=["550 No such user"])
    for _ in range(3):
        await queue(store)
    async with mail_server(post) as server:
        assert await Postman(store, server).send_due() == 3
    assert len(post.taken) == 2


async def test_without_a_server_mail_waits_longer_and_longer(store: Store) -> None:
    await queue(store)
    async with mail_server(Post()) as server:
        pass  # it has gone, its port is free
    postman = Postman(store, server)
    for turn in range(len(PUT_OFF)):
        await make_due(store)
        assert await postman.send_due() == 1
        (row,) = await outbox(store)
        assert row["attempts"] == turn + 1
        assert row["given_up_at"] is None
    await make_due(store)
    await postman.send_due()
    assert (await outbox(store))[0]["given_up_at"] is not None


async def test_a_key_that_opens_nothing_any_more_is_not_sent(store: Store) -> None:
    post = Post()
    late = Mail(
        letter="reset",
        to=TO,
        language="en",
        blanks=BLANKS,
        holds_secret=True,
        useful_for=timedelta(0),
    )
    await queue(store, late)
    async with mail_server(post) as server:
        await Postman(store, server).send_due()
    assert post.taken == []
    assert (await outbox(store))[0]["given_up_at"] is not None


async def test_two_hubs_do_not_send_the_same_mail(store: Store) -> None:
    post = Post()
    for _ in range(8):
        await queue(store)
    async with mail_server(post) as server:
        postmen = [Postman(store, server) for _ in range(3)]
        await asyncio.gather(*(each.send_due() for each in postmen))
    identities = [message["Message-ID"] for message in post.taken]
    assert len(identities) == len(set(identities)) == 8


async def test_new_mail_wakes_the_postman(store: Store) -> None:
    post = Post()
    async with mail_server(post) as server:
        postman = Postman(store, server)
        running = asyncio.create_task(postman.run())
        await queue(store)
        postman.hear("")
        async with asyncio.timeout(PATIENCE_S):
            await post.arrived.wait()
        while not running.done():  # a library may lose one
            running.cancel()
            await asyncio.wait({running}, timeout=1)


async def test_mail_goes_encrypted_with_a_password(
    store: Store, tmp_path: Path
) -> None:
    ca = EventCa.create(tmp_path, "summer")
    leaf = ca.issue_server("mail", ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.certificate, leaf.key)
    seen: list[object] = []

    def admit(*said: object) -> AuthResult:
        seen.append(said[-1])
        return AuthResult(success=said[-1] == LoginPassword(b"hub", b"secret"))

    post = Post()
    await queue(store)
    options = {"tls_context": context, "require_starttls": True, "auth_required": True}
    async with mail_server(post, authenticator=admit, **options) as plain:
        secured = Server(
            host=plain.host,
            port=plain.port,
            security="starttls",
            sender=plain.sender,
            user="hub",
            password="secret",
            ca=str(ca.certificate),
        )
        strangers = Server(
            host=plain.host, port=plain.port, security="starttls", sender=plain.sender
        )
        await Postman(store, strangers).send_due()
        assert post.taken == [], "nobody knows who that server is"
        await make_due(store)
        await Postman(store, secured).send_due()
    assert len(post.taken) == 1
    assert seen


@pytest.mark.parametrize("language", [*LANGUAGES, "fr"])
def test_every_letter_fills_in_every_language(language: str) -> None:
    blanks = BLANKS | {
        name: f"<{name}>"
        for name in (
            "site", "team", "competition", "amount", "reference", "due"
        )
    }  # fmt: skip
    for name in Letters.__struct_fields__:
        letter = getattr(letters(language), name).filled(blanks)
        assert "{" not in letter.subject + letter.body
        assert max(map(len, letter.body.splitlines())) <= 100
        assert "\n" not in letter.subject
