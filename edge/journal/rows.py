"""Between the till's records and the journal's rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

import msgspec

from contract.fiscal import Outage, Signature
from contract.ids import OrderId, WalletSerial
from contract.messages import Anchor
from contract.order import OrderKind, Outcome, Path
from contract.token import Credential
from edge.core.records import (
    AdviceSealed,
    AdvicesMissing,
    AdvicesRecorded,
    AttemptAnswered,
    AttemptMade,
    CashierChanged,
    CatalogueKept,
    ClosingBegun,
    ClosingEnded,
    ClosingMade,
    ClosingSealed,
    ConfigKept,
    Decided,
    FiscalBegun,
    FiscalStart,
    LedgerRestored,
    LogoutsUnsaid,
    OrderOpened,
    OrderShown,
    PaperNoted,
    PastClosing,
    PastOrder,
    RegistersTold,
    ShiftOrder,
    ShiftTurned,
    Spend,
    StoredAttempt,
    StoredClosing,
    StoredOrder,
)
from edge.journal import tse_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from edge.core.records import Record

Statement = tuple[str, dict[str, object]]

_KEPT = {
    ConfigKept: "config",
    CatalogueKept: "catalogue",
    CashierChanged: "cashier",
    LogoutsUnsaid: "unsaid",
    RegistersTold: "elsewhere",
    ShiftTurned: "shift",
}


def statements(record: Record) -> Iterator[Statement]:
    """Name the statements that write a record, with their values."""
    match record:
        case OrderOpened() | AttemptMade() | Decided() | OrderShown():
            yield _of_checkout(record)
        case FiscalBegun() | AdviceSealed():
            yield _of_signing(record)
        case AttemptAnswered():
            yield from _answered(record)
        case AdvicesRecorded():
            yield from _recorded(record)
        case LedgerRestored(anchor=anchor):
            yield from _restored(anchor)
        case (
            ConfigKept()
            | CatalogueKept()
            | CashierChanged()
            | LogoutsUnsaid()
            | RegistersTold()
            | ShiftTurned()
        ):
            yield _kept(_KEPT[type(record)], record.document)
        case ClosingBegun(id=closing, start=start):
            yield "begin_closing", {"id": str(closing), **_start_values(start)}
        case ClosingMade() | ClosingSealed() | ClosingEnded() | AdvicesMissing():
            yield from _of_closing(record)
        case PaperNoted():
            name = "note_paper" if record.may_exist else "forget_paper"
            yield name, {"id": str(record.sheet)}
        case _:
            yield from tse_rows.statements(record)


def stored_order(row: sqlite3.Row, attempts: Sequence[sqlite3.Row]) -> StoredOrder:
    """Read an order with its attempts; attempt 0 is the order as opened."""
    tried = tuple(
        StoredAttempt(each["number"], each["document"], _credential(each["credential"]))
        for each in attempts
    )
    return StoredOrder(
        id=order_id(row["id"]),
        sequence=row["sequence"],
        z_number=row["z_number"],
        kind=OrderKind(row["kind"]),
        opened_at=_time(row["opened_at"]),
        cancels=None if row["cancels"] is None else order_id(row["cancels"]),
        attempts=(StoredAttempt(0, row["document"], None), *tried),
        decision=_decision(row),
        shown=bool(row["shown"]),
        start=_start(row),
        sealed=row["advice"] is not None,
        recorded=bool(row["recorded"]),
    )


def spends(row: sqlite3.Row) -> Iterator[Spend]:
    """Read what a completed order took from wallets."""
    for wallet, charged in _charges(row):
        yield Spend(
            order=order_id(row["id"]),
            attempt=row["attempt"],
            wallet=wallet,
            total_minor=charged,
            batch=row["batch"],
        )


def shift_order(row: sqlite3.Row) -> ShiftOrder:
    """Read an order as a closing sums it up."""
    signature = row["signature"]
    counters: tuple[int, ...] = ()
    if signature is not None:
        signed = msgspec.json.decode(signature, type=Signature)
        counters = (signed.start_counter, signed.counter)
    return ShiftOrder(
        row["sequence"], row["decided_document"], Outcome(row["outcome"]), counters
    )


def open_closings(
    rows: Sequence[sqlite3.Row], starts: Sequence[sqlite3.Row]
) -> tuple[StoredClosing, ...]:
    """Read the closings that are still on their way, with what the TSE began."""
    begun = {order_id(row["id"]): _start(row) for row in starts}
    found = map(stored_closing, rows)
    return tuple(replace(each, start=begun.get(each.id)) for each in found)


def stored_closing(row: sqlite3.Row) -> StoredClosing:
    """Read a closing as it ended, or has not yet."""
    signature, outage = row["signature"], row["outage"]
    return StoredClosing(
        id=order_id(row["id"]),
        z_number=row["z_number"],
        report=row["report"],
        signature=signature and msgspec.json.decode(signature, type=Signature),
        outage=outage and msgspec.json.decode(outage, type=Outage),
    )


def past_order(row: sqlite3.Row) -> PastOrder:
    """Read a completed order, for its receipt."""
    at = _time(row["decided_at"])
    return PastOrder(row["decided_document"], at, bool(row["printed"]))


def past_closing(row: sqlite3.Row) -> PastClosing:
    """Read the newest closing, for its Z report."""
    return PastClosing(stored_closing(row), bool(row["printed"]))


def anchor(row: sqlite3.Row) -> Anchor:
    """Read an anchor."""
    return Anchor(
        incarnation=UUID(row["incarnation"]),
        batch=row["batch"],
        chain_head=row["chain_head"],
    )


def order_id(text: str) -> OrderId:
    """Read an order's id."""
    return OrderId(UUID(text))


