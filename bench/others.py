"""Measures the CPU share of processes outside the bench. Results are only quoted if it is small."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass
class Watched:
    """The share of all cores' time that other processes used. Set at the end of the context."""

    share: float = 0.0


class OthersMeter:
    """Compares the machine's busy time with that of this process and its descendants, reaped ones included."""

    @contextmanager
    def watching(self) -> Iterator[Watched]:
        """Measure for the duration of the context."""
        watched = Watched()
        busy, total, ours = (*_machine_s(), _ours_s())
        yield watched
        busy_after, total_after, ours_after = (*_machine_s(), _ours_s())
        others = (busy_after - busy) - (ours_after - ours)
        watched.share = max(0.0, others / (total_after - total))


def _machine_s() -> tuple[float, float]:
    """Return the seconds that all cores were busy, and busy or idle."""
    # user nice system idle iowait irq softirq steal
    ticks = [int(field) for field in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / _TICKS_PER_S, sum(ticks) / _TICKS_PER_S


def _ours_s() -> float:
    """Return the CPU seconds of this process, of those it has reaped, and of living descendants."""
    spent = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        spent += used.ru_utime + used.ru_stime
    for pid in descendants(os.getpid()):
        spent += _process_s(pid)
    return spent


def descendants(pid: int) -> Iterator[int]:
    """Yield the living descendants of a process."""
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text(encoding="ascii").split()
        ]
    except OSError:  # the process has ended
        return
    for child in children:
        yield child
        yield from descendants(child)


def _process_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    # utime, stime and what its reaped children used: fields 14 to 17 of proc(5)
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS_PER_S
