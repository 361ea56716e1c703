"""A shadow worker whose arm misbehaves as its first argument says; everything else is the real worker.

`@FILE` reads the name from a file, so that one server can have many faults, one after the other.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from miniserve.arms.arm import Answer
from miniserve.errors import ArmRaised
from miniserve.hosting import frames
from miniserve.hosting.worker import Answerer, Load, load_engine, main

CANARY = "canary-7f3a"
SLOW_S = 0.1
# Before a name: the model is loaded all the same, so that a start costs what it costs. Alone: the model answers.
LOADED = "loaded "
OVERSLEPT_S = 1.0
ENDLESS_TIME = b'{"type":"answered","seq":1,"text":"x","edit_applied":true,"tokens":1,"service_ms":1e999,"cpu_ms":1}'
# What breaks a view that does not escape: a page, a table, a terminal, an image that is none.
HOSTILE = "</script><img src=x onerror=alert(1)> | ` \x1b[2J \u202e"


def _text(text: object) -> Answer:
    return Answer(text, edit_applied=True, tokens=1)  # type: ignore[arg-type]  # a B that breaks its type


def _raise(_prompt: str) -> Answer:
    raise ArmRaised(f"boom {CANARY}")


def _raise_undeclared(_prompt: str) -> Answer:
    raise LookupError(f"boom {CANARY}")


def _die_saying_what_breaks_views(_prompt: str) -> Answer:
    raise LookupError(HOSTILE)


def _wait_for_ever(_prompt: str) -> Answer:
    threading.Event().wait()
    raise AssertionError("the event is never set")


def _sleep_past_the_timeout(_prompt: str) -> Answer:
    time.sleep(OVERSLEPT_S)  # the fault itself; no test waits for it
    return _text("too late")


def _hold_the_interpreter(_prompt: str) -> Answer:
    # A C function that is called through PyDLL does not release the GIL.
    ctypes.PyDLL(None).pause()
    raise AssertionError("no signal ends the pause")


def _answer_slowly(_prompt: str) -> Answer:
    time.sleep(SLOW_S)  # the fault itself; no test waits for it
    return _text("at last")


def _spin(_prompt: str) -> Answer:
    while True:
        pass


def _exit(_prompt: str) -> Answer:
    os._exit(3)


def _segfault(_prompt: str) -> Answer:
    ctypes.string_at(0)
    raise AssertionError("the line above ends the process")


def _kill(_prompt: str) -> Answer:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("the line above ends the process")


def _signal_without_a_name(_prompt: str) -> Answer:
    os.kill(os.getpid(), 40)
    raise AssertionError("the line above ends the process")


def _eat_memory(_prompt: str) -> Answer:
    hoard = []
    while True:
        hoard.append(bytearray(64 * 2**20))


def _flood(_prompt: str) -> Answer:
    sys.stdout.write(CANARY * 1_000_000)
    sys.stderr.write(CANARY * 1_000_000)
    return _text("flooded")


def _send(payload: bytes) -> Answerer:
    """Write raw bytes to the server, bypassing the protocol."""

    def answer(_prompt: str) -> Answer:
        descriptor = int(sys.argv[sys.argv.index("--fd") + 1])
        socket.socket(fileno=os.dup(descriptor)).sendall(payload)
        return _text("after raw bytes")

    return answer


def _fork(_prompt: str) -> Answer:
    if os.fork() == 0:
        signal.pause()
    return _text("forked")


def _leave_the_session(_prompt: str) -> Answer:
    """Become a daemon: a grandchild in its own session, whose parent has exited."""
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0:
            signal.pause()
        os._exit(0)
    os.waitpid(child, 0)
    return _text("left")


def _reaching_into_the_server() -> dict[str, Callable[[], object]]:
    """Return every way to reach into another process of the same user, each aimed at the server."""
    server = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)

    def checked(result: int) -> None:
        if result < 0:
            raise OSError(ctypes.get_errno(), "refused")

    def own_signals() -> None:
        ours, theirs = socket.socketpair()
        fcntl.fcntl(ours, fcntl.F_SETOWN, server)
        fcntl.fcntl(ours, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(ours, fcntl.F_SETFL, os.O_ASYNC)
        theirs.send(b"x")

    def write_memory() -> None:
        with Path(f"/proc/{server}/mem").open("r+b", buffering=0):
            pass

    def write(path: str) -> Callable[[], object]:
        # Opening is what the kernel would allow or refuse; nothing is written.
        return lambda: os.close(os.open(path, os.O_WRONLY))

    def connect() -> None:
        with contextlib.suppress(ConnectionRefusedError), socket.socket() as client:
            client.connect(("127.0.0.1", 9))

    def listen() -> None:
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))

    outside = Path(os.environ["TMPDIR"]).with_name(f"lynx-outside-{os.getpid()}")
    models = sys.argv[sys.argv.index("--models") + 1]
    return {
        "/proc/PID/autogroup": write(f"/proc/{server}/autogroup"),
        "/proc/self/autogroup": write("/proc/self/autogroup"),
        "/proc/PID/oom_score_adj": write(f"/proc/{server}/oom_score_adj"),
        "the registry": write(f"{models}/registry.json"),
        "truncate": lambda: os.truncate(f"{models}/registry.json", Path(models, "registry.json").stat().st_size),
        "a new file": outside.touch,
        "connect": connect,
        "listen": listen,
        "kill": lambda: os.kill(server, signal.SIGKILL),
        "stop": lambda: os.kill(server, signal.SIGSTOP),
        "its group": lambda: os.kill(-os.getpgid(server), signal.SIGKILL),
        "tgkill": lambda: checked(libc.tgkill(server, server, signal.SIGKILL)),
        "sigqueue": lambda: checked(libc.sigqueue(server, signal.SIGKILL, None)),
        "pidfd": lambda: signal.pidfd_send_signal(os.pidfd_open(server), signal.SIGKILL),
        "file owner": own_signals,
        "ptrace": lambda: checked(libc.ptrace(16, server, None, None)),  # PTRACE_ATTACH stops it
        "process_vm_writev": lambda: checked(libc.process_vm_writev(server, None, 0, None, 0, 0)),
        "/proc/PID/mem": write_memory,
        "prlimit": lambda: resource.prlimit(server, resource.RLIMIT_NOFILE, (0, 0)),
        "setpriority": lambda: os.setpriority(os.PRIO_PROCESS, server, 19),
        "sched_setaffinity": lambda: os.sched_setaffinity(server, {0}),
        "sched_setscheduler": lambda: os.sched_setscheduler(server, os.SCHED_IDLE, os.sched_param(0)),
    }


def _reach_into_the_server(_prompt: str) -> Answer:
    """Try every way, and answer with those that the kernel allowed."""
    allowed = []
    for name, attempt in _reaching_into_the_server().items():
        with contextlib.suppress(PermissionError):
            attempt()
            allowed.append(name)
    return _text(f"allowed: {', '.join(allowed) or 'none'}")


def _kill_the_server(_prompt: str) -> Answer:
    os.kill(os.getppid(), signal.SIGKILL)
    return _text("killed")


def _stop_the_server(_prompt: str) -> Answer:
    os.kill(os.getppid(), signal.SIGSTOP)
    return _text("stopped")


FAULTS: dict[str, Answerer] = {
    "healthy": lambda prompt: _text(f"{prompt} {CANARY}"),
    "raises": _raise,
    "raises-undeclared": _raise_undeclared,
    "says-what-breaks-views": lambda prompt: _text(f"{prompt} {HOSTILE}"),
    "dies-saying-what-breaks-views": _die_saying_what_breaks_views,
    "sleeps-past-the-timeout": _sleep_past_the_timeout,
    "waits-for-ever": _wait_for_ever,
    "answers-slowly": _answer_slowly,
    "holds-the-interpreter": _hold_the_interpreter,
    "spins": _spin,
    "exits": _exit,
    "segfaults": _segfault,
    "is-killed": _kill,
    "dies-of-a-real-time-signal": _signal_without_a_name,
    "eats-memory": _eat_memory,
    "floods-stdout": _flood,
    "forks": _fork,
    "leaves-its-session": _leave_the_session,
    "returns-nothing": lambda _: _text(None),
    "returns-an-empty-text": lambda _: _text("  "),
    "returns-a-number": lambda _: _text(5),
    "returns-10-mb": lambda _: _text(CANARY * 1_000_000),
    "returns-invalid-utf-8": lambda _: _text("\ud800"),
    "malformed-frame": _send(b"\x00\x00\x00\x02{]"),
    "oversized-frame": _send(b"\xff\xff\xff\xff"),
    "negative-time": _send(frames.encode(frames.Answered(1, "x", True, 1, -1.0, 1.0))),
    "negative-tokens": _send(frames.encode(frames.Answered(1, "x", True, -5, 1.0, 1.0))),
    "tokens-of-401-digits": _send(frames.encode(frames.Answered(1, "x", True, 10**400, 1.0, 1.0))),
    "tokens-and-a-half": _send(frames.encode(frames.Answered(1, "x", True, 1.5, 1.0, 1.0))),
    "service-of-1e308-ms": _send(frames.encode(frames.Answered(1, "x", True, 1, 1e308, 1.0))),
    "cpu-of-401-digits": _send(frames.encode(frames.Answered(1, "x", True, 1, 1.0, 10**400))),
    "time-that-no-float-holds": _send(len(ENDLESS_TIME).to_bytes(4, "big") + ENDLESS_TIME),
    "reaches-into-the-server": _reach_into_the_server,
    "kills-the-server": _kill_the_server,
    "stops-the-server": _stop_the_server,
    "oversized-text": _send(frames.encode(frames.Answered(1, CANARY * 5_000, True, 1, 1.0, 1.0))),
    "answers-twice": _send(frames.encode(frames.Answered(1, CANARY, True, 1, 1.0, 1.0))),
    "unsolicited-frame": _send(frames.encode(frames.Answered(99, CANARY, True, 1, 1.0, 1.0))),
    "ready-again": _send(frames.encode(frames.Ready(CANARY))),
}


def _load(fault: str) -> Load:
    def load(models: Path, sha: str, warm_up: str) -> tuple[Answerer, str]:
        if fault.startswith(LOADED):
            answer, engine = load_engine(models, sha, warm_up)
            return FAULTS.get(fault.removeprefix(LOADED), answer), engine
        if fault == "fails-to-load":
            raise OSError(f"no such model {CANARY}")
        if fault == "never-loads":
            threading.Event().wait()
        return FAULTS[fault], "faulty"

    return load


def _named(argument: str) -> str:
    return Path(argument[1:]).read_text(encoding="ascii") if argument.startswith("@") else argument


if __name__ == "__main__":
    main(sys.argv[2:], _load(_named(sys.argv[1])))