def time_or_none(text: str | None) -> datetime | None:
    """Read a time that may be missing."""
    return None if text is None else _time(text)


def _of_checkout(
    record: OrderOpened | AttemptMade | Decided | OrderShown,
) -> Statement:
    match record:
        case OrderOpened():
            return "open_order", {
                "id": str(record.order),
                "sequence": record.sequence,
                "z_number": record.z_number,
                "kind": record.kind.value,
                "opened_at": _text(record.opened_at),
                "cancels": None if record.cancels is None else str(record.cancels),
                "document": record.document,
            }
        case AttemptMade():
            return "make_attempt", {
                "id": str(record.order),
                "number": record.attempt,
                "document": record.document,
                "credential": _json(record.credential),
                "made_at": _text(record.made_at),
            }
        case OrderShown():
            return "show", {
                "id": str(record.order),
                "card_to_shown_us": record.card_to_shown_us,
            }
        case Decided():
            return "decide", {
                "id": str(record.order),
                "attempt": record.attempt,
                "document": record.document,
                "outcome": record.outcome.value,
                "path": None if record.path is None else record.path.value,
                "decided_at": _text(record.decided_at),
                "process_data": record.process_data,
                "total_minor": record.total_minor,
                "wallet": record.wallet,
                "charges": _charges_text(record),
                "register": record.register,
                "cash_minor": record.cash_minor,
                "batch": record.batch,
                "basis_batch": record.basis_batch,
                "card_to_decision_us": record.card_to_decision_us,
            }


def _of_signing(record: FiscalBegun | AdviceSealed) -> Statement:
    match record:
        case FiscalBegun(order=order, start=start):
            return "begin_fiscal", {"id": str(order), **_start_values(start)}
        case AdviceSealed():
            return "seal_advice", {
                "id": str(record.order),
                "advice": record.advice,
                "signature": _json(record.signature),
                "outage": _json(record.outage),
            }


def _start_values(start: FiscalStart) -> dict[str, object]:
    return {
        "number": start.number,
        "counter": start.counter,
        "started_at": _text(start.started_at),
        "serial": start.tse_serial,
    }


