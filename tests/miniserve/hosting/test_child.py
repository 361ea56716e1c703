"""A child process: silent, lowest priority, its own session, one inherited descriptor, reaped."""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import uvloop

from miniserve.hosting.child import CONNECTION_FD, NICENESS, Child

# Tells over the connection what it finds itself to be.
INTROSPECTION = f"""
import json, os, socket, time
while os.getpriority(os.PRIO_PROCESS, 0) != {NICENESS}:  # set by the parent just after the start
    time.sleep(0.001)
found = {{
    "session": os.getsid(0) == os.getpid(),
    "environ": sorted(os.environ),
    "silent": [os.readlink(f"/proc/self/fd/{{fd}}") for fd in range(3)],
}}
socket.socket(fileno={CONNECTION_FD}).sendall(json.dumps(found).encode())
"""


def _spawn(code: str, connection_fd: int) -> Child:
    return Child.spawn((sys.executable, "-I", "-S", "-c", code), {"ONLY": "this"}, connection_fd)


def test_a_child_is_silent_has_its_own_session_and_inherits_only_the_given_descriptor() -> None:
    async def introspect() -> tuple[bytes, int]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            child = _spawn(INTROSPECTION, theirs.fileno())
            exit_code = await child.wait()
            return ours.recv(4096), exit_code

    told, exit_code = asyncio.run(introspect())

    found = json.loads(told)
    assert exit_code == 0
    assert found["session"]
    assert found["silent"] == [os.devnull] * 3
    # the C locale is coerced by the interpreter itself, PEP 538
    assert set(found["environ"]) - {"LC_CTYPE"} == {"ONLY"}


def test_the_exit_code_distinguishes_an_exit_from_a_signal_and_the_child_is_reaped() -> None:
    async def run(code: str) -> tuple[Child, int]:
        with socket.socket() as unused:
            child = _spawn(code, unused.fileno())
            assert child.returncode is None
            return child, await child.wait()

    for code, expected in (("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL)):
        child, exit_code = asyncio.run(run(code))

        assert exit_code == child.returncode == expected
        for reaper in [thread for thread in threading.enumerate() if thread.name == f"reap {child.pid}"]:
            reaper.join()
        assert not Path(f"/proc/{child.pid}").exists()


def test_a_child_with_a_reused_descriptor_number_is_not_confused_with_another() -> None:
    async def replace_again_and_again() -> list[int | None]:
        still_running = []
        with socket.socket() as unused:
            # ends by itself, so that a wait for the wrong child ends as well
            old = _spawn("import signal; signal.alarm(60); signal.pause()", unused.fileno())
            for _ in range(10):
                new = _spawn("import signal; signal.alarm(60); signal.pause()", unused.fileno())
                os.kill(old.pid, signal.SIGKILL)
                await old.wait()
                still_running.append(new.returncode)
                old = new
            os.kill(old.pid, signal.SIGKILL)
            await old.wait()
        return still_running

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(replace_again_and_again()) == [None] * 10
