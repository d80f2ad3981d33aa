"""Stand-in: how far a till may go on a wallet while the hub is silent.

available = cached balance at batch b, minus this till's completed orders on that
wallet whose batch is unknown or above b. That figure is never too high, however
answers and wallet messages race; at worst it is briefly too low.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from contract.ids import WalletSerial
from contract.messages import DeclineReason
from edge.core.records import CachedWallet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contract.ids import OrderId
    from contract.messages import StandInLimits, WalletChange
    from edge.core.records import Spend


@dataclass(frozen=True, slots=True)
class Granted:
    """The till may complete the order; `basis_batch` is what it relied on."""

    basis_batch: int | None


@dataclass(frozen=True, slots=True)
class StandInBook:
    """What this till knows of wallets: the hub's cached word and its own orders."""

    wallets: Mapping[WalletSerial, CachedWallet] = field(default_factory=dict)
    spends: Mapping[WalletSerial, tuple[Spend, ...]] = field(default_factory=dict)

    def judge(
        self,
        wallet: WalletSerial,
        total_minor: int,
        limits: StandInLimits,
        outage_age_s: int,
    ) -> Granted | DeclineReason:
        """Say whether the till may complete an order of this total by itself."""
        cached = self.wallets.get(wallet)
        known = cached is not None
        allowance = limits.allowance_minor if known else limits.unknown_wallet_minor
        refusal: DeclineReason | None = None
        if cached is not None and cached.blocked:
            refusal = DeclineReason.BLOCKED_WRISTBAND
        elif outage_age_s > limits.outage_age_s or (not known and allowance == 0):
            refusal = DeclineReason.HUB_SILENT
        elif (
            self.outstanding_of_till() + total_minor > limits.till_total_minor
            or self.outstanding(wallet) + total_minor > allowance
        ):
            refusal = DeclineReason.ALLOWANCE_USED_UP
        elif cached is not None and total_minor > self.available(wallet, cached):
            refusal = DeclineReason.HUB_SILENT
        if refusal is not None:
            return refusal
        return Granted(None if cached is None else cached.batch)

    def available(self, wallet: WalletSerial, cached: CachedWallet) -> int:
        """Compute what is surely left on a wallet (minor units)."""
        return cached.available_minor - sum(
            spend.total_minor
            for spend in self.spends.get(wallet, ())
            if spend.batch is None or spend.batch > cached.batch
        )

    def outstanding(self, wallet: WalletSerial) -> int:
        """Add up what the ledger has not confirmed yet: the allowance used up."""
        return sum(
            spend.total_minor
            for spend in self.spends.get(wallet, ())
            if spend.batch is None
        )

    def outstanding_of_till(self) -> int:
        """Add up what the ledger has not confirmed yet on any wallet."""
        return sum(self.outstanding(wallet) for wallet in self.spends)

    def spent(self, spend: Spend) -> StandInBook:
        """Note a completed order."""
        own = (*self.spends.get(spend.wallet, ()), spend)
        return replace(self, spends={**self.spends, spend.wallet: own})

    def booked(self, order: OrderId, attempt: int, batch: int) -> StandInBook:
        """Note a late verdict; it counts only for the attempt that decided."""
        return self._confirm({order}, batch, attempt)

    def recorded(self, orders: Iterable[OrderId], batch: int) -> StandInBook:
        """Note that the ledger holds these orders' advices as of a batch."""
        return self._confirm(set(orders), batch, None)

    def _confirm(
        self, orders: set[OrderId], batch: int, attempt: int | None
    ) -> StandInBook:
        def confirm(spend: Spend) -> Spend:
            if (
                spend.batch is None
                and spend.order in orders
                and attempt in {None, spend.attempt}
            ):
                return replace(spend, batch=batch)
            return spend

        touched = {
            wallet: tuple(confirm(each) for each in own)
            for wallet, own in self.spends.items()
            if any(each.batch is None and each.order in orders for each in own)
        }
        return replace(self, spends={**self.spends, **touched})

    def heard(self, changes: Iterable[WalletChange], batch: int) -> StandInBook:
        """Take over what the hub says of wallets; older words change nothing."""
        wallets, spends = dict(self.wallets), dict(self.spends)
        for change in changes:
            wallet = WalletSerial(change.wallet)
            known = wallets.get(wallet)
            if known is not None and known.batch > batch:
                continue
            wallets[wallet] = CachedWallet(
                change.available_minor,
                change.blocked or change.swapped,
                batch,
                change.vouchers,
                change.variant,
            )
            own = tuple(
                each
                for each in spends.pop(wallet, ())
                if each.batch is None or each.batch > batch
            )
            if own:
                spends[wallet] = own
        return StandInBook(wallets, spends)

    def blocking(self, wallet: WalletSerial) -> StandInBook:
        """Note that this till blocked a wristband before the hub could be asked."""
        known = self.wallets.get(wallet, CachedWallet(0, blocked=False, batch=0))
        blocked = replace(known, blocked=True)
        return replace(self, wallets={**self.wallets, wallet: blocked})

    def restored(self, batch: int | None) -> StandInBook:
        """Go back with the ledger: to a batch, or to nothing known (None).

        Orders above it count as unconfirmed until the ledger holds them again.
        """
        wallets = {
            wallet: cached
            for wallet, cached in self.wallets.items()
            if batch is not None and cached.batch <= batch
        }
        spends = {
            wallet: tuple(_unconfirmed(each, above=batch) for each in own)
            for wallet, own in self.spends.items()
        }
        return StandInBook(wallets, spends)


def _unconfirmed(spend: Spend, *, above: int | None) -> Spend:
    if spend.batch is None or (above is not None and spend.batch <= above):
        return spend
    return replace(spend, batch=None)
