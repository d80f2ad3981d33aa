"""The demo: a whole shop on this machine, with a screen or audited without one."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import signal
import sys
import time
import traceback
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from contract.ids import TillId
from contract.order import OrderKind
from edge.core.errors import JournalBroken, KassenbandError
from provisioning import demo_event
from provisioning.audit import Findings, audit, has_sold, kinds_missing
from provisioning.counts import count
from provisioning.interactive import sell_on_screen
from provisioning.processes import ProvisioningError, claimed_directory
from provisioning.shop import TSE_LATENCY_MS, Counter, Shop, ShopPlan, program
from provisioning.witnesses import (
    ask_archives,
    ask_closings,
    ask_journals,
    ask_ledger,
    ask_tax_export,
    ask_tses,
)
from tse_driver.errors import TseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provisioning.processes import Child

ROOT = Path(__file__).resolve().parents[1]
TILLS_MAX = 16  # one pcscd handles no more readers
PAUSE_MS = 400  # a quick cashier; the TSE signs two things per order in half a second
LOOK_INTERVAL_S = 0.1
FIRST_SALES_TIMEOUT_S = 120.0  # what has not sold by then, the audit names
EVERY_KIND_TIMEOUT_S = 300.0
END_TIMEOUT_S = 270.0  # longer than its till waits for the hub, twice
TAX_EXPORT = "dsfinvk.zip"
SETTING_UP = "A shop is set up: database, broker, hub, TSE, readers (some 10 s) ..."
GOOD, BAD, CANNOT = 0, 1, 2


def main(argv: Sequence[str]) -> int:
    """Run the demo; 0 good, 1 an invariant broke, 2 it could not run."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.json and not options.headless:
        parser.error("--json goes with --headless")
    if not options.headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        parser.error("a screen needs a terminal; without one, add --headless")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    names = [TillId(f"bar-{number}") for number in range(1, options.tills + 1)]
    plan = ShopPlan(
        tuple(names if options.headless else names[:1]),
        tse_latency_ms=options.tse_latency_ms,
        guests=demo_event.crowd if options.headless else _regulars,
        staffed=options.headless,
        printers=not options.headless,
        people=not options.headless,
    )
    _say(SETTING_UP)
    try:
        with (
            claimed_directory(options.directory, "demo") as directory,
            Shop(directory, plan) as shop,
        ):
            if options.headless:
                return _headless(shop, options)
            return sell_on_screen(shop)
    except (ProvisioningError, OSError):
        raise
    except (KassenbandError, TseError) as error:
        raise ProvisioningError(str(error)) from error
    except Exception as error:
        raise ProvisioningError(_own_fault(options.directory, error)) from error


def _leave(number: int, _frame: object) -> None:
    # An exception, so that everything is taken down again, also below /var/tmp.
    raise SystemExit(128 + number)


def _own_fault(directory: Path, error: Exception) -> str:
    """Keep what only a developer understands out of the terminal."""
    file = directory / "demo-fault.log"
    file.write_text("".join(traceback.format_exception(error)))
    return (
        f"The demo stopped because of a fault of its own ({type(error).__name__})."
        f" Send {file} to whoever maintains it, or start the demo again."
    )


def _regulars(_till: int) -> Sequence[demo_event.Guest]:
    return demo_event.panel_guests()


def _headless(shop: Shop, options: argparse.Namespace) -> int:
    many = len(shop.counters)
    tills = "One till sells" if many == 1 else f"{many} tills sell"
    _say(f"{tills} for {options.seconds} s ...")
    cashiers = [
        start_cashier(shop, counter, options, seed)
        for seed, counter in enumerate(shop.counters, start=options.seed)
    ]
    _sell(shop, cashiers, options)
    _say("The tills deliver what they have left ...")
    for child in cashiers:
        child.popen.terminate()
    troubles = []
    for child in cashiers:
        code = shop.await_end(child, timeout_s=END_TIMEOUT_S)
        if code == CANNOT:
            raise ProvisioningError(f"A till could not run. See {child.log}.")
        if code != GOOD:
            troubles.append(f"{child.name} ended with code {code}, see {child.log}")
    _say("Journals, ledger and TSE exports are compared ...")
    if options.every_kind:
        orders = chain.from_iterable(ask_journals(shop.counters).values())
        troubles += [f"no till made a {each.value}" for each in kinds_missing(orders)]
    findings = _examine(shop)
    findings = dataclasses.replace(findings, problems=(*findings.problems, *troubles))
    for problem in findings.problems:
        _say(f"WRONG: {problem}")
    _report(findings, as_json=options.json)
    return GOOD if findings.good else BAD


