"""`kassenband-hub tse` and `notification-146a`: the event's TSEs, for the audit."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from hub.commands import numbers
from hub.commands.answer import Answer, table
from hub.commands.files import write_file
from hub.commands.opened import opened
from hub.commands.verbs import add_config
from hub.core.notification import notification
from hub.service.till_register import TillRegister
from hub.store.errors import Refused
from hub.web.formats import load_zone

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

    from hub.service.till_register import TseFile
    from hub.settings import Settings
    from hub.store.store import Row

SHORT = 16


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `tse` understands."""
    parser.add_argument("--till", help="only what is of this till")
    parser.add_argument("--json", action="store_true", help="print one object")
    add_config(parser)
    parser.set_defaults(obey=_show)


def add_notification(parser: argparse.ArgumentParser) -> None:
    """Add what `notification-146a` understands."""
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="the file to write (XML)",
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    add_config(parser)
    parser.set_defaults(obey=_notify)


def add_asset(parser: argparse.ArgumentParser) -> None:
    """Add what `till asset` understands."""
    for name, words in (
        ("--acquired", "the day it was bought or rented"),
        ("--in-service", "the day of its first sale, if not the hub's"),
        ("--out-of-service", "the day of its last one"),
    ):
        parser.add_argument(name, type=numbers.day, metavar="DAY", help=words)
    parser.add_argument("--reason", default="", help="why it is out of service")


async def note_asset(settings: Settings, options: argparse.Namespace) -> Answer:
    """Note when a till was bought, used and given up."""
    async with opened(settings) as at:
        if options.till not in at.event.agreed.tills:
            raise Refused(
                f"No till is named {options.till}. See 'kassenband-hub till list'."
            )
        await TillRegister(at.store, at.event.number).note_asset(
            options.till,
            acquired=options.acquired,
            commissioned=options.in_service,
            decommissioned=options.out_of_service,
            reason=options.reason,
        )
    return Answer({"till": options.till}, [f"Noted for {options.till}."])


