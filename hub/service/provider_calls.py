"""What providers call, and what they answer when asked: logged first, then booked.

A call proves something by itself, or makes the hub ask the provider; either way the
reports go to the bill. Every call and what became of it is in the payment log.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from contract.bill_reference import BadReference, order_id, read_order_id
from hub.core.bills.attempts import Attempt, AttemptState
from hub.core.bills.errors import NoSuchBill
from hub.core.bills.reports import Said
from hub.payments.errors import (
    Forged,
    ProviderRefused,
    ProviderSilent,
    Unusable,
)
from hub.payments.method import Ask
from hub.payments.routes import named_bill
from hub.service.bill_reports import Reported
from hub.service.masking import request_text
from hub.service.payment_log import Note, Severity
from hub.store.errors import DatabaseGone, StoreError
from hub.store.store import LOST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.core.bills.reports import Report
    from hub.payments.method import Incoming, PaymentMethod
    from hub.payments.performing import Performer
    from hub.payments.routes import Entrance
    from hub.service.payment_log import PaymentLog
    from hub.store.store import Store

log = logging.getLogger(__name__)

RETURN_PATIENCE_S = 8
"""How long a payer who comes back waits for the provider to say what it did."""

ASKED_AGAIN_S = 5
"""How long what a provider said for a payer who came back is taken for new."""

ACTION_CHARACTERS_MAX = 100


class Reports(Protocol):
    """Whoever takes in what providers say."""

    async def report(self, method: str, report: Report) -> Reported:
        """Take in a proven word; raises UnknownAttempt."""


class Answered(enum.Enum):
    """How a call ended, for whoever made it."""

    TAKEN = "taken"
    """Also what was known, or is about nothing here: there is no use in repeating."""
    REFUSED = "refused"
    """It is not by whom it claims to be. Nothing else is said about it."""
    UNKNOWN = "unknown"
    """There is nothing of that name to be called."""
    LATER = "later"
    """Could not be worked on; to be called again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """A call of one of the portal's routes for providers."""

    entrance: Entrance
    verb: str
    path: str
    ip_address: str
    incoming: Incoming


@dataclass(frozen=True, slots=True)
class CallEnded:
    """What came of a call."""

    answered: Answered
    bill: str | None = None
    """The reference of the bill it was about, if that was proven or asked for."""


