"""Judging: what becomes of one word about one order, given all that was said before.

Pure: it changes the state in memory and adds records to the batch being formed; the
store then writes the batch, whose constraints check what matters once more. Items are
judged one after the other, so every balance an item meets is the one it finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.messages import AdviceFlag, DeclineReason
from hub.core import limits, presales, tickets, undoing, wristbands
from hub.core.booking import LOSS_ACCOUNTS, ResultCode, Step
from hub.core.ledger import Account, Role, Unit
from hub.core.records import Entry
from hub.core.state import Charge, Closed, End, Live, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from hub.core.booking import Item, Move, Standing
    from hub.core.changes import ClosingWords
    from hub.core.records import Records
    from hub.core.state import Amounts, Changed, LedgerState, OrderState, Wallet

MONEY, VOUCHER = Unit.MONEY.value, Unit.VOUCHER.value

Judgment = tuple[
    ResultCode,
    "DeclineReason | None",
    "int | None",
    "tuple[AdviceFlag, ...]",
    "Standing | None",
]


def judge(item: Item, state: LedgerState, records: Records) -> Judgment:
    """Judge an item whose missing parts were loaded; all it changes is in `records`."""
    if item.closing is not None:
        return _close(item, item.closing, state, records)
    if item.order not in state.orders:
        records.fresh.append(item.order)
    known = state.order(item.order)
    if item.step is Step.REQUEST:
        return _judge_request(item, known, state, records)
    return _judge_advice(item, known, state, records)


def _judge_request(
    item: Item, known: OrderState, state: LedgerState, records: Records
) -> Judgment:
    seen, end = known.verdicts.get(item.attempt), known.end
    if seen is not None:
        if seen.digest != item.digest:
            return ResultCode.CONFLICT, None, None, (), None
        standing = limits.standing(item, state)
        odd = _oddities_of(item, state) if item.is_forced else ()
        return _answer(seen.reason), seen.reason, seen.balance, odd, standing
    if end is not None and end.attempt == item.attempt and end.digest != item.digest:
        return ResultCode.CONFLICT, None, None, (), None
    reason = _decide(item, known, state, records)
    standing = limits.standing(item, state)
    balance = None if standing is None else standing.balance_minor
    known.verdicts[item.attempt] = Verdict(item.digest, reason, balance)
    records.attempt(item, reason, balance)
    odd = _oddities_of(item, state) if item.is_forced else ()
    return _answer(reason), reason, balance, odd, standing


def _close(
    item: Item, words: ClosingWords, state: LedgerState, records: Records
) -> Judgment:
    assert item.till is not None, "a Z report is a till's"
    known = state.closings.get((item.till, words.z_number))
    if known is None:
        flags = tuple(flag.value for flag in words.flags)
        state.closings[item.till, words.z_number] = Closed(item.digest, flags)
        records.closing(item, words)
    elif known.digest != item.digest:
        return ResultCode.CONFLICT, None, None, (), None
    return ResultCode.RECORDED, None, None, (), None


def _decide(
    item: Item, known: OrderState, state: LedgerState, records: Records
) -> DeclineReason | None:
    """Book a new request, or say why not; attempts before it are closed either way."""
    end = known.end
    if end is not None:
        if end.step is Step.ABORTED:
            return DeclineReason.ABORTED
        return None if end.attempt == item.attempt else DeclineReason.SUPERSEDED
    if known.verdicts and max(known.verdicts) > item.attempt:
        return DeclineReason.SUPERSEDED
    if known.live is not None and known.live.attempt < item.attempt:
        reverse(item, known, state, records)
    reason = item.refusal or _objection(item, state)
    if reason is None and item.cancels is not None:
        reason = undoing.refusal(item, state)
    if reason is None and not item.is_forced:
        reason = limits.shortage(item, state)
    if reason is None:
        _book(item, known, state, records, cause="request")
    return reason


def _judge_advice(
    item: Item, known: OrderState, state: LedgerState, records: Records
) -> Judgment:
    assert item.advice_digest is not None, "an advice has a digest"
    end = known.end
    if end is not None:
        if end.advice_digest == item.advice_digest:
            return ResultCode.RECORDED, None, None, end.flags, None
        if item.advice_digest not in known.contradictions:
            known.contradictions.add(item.advice_digest)
            records.contradiction(item)
        flag = AdviceFlag.CONTRADICTS_ADVICE
        return ResultCode.RECORDED, None, None, (flag,), None
    seen, live = known.verdicts.get(item.attempt), known.live
    completed = item.step is Step.COMPLETED
    flags = list(item.flags)
    if (item.till, item.z_number) in state.closings:
        flags.append(AdviceFlag.AFTER_CLOSING)
    if completed and seen is not None and seen.reason is not None:
        flags.append(AdviceFlag.CONTRADICTS_DECLINE)
    if seen is not None and seen.digest != item.digest:
        flags.append(AdviceFlag.OTHER_BYTES)
    stands = (
        completed
        and live is not None
        and live.attempt == item.attempt
        and seen is not None
        and seen.digest == item.digest
    )
    if live is not None and not stands:
        reverse(item, known, state, records)
    if completed and item.books and not stands:
        flags += _forced(item, state)
        odd = _book(item, known, state, records, cause="advice")
        flags += [each for each in odd if each not in flags]
    known.end = End(
        item.step,
        item.attempt,
        item.digest,
        item.advice_digest,
        tuple(flags),
        item.payer,
        item.lines,
        item.moves,
        item.till,
        item.kind,
        item.bill,
        item.method,
        item.credits,
    )
    records.outcome(item, flags)
    return ResultCode.RECORDED, None, None, tuple(flags), None


def _forced(item: Item, state: LedgerState) -> list[AdviceFlag]:
    """Say what the hub would have declined of an order that was completed."""
    refusal = undoing.refusal(item, state) if item.cancels is not None else None
    flags = [] if refusal is None else [undoing.FLAGS[refusal]]
    if not limits.may_buy(item, state):
        flags.append(AdviceFlag.AGE_RESTRICTED)
    used = presales.objection(item, state) if item.presale else None
    if used is not None:
        flags.append(presales.FLAGS[used])
    wrong = _ticket_objection(item, state)
    if wrong is not None:
        flags.append(tickets.FLAGS[wrong])
    return flags


def _answer(reason: DeclineReason | None) -> ResultCode:
    return ResultCode.BOOKED if reason is None else ResultCode.DECLINED


def _objection(item: Item, state: LedgerState) -> DeclineReason | None:
    """Find what speaks against touching the item's wallets at all."""
    if item.payer is not None and state.bands[item.payer] is None:
        return DeclineReason.UNKNOWN_WRISTBAND
    for move in item.moves:
        band = state.bands[move.serial]
        if band is None:
            return DeclineReason.UNKNOWN_WRISTBAND
        takes = move.minor < 0 or move.vouchers < 0
        if band.blocked and takes and item.cancels is None and not item.is_forced:
            return DeclineReason.BLOCKED_WRISTBAND
    if wristbands.opens_nothing(item, state):
        return DeclineReason.ALREADY_SWAPPED
    if not limits.may_buy(item, state):
        return DeclineReason.AGE_RESTRICTED
    return _other_objection(item, state)