def start_cashier(
    shop: Shop, counter: Counter, options: argparse.Namespace, seed: int
) -> Child:
    """Start a till without a screen and its scripted cashier."""
    return shop.run(
        counter.till,
        [
            *program("provisioning.cashier_main"),
            *("--config", counter.config, "--port", str(counter.slot.port)),
            *("--wristbands", counter.wristbands, "--seed", str(seed)),
            *("--bills", counter.bills),
            *("--pause-ms", str(options.pause_ms)),
        ],
    )


def _sell(shop: Shop, cashiers: Sequence[Child], options: argparse.Namespace) -> None:
    """Let them sell for so long, and until each has sold something, or everything."""
    _look_on(shop, cashiers, options.seconds)
    # On a slow machine they are still at the beginning of their shift.
    _look_on(shop, cashiers, FIRST_SALES_TIMEOUT_S, lambda: _all_have_sold(shop))
    if options.every_kind:
        _look_on(shop, cashiers, EVERY_KIND_TIMEOUT_S, lambda: not _unmade(shop))


def _unmade(shop: Shop) -> frozenset[OrderKind]:
    """Name the kinds of order that no till has made yet, but for the last of a day."""
    orders = chain.from_iterable(ask_journals(shop.counters).values())
    return kinds_missing(orders) - {OrderKind.SHIFT_END}


def _all_have_sold(shop: Shop) -> bool:
    try:
        return all(map(has_sold, ask_journals(shop.counters).values()))
    except JournalBroken:  # a till has not made it yet
        return False


def _look_on(
    shop: Shop,
    cashiers: Sequence[Child],
    seconds: float,
    enough: Callable[[], bool] = bool,
) -> None:
    """Let time pass; a till or server that ends too early is named at once."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not enough():
        for child in (*cashiers, shop.hub):
            if not child.running:
                raise ProvisioningError(
                    f"{child.name} ended in the middle of it. See {child.log}."
                )
        time.sleep(LOOK_INTERVAL_S)


def _examine(shop: Shop) -> Findings:
    booked, declined, findings = asyncio.run(ask_ledger(shop.dsn))
    found = audit(
        ask_journals(shop.counters),
        booked,
        ask_tses(shop),
        declined=declined,
        ledger_findings=findings,
        closings=asyncio.run(ask_closings(shop.dsn)),
    )
    file = shop.directory / TAX_EXPORT
    file.unlink(missing_ok=True)
    tax_export, wrong = asyncio.run(ask_tax_export(shop.dsn, file))
    archives, missing = asyncio.run(ask_archives(shop.dsn, shop.counters))
    return dataclasses.replace(
        found,
        tax_export=tax_export,
        tse_archives=archives,
        problems=(*found.problems, *wrong, *missing),
    )


def _report(findings: Findings, *, as_json: bool) -> None:
    figures = dataclasses.asdict(findings)
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name}: {value}\n")


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "kassenband demo", description="The whole shop on this machine."
    )
    parser.add_argument("--headless", action="store_true", help="tills sell alone")
    parser.add_argument(
        "--tills", type=count(1, TILLS_MAX), default=3, help="at most 16"
    )
    parser.add_argument("--seconds", type=count(), default=20, help="to sell")
    parser.add_argument(
        "--every-kind",
        action="store_true",
        help="go on until the tills have made every kind of order",
    )
    parser.add_argument("--json", action="store_true", help="end with one object")
    parser.add_argument(
        "--seed", type=count(0), default=1, help="of the cashiers' choices"
    )
    parser.add_argument(
        "--pause-ms",
        type=count(0),
        default=PAUSE_MS,
        help="between two orders of a till",
    )
    parser.add_argument(
        "--tse-latency-ms",
        type=count(0),
        default=TSE_LATENCY_MS,
        help="per signature; real sticks need some 250",
    )
    parser.add_argument(
        "--directory",
        type=Path,
        default=ROOT / "var",
        help="for databases and logs (default: var/ beside ./kassenband)",
    )
    return parser
