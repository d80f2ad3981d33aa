"""What strangers and other sites can't do to people with an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from hub.web.sessions import FORM_BYTES_MAX, csrf_of, safe_next
from tests.hub.competitions import SLUG, open_night_run
from tests.hub.web.portal_people import PASSWORD, Browser, Portal, browser, make_portal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from hub.store.store import Store

EMAIL = "ada@example.org"
COOKIE = "__Host-kassenband"


@pytest_asyncio.fixture
async def portal(store: Store) -> Portal:
    await open_night_run(store)
    return make_portal(store)


@pytest_asyncio.fixture
async def ada(portal: Portal) -> AsyncIterator[Browser]:
    async with browser(portal) as hers:
        await hers.register(portal, EMAIL, "Ada")
        yield hers


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ä" * 64, csrf_of("another")])
async def test_a_form_without_its_token_changes_nothing(
    ada: Browser, token: str | None
) -> None:
    data = {"name": "Eve", "category": "Elite"}
    if token is not None:
        data["csrf_token"] = token
    answer = await ada.client.post(f"/teams/new?event={SLUG}", data=data)
    assert answer.status_code == 403
    assert "This page was too old" in answer.text
    await ada.open("/teams")
    assert "Eve" not in ada.text


async def test_another_browser_s_token_is_refused(portal: Portal, ada: Browser) -> None:
    async with browser(portal) as mallory:
        await mallory.register(portal, "mallory@example.org", "Mallory")
        await mallory.open("/address")
        data = {"csrf_token": mallory.csrf}
    answer = await ada.client.post("/logout", data=data)
    assert answer.status_code == 403
    assert (await ada.client.get("/address")).status_code == 200


async def test_a_log_in_form_needs_its_token_too(portal: Portal) -> None:
    async with browser(portal) as anyone:
        data = {"email": EMAIL, "password": PASSWORD, "csrf_token": "0" * 64}
        assert (await anyone.client.post("/login", data=data)).status_code == 403
        # Without the cookie that the page gave, its token is worth nothing.
        await anyone.open("/login")
        data["csrf_token"] = anyone.csrf
        anyone.client.cookies.clear()
        assert (await anyone.client.post("/login", data=data)).status_code == 403


async def test_a_script_of_ours_may_send_the_token_in_a_header(ada: Browser) -> None:
    await ada.open("/address")
    headers = {"x-csrf-token": ada.csrf}
    answer = await ada.client.post("/logout", headers=headers)
    assert answer.status_code == 303


async def test_other_kinds_of_forms_are_refused(ada: Browser) -> None:
    await ada.open("/address")
    answer = await ada.client.post("/logout", files={"csrf_token": (None, ada.csrf)})
    assert answer.status_code == 403
    headers = {"x-csrf-token": ada.csrf}
    answer = await ada.client.post("/logout", json={}, headers=headers)
    assert answer.status_code == 403


async def test_a_form_larger_than_any_of_ours_is_refused(ada: Browser) -> None:
    await ada.open("/address")
    data = {"csrf_token": ada.csrf, "name": "x" * FORM_BYTES_MAX}
    answer = await ada.client.post("/address", data=data)
    assert answer.status_code == 413
    many = "&".join("a=" for _ in range(3000))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await ada.client.post("/address", content=many, headers=headers)
    assert answer.status_code == 403


async def test_logging_in_and_out_gives_a_new_token(
    portal: Portal, ada: Browser
) -> None:
    await ada.send("/logout", {})
    await ada.open("/login")
    before = ada.client.cookies[COOKIE]
    await ada.log_in(EMAIL)
    inside = ada.client.cookies[COOKIE]
    assert inside != before
    assert await portal.accounts.user_of(before) is None
    await ada.open("/address")
    await ada.send("/logout", {})
    assert ada.client.cookies[COOKIE] not in {before, inside}
    assert await portal.accounts.user_of(inside) is None


async def test_a_cookie_that_was_planted_does_not_get_in(portal: Portal) -> None:
    planted = "A" * 43
    async with browser(portal) as victim:
        await victim.register(portal, "victim@example.org", "Victim")
        await victim.send("/logout", {})
        victim.client.cookies.set(COOKIE, planted, domain="portal.example")
        await victim.log_in("victim@example.org")
    assert await portal.accounts.user_of(planted) is None


async def test_the_cookie_is_for_this_host_and_no_script(portal: Portal) -> None:
    async with browser(portal) as anyone:
        await anyone.open("/login")
        assert anyone.page is not None
        name, _, rest = anyone.page.headers["set-cookie"].partition("=")
        flags = {each.strip().lower() for each in rest.split(";")[1:]}
    assert name == COOKIE
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)


async def test_on_one_s_own_machine_the_cookie_goes_without_tls(store: Store) -> None:
    portal = make_portal(store, secure=False)
    async with browser(portal) as anyone:
        await anyone.open("/login")
        assert anyone.page is not None
        cookie = anyone.page.headers["set-cookie"]
    assert cookie.startswith("kassenband=")
    assert "secure" not in cookie.lower()


async def test_a_new_password_logs_every_browser_out(
    portal: Portal, ada: Browser
) -> None:
    async with browser(portal) as stolen:
        await stolen.log_in(EMAIL)
        assert (await stolen.client.get("/address")).status_code == 200
        await ada.open("/password")
        words = {"old": PASSWORD, "password": "an even longer one"}
        await ada.send("/password", words)
        assert "Log in with the new one" in ada.text
        assert (await stolen.client.get("/address")).status_code == 303
    assert "was just changed" in (await portal.letters(EMAIL))[-1].replace("\n", " ")
    assert (await ada.log_in(EMAIL)).status_code == 401
    assert (await ada.log_in(EMAIL, "an even longer one")).status_code != 401


async def test_the_old_password_is_asked_for(ada: Browser) -> None:
    await ada.open("/password")
    await ada.send("/password", {"old": "wrong", "password": "an even longer one"})
    assert "The old password is wrong." in ada.text


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/a\r\nX: y",
        "/a b",
        "evil",
        "",
    ],
)
async def test_nobody_is_led_elsewhere(
    portal: Portal, ada: Browser, wanted: str
) -> None:
    assert safe_next(wanted) == "/"
    await ada.send("/logout", {})
    await ada.open("/login")
    words = {"email": EMAIL, "password": PASSWORD, "next": wanted}
    answer = await ada.send("/login", words, follow=False)
    assert answer.headers["location"] == "/bills"


async def test_who_must_log_in_is_led_back(ada: Browser) -> None:
    await ada.send("/logout", {})
    wanted = f"/teams/new?event={SLUG}&lang=de"
    answer = await ada.client.get(wanted)
    assert answer.status_code == 303
    await ada.open(answer.headers["location"])
    assert "Melden Sie sich an" in ada.text
    form = {"email": EMAIL, "password": PASSWORD, "next": wanted}
    await ada.send("/login?lang=de", form)
    assert ada.page is not None
    assert ada.page.url.path == "/teams/new"
    assert "Night Run 2026" in ada.text


@pytest.mark.usefixtures("ada")
async def test_no_answer_tells_who_has_an_account(portal: Portal) -> None:
    async def told(path: str, email: str) -> tuple[int, str]:
        async with browser(portal) as stranger:
            await stranger.open(path)
            token = stranger.csrf
            await stranger.send(path, {"email": email, "name": "X", "password": "y"})
            assert stranger.page is not None
            text = stranger.text.replace(email, "").replace(token, "")
            return stranger.page.status_code, text

    for path in ("/register", "/forgotten", "/login"):
        known, unknown = await told(path, EMAIL), await told(path, "no@example.org")
        assert known == unknown
    assert len(await portal.letters(EMAIL)) == 1 + 2
    assert len(await portal.letters("no@example.org")) == 2


async def test_no_account_is_tried_again_and_again(
    portal: Portal, ada: Browser
) -> None:
    async with browser(portal, address="198.51.100.9") as mallory:
        await mallory.open("/login")
        statuses = [
            (await mallory.log_in(EMAIL, f"guess {turn}")).status_code
            for turn in range(12)
        ]
        assert statuses[:10] == [401] * 10
        assert statuses[10:] == [429] * 2
        assert "Too many attempts" in mallory.text
        assert (await mallory.log_in(EMAIL)).status_code == 429
    async with browser(portal) as elsewhere:
        assert (await elsewhere.log_in(EMAIL)).status_code != 429


async def test_nobody_is_flooded_with_mail(portal: Portal) -> None:
    statuses = []
    for turn in range(7):
        async with browser(portal, address=f"192.0.2.{turn}") as mallory:
            await mallory.open("/forgotten")
            answer = await mallory.send("/forgotten", {"email": "Victim@example.org"})
            statuses.append(answer.status_code)
    assert statuses == [200] * 5 + [429] * 2
    assert len(await portal.letters("Victim@example.org")) == 5


async def test_a_link_works_once_and_an_older_one_not_at_all(portal: Portal) -> None:
    async with browser(portal) as eve:
        for _ in range(2):
            await eve.open("/register")
            await eve.send("/register", {"email": "eve@example.org", "name": "Eve"})
        first, second = await portal.letters("eve@example.org")
        paths = [text.split("portal.example")[2].split()[0] for text in (first, second)]
        assert (await eve.open(paths[0])).status_code == 410
        # Programs that look into mail open links: opening alone must not use it up.
        for _ in range(2):
            assert (await eve.open(paths[1])).status_code == 200
        await eve.send(paths[1], {"password": "short"})
        assert "Choose at least 10 characters" in eve.text
        await eve.send(paths[1], {"password": PASSWORD})
        assert (await eve.open(paths[1])).status_code == 410
        assert (await eve.open(paths[1].replace("verify", "reset"))).status_code == 410


async def test_names_are_text_and_nothing_else(portal: Portal) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=y>"
    async with browser(portal) as mallory:
        await mallory.register(portal, "m@example.org", evil)
        path = f"/teams/new?event={SLUG}"
        await mallory.open(path)
        team = {"name": evil, "category": "Elite", "members": evil}
        await mallory.send(path, team)
        assert mallory.page is not None
        assert "The team is registered." in mallory.text
        assert evil in mallory.text, "as text"
        assert "<script" not in mallory.page.text
        assert "<img" not in mallory.page.text
        for where in (f"/login?next={evil}", f"/?lang={evil}", f"/verify/{evil[:8]}"):
            answer = await mallory.open(where)
            assert "<script" not in answer.text
            assert "<img" not in answer.text


async def test_a_stranger_s_words_do_not_go_out_with_our_mail(portal: Portal) -> None:
    async with browser(portal) as mallory:
        await mallory.open("/register")
        name = "You won, see evil.example"
        await mallory.send("/register", {"email": "e@e.org", "name": name})
    assert "evil" not in (await portal.letters("e@e.org"))[0]


async def test_a_name_adds_no_line_to_a_mail(portal: Portal) -> None:
    async with browser(portal) as mallory:
        await mallory.open("/register")
        name = "Eve\r\nBcc: all@example.org"
        answer = await mallory.send("/register", {"email": "e@e.org", "name": name})
    assert answer.status_code == 422
    assert await portal.letters("e@e.org") == []


async def test_pages_behind_the_log_in_are_not_kept(ada: Browser) -> None:
    answer: httpx.Response = await ada.client.get("/address")
    assert answer.headers["cache-control"] == "private, no-store"
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_while_the_database_is_gone_the_page_says_so(
    portal: Portal, ada: Browser
) -> None:
    await portal.store.close()
    answer = await ada.client.get("/address")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "Traceback" not in answer.text
