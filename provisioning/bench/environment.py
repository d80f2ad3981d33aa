"""Where a benchmark ran: without it, no figure can be compared with another."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import statistics
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.processes import find_program, read_text

if TYPE_CHECKING:
    from provisioning.postgres import PrivatePostgres

CALIBRATION_ROUNDS = 300_000
SYNCS = 200
SYNCED_BYTES = 8192  # one page of the write-ahead log


def describe_machine() -> dict[str, str]:
    """Facts about this machine that move figures; no name of host or user."""
    load = os.getloadavg()
    return {
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "memory": _memory(),
        "system": _system(),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "load average at start": f"{load[0]:.1f}",
        "calibration": f"{calibrate_ms():.0f} ms CPU",
    }


def describe_servers(cluster: PrivatePostgres) -> dict[str, str]:
    """Which PostgreSQL and which Mosquitto, and where the former comes from."""
    version = (
        cluster.run("postgres", "--version")
        .removeprefix("postgres (PostgreSQL) ")
        .strip()
    )
    program = find_program("mosquitto", "mosquitto")
    said = subprocess.run([program, "-h"], capture_output=True, text=True, check=False)
    match = re.search(r"version ([0-9.]+)", said.stdout)
    return {
        "postgresql": f"{version}, {cluster.binaries.origin}",
        "mosquitto": match[1] if match else "unknown",
        "write and fdatasync of 8 KiB": f"{sync_us(cluster.data):.0f} us",
    }


def calibrate_ms() -> float:
    """CPU time of a fixed piece of interpreted work, in milliseconds.

    CPU figures of two machines compare after division by it.
    """
    before = time.process_time_ns()
    digest = b""
    for number in range(CALIBRATION_ROUNDS // 10):
        digest = hashlib.sha256(digest + number.to_bytes(4, "big")).digest()
    total = 0
    for number in range(CALIBRATION_ROUNDS):
        total += number & 7
    assert total > 0
    assert digest
    return (time.process_time_ns() - before) / 1_000_000


def sync_us(directory: Path) -> float:
    """How long a page takes to reach the disk, in microseconds: the median.

    No commit can be faster, and a batch is one commit.
    """
    path = directory / "sync.bench"
    page = bytes(SYNCED_BYTES)
    times_ns = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began_ns = time.perf_counter_ns()
            file.seek(0)
            file.write(page)
            os.fdatasync(file.fileno())
            times_ns.append(time.perf_counter_ns() - began_ns)
    path.unlink()
    return statistics.median(times_ns) / 1000


def _processor() -> str:
    match = re.search(
        r"^model name\s*: (.+)$", read_text(Path("/proc/cpuinfo")), re.MULTILINE
    )
    return match[1].strip() if match else platform.machine()


def _memory() -> str:
    match = re.search(r"^MemTotal:\s+(\d+) kB", read_text(Path("/proc/meminfo")))
    return f"{round(int(match[1]) / 1024 / 1024)} GiB" if match else "unknown"


def _system() -> str:
    text = read_text(Path("/etc/os-release"))
    match = re.search(r'^PRETTY_NAME="?([^"\n]+)', text, re.MULTILINE)
    return match[1] if match else platform.system()
