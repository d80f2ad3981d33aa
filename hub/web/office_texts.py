"""Every sentence of the office's own pages, in German and English."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from contract.messages import AdviceFlag
from hub.core.bills.reports import Said
from hub.service.office_tasks import Task
from hub.web.texts import LOCALE_FOLDER

if TYPE_CHECKING:
    from hub.web.texts import Language


class _Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a locale file: a missing or misspelled text stops the hub's start."""


class OfficeLoginTexts(_Texts, frozen=True):
    """The way in."""

    title: str
    lead: str
    name: str
    pin: str
    submit: str
    wrong: str
    too_often: str


class RefusedTexts(_Texts, frozen=True):
    """Why something can't be done here."""

    title: str
    text: str


class WaitingTexts(_Texts, frozen=True):
    """Something that waits: for one, for several, and what to do about it."""

    one: str
    other: str
    todo: str


class OverviewTexts(_Texts, frozen=True):
    """The first page: what waits for somebody."""

    title: str
    lead: str
    nothing: str
    nothing_text: str
    waiting: dict[Task, WaitingTexts]


class PaymentLogTexts(_Texts, frozen=True):
    """The payment log's page."""

    title: str
    lead: str
    severity: str
    severities: dict[str, str]
    at_least: str
    all: str
    controller: str
    payment: str
    text: str
    since: str
    until: str
    search: str
    reset: str
    nothing: str
    time: str
    action: str
    address: str
    message: str
    whole: str
    regarding: str
    older: str
    newest: str


class SeenTexts(_Texts, frozen=True):
    """Ticking off what somebody has seen to."""

    tick_off: str
    note: str
    told: str


class FlagTexts(_Texts, frozen=True):
    """Something odd about an order: what it is called, what happened, what to do."""

    name: str
    what: str
    todo: str


class CountTexts(_Texts, frozen=True):
    """How many there are: one, or several."""

    one: str
    other: str


class FlagPageTexts(_Texts, frozen=True):
    """The page of orders that were booked although something was odd."""

    title: str
    lead: str
    nothing: str
    nothing_seen: str
    show: str
    open: str
    seen: str
    see_seen: str
    kind: str
    till: str
    all: str
    search: str
    reset: str
    count: CountTexts
    tick_off_all: str
    tick_off_all_hint: str
    numbers: str
    booked: str
    receipt: str
    lost: str
    aborted: str
    training: str
    older: str
    newest: str
    flags: dict[AdviceFlag, FlagTexts]


class DoubtTexts(_Texts, frozen=True):
    """The page of payments that nobody knows about, and of what providers told."""

    title: str
    lead: str
    nothing: str
    states: dict[str, str]
    since: str
    reference: str
    log: str
    remedy: str
    not_paid: str
    reason: str
    close: str
    was_paid: str
    was_paid_hint: str
    claim: str
    amount: str
    money_ref: str
    money_ref_hint: str
    claims: str
    claims_lead: str
    said: dict[Said, str]
    claimed: str
    confirm: str
    decline: str
    own: str
    refused: str
    refused_lead: str
    refused_steps: dict[str, str]
    refused_reasons: dict[str, str]
    bill: str
    order: str
    in_doubt: str
    seen_title: str
    seen_lead: str
    seen_nothing: str
    back: str
    alarms: str
    no_alarms: str
    note: str
    seen: str
    record: str
    record_hint: str
    order_id: str
    order_id_hint: str
    what: str


class OfficeTexts(_Texts, frozen=True):
    """One locale file."""

    label: str
    demo: str
    log_out: str
    login: OfficeLoginTexts
    refused: RefusedTexts
    not_theirs: RefusedTexts
    overview: OverviewTexts
    payment_log: PaymentLogTexts
    doubts: DoubtTexts
    flags: FlagPageTexts
    seen: SeenTexts


@cache
def office_texts(language: Language) -> OfficeTexts:
    """Load a language's texts; raises msgspec.ValidationError naming what is wrong."""
    data = (LOCALE_FOLDER / f"office.{language.value}.json").read_bytes()
    return msgspec.json.decode(data, type=OfficeTexts)