def _of_closing(
    record: ClosingMade | ClosingSealed | ClosingEnded | AdvicesMissing,
) -> Iterator[Statement]:
    match record:
        case ClosingMade():
            yield (
                "close",
                {
                    "id": str(record.id),
                    "z_number": record.z_number,
                    "report": record.report,
                    "made_at": _text(record.made_at),
                },
            )
        case ClosingSealed():
            yield (
                "seal_closing",
                {
                    "id": str(record.id),
                    "signature": _json(record.signature),
                    "outage": _json(record.outage),
                },
            )
        case ClosingEnded():
            yield from _anchored(record.anchor)
            yield "end_closing", {"id": str(record.id)}
        case AdvicesMissing():
            for first, last in record.spans:
                yield "miss_advices", {"first": first, "last": last}
        case _:
            assert_never(record)


def _answered(record: AttemptAnswered) -> Iterator[Statement]:
    yield from _anchored(record.anchor)
    at = {"id": str(record.order), "number": record.attempt}
    batch = {"batch": record.anchor.batch}
    yield "answer_attempt", {**at, **batch, "verdict": record.verdict}
    if record.verdict == "booked":
        incarnation = {"incarnation": str(record.anchor.incarnation)}
        yield "book_late", {**at, **batch, **incarnation}


def _recorded(record: AdvicesRecorded) -> Iterator[Statement]:
    yield from _anchored(record.anchor)
    for order, flags in record.orders:
        values = {
            "id": str(order),
            "flags": ",".join(flag.value for flag in flags),
            "batch": record.anchor.batch,
            "incarnation": str(record.anchor.incarnation),
        }
        yield "record_advice", values


def _anchored(anchor: Anchor) -> Iterator[Statement]:
    incarnation = str(anchor.incarnation)
    batch = {"batch": anchor.batch}
    head = {"chain_head": anchor.chain_head}
    yield "anchor", {"incarnation": incarnation, **batch, **head}
    yield "advance_ledger", {"incarnation": incarnation, **batch}


def _restored(anchor: Anchor) -> Iterator[Statement]:
    yield from _anchored(anchor)
    values = {"incarnation": str(anchor.incarnation), "batch": anchor.batch}
    yield "reset_ledger", values
    yield "restore", values
    for name in ("restore_closings", *tse_rows.RESTORED):
        yield name, {}


def _kept(name: str, value: bytes) -> Statement:
    return "keep", {"name": name, "value": value}


def _decision(row: sqlite3.Row) -> Decided | None:
    if row["outcome"] is None:
        return None
    wallet = row["wallet"]
    return Decided(
        order=order_id(row["id"]),
        attempt=row["attempt"],
        document=row["decided_document"],
        outcome=Outcome(row["outcome"]),
        path=None if row["path"] is None else Path(row["path"]),
        decided_at=_time(row["decided_at"]),
        process_data=row["process_data"],
        total_minor=row["total_minor"],
        wallet=None if wallet is None else WalletSerial(wallet),
        batch=row["batch"],
        basis_batch=row["basis_batch"],
        card_to_decision_us=row["card_to_decision_us"],
        charges=_charges(row),
        register=row["register"] or "",
        cash_minor=row["cash_minor"] or 0,
    )


def _start(row: sqlite3.Row) -> FiscalStart | None:
    if row["fiscal_number"] is None:
        return None
    return FiscalStart(
        number=row["fiscal_number"],
        counter=row["fiscal_counter"],
        started_at=_time(row["fiscal_started_at"]),
        tse_serial=row["fiscal_serial"] or "",
    )


def _charges_text(record: Decided) -> str | None:
    return msgspec.json.encode(record.charges).decode() if record.charges else None


def _charges(row: sqlite3.Row) -> tuple[tuple[WalletSerial, int], ...]:
    if row["charges"] is None:
        return ()
    pairs = msgspec.json.decode(row["charges"], type=tuple[tuple[int, int], ...])
    return tuple((WalletSerial(wallet), minor) for wallet, minor in pairs)


def _credential(text: str | None) -> Credential | None:
    return None if text is None else msgspec.json.decode(text, type=Credential)


def _json(value: msgspec.Struct | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
