"""The yardstick: pgbench's TPC-B-like run on the same cluster, in the same run.

Absolute figures of a shared machine swing by a factor of three within minutes; only
ratios taken side by side say something about the program.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from provisioning.bench.figures import Sample
from provisioning.postgres import PrivatePostgres, which_from_environment
from provisioning.processes import ProvisioningError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    """Run TPC-B with prepared statements; committed database transactions per s."""
    threads = min(clients, THREADS_MAX)
    output = cluster.run(
        "pgbench",
        *("-n", "-M", "prepared"),
        *("-c", str(clients), "-j", str(threads), "-T", str(seconds)),
        DATABASE,
    )
    return read_output(output)


def read_output(output: str) -> Sample:
    """Read rate and mean latency out of what pgbench prints."""
    rate = re.search(r"^tps = ([0-9.]+) ", output, re.MULTILINE)
    latency = re.search(r"^latency average = ([0-9.]+) ms", output, re.MULTILINE)
    if rate is None or latency is None:
        raise ProvisioningError(f"pgbench said something unexpected: {output.strip()}")
    return Sample(float(rate[1]), details={"mean_ms": float(latency[1])})
