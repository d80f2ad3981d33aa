"""How long the tax office's export of a large ledger takes, and its check."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import uvloop

from contract.closing import ClosingReport, SequenceSpan, encode_closing
from contract.fiscal import PROCESS_TYPE, Signature, process_data
from contract.ids import new_uuid7
from contract.messages import TillDescribed, TillDevice, TseFacts
from contract.order import Outcome
from hub.core.booking import closing_item
from hub.core.changes import ClosingWords
from hub.service.tse_news import TseNews
from provisioning import demo_event
from provisioning.bench.crowd import found_event, running_hub, till_names
from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.filling import Filler
from provisioning.processes import ProvisioningError, read_text
from tse_driver.log_message import (
    Certified,
    Kind,
    Operation,
    Protocolled,
    TimeFormat,
    signed_bytes,
)
from tse_driver.simulator import keys

if TYPE_CHECKING:
    import resource
    from collections.abc import Callable

    from contract.ids import TillId
    from contract.order import Order
    from provisioning.bench.baseline import Pace, Servers
    from provisioning.bench.crowd import Crowd

DATABASE = "dsfinvk"
ORDERS = 100_000
SECONDS_MAX, MIB_MAX = 60.0, 300.0
# Real sticks sign on brainpoolP384r1, at forty times the cost: that would be measured
# while the ledger is filled, and only there.
CURVE = "secp256r1"
LOOK_EVERY_S = 0.05
_KIB_PER_MIB = 1024


def measure_dsfinvk(
    figures: Figures,
    servers: Servers,
    pace: Pace,
    say: Callable[[str], object],
    *,
    orders: int | None = None,
) -> list[Target]:
    """Export a closing of so many signed orders, then judge the file; as commands."""
    orders = orders or ORDERS
    dsn = servers.cluster.create_database(DATABASE)
    say(f"dsfinvk: filling {orders} signed orders\n")
    crowd = uvloop.run(found_event(dsn, servers.key, till_names(1)))
    uvloop.run(_fill(dsn, servers, crowd, orders))
    config = servers.directory / "dsfinvk.toml"
    settings = {"event": demo_event.EVENT, "database": dsn}
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
    config.write_text("".join(lines))
    export, check = f"export of {orders} orders", f"check of {orders} orders"
    for repetition in range(1, pace.repetitions + 1):
        say(f"dsfinvk: repetition {repetition} of {pace.repetitions}\n")
        file = servers.directory / f"dsfinvk-{repetition}.zip"
        for name, job in ((export, "--out"), (check, "--check")):
            sample = _run(config, job, file)
            figures.add(name, sample, unit="s")
            mib = Sample(sample.details["peak_mib"])
            figures.add(f"{name}: memory", mib, unit="MiB")
        file.unlink()
    seconds = SECONDS_MAX * max(orders / ORDERS, 1)
    return [
        *_targets(figures, export, seconds),
        _memory_target(figures, check),
    ]


def _targets(figures: Figures, name: str, seconds: float) -> list[Target]:
    time_target = Target(
        name=f"DSFinV-K {name}, s",
        bound="at most",
        limit=seconds,
        value=figures.median(name),
    )
    return [time_target, _memory_target(figures, name)]


def _memory_target(figures: Figures, name: str) -> Target:
    return Target(
        name=f"DSFinV-K {name}, MiB",
        bound="at most",
        limit=MIB_MAX,
        value=figures.median(f"{name}: memory"),
    )


async def _fill(dsn: str, servers: Servers, crowd: Crowd, orders: int) -> None:
    (till,) = crowd.tills
    tse = _Tse(till)
    async with running_hub(dsn, servers.key) as (store, context, hub):
        await TseNews(store, context).described(tse.description(), till)
        filler = Filler(hub, crowd, servers.cluster.pid, tse.sign)
        await filler.fill(orders, advised=True)
        words = ClosingWords(z_number=1, first=1, last=orders, signature=None, flags=())
        await hub.booking.submit(
            closing_item(till, uuid4(), _closing(till, orders), words)
        )


class _Tse:
    """Signs orders as a TSE would, without one."""

    def __init__(self, till: TillId) -> None:
        self._till = till
        self._identity = keys.create(datetime.now(UTC), curve_name=CURVE)
        self._number = 0

    def description(self) -> TillDescribed:
        """Say what the till and the TSE are."""
        own, now = self._identity, datetime.now(UTC)
        return TillDescribed(
            id=new_uuid7(),
            device=TillDevice(
                brand="Bench",
                model="1",
                serial=self._till,
                software_brand="Kassenband",
                software_version="1",
            ),
            tse=TseFacts(
                serial=own.public_key.serial.hex(),
                public_key=own.public_key.point,
                algorithm=own.algorithm.name,
                time_format=str(TimeFormat.UNIX),
                certificates=tuple(data for _, data in own.files()),
                expires=own.expiry,
                signatures_left=0,
            ),
            since=now,
            z_number=1,
        )

    def sign(self, order: Order) -> Signature:
        """Sign a completed order."""
        own = self._identity
        self._number += 1
        now = datetime.now(UTC).replace(microsecond=0)
        text = process_data(order, Outcome.COMPLETED)
        finish = Certified(
            Operation.FINISH, self._till, text.encode(), PROCESS_TYPE, self._number
        )
        logged = Protocolled(
            own.public_key.serial, own.algorithm, 2 * self._number, now
        )
        return Signature(
            client=self._till,
            number=self._number,
            start_counter=2 * self._number - 1,
            counter=2 * self._number,
            started_at=now,
            finished_at=now,
            process_type=PROCESS_TYPE,
            process_data=text,
            algorithm=own.algorithm.name,
            time_format=str(TimeFormat.UNIX),
            value=own.sign(signed_bytes(Kind.TRANSACTION, finish.to_bytes(), logged)),
            public_key=own.public_key.point,
            tse_serial=own.public_key.serial.hex(),
        )


def _closing(till: TillId, orders: int) -> bytes:
    now = datetime.now(UTC)
    return encode_closing(
        ClosingReport(
            event=demo_event.EVENT,
            till=till,
            z_number=1,
            currency=demo_event.CURRENCY,
            opened_at=now,
            closed_at=now,
            span=SequenceSpan(first=1, last=orders),
            completed=orders,
            aborted=0,
            totals=(),
            taxes=(),
            digest="0" * 64,
        )
    )


def _run(config: Path, job: str, file: Path) -> Sample:
    begun = time.perf_counter()
    command = [sys.executable, "-m", "hub", "--config", str(config), "dsfinvk"]
    said = file.with_suffix(".json")
    with said.open("wb") as out:
        process = subprocess.Popen([*command, job, str(file), "--json"], stdout=out)
        peak_kib, status, usage = _watched(process.pid)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        text = said.read_text()[:1000]
        raise ProvisioningError(f"dsfinvk {job} ended badly: {text}")
    return Sample(
        time.perf_counter() - begun,
        details={
            "peak_mib": peak_kib / _KIB_PER_MIB,
            "hub_s": usage.ru_utime + usage.ru_stime,
        },
    )


def _watched(pid: int) -> tuple[int, int, resource.struct_rusage]:
    """Wait for a process: the most memory that it and its children had, and its end.

    What it used says nothing of that: a child's peak begins with its parent's.
    """
    peak_kib = 0
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return peak_kib, status, usage
        children = read_text(Path(f"/proc/{pid}/task/{pid}/children")).split()
        peak_kib = max(peak_kib, sum(_peak_kib(each) for each in (str(pid), *children)))
        time.sleep(LOOK_EVERY_S)


def _peak_kib(pid: str) -> int:
    found = re.search(r"VmHWM:\s+([0-9]+)", read_text(Path(f"/proc/{pid}/status")))
    return int(found[1]) if found else 0
