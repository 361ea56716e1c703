"""Distinguishes a slow process from one that got no CPU, which is the machine's fault.

A run is starved if it got under 10 % of its deadline in CPU time, and if at least half of a few samples then find it
runnable although it gets hardly any CPU.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

CPU_SHARE = 0.1
LOOKS = 5
_LOOK_EVERY_S = 0.02


class Observable(Protocol):
    """A process that can be observed from outside."""

    def cpu_ns(self) -> int | None:
        """Return the CPU time of all threads so far, or None once it is gone."""

    def is_runnable(self) -> bool:
        """Return whether one of its threads is running or waiting for a CPU."""


@dataclass(frozen=True)
class CpuUse:
    """The milliseconds of CPU that a process got before its deadline (None if unknown), and whether it was starved."""

    cpu_ms: float | None
    starved: bool


async def cpu_use(process: Observable, before_ns: int | None, deadline_s: float) -> CpuUse:
    """Return the CPU use since `before_ns` of a process past its deadline; takes 0.1 s if it may be starved."""
    after_ns = process.cpu_ns()
    cpu_ms = _ms_between(before_ns, after_ns)
    if cpu_ms is None or cpu_ms >= CPU_SHARE * deadline_s * 1e3:
        return CpuUse(cpu_ms, starved=False)
    looks = 0
    for _ in range(LOOKS):
        looks += process.is_runnable()
        await asyncio.sleep(_LOOK_EVERY_S)
    # A thread that runs is runnable, too. If the process computed for half of the time, it was not waiting for a core.
    meanwhile_ms = _ms_between(after_ns, process.cpu_ns()) or 0.0
    waited = 2 * looks >= LOOKS and 2 * meanwhile_ms < LOOKS * _LOOK_EVERY_S * 1e3
    return CpuUse(cpu_ms, starved=waited)


def _ms_between(before_ns: int | None, after_ns: int | None) -> float | None:
    return None if before_ns is None or after_ns is None else (after_ns - before_ns) / 1e6
