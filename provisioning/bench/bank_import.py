"""How long `kassenband-hub bank-import` takes for a large file, and in what memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from provisioning.bench.figures import Figures, Sample, Target
from provisioning.bench.portal import BILLS, QUERIES, bills_database
from provisioning.demo_event import EVENT
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from provisioning.bench.baseline import Pace, Servers

DATABASE = "bank"
CREDITS = BILLS
PARTS = 10
"""Payments in each entry of the file."""
SECONDS_MAX, MIB_MAX = 20.0, 200.0
TIME, MEMORY = f"{CREDITS} credits", f"{CREDITS} credits: memory"
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
_KIB_PER_MIB = 1024


def measure_bank_import(
    figures: Figures, servers: Servers, pace: Pace, say: Callable[[str], object]
) -> list[Target]:
    """Import a file in which each of thousands of bills is paid, as one command."""
    say(f"bank-import: filling {BILLS} bills\n")
    dsn, filled = bills_database(servers, DATABASE, BILLS, QUERIES["fill_payments"])
    references = filled.references
    config = servers.directory / "bank.toml"
    config.write_text(f"event = {json.dumps(EVENT)}\ndatabase = {json.dumps(dsn)}\n")
    for repetition in range(1, pace.repetitions + 1):
        say(f"bank-import: repetition {repetition} of {pace.repetitions}\n")
        file = servers.directory / f"bank-{repetition}.xml"
        file.write_text("".join(_camt(references, repetition)))
        seconds, mib = _import(config, file)
        figures.add(TIME, Sample(seconds), unit="s")
        figures.add(MEMORY, Sample(mib), unit="MiB")
    return [
        Target(
            name=f"bank import of {CREDITS} credits, s",
            bound="at most",
            limit=SECONDS_MAX,
            value=figures.median(TIME),
        ),
        Target(
            name=f"bank import of {CREDITS} credits, MiB",
            bound="at most",
            limit=MIB_MAX,
            value=figures.median(MEMORY),
        ),
    ]


def _import(config: Path, file: Path) -> tuple[float, float]:
    """Run the command; seconds and the most memory it had."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "hub", "--config", str(config)]
    process = subprocess.Popen(
        [*command, "bank-import", str(file), "--json"], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ProvisioningError(f"bank-import ended with {process.returncode}.")
    return time.perf_counter() - begun, usage.ru_maxrss / _KIB_PER_MIB


def _camt(references: Sequence[str], turn: int) -> Iterator[str]:
    """Write a notification with batches of payments, one for each bill."""
    yield (
        f'<Document xmlns="{_NAMESPACE}"><BkToCstmrDbtCdtNtfctn><GrpHdr>'
        f"<MsgId>bench-{turn}</MsgId></GrpHdr><Ntfctn><Id>bench-{turn}</Id><Acct><Id>"
        "<IBAN>DE02120300000000202051</IBAN></Id></Acct>"
    )
    for start in range(0, len(references), PARTS):
        batch = references[start : start + PARTS]
        yield (
            f'<Ntry><Amt Ccy="EUR">{len(batch) * 135}.00</Amt><CdtDbtInd>CRDT'
            "</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-05-03</Dt></BookgDt>"
            f"<ValDt><Dt>2026-05-04</Dt></ValDt><AcctSvcrRef>E{turn}-{start}"
            "</AcctSvcrRef><NtryDtls>"
        )
        for place, reference in enumerate(batch):
            yield (
                f"<TxDtls><Refs><AcctSvcrRef>T{turn}-{start + place}</AcctSvcrRef>"
                '</Refs><Amt Ccy="EUR">135.00</Amt><RltdPties><Dbtr><Pty><Nm>Somebody'
                "</Nm></Pty></Dbtr></RltdPties><RmtInf><Strd><CdtrRefInf><Ref>"
                f"{reference}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
            )
        yield "</NtryDtls></Ntry>"
    yield "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
