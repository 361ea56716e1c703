"""Starts a child process cheaply: without copying the parent's page tables, and at lowest priority from the start.

asyncio forks its subprocesses, which copies the page tables and blocks the event loop meanwhile (1.5 ms at 200 MB, 0.1
ms here). And a child that lowers its own priority would first import its modules at the parent's, which takes a quarter
of a second of CPU time.
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
# The descriptor of the child's end of the connection; stdin, stdout and stderr are /dev/null.
CONNECTION_FD = 3
# How long a dead child stays a zombie before it is reaped, see _reap.
REAP_AFTER_S = 1.0
# Signals that Python ignores or handles in the parent; the child starts with their default action.
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM)


class Child:
    """A process of lowest priority in its own session, reaped after it ends. Made by `spawn`."""

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
        """Start the command (an absolute path) with `connection_fd` as its CONNECTION_FD; raises OSError."""
        silence = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(CONNECTION_FD)]
        # Exec closes the child's copy of the write end, which _executed sees as the end of the pipe.
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
        """The exit code, the negative signal number if a signal ended the process, None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Wait until the process has ended and return its exit code."""
        # Shielded, because cancelling one waiter would cancel the future for all of them.
        return await asyncio.shield(self._ended)

    def _executed(self) -> None:
        """Lower the priority once the child has closed its copies of our descriptors.

        The child holds them until its exec, which may be after posix_spawn returns. Until then, a connection that we
        close stays open for its peer, and a child of lowest priority would prolong that.
        """
        self._loop.remove_reader(self._until_exec)
        os.close(self._until_exec)
        with contextlib.suppress(OSError):  # it has ended already
            give_way(self.pid)

    def _end(self) -> None:
        # Another child may hold a copy of a pidfd that we closed. It still reports events, under a descriptor number
        # that may be this child's by now (epoll(7), question 6). So check whether the child has ended, without waiting.
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._ended.set_result(found.si_status if found.si_code == os.CLD_EXITED else -found.si_status)
        # If no thread can be started, the child stays a zombie until the server ends.
        with contextlib.suppress(RuntimeError):
            threading.Thread(target=_reap, args=(self.pid,), name=f"reap {self.pid}", daemon=True).start()


def _reap(pid: int) -> None:
    """Reap a dead child: after a delay, and not on the event loop.

    waitpid drops the child's /proc entries, and spins while the child's last thread is still dropping its own. That
    thread has the lowest priority, so a caller that spins on the same core keeps it from finishing: observed for over 2
    seconds, in which nothing else ran on that core (6.18, PREEMPT_NONE). The delay lets that thread finish first.
    """
    time.sleep(REAP_AFTER_S)
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    os.waitpid(pid, 0)


def give_way(pid: int) -> None:
    """Give the process and its future threads the lowest priority; raises OSError.

    If the kernel groups processes by session (sched_autogroup), niceness counts only within a session. The child has
    its own session, so the group needs the niceness too. See sched(7).
    """
    os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    autogroup = Path(f"/proc/{pid}/autogroup")
    if autogroup.exists():
        autogroup.write_text(str(NICENESS), encoding="ascii")
