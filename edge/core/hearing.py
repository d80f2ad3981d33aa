"""What the till hears of the hub, apart from verdicts, and of the way to it.

The breaker: a silence, the hub's status "offline", or a broker that finds no hub
subscribed opens it; any sign of life closes it. While it is open nothing is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

import msgspec

from contract.catalogue import decode_catalogue, digest
from contract.ids import OrderId, WalletSerial
from contract.messages import (
    AdviceFlag,
    AdviceRecorded,
    HubStatus,
    Rejected,
    TillConfig,
    TokenIssued,
    WalletChanges,
    encode,
)
from edge.core import closing, registers, wallet_news
from edge.core.effects import (
    CacheWallets,
    Commit,
    Delivered,
    DeliverNow,
    FetchCatalogue,
    ForgetWallets,
    Note,
    Probe,
    Redeliver,
    RefusedByHub,
    SetAlarm,
)
from edge.core.events import (
    AdviceStuck,
    CatalogueDue,
    CatalogueFailed,
    CatalogueFetched,
    HubLamp,
    LinkDown,
    LinkUp,
    NobodyListens,
    NotSent,
    ProbeDue,
    ProbeImpossible,
    UndeliveredAgain,
    WalletsFailed,
    WalletsFetched,
)
from edge.core.records import (
    AdvicesRecorded,
    CatalogueKept,
    ConfigKept,
    LedgerRestored,
)
from edge.core.state import Terms
from edge.core.view import Banner, Tone

if TYPE_CHECKING:
    from contract.messages import Anchor, WalletChange
    from edge.core.effects import Effect, Effects
    from edge.core.events import LinkEvent
    from edge.core.state import Connection, Moment, Step, TillState

PROBE_INTERVAL_MS = 2_000
CATALOGUE_RETRY_MS = 5_000

Announcement = (
    AdviceRecorded | Rejected | TillConfig | WalletChanges | HubStatus | TokenIssued
)

_ODD = frozenset(AdviceFlag) - {AdviceFlag.SUPERSEDED_CATALOGUE}


def on_announcement(state: TillState, message: Announcement, moment: Moment) -> Step:
    """Take in what the hub says without having been asked about an open order."""
    # The broker keeps those two and speaks the last will: no sign of the hub's life.
    if not isinstance(message, HubStatus | TillConfig):
        state = alive(state, moment)
    match message:
        case AdviceRecorded():
            return _recorded(state, message)
        case Rejected():
            return state, (RefusedByHub(message),)
        case TillConfig():
            return _configured(state, message)
        case WalletChanges():
            return _wallets(state, message)
        case HubStatus():
            return _status(state, message, moment)
        case TokenIssued():
            return state, (Note("The hub issued a token nobody here asked for."),)
        case _:
            assert_never(message)


def on_link(state: TillState, event: LinkEvent, moment: Moment) -> Step:
    """Take in what became of the way to the hub."""
    known = state.connection
    step: Step = state, ()
    match event:
        case HubLamp(lamp=lamp):
            step = replace(state, connection=replace(known, lamp=lamp)), ()
        case LinkUp():
            # What the hub says of itself may have come just before.
            fresh = replace(known, linked=True, silent=False)
            state, effects = wallet_news.renewed(_connected(state, fresh, moment))
            step = state, (DeliverNow(), *_fetch(state), *effects)
        case LinkDown() | NotSent():
            step = (
                _connected(state, replace(known, linked=False, online=None), moment),
                (),
            )
        case NobodyListens():
            step = silenced(state, moment)
        case ProbeImpossible():
            step = _connected(state, replace(known, silent=False), moment), ()
        case UndeliveredAgain(orders=orders, closings=closings, tse_news=news):
            unsealed = (each.decision.order for each in state.signing)
            state = closing.reopened(state, closings)
            if news is not None:
                state = replace(state, tse_news=news)
            left = dict.fromkeys((*orders, *unsealed))
            step = replace(state, undelivered=left, restored=False), ()
        case AdviceStuck(order=order, text=text):
            step = _stuck(state, order, text)
        case _:
            step = _downloaded(state, event)
    return step


def _downloaded(
    state: TillState,
    event: CatalogueFetched | CatalogueFailed | WalletsFetched | WalletsFailed,
) -> Step:
    match event:
        case CatalogueFetched(data=data):
            return _catalogue(state, data)
        case CatalogueFailed(text=text):
            return _no_catalogue(state, text)
        case WalletsFetched():
            return _fetched(state, event)
        case WalletsFailed(text=text):
            return wallet_news.failed(state, text)
        case _:
            assert_never(event)


def on_probe_due(state: TillState) -> Step:
    """Probe a silent hub, and again as long as it stays silent."""
    if not state.connection.silent:
        return state, ()
    again = SetAlarm(ProbeDue(), PROBE_INTERVAL_MS)
    return state, (Probe(), again) if state.connection.linked else (again,)


def on_catalogue_due(state: TillState) -> Step:
    """Try the download again, if it is still wanted."""
    return state, _fetch(state)


def alive(state: TillState, moment: Moment) -> TillState:
    """Note a sign of life from the hub: it closes the breaker and ends the outage.

    It counts for more than "offline": a dead hub's last will may come after the hub
    that took over has said that it is there.
    """
    known = state.connection
    if not known.silent and known.outage_since is None and known.online is not False:
        return state
    online = None if known.online is False else known.online
    known = replace(known, silent=False, online=online)
    return _connected(state, known, moment, heard=True)


def silenced(state: TillState, moment: Moment) -> Step:
    """Open the breaker; a background probe will close it."""
    if state.connection.silent:
        return state, ()
    state = _connected(state, replace(state.connection, silent=True), moment)
    return state, (SetAlarm(ProbeDue(), PROBE_INTERVAL_MS),)


def on_anchor(state: TillState, anchor: Anchor, *, may_be_old: bool = False) -> Step:
    """Compare an answer's ledger with the one known so far.

    `may_be_old`: the answer repeats an original verdict, so a lower batch says nothing.
    """
    if state.incarnation is None or (
        anchor.incarnation == state.incarnation
        and (may_be_old or anchor.batch >= state.batch)
    ):
        batch = max(state.batch, anchor.batch)
        return replace(state, incarnation=anchor.incarnation, batch=batch), ()
    same = anchor.incarnation == state.incarnation
    book = state.book.restored(anchor.batch if same else None)
    state = replace(
        registers.forgotten(state),
        incarnation=anchor.incarnation,
        batch=anchor.batch,
        book=book,
    )
    effects: Effects = (
        Commit((LedgerRestored(anchor),)),
        Redeliver(),
        Note(
            f"The ledger went back to batch {anchor.batch}; this till sends again"
            " what came after it.",
            urgent=True,
        ),
    )
    state, more = wallet_news.renewed(state)
    return state, (*effects, *(() if same else (ForgetWallets(),)), *more)


def _connected(
    state: TillState, now: Connection, moment: Moment, *, heard: bool = False
) -> TillState:
    since = now.outage_since
    if not now.up:
        since = since or moment.now
    elif heard:  # not before: a link that comes and goes must not renew the limit
        since = None
    return replace(state, connection=replace(now, outage_since=since))


def _status(state: TillState, message: HubStatus, moment: Moment) -> Step:
    told = replace(state.connection, online=message.online, silent=False)
    state = _connected(state, told, moment, heard=message.online)
    effects: Effects = ()
    if message.anchor is not None:
        state, effects = on_anchor(state, message.anchor)
    return state, (*effects, DeliverNow()) if message.online else effects


def _recorded(state: TillState, message: AdviceRecorded) -> Step:
    state, effects = on_anchor(state, message.anchor)
    news = tuple(
        (OrderId(each.order), each.flags)
        for each in message.recorded
        if each.order in state.undelivered
    )
    orders = tuple(order for order, _ in news)
    if news:
        left = dict(state.undelivered)  # copied whole: 10 000 may wait after an outage
        for order in orders:
            left.pop(order, None)
        book = state.book.recorded(orders, message.anchor.batch)
        state = replace(state, undelivered=left, book=book)
        effects = (*effects, Commit((AdvicesRecorded(news, message.anchor),)))
    done = tuple(OrderId(each.order) for each in message.recorded)
    # First, so that what a restored ledger lacks is queued anew after it.
    delivered = Delivered(done, message.regarding)
    return state, (delivered, *effects, *_remarks(news))


def _remarks(news: tuple[tuple[OrderId, tuple[AdviceFlag, ...]], ...]) -> Effects:
    # One per flag, not per order: after an outage thousands may have the same.
    flagged: dict[AdviceFlag, list[OrderId]] = {}
    for order, flags in news:
        for flag in flags:
            if flag in _ODD:
                flagged.setdefault(flag, []).append(order)
    return tuple(
        Note(f"The hub booked {_these(orders)}, but flagged it: {flag.value}.")
        for flag, orders in flagged.items()
    )


def _these(orders: list[OrderId]) -> str:
    more = f" and {len(orders) - 1} more" if orders[1:] else ""
    return f"order {orders[0]}{more}"


def _wallets(state: TillState, message: WalletChanges) -> Step:
    state, effects = _known(state, message.anchor, message.changes)
    state, more = wallet_news.told(state, message.number)
    return state, (*effects, *more)


def _fetched(state: TillState, event: WalletsFetched) -> Step:
    state, effects = _known(state, event.anchor, event.changes)
    if not event.is_last:
        return state, effects
    state, more = wallet_news.fetched(state, event.number)
    return state, (*effects, *more)


def _known(state: TillState, anchor: Anchor, changes: tuple[WalletChange, ...]) -> Step:
    state, effects = on_anchor(state, anchor, may_be_old=True)
    if anchor.incarnation != state.incarnation:
        return state, effects
    book = state.book.heard(changes, anchor.batch)
    news = tuple(
        (WalletSerial(each.wallet), book.wallets[WalletSerial(each.wallet)])
        for each in changes
    )
    return replace(state, book=book), (*effects, CacheWallets(news))


def _stuck(state: TillState, order: OrderId, text: str) -> Step:
    banner = Banner(
        Tone.CALL_THE_TECHNICIAN,
        "The hub refuses an order",
        f"Order {order} is kept in this till. The hub says: {text}",
    )
    note = Note(f"The hub refuses the advice of order {order}: {text}", urgent=True)
    return replace(state, banner=banner), (note,)


def _configured(state: TillState, config: TillConfig) -> Step:
    me = state.identity
    if config.till != me.till or config.event != me.event:
        text = (
            f"The hub sent the configuration of till {config.till} at event"
            f" {config.event}; this is {me.till} at {me.event}."
            " Check the till's identity at the hub."
        )
        banner = Banner(Tone.CALL_THE_TECHNICIAN, "Wrong configuration", text)
        return replace(state, banner=banner), (Note(text, urgent=True),)
    keep = Commit((ConfigKept(encode(config)),))
    terms = state.terms
    if terms is not None and terms.digest == config.catalogue.digest:
        if terms.config == config:
            return state, ()
        terms = replace(terms, config=config)
        state, effects = wallet_news.wanted(
            replace(state, terms=terms, next_config=None)
        )
        return state, (keep, *effects)
    state, effects = wallet_news.wanted(replace(state, next_config=config))
    return state, (keep, *_fetch(state), *effects)


def _fetch(state: TillState) -> tuple[Effect, ...]:
    if state.next_config is None:
        return ()
    return (FetchCatalogue(state.next_config.catalogue),)


def _no_catalogue(state: TillState, text: str) -> Step:
    banner = Banner(Tone.TRY_AGAIN, "No product list yet", text)
    retry = SetAlarm(CatalogueDue(), CATALOGUE_RETRY_MS)
    return replace(state, banner=banner), (Note(text), retry)


def _catalogue(state: TillState, data: bytes) -> Step:
    config = state.next_config
    if config is None:
        return state, ()
    retry = SetAlarm(CatalogueDue(), CATALOGUE_RETRY_MS)
    if digest(data) != config.catalogue.digest:
        text = (
            "The product list that arrived is not the one the hub announced;"
            " it is fetched again."
        )
        return state, (Note(text), retry)
    try:
        catalogue = decode_catalogue(data)
    except msgspec.DecodeError as error:
        text = f"The hub's product list can't be used: {error}."
        banner = Banner(Tone.CALL_THE_TECHNICIAN, "Product list broken", text)
        return replace(state, banner=banner), (Note(text, urgent=True), retry)
    terms = Terms(config, catalogue, config.catalogue.digest)
    state = replace(state, terms=terms, next_config=None, banner=None)
    return state, (Commit((CatalogueKept(data),)),)
