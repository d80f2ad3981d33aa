"""`kassenband-hub dsfinvk`: export for the tax office, or judge such an export."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.commands.answer import Answer, WrongUsage
from hub.commands.opened import opened
from hub.commands.progress import Progress
from hub.commands.verbs import add_config
from hub.export.archive import NotWritable
from hub.export.check.dsfinvk import FINDINGS_SHOWN, check_dsfinvk
from hub.service.dsfinvk import NothingToExport, Period, export
from hub.settings import SettingsError
from hub.store.errors import Refused

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import tzinfo

    from hub.export.check.dsfinvk import DsfinvkCheck
    from hub.settings import Settings


def add(parser: argparse.ArgumentParser) -> None:
    """Add what `dsfinvk` understands."""
    parser.add_argument(
        "--from",
        dest="since",
        metavar="WHEN",
        help="closings from this day or moment on (2026-07-04, 2026-07-04T06:00)",
    )
    parser.add_argument(
        "--to",
        dest="until",
        metavar="WHEN",
        help="closings up to the end of this day, or before this moment",
    )
    job = parser.add_mutually_exclusive_group(required=True)
    job.add_argument("--out", type=Path, metavar="FILE", help="the file to write (ZIP)")
    job.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="judge an export, ours or anybody's: a ZIP file, or its folder",
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    add_config(parser)
    parser.set_defaults(obey=_export)


async def _export(settings: Settings, options: argparse.Namespace) -> Answer:
    zone = _zone(settings.zone)
    period = Period(
        _moment(options.since, zone, "--from"),
        _moment(options.until, zone, "--to", is_end=True),
    )
    if period.since and period.until and period.since >= period.until:
        raise WrongUsage("The period ends before it begins. Exchange --from and --to.")
    out = _free(options.out)
    async with opened(settings) as at:
        try:
            with Progress("orders") as progress:
                made = await export(at.store, at.event, period, out, progress.show)
        except NothingToExport as error:
            raise Refused(str(error)) from None
        except NotWritable as error:
            raise SettingsError(
                f"{out} can't be written ({error}). Name a folder that is there, with "
                "enough room."
            ) from error
    figures = {
        "file": str(out),
        "closings": made.closings,
        "orders": made.orders,
        "remarks": made.remarks,
    }
    done = f"{out}: {made.closings} closings with {made.orders} orders."
    return Answer(figures, [*made.remarks, done])


def judge(options: argparse.Namespace) -> Answer:
    """Judge the file that --check names; it needs neither settings nor database."""
    path: Path = options.check
    with Progress("MB") as progress:
        check = check_dsfinvk(path, progress.show)
    return Answer(
        check.figures(),
        list(_sentences(path, check)),
        good=check.ok,
        readable=check.readable,
    )


def _sentences(path: Path, check: DsfinvkCheck) -> Iterator[str]:
    for finding in check.findings:
        yield str(finding)
    more = check.found - len(check.findings)
    if more > 0:
        yield f"... and {more} more; the first {FINDINGS_SHOWN} are shown."
    if not check.readable:
        return
    yield (
        f"{path}: {check.closings} closings with {check.receipts} receipts; "
        f"{check.verified} of {check.signatures} signatures verified; "
        f"{check.found or 'no'} findings."
    )


def _free(out: Path) -> Path:
    """Insist on a new name: an export that was handed over is not written over."""
    if out.exists():
        raise Refused(f"{out} is there already. Name another file, or move it away.")
    return out


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _moment(
    said: str | None, zone: tzinfo, option: str, *, is_end: bool = False
) -> datetime | None:
    if said is None:
        return None
    try:
        if len(said) == len("2026-07-04"):
            day = date.fromisoformat(said) + timedelta(days=is_end)
            return datetime.combine(day, time(), zone)
        moment = datetime.fromisoformat(said)
    except (ValueError, OverflowError):
        raise WrongUsage(
            f"{option} {said!r} is no day or moment. Write 2026-07-04, or "
            "2026-07-04T06:00."
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
