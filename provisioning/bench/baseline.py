"""The yardstick: pgbench's TPC-B-like run on the same cluster, in the same run.

Absolute figures of a shared machine swing by a factor of three within minutes; only
ratios taken side by side say something about the program.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioning.bench.figures import Sample
from provisioning.bench.watch import family_cpu_s
from provisioning.postgres import PrivatePostgres, which_from_environment
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from provisioning.token_key import TokenKey

SCALE = 10
THREADS_MAX = 2
DATABASE = "pgbench"
SHARED_BUFFERS = "1GB"
# Beside what every private cluster has (durable commits), so that no checkpoint
# falls into a measurement of some minutes.
SETTINGS = """\
max_wal_size = '8GB'
checkpoint_timeout = '15min'
autovacuum = on
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how often to measure each point, and with how many tills."""

    seconds: int = 3
    repetitions: int = 3
    tills: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Servers:
    """What the benchmarks of the hub share."""

    directory: Path
    cluster: PrivatePostgres
    key: TokenKey


@contextmanager
def bench_cluster(directory: Path) -> Iterator[PrivatePostgres]:
    """A throw-away cluster with durable commits, and pgbench's tables in it."""
    cluster = PrivatePostgres(
        directory, which_from_environment(), shared_buffers=SHARED_BUFFERS
    )
    with cluster:
        with (cluster.data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        os.kill(cluster.pid, signal.SIGHUP)
        cluster.create_database(DATABASE)
        cluster.run("pgbench", "-i", "-q", "-s", str(SCALE), DATABASE)
        yield cluster


def run_pgbench(cluster: PrivatePostgres, clients: int, seconds: int) -> Sample:
    """Run TPC-B with prepared statements; committed database transactions per s.

    `server_us` is the server's CPU time per database transaction: what capacity
    costs, whoever else uses the machine.
    """
    before_s = family_cpu_s(cluster.pid)
    threads = min(clients, THREADS_MAX)
    output = cluster.run(
        "pgbench",
        *("-n", "-M", "prepared"),
        *("-c", str(clients), "-j", str(threads), "-T", str(seconds)),
        DATABASE,
    )
    used_s = family_cpu_s(cluster.pid) - before_s
    return read_output(output, server_us=used_s / seconds * 1_000_000)


def read_output(output: str, *, server_us: float = 0.0) -> Sample:
    """Read rate and mean latency out of what pgbench prints.

    `server_us` is the server's CPU time per second, in microseconds.
    """
    rate = re.search(r"^tps = ([0-9.]+) ", output, re.MULTILINE)
    latency = re.search(r"^latency average = ([0-9.]+) ms", output, re.MULTILINE)
    if rate is None or latency is None:
        raise ProvisioningError(f"pgbench said something unexpected: {output.strip()}")
    tps, mean_ms = float(rate[1]), float(latency[1])
    return Sample(tps, details={"mean_ms": mean_ms, "server_us": server_us / tps})