def _other_objection(item: Item, state: LedgerState) -> DeclineReason | None:
    reason = presales.objection(item, state) if item.presale else None
    reason = reason or _ticket_objection(item, state)
    if reason is not None:
        return reason
    return wristbands.objection(item, state) if item.bands else None


def _ticket_objection(item: Item, state: LedgerState) -> DeclineReason | None:
    if item.admission is None:
        return None
    bands = {each.wallet: state.bands[each.wallet] for each in item.admission.guests}
    known = {serial: band.bound_as for serial, band in bands.items() if band}
    return tickets.objection(item.admission, known)


def _book(
    item: Item, known: OrderState, state: LedgerState, records: Records, *, cause: str
) -> list[AdviceFlag]:
    """Book an item whatever comes of it; says what was odd."""
    postings = [
        (state.accounts[each.account], each.unit.value, each.amount_minor)
        for each in item.postings
    ]
    flags: list[AdviceFlag] = []
    charges: list[Charge] = []
    given_back = undoing.given_back(item, state) if item.cancels is not None else None
    for move in item.moves:
        wallet = _chargeable(item, move, state, cause)
        if cause == "advice":
            flags += _oddities(move, state)
        charge = _charge(item, given_back or move, wallet)
        if wallet is not None and (charge.minor or charge.vouchers):
            if limits.apply(charge, wallet, state, records) and item.cancels is None:
                flags.append(AdviceFlag.EXCEEDS_CAP)
            postings += _amounts(charge)
            charges.append(charge)
            if charge.minor < 0 and wallet.balance < 0:
                flags.append(AdviceFlag.EXCEEDS_BALANCE)
        is_whole = charge.minor == move.minor and charge.vouchers == move.vouchers
        lost = () if is_whole else _losses(item, move, charge, state)
        if lost:
            postings += lost
            flags.append(AdviceFlag.STAND_IN_LOSS)
            flags += _loss_flags(item, move, charge, state)
    state.last_entry += 1
    changed: Changed = ()
    if item.bands or item.shift is not None:
        beside, changed = _beside(item, state, records)
        flags += beside
    known.live = Live(
        state.last_entry,
        item.attempt,
        tuple(postings if len(item.moves) < 2 else _merged(postings)),
        tuple(charges),
        item.cancels,
        changed,
        presales.change(item, state.last_entry, state, records),
    )
    _hold(known.live, item.order, state, records)
    records.entry(
        Entry(
            known.live.entry,
            cause,
            item.order,
            item.attempt,
            None,
            item.cancels,
            known.live.postings,
        )
    )
    if item.cancels is not None:
        undoing.note(item, state, charges, known.live.postings)
    return flags


