"""A server's processes, threads and descriptors, from /proc, to compare before and after a fault of B."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Footprint:
    """The processes of the server's shadow, including zombies, and the server's own threads and descriptors."""

    shadow_processes: int
    threads: int
    descriptors: int


def footprint(pid: int) -> Footprint:
    """Return the server's present footprint."""
    process = Path(f"/proc/{pid}")
    return Footprint(
        shadow_processes=len(shadow_processes(pid)),
        threads=len(list((process / "task").iterdir())),
        descriptors=len(list((process / "fd").iterdir())),
    )


def resident_mb(pid: int) -> float:
    """Return the server's resident memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def shadow_processes(pid: int) -> set[int]:
    """Return the pids of the server's children, and of every process that descends from a worker of its.

    A child that left its session, and whose parent is gone, still has the worker's arguments.
    """
    argument = b"--parent\0%d\0" % pid
    return {found for found, parent, arguments in _processes() if parent == pid or argument in arguments}


def _processes() -> Iterator[tuple[int, int, bytes]]:
    """Yield (pid, parent's pid, arguments) of every process."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it ended while we looked
                parent = int((folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
                yield int(folder.name), parent, (folder / "cmdline").read_bytes()
