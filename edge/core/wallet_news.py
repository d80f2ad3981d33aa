"""Whether the till has heard all news of wallets, or must fetch them all at once.

Messages about wallets are numbered. A till that starts or reconnects, or finds a number
missing, fetches the snapshot; then whatever was told since must follow without a gap.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edge.core.effects import FetchWallets, Note, SetAlarm
from edge.core.events import WalletsDue
from edge.core.state import WalletNews

if TYPE_CHECKING:
    from edge.core.effects import Effects
    from edge.core.state import Step, TillState

RETRY_MS = 5_000


def renewed(state: TillState) -> Step:
    """Begin anew: what was told meanwhile was not heard."""
    return wanted(_with(state, WalletNews(fetching=state.news.fetching)))


def wanted(state: TillState) -> Step:
    """Fetch the snapshot, if one is missing and none is under way."""
    terms = state.terms
    config = state.next_config or (None if terms is None else terms.config)
    news, path = state.news, "" if config is None else config.wallets_path
    if news.complete or news.fetching or not path or not state.connection.linked:
        return state, ()
    return _with(state, replace(news, fetching=True)), (FetchWallets(path),)


def told(state: TillState, number: int) -> Step:
    """Note a message's number; a gap before it asks for the snapshot."""
    news = state.news
    if number == news.last:  # said twice
        return state, ()
    if news.last is not None and number == news.last + 1:
        return _with(state, replace(news, last=number)), ()
    return wanted(
        _with(state, WalletNews(number, number, fetching=news.fetching)),
    )


def fetched(state: TillState, number: int) -> Step:
    """Note that all wallets are known as of a number; one that is too old is no use."""
    news = replace(state.news, fetching=False)
    if news.first is not None and news.first > number + 1:
        return wanted(_with(state, news))
    last = max(number, news.last or number)
    return _with(state, WalletNews(last, last, complete=True)), ()


def failed(state: TillState, text: str) -> Step:
    """Try again later; meanwhile the till stands in for what it has heard of."""
    effects: Effects = (Note(text), SetAlarm(WalletsDue(), RETRY_MS))
    return _with(state, replace(state.news, fetching=False)), effects


def _with(state: TillState, news: WalletNews) -> TillState:
    return replace(state, news=news)
