"""How much CPU each process used while something ran."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.processes import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far: all threads, user and system."""
    return sum(_times(pid)[:2]) / TICKS_PER_S


def family_cpu_s(pid: int) -> float:
    """CPU seconds of a server and its children, those that have ended included."""
    own = sum(_times(pid)) / TICKS_PER_S
    text = read_text(Path(f"/proc/{pid}/task/{pid}/children"))
    return own + sum(cpu_s(int(child)) for child in text.split())


class CoresUsed:
    """Shares of a core that processes use from now on, by name."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._pids = processes
        self._before = {name: family_cpu_s(pid) for name, pid in processes.items()}
        self._since_s = time.perf_counter()

    def read(self) -> dict[str, float]:
        """Cores used since the beginning, by name."""
        elapsed_s = time.perf_counter() - self._since_s
        return {
            f"{name}_cores": (family_cpu_s(pid) - self._before[name]) / elapsed_s
            for name, pid in self._pids.items()
        }


def _times(pid: int) -> list[int]:
    """The ticks utime, stime, cutime and cstime (proc(5), /proc/PID/stat)."""
    fields = read_text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return [int(each) for each in fields[11:15]] or [0, 0, 0, 0]
