"""How much CPU each process used while something ran."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.processes import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

OURSELVES = "load"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far: all threads, user and system."""
    return sum(_times(pid)[:2]) / TICKS_PER_S


def family_cpu_s(pid: int) -> float:
    """CPU seconds of a server and its children, those that have ended included."""
    own = sum(_times(pid)) / TICKS_PER_S
    text = read_text(Path(f"/proc/{pid}/task/{pid}/children"))
    return own + sum(cpu_s(int(child)) for child in text.split())


class CpuSpent:
    """CPU time that servers, their children included, and we use from now on."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._pids = processes
        self._before_s = self._read_s()
        self._since_s = time.perf_counter()

    def per_order(self, orders: int) -> dict[str, float]:
        """Microseconds per order by name, and the cores that all together kept busy."""
        elapsed_s = time.perf_counter() - self._since_s
        now_s = self._read_s()
        spent_s = {name: now_s[name] - self._before_s[name] for name in now_s}
        costs = {
            f"{name}_us": each_s / max(orders, 1) * 1_000_000
            for name, each_s in spent_s.items()
        }
        return {**costs, "cores": sum(spent_s.values()) / elapsed_s}

    def _read_s(self) -> dict[str, float]:
        # Our own children are the servers.
        spent_s = {name: family_cpu_s(pid) for name, pid in self._pids.items()}
        return {**spent_s, OURSELVES: cpu_s(os.getpid())}


def _times(pid: int) -> list[int]:
    """The ticks utime, stime, cutime and cstime (proc(5), /proc/PID/stat)."""
    fields = read_text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return [int(each) for each in fields[11:15]] or [0, 0, 0, 0]
