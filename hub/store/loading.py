"""Reading back what the writer must know of wristbands and orders before it judges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contract.messages import AdviceFlag, DeclineReason, decode_advice
from contract.order import decode_order
from hub.core.booking import Step, moves_of
from hub.core.changes import HELD
from hub.core.ledger import Role, Unit
from hub.core.state import (
    Band,
    Charge,
    End,
    LedgerState,
    Live,
    OrderState,
    Presale,
    Undone,
    Verdict,
    Wallet,
)
from hub.core.undoing import given_by, goes_out, quantities_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from contract.order import Order
    from hub.core.ledger import Account
    from hub.core.state import Missing
    from hub.store.store import Row, Store


async def load(store: Store, event: int, state: LedgerState, missing: Missing) -> None:
    """Add to a state what it misses; what nobody knows is noted as such.

    What the state holds already is newer than the database, and stays.
    """
    await _load_accounts(store, event, state, missing.accounts)
    if missing.bands:
        await _load_bands(store, event, state, missing.bands)
    if missing.presales:
        await _load_presales(store, event, state, missing.presales)
    # Not by difference with the keys: that walks all orders that are known.
    named = missing.orders | missing.originals
    wanted = [number for number in named if number not in state.orders]
    if wanted:
        await _load_orders(store, event, state, wanted)
    if missing.originals:
        await _load_cancellations(store, event, state, list(missing.originals))
        await _load_bands_of(store, event, state, missing.originals)


async def _load_accounts(
    store: Store, event: int, state: LedgerState, accounts: Iterable[Account]
) -> None:
    for account in accounts:
        key = (event, account.role.value, account.key)
        await store.fetch("open_account", *key)
        number = await store.fetch_value("account", *key)
        if account.role in HELD:
            await store.fetch("open_holding", event, number)
            held = await store.fetch_value("holding", event, number)
            state.holdings.setdefault(number, held)
        if account.role is Role.CASH_REGISTER:
            holder = await store.fetch_value("register_holder", event, account.key)
            state.holders.setdefault(account.key, holder)
        state.accounts[account] = number


async def _load_bands(
    store: Store, event: int, state: LedgerState, serials: frozenset[int]
) -> None:
    rows = await store.fetch("load_bands", event, list(serials))
    state.bands.update(dict.fromkeys(serials))
    for row in rows:
        state.bands[row["serial"]] = _band(row, row["id"])
        state.wallets.setdefault(row["id"], _wallet(row))


async def _load_bands_of(
    store: Store, event: int, state: LedgerState, originals: Iterable[UUID]
) -> None:
    """Load who paid for orders and who gained: they may have been swapped since."""
    ends = [state.orders[number].end for number in originals]
    named = {
        serial
        for end in ends
        if end is not None
        for serial in (end.payer, *(move.serial for move in end.moves))
        if serial is not None and state.bands.get(serial) is None
    }
    if named:
        await _load_bands(store, event, state, frozenset(named))


async def _load_orders(
    store: Store, event: int, state: LedgerState, numbers: list[UUID]
) -> None:
    orders = {number: OrderState() for number in numbers}
    for row in await store.fetch("load_verdicts", event, numbers):
        reason = DeclineReason(row["reason"]) if row["reason"] else None
        orders[row["order_id"]].verdicts[row["attempt"]] = Verdict(
            row["digest"], reason, row["balance_minor"]
        )
    for row in await store.fetch("load_ends", event, numbers):
        orders[row["order_id"]].end = _end(row)
    for row in await store.fetch("load_contradictions", event, numbers):
        orders[row["order_id"]].contradictions.add(row["advice_digest"])
    await _load_live(store, event, state, orders)
    state.orders.update(orders)


async def _load_live(
    store: Store, event: int, state: LedgerState, orders: dict[UUID, OrderState]
) -> None:
    rows_by_order: dict[UUID, list[Row]] = {}
    for row in await store.fetch("load_live_postings", event, list(orders)):
        rows_by_order.setdefault(row["order_id"], []).append(row)
    for number, rows in rows_by_order.items():
        orders[number].live = _live(rows)
        for row in rows:
            if row["held_minor"] is not None:
                state.holdings.setdefault(row["account"], row["held_minor"])
    await _load_band_changes(store, event, state, orders)
    await _load_presale_uses(store, event, state, orders)
    lives = [each.live for each in orders.values() if each.live is not None]
    numbers = {charge.wallet for live in lives for charge in live.charges}
    # A wristband that is swapped back opens again what it opened before.
    numbers |= {before.wallet for live in lives for _, before, _ in live.bands}
    numbers -= state.wallets.keys()
    if numbers:
        for row in await store.fetch("load_wallets", event, list(numbers)):
            state.wallets.setdefault(row["id"], _wallet(row))


async def _load_band_changes(
    store: Store, event: int, state: LedgerState, orders: dict[UUID, OrderState]
) -> None:
    # What changes a wristband posts nothing.
    silent = {
        number: order.live
        for number, order in orders.items()
        if order.live is not None and not order.live.postings
    }
    if not silent:
        return
    changes: dict[UUID, list[tuple[int, Band, Band]]] = {}
    for row in await store.fetch("load_band_changes", event, list(silent)):
        live = silent[row["order_id"]]
        if row["entry"] == live.entry:
            before = _band(row, row["wallet_before"], "_before")
            changed = (row["serial"], before, _band(row, row["wallet"]))
            changes.setdefault(row["order_id"], []).append(changed)
    for number, changed_bands in changes.items():
        orders[number].live = replace(silent[number], bands=tuple(changed_bands))
    serials = {each[0] for bands in changes.values() for each in bands}
    unknown = frozenset(each for each in serials if state.bands.get(each) is None)
    if unknown:
        await _load_bands(store, event, state, unknown)


async def _load_presale_uses(
    store: Store, event: int, state: LedgerState, orders: dict[UUID, OrderState]
) -> None:
    booked = {
        number: order.live for number, order in orders.items() if order.live is not None
    }
    if not booked:
        return
    codes: dict[UUID, list[str]] = {}
    for row in await store.fetch("load_presale_uses", event, list(booked)):
        if row["entry"] == booked[row["order_id"]].entry:
            codes.setdefault(row["order_id"], []).append(row["code_hash"])
    for number, used in codes.items():
        orders[number].live = replace(booked[number], presale=tuple(used))
    unknown = {code for used in codes.values() for code in used} - state.presales.keys()
    if unknown:
        await _load_presales(store, event, state, unknown)


async def _load_presales(
    store: Store, event: int, state: LedgerState, codes: Iterable[str]
) -> None:
    for row in await store.fetch("load_presales", event, list(codes)):
        known = Presale(row["product"], row["holder"])
        state.presales.setdefault(row["code_hash"], known)


def _live(rows: list[Row]) -> Live:
    first = rows[0]
    posted = [row for row in rows if row["account"] is not None]
    charges: dict[int, Charge] = {}
    for row in posted:
        if row["is_wallet"]:
            so_far = charges.get(row["account"], Charge(row["account"], 0, 0))
            is_money = row["unit"] == Unit.MONEY.value
            charges[row["account"]] = Charge(
                row["account"],
                so_far.minor + (row["amount_minor"] if is_money else 0),
                so_far.vouchers + (0 if is_money else row["amount_minor"]),
            )
    return Live(
        first["id"],
        first["attempt"],
        tuple((row["account"], row["unit"], row["amount_minor"]) for row in posted),
        tuple(charges.values()),
        first["cancels"],
    )


async def _load_cancellations(
    store: Store, event: int, state: LedgerState, numbers: list[UUID]
) -> None:
    for row in await store.fetch("load_cancellations", event, numbers):
        order = _order(row["advice"], row["body"])
        lost = (row["losses"] or (), row["units"] or (), row["amounts"] or ())
        undone = Undone(
            row["minor"],
            row["vouchers"],
            quantities_of(order.lines),
            tuple(zip(*lost, strict=True)),
            given_by(order.lines, order.credits),
            goes_out(order.lines),
        )
        state.orders[row["cancels"]].undone.setdefault(row["order_id"], undone)
    state.originals.update(numbers)


def _order(advice: bytes | None, body: bytes | None) -> Order:
    if advice is not None:
        return decode_order(decode_advice(advice).order)
    assert body is not None, "what booked it was an advice or a request"
    return decode_order(body)


def _end(row: Row) -> End:
    order = decode_order(decode_advice(row["advice"]).order)
    completed = row["outcome"] == Step.COMPLETED.value
    return End(
        Step(row["outcome"]),
        row["attempt"],
        row["digest"],
        row["advice_digest"],
        tuple(AdviceFlag(flag) for flag in row["flags"]),
        row["payer"],
        () if order.training else order.lines,  # there is nothing to take back
        moves_of(order) if completed else (),
        row["till"],
        order.acts_as,
        None if order.training else order.bill,
        None if order.training or order.payment is None else order.payment.method,
        () if order.training else order.credits,
    )


def _wallet(row: Row) -> Wallet:
    return Wallet(
        row["id"],
        row["balance_minor"],
        row["overdraft_minor"],
        row["vouchers"],
        row["cap_minor"],
        row["excess_minor"],
        row["used"],
    )


def _band(row: Row, wallet: int, when: str = "") -> Band:
    return Band(
        wallet,
        row[f"blocked{when}"],
        row[f"registered{when}"],
        row[f"restriction{when}"],
        row[f"successor{when}"],
        row[f"note{when}"],
        row[f"variant{when}"],
    )
