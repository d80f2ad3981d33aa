"""Every sentence of the pages with accounts, in German and English."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from hub.web.texts import LOCALE_FOLDER

if TYPE_CHECKING:
    from hub.web.texts import Language


class _Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a locale file: a missing or misspelled text stops the hub's start."""


class NavigationTexts(_Texts, frozen=True):
    """The navigation bar, and the way in and out."""

    label: str
    my_bills: str
    bills: str
    unpaid: str
    teams: str
    club: str
    address: str
    password: str
    log_out: str
    log_in: str
    register: str
    logged_in_as: str


class StartTexts(_Texts, frozen=True):
    """The start page where the portal has accounts."""

    title: str
    lead: str
    open_title: str
    open_until: str
    nothing_open: str
    guests_title: str
    guests_text: str


class LoginTexts(_Texts, frozen=True):
    """Log in, register, forgotten password, and what follows from mail."""

    title: str
    lead: str
    email: str
    password: str
    submit: str
    wrong: str
    too_often: str
    forgotten: str
    no_account: str
    have_account: str
    first: str
    logged_out: str
    password_set: str
    password_changed: str
    register_title: str
    register_lead: str
    name: str
    register_submit: str
    sent_title: str
    sent_text: str
    sent_hint: str
    forgotten_title: str
    forgotten_lead: str
    forgotten_submit: str
    choose_title: str
    choose_lead: str
    choose_password: str
    choose_rule: str
    choose_submit: str
    gone_title: str
    gone_text: str
    gone_register: str
    gone_reset: str


class AddressTexts(_Texts, frozen=True):
    """The postal address, and the password."""

    title: str
    lead: str
    lacking: str
    name: str
    street: str
    house_number: str
    postal_code: str
    town: str
    country: str
    choose_country: str
    submit: str
    saved: str
    email: str
    password_title: str
    password_lead: str
    old_password: str
    new_password: str
    password_submit: str
    old_wrong: str


class TeamTexts(_Texts, frozen=True):
    """My teams: the list, the form, withdrawing."""

    title: str
    none: str
    register: str
    register_for: str
    competition: str
    category: str
    name: str
    members: str
    members_hint: str
    club: str
    no_club: str
    club_hint: str
    paid_by_club: str
    paid_by_club_hint: str
    start_fee: str
    additional_fees: str
    until: str
    submit: str
    save: str
    edit: str
    edit_title: str
    withdraw: str
    withdraw_title: str
    withdraw_text: str
    withdraw_submit: str
    keep: str
    state_billed: str
    state_unbilled: str
    state_club: str
    locked: str
    to_bill: str
    fees: str
    registered: str
    changed: str
    withdrawn: str
    deadline: str
    closed: str
    not_open: str
    pay_hint: str
    pay: str
    fees_title: str
    fees_later: str
    actions: str
    fee_note: str


class ClubTexts(_Texts, frozen=True):
    """What a club's payment officer sees."""

    title: str
    lead: str
    none: str
    registered_by: str
    refuse: str
    refused: str
    pay: str


class FieldTexts(_Texts, frozen=True):
    """What is wrong with a field."""

    summary: str
    required: str
    too_long: str
    email: str
    password: str
    country: str
    choice: str
    members: str
    one_line: str


class RefusalTexts(_Texts, frozen=True):
    """Why a team can't be registered or changed."""

    closed: str
    not_open: str
    billed: str
    gone: str
    too_many: str
    unknown: str
    paid_by_nobody: str


class ProblemTexts(_Texts, frozen=True):
    """Forms that can't be taken."""

    form_title: str
    form_text: str
    large_title: str
    large_text: str
    often_title: str
    often_text: str
    back: str


class AccountTexts(_Texts, frozen=True):
    """One locale file of the account part."""

    navigation: NavigationTexts
    start: StartTexts
    login: LoginTexts
    address: AddressTexts
    teams: TeamTexts
    club: ClubTexts
    fields: FieldTexts
    refusals: RefusalTexts
    problems: ProblemTexts
    countries: dict[str, str]


@cache
def account_texts(language: Language) -> AccountTexts:
    """Load a language's texts; raises msgspec.ValidationError naming what is wrong."""
    data = (LOCALE_FOLDER / f"account.{language.value}.json").read_bytes()
    return msgspec.json.decode(data, type=AccountTexts)
