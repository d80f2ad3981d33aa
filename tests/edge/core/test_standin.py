"""Stand-in: never on more than is surely there, never beyond the allowances."""

from __future__ import annotations

from random import Random
from uuid import UUID

import pytest

from contract.ids import OrderId, WalletSerial
from contract.messages import DeclineReason, StandInLimits, WalletChange
from edge.core.records import CachedWallet, Spend
from edge.core.standin import Granted, StandInBook

WALLET = WalletSerial(7)
OTHER = WalletSerial(8)
LIMITS = StandInLimits(allowance_minor=2_000, till_total_minor=3_000)


def spend(number: int, total: int, batch: int | None = None, wallet: int = 7) -> Spend:
    return Spend(OrderId(UUID(int=number)), 1, WalletSerial(wallet), total, batch)


def book(available: int, *spends: Spend, batch: int = 10) -> StandInBook:
    made = StandInBook({WALLET: CachedWallet(available, False, batch)})
    for each in spends:
        made = made.spent(each)
    return made


@pytest.mark.parametrize(
    ("known", "total", "expected"),
    [
        (book(1_000), 1_000, Granted(10)),
        (book(1_000), 1_001, DeclineReason.HUB_SILENT),
        (book(1_000, spend(1, 400)), 600, Granted(10)),
        (book(1_000, spend(1, 400)), 601, DeclineReason.HUB_SILENT),
        (book(1_000, spend(1, 400, 10)), 1_000, Granted(10)),  # in the balance already
        (book(1_000, spend(1, 400, 11)), 601, DeclineReason.HUB_SILENT),  # not yet
        (book(9_000), 2_001, DeclineReason.ALLOWANCE_USED_UP),
        (book(9_000, spend(1, 1_500)), 501, DeclineReason.ALLOWANCE_USED_UP),
        (book(9_000, spend(1, 2_500, None, 8)), 501, DeclineReason.ALLOWANCE_USED_UP),
        (StandInBook(), 1, DeclineReason.HUB_SILENT),
    ],
)
def test_what_a_till_may_complete_alone(
    known: StandInBook, total: int, expected: Granted | DeclineReason
) -> None:
    assert known.judge(WALLET, total, LIMITS, 0) == expected


def test_a_blocked_wristband_pays_nothing_even_offline() -> None:
    blocked = StandInBook({WALLET: CachedWallet(1_000, True, 1)})
    assert blocked.judge(WALLET, 1, LIMITS, 0) is DeclineReason.BLOCKED_WRISTBAND


def test_an_old_outage_ends_the_stand_in() -> None:
    age = LIMITS.outage_age_s
    assert book(1_000).judge(WALLET, 1, LIMITS, age) == Granted(10)
    assert book(1_000).judge(WALLET, 1, LIMITS, age + 1) is DeclineReason.HUB_SILENT


def test_unknown_wallets_have_a_limit_of_their_own() -> None:
    limits = StandInLimits(
        allowance_minor=0, till_total_minor=9_000, unknown_wallet_minor=500
    )
    assert StandInBook().judge(WALLET, 500, limits, 0) == Granted(None)
    used = StandInBook().spent(spend(1, 300))
    assert used.judge(WALLET, 201, limits, 0) is DeclineReason.ALLOWANCE_USED_UP


def test_a_recorded_order_gives_its_allowance_back() -> None:
    used = book(9_000, spend(1, 2_000))
    assert used.judge(WALLET, 1, LIMITS, 0) is DeclineReason.ALLOWANCE_USED_UP
    told = used.recorded([OrderId(UUID(int=1))], 12)
    assert told.judge(WALLET, 1, LIMITS, 0) == Granted(10)


def test_a_late_verdict_counts_only_for_the_attempt_that_decided() -> None:
    used = book(1_000, spend(1, 400))
    assert used.booked(OrderId(UUID(int=1)), 2, 10).outstanding(WALLET) == 400
    assert used.booked(OrderId(UUID(int=1)), 1, 10).outstanding(WALLET) == 0


def test_an_older_word_of_the_hub_changes_nothing() -> None:
    older = WalletChange(wallet=7, available_minor=5_000)
    assert book(1_000).heard([older], 9) == book(1_000)


def test_a_ledger_that_went_back_is_not_trusted() -> None:
    used = book(1_000, spend(1, 400, 10))
    assert used.restored(None).wallets == {}
    assert used.restored(9).outstanding(WALLET) == 400
    assert used.restored(10) == used


def test_available_is_never_too_high_however_messages_race() -> None:
    """The truth and the till's view of one wallet, over a wire that reorders."""
    for seed in range(200):
        random = Random(seed)
        truth = 10_000
        known = book(truth, batch=0)
        on_the_way: list[tuple[str, int, int]] = []
        for batch, number in enumerate(range(40), start=1):
            total = random.randint(1, 200)
            truth -= total
            if random.random() < 0.7:  # this till's order; its answer may be late
                known = known.spent(spend(number, total))
                on_the_way.append(("answer", number, batch))
                on_the_way.append(("wallet", truth, batch))
            else:  # another till's order: the hub tells before it matters here
                known = known.heard(
                    [WalletChange(wallet=7, available_minor=truth)], batch
                )
            random.shuffle(on_the_way)
            while on_the_way and random.random() < 0.6:
                kind, value, at = on_the_way.pop()
                if kind == "answer":
                    known = known.recorded([OrderId(UUID(int=value))], at)
                else:
                    change = WalletChange(wallet=7, available_minor=value)
                    known = known.heard([change], at)
            assert known.available(WALLET, known.wallets[WALLET]) <= truth
