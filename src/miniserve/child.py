"""A child process that costs its parent next to nothing: no copy of its page tables, lowest priority from the start.

asyncio's subprocesses are forked, which copies the page tables of a server with a model in memory while its event loop
stands still (1.5 ms at 200 MB, against 0.1). And a child that lowers its own priority has imported its modules before
at its parent's, a quarter of a second of CPU time.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

NICENESS = 19
# The child finds its end of the connection here, beside /dev/null as stdin, stdout and stderr.
CONNECTION_FD = 3
# What Python ignores or handles in the parent begins as usual in the child.
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM)


class Child:
    """A process of lowest priority, in a session of its own, reaped as soon as it ends. Made by `spawn`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self._pidfd = os.pidfd_open(pid)
        self._loop.add_reader(self._pidfd, self._reap)

    @classmethod
    def spawn(cls, command: Sequence[str], environ: Mapping[str, str], connection_fd: int) -> "Child":
        """Start the command, found on no PATH, with one descriptor of ours as CONNECTION_FD; raises OSError."""
        silence = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(CONNECTION_FD)]
        pid = os.posix_spawn(
            command[0],
            tuple(command),
            environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, connection_fd, CONNECTION_FD), *silence],
            setsid=True,
            setsigmask=[],
            setsigdef=_DEFAULT_SIGNALS,
        )
        with contextlib.suppress(OSError):  # it has ended already
            give_way(pid)
        return cls(pid)

    @property
    def returncode(self) -> int | None:
        """The exit code, minus the signal's number for a process that a signal ended, None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Wait until the process has ended and return its exit code."""
        return await asyncio.shield(self._ended)

    def _reap(self) -> None:
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        _, status = os.waitpid(self.pid, 0)
        self._ended.set_result(os.waitstatus_to_exitcode(status))


def give_way(pid: int) -> None:
    """Give the process, and the threads it will have, the lowest priority; raises OSError.

    Where the kernel groups processes by session (sched_autogroup), niceness counts within a session only, and the child
    has its own: the group has to be nice too. See sched(7).
    """
    os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    autogroup = Path(f"/proc/{pid}/autogroup")
    if autogroup.exists():
        autogroup.write_text(str(NICENESS), encoding="ascii")