def _merged(postings: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """Add up per account and unit: two wristbands may open the same wallet."""
    sums: dict[tuple[int, str], int] = {}
    for account, unit, amount in postings:
        sums[account, unit] = sums.get((account, unit), 0) + amount
    return [(account, unit, sums[account, unit]) for account, unit in sums]


def _oddities(move: Move, state: LedgerState) -> list[AdviceFlag]:
    band = state.bands[move.serial]
    swapped = band is not None and band.successor is not None
    return [AdviceFlag.SWAPPED_WRISTBAND] if swapped else []


def _oddities_of(item: Item, state: LedgerState) -> tuple[AdviceFlag, ...]:
    """Say what is odd about wallets that had to bear it, as they are now."""
    flags: list[AdviceFlag] = []
    for move in item.moves:
        band, wallet = state.wallet(move.serial)
        if band is None or wallet is None:
            continue
        flags += _oddities(move, state)
        if move.minor > 0 and wallet.excess:
            flags.append(AdviceFlag.EXCEEDS_CAP)
        if move.minor < 0 and wallet.balance < 0:
            flags.append(AdviceFlag.EXCEEDS_BALANCE)
    return tuple(dict.fromkeys(flags))


def _beside(
    item: Item, state: LedgerState, records: Records
) -> tuple[list[AdviceFlag], Changed]:
    """Change wristbands, and whose a cash register is; says what is odd about it."""
    flags: list[AdviceFlag] = []
    changed: Changed = ()
    if item.bands:
        objection = wristbands.objection(item, state)
        if objection is None:
            changed = wristbands.change(item, state.last_entry, state, records)
        else:
            flags.append(wristbands.FLAGS[objection])
    if item.shift is not None:
        said = item.shift
        records.shift(said, state.last_entry, item.order)
        held_by = state.holders.get(said.register)
        if said.held_by is not None and held_by not in {None, said.held_by}:
            flags.append(AdviceFlag.OTHER_HOLDER)
        state.holders[said.register] = said.holder
        number = state.accounts[Account(Role.CASH_REGISTER, said.register)]
        expected = said.expected_minor
        if expected is not None and expected != -state.holdings[number]:
            flags.append(AdviceFlag.REGISTER_DIFFERS)
    return flags, changed


def _hold(live: Live, order: UUID, state: LedgerState, records: Records) -> None:
    """Note which wallets an entry moves, and what places for cash hold after it."""
    for number in dict.fromkeys([charge.wallet for charge in live.charges]):
        records.movements.add((number, live.entry, order))
    _hold_cash(live.postings, state, records)


def _hold_cash(postings: Amounts, state: LedgerState, records: Records) -> None:
    holdings = state.holdings
    for account, _, amount in postings:
        if account in holdings:
            records.holdings.setdefault(account, holdings[account])
            holdings[account] += amount


def _chargeable(
    item: Item, move: Move, state: LedgerState, cause: str
) -> Wallet | None:
    band, wallet = state.wallet(move.serial)
    if band is None or cause == "request":
        return wallet
    # A cancellation takes from a blocked wristband when it is asked for, and when its
    # advice books it anew, with the receipt of the card that was refunded.
    takes = move.minor < 0 and item.cancels is None
    if item.refusal is not None or (band.blocked and takes):
        return None
    return wallet


def _charge(item: Item, move: Move, wallet: Wallet | None) -> Charge:
    """Say what of a movement the wallet can bear; vouchers never go below zero."""
    if wallet is None:
        return Charge(0, 0)
    minor = move.minor
    if item.stand_in and minor < 0:
        minor = -min(max(wallet.balance, 0), max(0, -minor - item.excess_minor))
    vouchers = max(move.vouchers, -wallet.vouchers)
    return Charge(wallet.number, minor, vouchers)


def _losses(
    item: Item, move: Move, charge: Charge, state: LedgerState
) -> Sequence[tuple[int, str, int]]:
    minor, vouchers = move.minor - charge.minor, move.vouchers - charge.vouchers
    if not minor and not vouchers:
        return ()
    if item.cancels is not None:
        return _losses_undone(item, move, charge, state)
    account = state.accounts[LOSS_ACCOUNTS[_loss_reason(item, move, state)]]
    excess = state.accounts[LOSS_ACCOUNTS[DeclineReason.ALLOWANCE_USED_UP]]
    over = _over(item, move, charge)
    amounts = (
        (excess, MONEY, -over),
        (account, MONEY, minor + over),
        (account, VOUCHER, vouchers),
    )
    return [each for each in amounts if each[2]]


def _losses_undone(
    item: Item, move: Move, charge: Charge, state: LedgerState
) -> Sequence[tuple[int, str, int]]:
    """Take back what was lost before; what else no wallet bears is lost anew."""
    wanted = {
        MONEY: move.minor - charge.minor,
        VOUCHER: move.vouchers - charge.vouchers,
    }
    undone = undoing.losses_undone(item, wanted, state)
    for _, unit, amount in undone:
        wanted[unit] -= amount
    account = state.accounts[LOSS_ACCOUNTS[_loss_reason(item, move, state)]]
    rest = [(account, unit, amount) for unit, amount in wanted.items() if amount]
    return _merged([*undone, *rest])


def _over(item: Item, move: Move, charge: Charge) -> int:
    """How much of a loss is what the till went beyond its allowance."""
    lost = charge.minor - move.minor
    return min(item.excess_minor, lost) if charge.wallet and lost > 0 else 0


def _loss_flags(
    item: Item, move: Move, charge: Charge, state: LedgerState
) -> list[AdviceFlag]:
    over = _over(item, move, charge)
    reasons = [DeclineReason.ALLOWANCE_USED_UP] if over else []
    if charge.minor - move.minor > over:
        reasons.append(_loss_reason(item, move, state))
    flags = [limits.LOSS_FLAGS[each] for each in reasons if each in limits.LOSS_FLAGS]
    if charge.vouchers != move.vouchers:
        flags.append(AdviceFlag.EXCEEDS_VOUCHERS)
    return flags


def _loss_reason(item: Item, move: Move, state: LedgerState) -> DeclineReason:
    band = state.bands[move.serial]
    if item.refusal is not None and item.refusal in LOSS_ACCOUNTS:
        return item.refusal
    if band is None:
        return DeclineReason.UNKNOWN_WRISTBAND
    if band.blocked and move.minor < 0:
        return DeclineReason.BLOCKED_WRISTBAND
    return DeclineReason.INSUFFICIENT_BALANCE


def _amounts(charge: Charge) -> list[tuple[int, str, int]]:
    amounts = [(charge.wallet, MONEY, charge.minor)] if charge.minor else []
    if charge.vouchers:
        amounts.append((charge.wallet, VOUCHER, charge.vouchers))
    return amounts


def reverse(
    item: Item, known: OrderState, state: LedgerState, records: Records
) -> None:
    """Undo an order's live booking, to the last cent of what it moved.

    Vouchers that were used since can't be taken back: they are a loss.
    """
    live = known.live
    assert live is not None, "there is something to reverse"
    by_number = state.wallets
    mirrored = tuple(
        [(account, unit, -amount) for account, unit, amount in live.postings]
    )
    for charge in live.charges:
        wallet = by_number[charge.wallet]
        used = max(0, charge.vouchers - wallet.vouchers)
        back = Charge(charge.wallet, -charge.minor, used - charge.vouchers)
        limits.apply(back, wallet, state, records)
        if used:
            account = state.accounts[LOSS_ACCOUNTS[DeclineReason.INSUFFICIENT_BALANCE]]
            moved = (charge.wallet, VOUCHER, used), (account, VOUCHER, -used)
            merged = _merged([*mirrored, *moved])
            mirrored = tuple([posting for posting in merged if posting[2]])
    state.last_entry += 1
    records.entry(
        Entry(
            state.last_entry,
            "reversal",
            item.order,
            live.attempt,
            live.entry,
            None,
            mirrored,
        )
    )
    _hold_cash(mirrored, state, records)
    wristbands.undo(live, item, state.last_entry, state, records)
    presales.undo(live, item, state.last_entry, state, records)
    if live.cancels is not None and live.cancels in state.orders:
        state.order(live.cancels).undone.pop(item.order, None)
    known.live = None
