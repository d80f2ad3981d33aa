"""Calls of the pages of methods without a provider, noted in the payment log."""

from __future__ import annotations

import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from hub.core.bills.errors import NoSuchBill, NotAllowed
from hub.payments.by_hand import CASH, E_BANKING, ORGANIZER, SLIP
from hub.payments.errors import NotOffered, ProviderRefused, ProviderSilent
from hub.service.payment_log import Note, Severity
from hub.store.errors import StoreError
from hub.store.store import LOST
from hub.web.sessions import FormRefused, FormTooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from hub.service.payment_log import PaymentLog

BY_HAND = {
    method.code: method.controller_name for method in (SLIP, E_BANKING, CASH, ORGANIZER)
}
OFFICE = "office"
CONTROLLERS = {**BY_HAND, OFFICE: "OfficeController"}
"""Who is noted: a method without a provider, or staff, for whichever provider it is."""

REFUSED = (NotAllowed, NotOffered, ProviderSilent, ProviderRefused)
"""What a choice of a method may raise for reasons of its own."""

_NOT_OURS = (FormRefused, FormTooLarge, HTTPException, NoSuchBill, *REFUSED)


class Outcome:
    """What became of a call, to be said by whoever works on it."""

    def __init__(self) -> None:
        self.severity = Severity.INFO
        self.text = ""

    def say(self, text: str) -> None:
        """Tell what was done."""
        self.text = text

    def refuse(self, why: object) -> None:
        """Tell why nothing was done."""
        self.severity, self.text = Severity.WARNING, f"Refused: {why}"


@asynccontextmanager
async def noted(
    log: PaymentLog, request: Request, method: str, action: str, about: str = ""
) -> AsyncIterator[Outcome]:
    """Note a call of a method's page before anything is done, and what became of it.

    `method` is one that needs no provider, or OFFICE; `about` says what is wanted.
    Raises DatabaseGone.
    """
    outcome = Outcome()

    async def note(severity: Severity, text: str, call: int | None = None) -> int:
        return await log.note(
            Note(
                severity=severity,
                controller_name=CONTROLLERS[method],
                action=action,
                message=text,
                ip_address=request.client.host if request.client else "",
                regarding=call,
            )
        )

    called = f"{request.method} {request.url.path}"
    call = await note(Severity.INFO, f"{called}\n{about}" if about else called)
    try:
        yield outcome
    except Exception as error:
        name = type(error).__name__
        is_ours = not isinstance(error, _NOT_OURS)
        severity = Severity.FATAL if is_ours else Severity.WARNING
        text = f"This hub failed: {name}." if is_ours else f"Refused: {name}. {error}"
        with contextlib.suppress(StoreError, *LOST):
            await note(severity, text, call)
        raise
    if outcome.text:
        await note(outcome.severity, outcome.text, call)


@asynccontextmanager
async def chosen_by_hand(
    log: PaymentLog, request: Request, method: str
) -> AsyncIterator[None]:
    """Note that a bill is to be paid by a method, if it is one without a provider.

    The others are noted as soon as their providers call.
    """
    if method not in BY_HAND:
        yield
        return
    async with noted(log, request, method, "choose") as outcome:
        yield
        outcome.say("It was chosen.")
