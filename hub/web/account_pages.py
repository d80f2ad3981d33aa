"""`/login`, `/register`, `/verify`, `/forgotten`, `/reset`, `/address`, `/password`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - FastAPI reads it

from hub.service.accounts import EMAIL_MAX, NAME_MAX, Postal, is_email
from hub.service.passwords import LENGTH_MIN, is_good
from hub.web.rate_limits import TooOften
from hub.web.sessions import (
    CheckedForm,
    LoggedIn,
    Visitor,
    safe_next,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.service.accounts import Accounts, PortalUser, Purpose
    from hub.web.account_texts import AccountTexts
    from hub.web.desk import Desk
    from hub.web.rate_limits import RateLimits

PURPOSES: tuple[Purpose, ...] = ("verify", "reset")
POSTAL_LENGTHS = {
    "name": NAME_MAX,
    "street": 70,
    "house_number": 16,
    "postal_code": 16,
    "town": 35,
    "country": 2,
}
START = "/bills"
"""Where people go who log in without a wish of their own."""


def account_routes(desk: Desk, accounts: Accounts, rates: RateLimits) -> APIRouter:
    """Let people make accounts, come in and out, and say where they live."""
    router = APIRouter()
    _add_log_in(router, desk, accounts, rates)
    _add_registration(router, desk, accounts, rates)
    for purpose in PURPOSES:
        _add_choice(router, desk, accounts, rates, purpose)
    _add_address(router, desk, accounts)
    _add_password(router, desk, accounts, rates)
    return router


def _add_log_in(
    router: APIRouter, desk: Desk, accounts: Accounts, rates: RateLimits
) -> None:
    @router.get("/login")
    async def show(request: Request, visit: Visitor, next: str = "") -> Response:  # noqa: A002 - the address says next
        if visit.user is not None:
            return desk.go(request, _wanted(next))
        a = desk.texts(request)
        said = request.query_params.get("said", "")
        notices = {"out": a.login.logged_out, "changed": a.login.password_changed}
        notice = notices.get(said, a.login.first if next else "")
        return _log_in_page(desk, request, next, told={"notice": notice})

    @router.post("/login")
    async def log_in(request: Request, visit: Visitor, form: CheckedForm) -> Response:
        a, email, wanted = desk.texts(request), text_of(form, "email"), _next(form)
        try:
            await rates.count("log_in", request, email)
        except TooOften:
            refusal, status = a.login.too_often, 429
        else:
            password = str(form.get("password") or "")
            user = await accounts.log_in(email, password) if is_email(email) else None
            if user is not None:
                await desk.sessions.log_in(request, user)
                return desk.go(request, _wanted(wanted))
            refusal, status = a.login.wrong, 401
        return _log_in_page(
            desk,
            request,
            wanted,
            email=email,
            status=status,
            told={"refusal": refusal},
        )

    @router.post("/logout")
    async def log_out(request: Request, _: CheckedForm) -> Response:
        await desk.sessions.log_out(request)
        return desk.go(request, "/login?said=out")


def _log_in_page(
    desk: Desk,
    request: Request,
    wanted: str,
    *,
    email: str = "",
    status: int = 200,
    told: Mapping[str, str],
) -> Response:
    return desk.page(
        request,
        "login.html",
        here="login",
        status=status,
        next=safe_next(wanted) if wanted else "",
        values={"email": email},
        notice=told.get("notice", ""),
        refusal=told.get("refusal", ""),
    )


def _add_registration(
    router: APIRouter, desk: Desk, accounts: Accounts, rates: RateLimits
) -> None:
    @router.get("/register")
    async def show(request: Request, visit: Visitor) -> Response:
        if visit.user is not None:
            return desk.go(request, START)
        return desk.page(
            request, "register.html", here="register", values={}, problems={}
        )

    @router.post("/register")
    async def register(request: Request, form: CheckedForm) -> Response:
        a, reader = desk.texts(request), desk.reader(request)
        values = {name: text_of(form, name) for name in ("name", "email")}
        problems = _length_problems(a, values, {"name": NAME_MAX, "email": EMAIL_MAX})
        problems |= _email_problem(a, values["email"])
        if problems:
            return desk.page(
                request,
                "register.html",
                here="register",
                status=422,
                values=values,
                problems=problems,
                refusal=a.fields.summary,
            )
        await rates.count("mail", request, values["email"])
        await accounts.register(values["email"], values["name"], reader.language.value)
        return desk.page(request, "mail_sent.html", email=values["email"])

    @router.get("/forgotten")
    async def show_forgotten(request: Request, visit: Visitor) -> Response:
        return desk.page(request, "forgotten.html", values={}, problems={})

    @router.post("/forgotten")
    async def forgotten(request: Request, form: CheckedForm) -> Response:
        a, reader, email = (
            desk.texts(request),
            desk.reader(request),
            text_of(form, "email"),
        )
        problems = _email_problem(a, email)
        if problems:
            return desk.page(
                request,
                "forgotten.html",
                status=422,
                values={"email": email},
                problems=problems,
            )
        await rates.count("mail", request, email)
        await accounts.forgot(email, reader.language.value)
        return desk.page(request, "mail_sent.html", email=email)


def _add_choice(
    router: APIRouter,
    desk: Desk,
    accounts: Accounts,
    rates: RateLimits,
    purpose: Purpose,
) -> None:
    """Add the page behind a link from a mail; only its form uses the link up."""

    @router.get(f"/{purpose}/{{code}}")
    async def show(request: Request, visit: Visitor, code: str) -> Response:
        await rates.count("code", request)
        return await _page(request, code)

    @router.post(f"/{purpose}/{{code}}")
    async def choose(request: Request, code: str, form: CheckedForm) -> Response:
        await rates.count("code", request)
        a, password = desk.texts(request), str(form.get("password") or "")
        owner = await accounts.owner_of(code, purpose)
        if owner is None:
            return await _page(request, code)
        if not is_good(password, owner.email, owner.name):
            wrong = a.fields.password.format(count=LENGTH_MIN)
            return await _page(request, code, {"password": wrong})
        user = await accounts.choose_password(code, purpose, password)
        if user is None:
            return await _page(request, code)
        await desk.sessions.log_in(request, user)
        return desk.go(request, "/address?said=welcome")

    async def _page(
        request: Request, code: str, problems: Mapping[str, str] | None = None
    ) -> Response:
        owner = await accounts.owner_of(code, purpose)
        if owner is None:
            return desk.page(request, "code_gone.html", status=410, purpose=purpose)
        return desk.page(
            request,
            "choose_password.html",
            status=422 if problems else 200,
            owner=owner,
            action=f"/{purpose}/{code}",
            length_min=LENGTH_MIN,
            problems=problems or {},
        )


def _add_address(router: APIRouter, desk: Desk, accounts: Accounts) -> None:
    @router.get("/address")
    async def show(request: Request, user: LoggedIn, next: str = "") -> Response:  # noqa: A002 - as above
        a = desk.texts(request)
        said = request.query_params.get("said", "")
        notices = {"welcome": a.login.password_set, "saved": a.address.saved}
        lacking = bool(user.payer.lacking()) and (bool(next) or said == "welcome")
        return desk.page(
            request,
            "address.html",
            here="address",
            notice=notices.get(said, ""),
            refusal=a.address.lacking if lacking and not said else "",
            next=safe_next(next) if next else "",
            values=_postal_of(user),
            problems={},
        )

    @router.post("/address")
    async def change(request: Request, user: LoggedIn, form: CheckedForm) -> Response:
        a = desk.texts(request)
        values = {name: text_of(form, name) for name in POSTAL_LENGTHS}
        problems = _length_problems(a, values, POSTAL_LENGTHS, optional="house_number")
        if values["country"] not in a.countries:
            problems["country"] = a.fields.country
        if problems:
            return desk.page(
                request,
                "address.html",
                here="address",
                status=422,
                refusal=a.fields.summary,
                next=_next(form),
                values=values,
                problems=problems,
            )
        await accounts.change_address(user, Postal(**values))
        return desk.go(request, _next(form) or "/address?said=saved")


def _add_password(
    router: APIRouter, desk: Desk, accounts: Accounts, rates: RateLimits
) -> None:
    @router.get("/password")
    async def show(request: Request, user: LoggedIn) -> Response:
        return _page(request, {})

    @router.post("/password")
    async def change(request: Request, user: LoggedIn, form: CheckedForm) -> Response:
        a = desk.texts(request)
        old, new = str(form.get("old") or ""), str(form.get("password") or "")
        if not is_good(new, user.email, user.name):
            wrong = a.fields.password.format(count=LENGTH_MIN)
            return _page(request, {"password": wrong})
        await rates.count("log_in", request, user.email)
        if not await accounts.change_password(user, old, new):
            return _page(request, {"old": a.address.old_wrong})
        await desk.sessions.log_out(request)
        return desk.go(request, "/login?said=changed")

    def _page(request: Request, problems: Mapping[str, str]) -> Response:
        return desk.page(
            request,
            "password.html",
            here="password",
            status=422 if problems else 200,
            length_min=LENGTH_MIN,
            problems=problems,
        )


def _postal_of(user: PortalUser) -> dict[str, str]:
    return {name: getattr(user, name) for name in POSTAL_LENGTHS}


def _email_problem(a: AccountTexts, email: str) -> dict[str, str]:
    return {} if is_email(email) else {"email": a.fields.email}


def _length_problems(
    a: AccountTexts,
    values: Mapping[str, str],
    lengths: Mapping[str, int],
    *,
    optional: str = "",
) -> dict[str, str]:
    found = {}
    for name, most in lengths.items():
        value = values[name]
        if not value and name != optional:
            found[name] = a.fields.required
        elif len(value) > most:
            found[name] = a.fields.too_long.format(count=most)
        elif not value.isprintable():
            found[name] = a.fields.one_line
    return found


def _wanted(wanted: str) -> str:
    within = safe_next(wanted) if wanted else "/"
    return START if within == "/" else within


def _next(form: CheckedForm) -> str:
    wanted = text_of(form, "next")
    return safe_next(wanted) if wanted else ""
