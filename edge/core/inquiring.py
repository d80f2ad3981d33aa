"""Wristbands that no order is about: a cashier logs in, someone asks of a balance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from contract.ids import WalletSerial
from contract.messages import (
    CashierLoggedIn,
    CashierLoggedOut,
    CashierLogin,
    LoginRefused,
    WristbandInfo,
    WristbandQuery,
)
from contract.staff import Right, staff_hash
from edge.core import leaving, registers, shifts, texts
from edge.core.effects import Commit, DeliverNow, SendRequest, SetAlarm
from edge.core.events import InquiryExpired
from edge.core.intents import AskWristband, LogIn
from edge.core.pins import fits
from edge.core.records import CashierChanged
from edge.core.state import Inquiring, LoggedIn, Reading, Selling, at_counter, chain
from edge.core.view import Banner, Tone

if TYPE_CHECKING:
    from uuid import UUID

    from contract.staff import StaffEntry
    from contract.token import Credential
    from edge.core.effects import Effect
    from edge.core.state import Moment, Step, TillState
    from edge.core.wristband import Wristband

ANSWER_WITHIN_MS: Final = 3_000
OFFLINE_RIGHTS: Final = frozenset({Right.LOG_IN, Right.SELL})

StaffAnswer = CashierLoggedIn | LoginRefused | CashierLoggedOut


def begin(state: TillState, errand: LogIn | AskWristband, moment: Moment) -> Step:
    """Wait for a wristband, or ask at once about one that was named."""
    if isinstance(errand, AskWristband) and errand.wristband is not None:
        return _ask(state, errand, WalletSerial(errand.wristband), None, moment)
    return at_counter(state, Reading(errand, moment.monotonic_ns)), ()


def on_wristband(
    state: TillState, reading: Reading, wristband: Wristband, moment: Moment
) -> Step:
    """Take the wristband that was waited for."""
    state = replace(state, banner=None)
    match reading.errand:
        case AskWristband() as errand:
            credential = wristband.credential
            return _ask(state, errand, wristband.serial, credential, moment)
        case LogIn() as errand:
            return _log_in(state, errand, wristband, moment)
        case _:
            assert_never(reading.errand)


def log_out(state: TillState, moment: Moment) -> Step:
    """Let the cashier leave; the hub is told as soon as it can be."""
    if state.cashier is None:
        return state, ()
    cashier = state.cashier.id
    state, effects = _changed(state, None)
    state, told = leaving.left(state, cashier, moment)
    return state, (*effects, *told)


def on_info(state: TillState, info: WristbandInfo) -> Step:
    """Show what the hub knows of a wristband."""
    if _answered(state, info.regarding) is None:
        return state, ()
    return at_counter(state, Selling(known=info)), ()


def on_staff(state: TillState, message: StaffAnswer) -> Step:
    """Take in what the hub says of a log-in, or that it ends one."""
    if isinstance(message, CashierLoggedOut):
        return _logged_out(state, message)
    waiting = _answered(state, message.regarding)
    if waiting is None:
        return state, ()
    state = at_counter(state, Selling())
    if isinstance(message, LoginRefused):
        roles = f" Roles: {', '.join(message.roles)}." if message.roles else ""
        text = f"{message.text}{roles}"
        return replace(state, banner=_refused(text)), ()
    cashier = LoggedIn(
        message.cashier,
        message.name,
        message.role,
        frozenset(message.rights),
        message.register,
    )
    return chain(
        state,
        lambda s: _changed(s, cashier),
        lambda s: _told_of_register(s, message, waiting),
    )


def _logged_out(state: TillState, message: CashierLoggedOut) -> Step:
    """Take in that the hub has heard of a log-out, or ends a log-in by itself."""
    if message.regarding is not None:  # who left then may be back
        return leaving.on_answer(state, message.regarding)
    if state.cashier is None or state.cashier.id != message.cashier:
        return state, ()
    return _changed(replace(state, banner=texts.LOGGED_OUT_BY_HUB), None)


def _told_of_register(
    state: TillState, message: CashierLoggedIn, waiting: Inquiring
) -> Step:
    """Take in what the cashier's register is, if all of this till's cash is told."""
    if waiting.booked != state.registers:
        return state, ()
    state, effects = shifts.told(state, message.cashier, message.register)
    held = message.register_minor
    if message.register is None or held is msgspec.UNSET:
        return state, effects
    state, more = registers.told(state, message.register, held)
    return state, (*effects, *more)


def on_rejected(state: TillState, text: str) -> Step:
    """Take in that the hub could not even look at the question."""
    return replace(at_counter(state, Selling()), banner=_refused(text)), ()


def on_expired(state: TillState, request: UUID) -> Step:
    """Give up waiting: who has a PIN may log in to sell, all else needs the hub."""
    waiting = _answered(state, request)
    if waiting is None:
        return state, ()
    return without_hub(state, waiting)


def without_hub(state: TillState, waiting: Inquiring) -> Step:
    """End an inquiry that the hub does not answer."""
    state = at_counter(state, Selling())
    if waiting.entrant is not None:
        return _changed(state, waiting.entrant)
    return replace(state, banner=texts.NEEDS_HUB), ()


def remembered(document: bytes) -> LoggedIn | None:
    """Read who was logged in before a restart; nobody if it can't be read."""
    if not document:
        return None
    try:
        return msgspec.json.decode(document, type=LoggedIn)
    except msgspec.DecodeError:
        return None


