"""A till never takes its cached wallets for complete when it has missed a message."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import msgspec

from contract.messages import WalletChange, WalletChanges
from edge.core import effects, events
from edge.core.state import WalletNews
from tests.edge.core.desk import ANCHOR, TERMS, Desk

PATH = "/edge/wallets"


def desk() -> Desk:
    """A till whose hub serves wallet snapshots, just connected."""
    made = Desk()
    config = msgspec.structs.replace(TERMS.config, wallets_path=PATH)
    made.state = replace(made.state, terms=replace(TERMS, config=config))
    made.do(events.LinkUp())
    return made


def tell(till: Desk, number: int, available: int = 100, batch: int = 5) -> bool:
    """Whether a message about wallet 1 makes the till fetch the snapshot."""
    till.say(
        WalletChanges(
            id=UUID(int=number),
            number=number,
            anchor=msgspec.structs.replace(ANCHOR, batch=batch),
            changes=(WalletChange(wallet=1, available_minor=available),),
        )
    )
    return effects.FetchWallets(PATH) in till.done


def fetched(
    till: Desk, number: int, available: int = 100, *, is_last: bool = True
) -> bool:
    """Whether the snapshot as of a number makes the till fetch another one."""
    changes = (WalletChange(wallet=1, available_minor=available, vouchers=2),)
    till.do(events.WalletsFetched(number, ANCHOR, changes, is_last))
    return effects.FetchWallets(PATH) in till.done


def test_a_till_that_connects_fetches_all_wallets() -> None:
    till = desk()
    assert effects.FetchWallets(PATH) in till.done
    assert not fetched(till, 7, 900)
    assert till.state.news == WalletNews(7, 7, complete=True)
    (known,) = till.state.book.wallets.values()
    assert (known.available_minor, known.vouchers) == (900, 2)
    assert till.performed(effects.CacheWallets)


def test_a_hub_without_snapshots_is_not_asked_for_one() -> None:
    till = Desk()
    config = msgspec.structs.replace(TERMS.config, wallets_path="")
    till.state = replace(till.state, terms=replace(TERMS, config=config))
    till.do(events.LinkUp())
    assert not till.performed(effects.FetchWallets)


def test_messages_in_a_row_need_no_snapshot() -> None:
    till = desk()
    fetched(till, 7)
    assert not any(tell(till, number) for number in (8, 9, 9, 10))
    assert till.state.news.complete


def test_a_missing_number_asks_for_the_snapshot_once() -> None:
    till = desk()
    fetched(till, 7)
    assert tell(till, 9)
    assert not tell(till, 10)
    assert not till.state.news.complete
    assert not fetched(till, 9)
    assert till.state.news == WalletNews(10, 10, complete=True)


def test_a_number_that_goes_back_asks_for_the_snapshot() -> None:
    till = desk()
    fetched(till, 7)
    assert tell(till, 3)


def test_a_snapshot_older_than_a_gap_is_fetched_again() -> None:
    till = desk()
    tell(till, 12)
    assert fetched(till, 10), "message 11 is still missing"
    assert not fetched(till, 11)
    assert till.state.news.complete


def test_parts_count_when_the_last_one_is_there() -> None:
    till = desk()
    fetched(till, 7, is_last=False)
    assert not till.state.news.complete
    fetched(till, 7)
    assert till.state.news.complete


def test_an_older_snapshot_overwrites_no_newer_word() -> None:
    till = desk()
    tell(till, 8, available=50, batch=6)
    fetched(till, 8, available=900)
    (known,) = till.state.book.wallets.values()
    assert known.available_minor == 50


def test_a_failed_download_is_tried_again() -> None:
    till = desk()
    till.do(events.WalletsFailed("The wallet snapshot: nobody answers."))
    (alarm,) = (each for each in till.done if isinstance(each, effects.SetAlarm))
    assert till.performed(effects.Note)
    till.do(alarm.alarm)
    assert till.performed(effects.FetchWallets)
    fetched(till, 1)
    till.do(alarm.alarm)
    assert not till.performed(effects.FetchWallets)


def test_a_lost_connection_makes_the_wallets_incomplete() -> None:
    till = desk()
    fetched(till, 7)
    till.do(events.LinkDown())
    till.do(events.LinkUp())
    assert effects.FetchWallets(PATH) in till.done


def test_another_ledger_makes_the_wallets_incomplete() -> None:
    till = desk()
    fetched(till, 7)
    restored = msgspec.structs.replace(ANCHOR, incarnation=UUID(int=78), batch=2)
    till.do(
        events.HubSaid(
            WalletChanges(id=UUID(int=1), number=8, anchor=restored, changes=())
        )
    )
    assert effects.FetchWallets(PATH) in till.done
    assert till.performed(effects.ForgetWallets)