async def _notify(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        register = TillRegister(at.store, at.event.number)
        found = await register.registered(ZoneInfo(settings.zone))
    if found.missing:
        raise Refused(
            "\n".join(("Nothing was written, for this is missing:", *found.missing))
        )
    if not found.systems:
        raise Refused("No till has described itself yet: there is nothing to notify.")
    write_file(options.out, notification(found.systems).encode())
    count = len(found.systems)
    return Answer(
        {"systems": count, "file": str(options.out)},
        [
            f"{options.out} lists {count} system{'s' * (count != 1)}, each a till with"
            " a TSE. Upload it with ELSTER within a month."
        ],
    )


async def _show(settings: Settings, options: argparse.Namespace) -> Answer:
    async with opened(settings) as at:
        if options.till and options.till not in at.event.agreed.tills:
            raise Refused(
                f"No till is named {options.till}. See 'kassenband-hub till list'."
            )
        found = await TillRegister(at.store, at.event.number).tse_file()
    figures = _figures(found, options.till)
    told = _placed(figures, load_zone(settings.zone))
    return Answer(figures, list(_lines(told)))


def _figures(found: TseFile, till: str | None) -> dict[str, Any]:
    def of_till(rows: Any) -> list[Row]:
        return [row for row in rows if till is None or row["till"] == till]

    uses = of_till(found.uses)
    used = {use["tse_serial"] for use in uses}
    return {
        "tses": [
            _plain(row, without=("certificates", "public_key"))
            | {
                "public_key": bytes(row["public_key"]).hex(),
                "certificates": len(row["certificates"]),
            }
            for row in found.tses
            if till is None or row["serial"] in used
        ],
        "uses": [_plain(row) for row in uses],
        "shared": _shared(found.uses, till),
        "outages": [_plain(row) for row in of_till(found.outages)],
        "clocks": [_plain(row) for row in of_till(found.clocks)],
        "archives": [
            _plain(row, without=("digest", "report"))
            | {
                "digest": bytes(row["digest"]).hex(),
                "report": msgspec.json.decode(row["report"]),
            }
            for row in of_till(found.archives)
        ],
    }


def _shared(uses: Sequence[Row], till: str | None) -> list[dict[str, Any]]:
    """List the TSEs that more than one till says it is using now."""
    users: dict[str, list[str]] = {}
    for use in uses:
        if use["until"] is None:
            users.setdefault(use["tse_serial"], []).append(use["till"])
    return [
        {"tse_serial": serial, "tills": tills}
        for serial, tills in users.items()
        if len(tills) > 1 and (till is None or till in tills)
    ]


def _plain(row: Row, without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in without}


def _placed(found: Any, zone: tzinfo) -> Any:
    """Tell every time as the event's clocks do."""
    match found:
        case datetime():
            return found.astimezone(zone)
        case dict():
            return {key: _placed(each, zone) for key, each in found.items()}
        case list():
            return [_placed(each, zone) for each in found]
        case _:
            return found


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    parts = [*_tables(found), list(_warnings(found))]
    for number, part in enumerate(each for each in parts if each):
        yield from ["", *part] if number else part


def _tables(found: Mapping[str, Any]) -> Iterator[list[str]]:
    if not found["tses"]:
        yield ["No till has told of its TSE yet."]
    for heads, rows in (
        (
            ("TSE", "BSI", "firmware", "certificate ends", "signatures left"),
            [_tse(each) for each in found["tses"]],
        ),
        (
            ("till", "TSE", "since", "until", "from Z", "because"),
            [_use(each) for each in found["uses"]],
        ),
        (
            ("till", "no TSE since", "until", "because"),
            [_outage(each) for each in found["outages"]],
        ),
        (
            ("till", "clock confirmed", "by"),
            [
                (each["till"], _moment(each["confirmed_at"]), each["confirmed_by"])
                for each in found["clocks"]
            ],
        ),
        (
            ("till", "archive of TSE", "delivered", "orders", "messages", "file"),
            [_archive(each) for each in found["archives"]],
        ),
    ):
        if rows:
            yield table(heads, rows)


def _tse(each: Mapping[str, Any]) -> tuple[str, ...]:
    ends, left = each["expires_at"], each["signatures_left"]
    return (
        each["serial"][:SHORT],
        each["bsi_id"] or "?",
        each["firmware"] or "?",
        f"{ends:%Y-%m-%d}" if ends else "?",
        "?" if left is None else str(left),
    )


def _use(each: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        each["till"],
        each["tse_serial"][:SHORT],
        _moment(each["since"]),
        _moment(each["until"]),
        str(each["z_number"]),
        each["reason"],
    )


def _outage(each: Mapping[str, Any]) -> tuple[str, ...]:
    until = _moment(each["until"]) or "goes on"
    return each["till"], _moment(each["since"]), until, each["reason"]


def _archive(each: Mapping[str, Any]) -> tuple[str, ...]:
    report = each["report"]
    return (
        each["till"],
        each["tse_serial"][:SHORT],
        _moment(each["delivered_at"]),
        str(report["finished"]),
        str(report["messages"]),
        each["path"],
    )


def _warnings(found: Mapping[str, Any]) -> Iterator[str]:
    archived = {(each["till"], each["tse_serial"]) for each in found["archives"]}
    for shared in found["shared"]:
        yield (
            f"LOOK  {' and '.join(shared['tills'])} say that they use one TSE at once:"
            f" {shared['tse_serial'][:SHORT]}. If it was moved, the till that lost it"
            " needs another; if not, find out which of them is not what it says."
        )
    for use in found["uses"]:
        till, serial = use["till"], use["tse_serial"]
        if use["until"] and (till, serial) not in archived:
            yield (
                f"LOOK  {till} no longer uses TSE {serial[:SHORT]}, and its log was"
                " never delivered. Plug it in once more and run 'kassenband-till"
                " tse-archive', before it is reset or given away."
            )


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S %Z}"