def _ask(
    state: TillState,
    errand: AskWristband,
    wallet: WalletSerial,
    credential: Credential | None,
    moment: Moment,
) -> Step:
    query = WristbandQuery(
        id=moment.second,
        wristband=wallet,
        cashier=state.cashier.id if state.cashier else "",
        credential=credential,
    )
    return _inquire(state, Inquiring(errand, query.id), query)


def _log_in(
    state: TillState, errand: LogIn, wristband: Wristband, moment: Moment
) -> Step:
    assert state.terms is not None
    config = state.terms.config
    hashed = staff_hash(config.staff_key, wristband.uid)
    entry = next((each for each in config.staff if each.uid_hash == hashed), None)
    if entry is not None and entry.pin_hash and not fits(errand.pin, entry.pin_hash):
        return replace(at_counter(state, Selling()), banner=texts.WRONG_PIN), ()
    login = CashierLogin(
        id=moment.second, credential=wristband.credential, role=errand.role
    )
    waiting = Inquiring(errand, login.id, _offline(state, errand, entry))
    return _inquire(state, waiting, login)


def _inquire(
    state: TillState, waiting: Inquiring, message: WristbandQuery | CashierLogin
) -> Step:
    if not state.connection.up:
        return without_hub(state, waiting)
    waiting = replace(waiting, booked=registers.booked(state))
    first: Effect = SendRequest(message, ANSWER_WITHIN_MS // 1000)
    if state.unsaid and isinstance(message, CashierLogin):
        # Said again after a log-in, an old log-out would end it at the hub.
        waiting, first = replace(waiting, held=message), DeliverNow()
    return at_counter(state, waiting), (
        first,
        SetAlarm(InquiryExpired(message.id), ANSWER_WITHIN_MS),
    )


def _offline(
    state: TillState, errand: LogIn, entry: StaffEntry | None
) -> LoggedIn | None:
    """Say who may work here without the hub: those with a PIN, and only to sell."""
    assert state.terms is not None
    if entry is None or not entry.pin_hash:
        return None
    roles = [
        role
        for role in state.terms.config.roles
        if role.name in entry.roles
        and {Right.LOG_IN, Right.SELL} <= set(role.rights)
        and errand.role in {None, role.name}
    ]
    if not roles:
        return None
    return LoggedIn(entry.id, entry.name, roles[0].name, OFFLINE_RIGHTS, offline=True)


def _answered(state: TillState, request: UUID | None) -> Inquiring | None:
    counter = state.counter
    if isinstance(counter, Inquiring) and counter.request == request:
        return counter
    return None


def _changed(state: TillState, cashier: LoggedIn | None) -> Step:
    document = b"" if cashier is None else msgspec.json.encode(cashier)
    return replace(state, cashier=cashier), (Commit((CashierChanged(document),)),)


def _refused(text: str) -> Banner:
    return Banner(Tone.TRY_AGAIN, "The hub refuses", text)
