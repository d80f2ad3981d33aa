"""What the till notes of its TSE for the tax audit, and tells the hub.

Since when it uses which TSE, when it had none that signs (AEAO zu section 146a AO), and
who vouched for its clock. All of it is on disk first, and told until it is recorded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import uuid5

from msgspec.structs import replace as changed

from contract.fields import STAFF_ID_MAX
from contract.fiscal import FAULT_LENGTH_MAX
from contract.messages import (
    ClockConfirmation,
    TillDescribed,
    TillDescriptionRecorded,
    TseNotes,
    TseNotesRecorded,
    TseOutage,
)
from contract.tse_news import NEWS_MAX, plain
from edge.core import rights
from edge.core.effects import Commit, Note, OpenFiscal, SendRequest, SetAlarm
from edge.core.events import TseNewsDue
from edge.core.records import (
    ClockVouched,
    OutageNoted,
    TseDescribed,
    TseNewsRecorded,
)

if TYPE_CHECKING:
    from uuid import UUID

    from contract.messages import TseFacts
    from edge.core.events import FiscalOpened
    from edge.core.state import Moment, Step, TillState

AGAIN_MS: Final = 10_000
REFUSED_AGAIN_MS: Final = 600_000
ANSWER_WITHIN_S: Final = 10
SIGNATURES_STEP: Final = 1_000  # so many fewer left are worth telling

Answer = TillDescriptionRecorded | TseNotesRecorded


def failing(state: TillState, reason: str, moment: Moment) -> TillState:
    """Note that the TSE does not sign, from now on unless it did not before."""
    unit = state.unit
    if unit.down_since is not None:
        return state
    because = plain(reason, FAULT_LENGTH_MAX)
    unit = replace(unit, down_since=moment.now, down_because=because)
    return replace(state, unit=unit)


def working(state: TillState) -> TillState:
    """Note that the TSE of this Z number signs."""
    if state.unit.incoming is not None:
        return state
    unit = replace(state.unit, down_since=None, down_because="")
    return replace(state, unit=unit)


def in_use(state: TillState, opened: FiscalOpened, moment: Moment) -> Step:
    """Describe the TSE that is in use, if that is news."""
    facts, device = opened.facts, state.identity.device
    known = state.tse_news.latest
    if facts is None or device is None:
        return state, ()
    if known is not None and known.tse.serial == facts.serial:
        if known.device == device and _says_nothing_new(known.tse, facts):
            return state, ()
        said = changed(known, id=_fresh(moment), device=device, tse=facts)
    else:
        said = TillDescribed(
            id=_fresh(moment),
            device=device,
            tse=facts,
            since=moment.now if known is None else max(moment.now, known.since),
            z_number=state.z_number,
            reason="" if known is None else state.unit.down_because,
        )
    news = state.tse_news
    others = tuple(each for each in news.described if each.since != said.since)
    news = replace(news, latest=said, described=(*others, said))
    return replace(state, tse_news=news), (Commit((TseDescribed(said),)),)


def vouch(state: TillState, moment: Moment) -> Step:
    """Put on record that somebody who may vouches for the clock, and open the TSE."""
    barred = rights.clock_barred(state)
    if barred is not None:
        return replace(state, banner=barred), ()
    by = plain(state.cashier.id, STAFF_ID_MAX) if state.cashier else ""
    clock = ClockConfirmation(id=_fresh(moment), at=moment.now, by=by)
    news = state.tse_news
    news = replace(news, clocks=(*news.clocks, clock))
    return replace(state, tse_news=news), (
        Commit((ClockVouched(clock),)),
        OpenFiscal(clock_confirmed=True),
    )


def settle(state: TillState, moment: Moment) -> Step:
    """Note where an outage begins or ends, and tell the hub what it has not heard."""
    state, noted = _note_outage(state, moment)
    state, told = _tell(state, moment)
    return state, (*noted, *told)


def on_due(state: TillState, due: TseNewsDue) -> Step:
    """Let an unanswered message be sent again."""
    asked = state.tse_news.asked
    if asked is None or asked.id != due.request:
        return state, ()
    return _asking(state, None), ()


def on_answer(state: TillState, answer: Answer) -> Step:
    """Take in that the hub has recorded what it was told."""
    news = state.tse_news
    told = news.asked
    if told is None or told.id != answer.regarding:
        return state, ()
    if isinstance(told, TillDescribed):
        left = tuple(each for each in news.described if each.id != told.id)
        news = replace(news, described=left)
    else:  # an outage that has ended meanwhile stays to be told
        news = replace(
            news,
            outages=tuple(each for each in news.outages if each not in told.outages),
            clocks=tuple(each for each in news.clocks if each not in told.clocks),
        )
    state = replace(state, tse_news=replace(news, asked=None))
    return state, (Commit((TseNewsRecorded(told),)),)


def on_rejected(state: TillState, text: str) -> Step:
    """Take in that the hub can't record it; it is told again, but not at once."""
    asked = state.tse_news.asked
    assert asked is not None
    what = "description of its TSE" if isinstance(asked, TillDescribed) else "TSE notes"
    note = Note(f"The hub refuses this till's {what}: {text}", urgent=True)
    # Under another id, so that the alarm that is set already does not send it.
    waiting = changed(asked, id=uuid5(asked.id, "refused"))
    alarm = SetAlarm(TseNewsDue(waiting.id), REFUSED_AGAIN_MS)
    return _asking(state, waiting), (note, alarm)


def _note_outage(state: TillState, moment: Moment) -> Step:
    """End what is over and begin what began: orders name an outage by its begin."""
    unit, news = state.unit, state.tse_news
    lasting, noted = news.outage, list[TseOutage]()
    if unit.down_since == (lasting.since if lasting else None):
        return state, ()
    if lasting is not None:
        # A clock that was set back meanwhile must not end it before it began.
        until = max(unit.down_since or moment.now, lasting.since)
        noted.append(changed(lasting, until=until))
        lasting = None
    if unit.down_since is not None:
        lasting = TseOutage(
            id=uuid5(moment.fresh, "outage"),
            since=unit.down_since,
            reason=unit.down_because,
        )
        noted.append(lasting)
    known = {each.id for each in noted}
    others = tuple(each for each in news.outages if each.id not in known)
    news = replace(news, outage=lasting, outages=(*others, *noted))
    return replace(state, tse_news=news), (Commit(tuple(map(OutageNoted, noted))),)


def _tell(state: TillState, moment: Moment) -> Step:
    news = state.tse_news
    if news.asked is not None or not state.connection.up:
        return state, ()
    message: TillDescribed | TseNotes
    if news.described:
        message = news.described[0]
    elif news.outages or news.clocks:
        message = TseNotes(
            id=uuid5(moment.fresh, "notes"),
            outages=news.outages[:NEWS_MAX],
            clocks=news.clocks[:NEWS_MAX],
        )
    else:
        return state, ()
    return _asking(state, message), (
        SendRequest(message, ANSWER_WITHIN_S),
        SetAlarm(TseNewsDue(message.id), AGAIN_MS),
    )


def _asking(state: TillState, asked: TillDescribed | TseNotes | None) -> TillState:
    return replace(state, tse_news=replace(state.tse_news, asked=asked))


def _says_nothing_new(known: TseFacts, now: TseFacts) -> bool:
    if known.signatures_left - now.signatures_left >= SIGNATURES_STEP:
        return False
    return changed(now, signatures_left=known.signatures_left) == known


def _fresh(moment: Moment) -> UUID:
    return uuid5(moment.fresh, "tse")
