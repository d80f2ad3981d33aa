"""How long `kassenband-hub verify` takes over a large ledger, and how much memory."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import uvloop

from hub.service.verification import Report
from provisioning.bench.crowd import found_event, running_hub, till_names
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.filling import Filler
from provisioning.bench.signatures import signature_check_us
from provisioning.bench.watch import family_cpu_s
from provisioning.demo_event import EVENT
from provisioning.processes import ProvisioningError, read_text, spawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from provisioning.bench.baseline import Pace, Servers
    from provisioning.bench.crowd import Crowd

DATABASE = "verifying"
ORDERS = 1_000_000
SECONDS_MAX_PER_MILLION = 120.0
KIB = 1024

SETTINGS = """\
event = "{event}"
database = "{dsn}"
token_key = "{token_key}"
token_key_id = {token_key_id}
log_level = "warning"
"""


def measure_verifying(
    figures: Figures,
    servers: Servers,
    pace: Pace,
    say: Callable[[str], object],
    *,
    orders: int | None = None,
) -> list[Target]:
    """Fill a ledger with orders and their advices, then verify it as operators do.

    The orders say that there was no TSE: checking a signature costs ten times as much
    as all else about its order, so it is measured apart.
    """
    orders = orders or ORDERS
    dsn = servers.cluster.create_database(DATABASE)
    say(f"verify: filling {orders} orders with their advices\n")
    crowd = uvloop.run(found_event(dsn, servers.key, till_names(1)))
    filling = uvloop.run(_fill(dsn, servers, crowd, orders))
    figures.add("orders with their advices booked", filling, unit="orders/s")
    settings = _write_settings(servers, dsn)
    for repetition in range(1, pace.repetitions + 1):
        say(f"verify: run {repetition} of {pace.repetitions}\n")
        sample = _verify(settings, servers, orders)
        figures.add(f"verify, {orders} orders", sample, unit="s")
    signatures = Sample(signature_check_us())
    figures.add("verify, besides per signature", signatures, unit="us")
    return [
        Target(
            name=f"verify, {orders} orders: seconds",
            bound="at most",
            limit=SECONDS_MAX_PER_MILLION * orders / ORDERS,
            value=figures.median(f"verify, {orders} orders"),
        )
    ]


async def _fill(dsn: str, servers: Servers, crowd: Crowd, orders: int) -> Sample:
    async with running_hub(dsn, servers.key) as (_, _, hub):
        filler = Filler(hub, crowd, servers.cluster.pid)
        return await filler.fill(orders, advised=True)


def _write_settings(servers: Servers, dsn: str) -> Path:
    path = servers.directory / "verify.toml"
    path.write_text(
        SETTINGS.format(
            event=EVENT,
            dsn=dsn,
            token_key=servers.key.private.resolve(),
            token_key_id=servers.key.key_id,
        )
    )
    return path


def _verify(settings: Path, servers: Servers, orders: int) -> Sample:
    server_s = family_cpu_s(servers.cluster.pid)
    begin_s = time.perf_counter()
    child = spawn(
        [
            *(sys.executable, "-m", "hub", "--config", settings),
            *("verify", "--json"),
        ],
        log=servers.directory / "verify.log",
        name="verify",
    )
    _, status, usage = os.wait4(child.pid, 0)
    elapsed_s = time.perf_counter() - begin_s
    child.popen.returncode = os.waitstatus_to_exitcode(status)
    report = _read_report(child.log)
    if not report.ok or report.orders != orders:
        raise ProvisioningError(
            f"verify saw {report.orders} of {orders} orders and"
            f" {len(report.findings)} findings. See {child.log}."
        )
    return Sample(
        elapsed_s,
        details={
            "peak_mib": usage.ru_maxrss / KIB,
            "hub_s": usage.ru_utime + usage.ru_stime,
            "server_s": family_cpu_s(servers.cluster.pid) - server_s,
            "batches": float(report.batches),
        },
    )


def _read_report(log: Path) -> Report:
    try:
        return msgspec.json.decode(read_text(log).splitlines()[-1], type=Report)
    except (IndexError, msgspec.DecodeError):
        raise ProvisioningError(f"verify gave no report. See {log}.") from None
