"""A child process that costs its parent next to nothing: no copy of its page tables, lowest priority from the start.

asyncio's subprocesses are forked, which copies the page tables of a server with a model in memory while its event loop
stands still (1.5 ms at 200 MB, against 0.1). And a child that lowers its own priority has imported its modules before
at its parent's, a quarter of a second of CPU time.
"""

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

NICENESS = 19
# The child finds its end of the connection here, beside /dev/null as stdin, stdout and stderr.
CONNECTION_FD = 3
# How long a dead child stays in the kernel's table before it is taken out, see _reap.
REAP_AFTER_S = 1.0
# What Python ignores or handles in the parent begins as usual in the child.
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM)


class Child:
    """A process of lowest priority, in a session of its own, reaped once it has ended. Made by `spawn`."""

    def __init__(self, pid: int, until_exec: int) -> None:
        self.pid = pid
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self._pidfd = os.pidfd_open(pid)
        self._loop.add_reader(self._pidfd, self._end)
        self._until_exec = until_exec
        self._loop.add_reader(until_exec, self._executed)

    @classmethod
    def spawn(cls, command: Sequence[str], environ: Mapping[str, str], connection_fd: int) -> "Child":
        """Start the command, found on no PATH, with one descriptor of ours as CONNECTION_FD; raises OSError."""
        silence = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(CONNECTION_FD)]
        until_exec, closed_by_exec = os.pipe()
        try:
            pid = os.posix_spawn(
                command[0],
                tuple(command),
                environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, connection_fd, CONNECTION_FD), *silence],
                setsid=True,
                setsigmask=[],
                setsigdef=_DEFAULT_SIGNALS,
            )
        except OSError:
            os.close(until_exec)
            raise
        finally:
            os.close(closed_by_exec)
        return cls(pid, until_exec)

    @property
    def returncode(self) -> int | None:
        """The exit code, minus the signal's number for a process that a signal ended, None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Wait until the process has ended and return its exit code."""
        return await asyncio.shield(self._ended)

    def _executed(self) -> None:
        """Lower the priority once the child's copies of our descriptors are closed.

        It has them until its exec is done, which is after posix_spawn returns. Whatever we close meanwhile stays open
        for its other end, which a child without priority would draw out.
        """
        self._loop.remove_reader(self._until_exec)
        os.close(self._until_exec)
        with contextlib.suppress(OSError):  # it has ended already
            give_way(self.pid)

    def _end(self) -> None:
        # Another child's copy of a pidfd that we closed still tells of its end, under a number that may be ours by
        # then (epoll(7), question 6): so ask, and do not wait.
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._ended.set_result(found.si_status if found.si_code == os.CLD_EXITED else -found.si_status)
        # Where no thread can be had, the child stays a zombie until the server ends.
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=_reap, args=(self.pid,), name=f"reap {self.pid}", daemon=True).start()


def _reap(pid: int) -> None:
    """Take a dead child out of the kernel's table: later, and not on the event loop.

    The kernel removes what /proc cached of it, and spins while the child's last thread still does the same for itself.
    That one has the lowest priority, so on its core whoever spins keeps it from it: seen for 2 seconds and more, in
    which nobody on that core but the spinning thread ran (6.18, PREEMPT_NONE). So the thread gets its time first.
    """
    time.sleep(REAP_AFTER_S)
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    os.waitpid(pid, 0)


def give_way(pid: int) -> None:
    """Give the process, and the threads it will have, the lowest priority; raises OSError.

    Where the kernel groups processes by session (sched_autogroup), niceness counts within a session only, and the child
    has its own: the group has to be nice too. See sched(7).
    """
    os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    autogroup = Path(f"/proc/{pid}/autogroup")
    if autogroup.exists():
        autogroup.write_text(str(NICENESS), encoding="ascii")
