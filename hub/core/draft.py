"""A batch in the making: items judged so far, and the head of the chain they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.core import chain
from hub.core.booking import Result
from hub.core.judging import judge
from hub.core.records import Records, Table
from hub.core.state import follows

if TYPE_CHECKING:
    from hub.core.booking import Item
    from hub.core.judging import Judgment
    from hub.core.state import LedgerState

BATCH_MAX = 1024


class Draft:
    """Judges items one by one; what it changes in the state is not committed yet."""

    def __init__(self, state: LedgerState) -> None:
        self.state = state
        self.records = Records()
        self.items: list[Item] = []
        self._judgments: list[Judgment] = []
        self.head_before = state.chain_head
        self.held_before = state.guests_money.held
        self._met_known = False

    @property
    def is_full(self) -> bool:
        """Whether the next item must wait for another batch."""
        return len(self.items) >= BATCH_MAX

    def take(self, item: Item) -> None:
        """Judge an item of which nothing is missing in the state."""
        known = self.state.orders.get(item.order)
        if known is not None and (known.verdicts or known.end) and not follows(item):
            self._met_known = True  # although it looked new
        self._judgments.append(judge(item, self.state, self.records))
        self.items.append(item)

    def close(self) -> None:
        """Give the batch its number and its head; nothing is taken after that."""
        state, records = self.state, self.records
        state.batch += 1
        state.chain_head = chain.next_head(state.chain_head, records.lines)
        state.is_wary = state.is_wary and self._met_known
        state.shed()
        self.number, self.head = state.batch, state.chain_head
        self.last_entry = state.last_entry
        self.held = state.guests_money.held
        self.held_excess = state.guests_money.excess
        self.wallets = Table(7)
        for wallet, before, vouchers_before in records.wallets.values():
            self.wallets.add(
                (
                    wallet.number,
                    before,
                    wallet.balance,
                    wallet.overdraft,
                    wallet.excess,
                    vouchers_before,
                    wallet.vouchers,
                )
            )

        self.holdings = Table(3)
        for account, before in records.holdings.items():
            self.holdings.add((account, before, state.holdings[account]))

    @property
    def changed(self) -> set[int]:
        """The wallets of which something changed."""
        _, _, wallets, *_ = self.records.bands.columns
        return {*self.records.wallets, *wallets}

    def results(self) -> list[Result]:
        """What each item came to, once the batch is committed."""
        return [
            Result(code, reason, balance, flags, self.number, self.head, standing)
            for code, reason, balance, flags, standing in self._judgments
        ]
