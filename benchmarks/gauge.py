"""Figures: percentiles, and what processes took of processor and memory."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from statistics import quantiles

import psutil

now = time.perf_counter


def percentile(values: Sequence[float], which: int) -> float:
    """In milliseconds, of seconds."""
    if len(values) < 2:
        return sum(values) * 1000
    return quantiles(values, n=100, method="inclusive")[which - 1] * 1000


def family(pids: Iterable[int]) -> list[psutil.Process]:
    """These processes and all below them."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        with suppress(psutil.Error):
            root = psutil.Process(pid)
            found |= {one.pid: one for one in (root, *root.children(recursive=True))}
    return list(found.values())


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time so far, children that ended included where the system says so."""
    total = 0.0
    for process in family(pids):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def memory_kb(pids: Iterable[int]) -> float:
    """Proportional memory (what is shared is divided among those who share it); resident where that is unknown."""
    total = 0.0
    for process in family(pids):
        with suppress(psutil.Error):
            full = process.memory_full_info()
            total += getattr(full, "pss", 0) or getattr(full, "uss", 0) or full.rss
    return total / 1024


class Meter:
    """Runs while something is measured: how long, and how much processor each group of processes took."""

    def __init__(self, groups: dict[str, list[int]]) -> None:
        self.groups = groups
        self.start = now()
        self.before = self.read()

    def read(self) -> dict[str, float]:
        return {name: cpu_seconds(pids) for name, pids in self.groups.items()} | {"client": time.process_time()}

    def stop(self) -> None:
        self.seconds = now() - self.start
        self.used = {name: after - self.before[name] for name, after in self.read().items()}

    def each(self, count: int) -> dict[str, float]:
        """Milliseconds of processor for each of so many, by group; and how busy our client was, from 0 to 1."""
        parts = {f"{name}_cpu_ms": round(used * 1000 / max(count, 1), 4) for name, used in self.used.items()}
        served = sum(used for name, used in self.used.items() if name != "client")
        return {
            "cpu_ms": round(served * 1000 / max(count, 1), 4),
            **parts,
            "server_busy": round(served / self.seconds, 2),
            "client_busy": round(self.used["client"] / self.seconds, 2),
        }