class ProviderCalls:
    """Takes calls of providers and of payers who come back, and asks providers."""

    def __init__(
        self,
        store: Store,
        methods: Mapping[str, PaymentMethod],
        payment_log: PaymentLog,
        reports: Reports,
        performer: Performer,
    ) -> None:
        self._store = store
        self._methods = methods
        self._log = payment_log
        self._reports = reports
        self._performer = performer
        self._asked_at: dict[str, float] = {}

    async def take(self, call: ProviderCall) -> CallEnded:
        """Log a call, then do what it asks for; raises nothing."""
        entry = Entry(self._log, call)
        try:
            await entry.begin()
            return await self._worked_on(call, entry)
        except DatabaseGone as error:
            # The process's own log is all that is left to tell of it.
            log.warning("A call of %s can't be kept: %s", call.path, error)
        except Exception as error:
            log.exception("A call of %s failed.", call.path)
            with contextlib.suppress(StoreError, *LOST):
                text = f"This hub failed: {type(error).__name__}."
                await entry.end(Severity.FATAL, text)
        return CallEnded(Answered.LATER)

    async def ask(
        self, method: str, ask: Ask, *, is_back: bool = False
    ) -> tuple[Reported, ...]:
        """Ask a provider about an attempt, and take in what it says.

        What the payer approved is taken only if it is open still; of an attempt that
        was given up only if its payer `is_back`. Raises ProviderSilent,
        ProviderRefused, UnknownAttempt.
        """
        may_capture = await self._store.fetch_value(
            "may_be_captured", method, ask.provider_ref, is_back
        )
        asked = msgspec.structs.replace(ask, may_capture=bool(may_capture))
        found = await self._performer.perform(self._methods[method].fetch(asked))
        reported = []
        for report in found:
            reported.append(await self._reports.report(method, report))
        return tuple(reported)

    async def _worked_on(self, call: ProviderCall, entry: Entry) -> CallEnded:
        method = self._methods.get(call.entrance.code)
        if call.incoming.action not in call.entrance.actions:
            await entry.end(Severity.WARNING, "There is no such action.")
            return CallEnded(Answered.UNKNOWN)
        if method is None:
            await entry.end(
                Severity.WARNING, "This hub has no contract with that provider."
            )
            return CallEnded(Answered.UNKNOWN)
        try:
            received = await self._performer.perform(method.receive(call.incoming))
        except Forged as error:
            await entry.end(Severity.ERROR, f"Ignored: {error}")
            return CallEnded(Answered.REFUSED)
        except Unusable as error:
            await entry.end(Severity.WARNING, f"Ignored: {error}")
            return CallEnded(Answered.TAKEN)
        except (ProviderSilent, ProviderRefused) as error:
            await entry.end(Severity.WARNING, f"Can't be proven: {error}")
            return CallEnded(Answered.LATER)
        ended = CallEnded(Answered.TAKEN)
        for report in received.proven:
            ended = await self._proven(method.code, report, entry)
        for ask in received.to_ask:
            ended = await self._asked(method.code, ask, entry)
        if call.incoming.action in call.entrance.browser_actions and (
            not received.proven
        ):
            ended = await self._returned(method.code, call.incoming, entry)
        if not entry.has_ended:
            await entry.end(Severity.INFO, "About nothing that is kept here.")
        return ended

    async def _proven(self, method: str, report: Report, entry: Entry) -> CallEnded:
        try:
            reported = await self._known(method, report)
            if reported is None:
                reported = await self._reports.report(method, report)
        except NoSuchBill as error:
            await entry.end(Severity.WARNING, f"{report.status}. {error}")
            return CallEnded(Answered.TAKEN)
        await entry.tell(report.status, reported)
        return CallEnded(Answered.TAKEN, reported.reference)

    async def _known(self, method: str, report: Report) -> Reported | None:
        """Recognize what was booked before: providers and browsers say it, too.

        Reading it takes no lock, and is most of what comes.
        """
        if report.said is not Said.PAID or report.alarm or not report.money_ref:
            return None
        try:
            bill, number = read_order_id(report.order_id)
        except BadReference:
            return None
        row = await self._store.fetch_row(
            "known_payment", bill, number, method, report.money_ref
        )
        if row is None:
            return None
        attempt = Attempt(
            reference=bill,
            number=number,
            method=method,
            principal_minor=row["principal_minor"],
            surcharge_minor=row["surcharge_minor"],
            state=AttemptState.PAID,
            provider_ref=row["provider_ref"],
        )
        return Reported(
            reference=bill, attempt=attempt, payment=row["id"], is_news=False
        )

    async def _asked(
        self, method: str, ask: Ask, entry: Entry, *, is_back: bool = False
    ) -> CallEnded:
        name = ask.order_id or ask.provider_ref
        try:
            reported = await self.ask(method, ask, is_back=is_back)
        except ProviderSilent as error:
            await entry.end(Severity.WARNING, f"Asked about {name}: {error}")
            return CallEnded(Answered.LATER)
        except (ProviderRefused, NoSuchBill) as error:
            await entry.end(Severity.WARNING, f"Asked about {name}: {error}")
            return CallEnded(Answered.TAKEN)
        for each in reported:
            await entry.tell(f"Asked about {name}", each)
        bill = reported[-1].reference if reported else None
        return CallEnded(Answered.TAKEN, bill)

    async def _returned(
        self, method: str, incoming: Incoming, entry: Entry
    ) -> CallEnded:
        """Ask about the attempts of the bill a payer comes back to, for a while.

        Whoever knows the reference may come back; all it does is to ask what is so.
        """
        bill = named_bill(incoming)
        if bill is None or not self._may_ask(bill):
            return CallEnded(Answered.TAKEN, bill)
        try:
            async with asyncio.timeout(RETURN_PATIENCE_S):
                for ask in await self._open_attempts(bill, method):
                    await self._asked(method, ask, entry, is_back=True)
        except TimeoutError:
            await entry.end(
                Severity.WARNING, "The provider is slow; it will be asked again."
            )
        return CallEnded(Answered.TAKEN, bill)

    def _may_ask(self, bill: str) -> bool:
        now = time.monotonic()
        asked = {
            each: at for each, at in self._asked_at.items() if now - at < ASKED_AGAIN_S
        }
        self._asked_at = asked | {bill: now} if bill not in asked else asked
        return bill not in asked

    async def _open_attempts(self, bill: str, method: str) -> list[Ask]:
        rows = await self._store.fetch("attempts_of_bill_to_ask", bill, method)
        return [Ask(order_id(bill, row["number"]), row["provider_ref"]) for row in rows]


class Entry:
    """The payment log's entries of one call."""

    def __init__(self, payment_log: PaymentLog, call: ProviderCall) -> None:
        self._log = payment_log
        self._call = call
        self._number: int | None = None
        self.has_ended = False

    async def begin(self) -> None:
        """Write the call down as it came."""
        call = self._call
        text = request_text(call.verb, call.path, call.incoming)
        self._number = await self._note(Severity.INFO, text)

    async def tell(self, said: str, reported: Reported) -> None:
        """Write down what became of a report."""
        name = order_id(reported.reference, reported.attempt.number)
        news = "" if reported.is_news else ", as was known"
        text = f"{said}: {name} is {reported.attempt.state.value}{news}."
        severity = Severity.WARNING if reported.alarms else Severity.INFO
        await self.end(severity, " ".join((text, *reported.alarms)), reported.payment)

    async def end(
        self, severity: Severity, text: str, payment: int | None = None
    ) -> None:
        """Write down what became of the call."""
        self.has_ended = True
        await self._note(severity, text, payment)

    async def _note(
        self, severity: Severity, text: str, payment: int | None = None
    ) -> int:
        call = self._call
        return await self._log.note(
            Note(
                severity=severity,
                controller_name=call.entrance.controller_name,
                action=call.incoming.action[:ACTION_CHARACTERS_MAX] or "(none)",
                message=text,
                ip_address=call.ip_address,
                payment=payment,
                regarding=self._number,
            )
        )
