"""A shadow worker whose arm misbehaves in the way its first argument names; all else is the real worker."""

import ctypes
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from miniserve import frames
from miniserve.arms import Answer
from miniserve.errors import ArmRaised
from miniserve.shadow_worker import Answerer, main

CANARY = "canary-7f3a"


def _text(text: object) -> Answer:
    return Answer(text, edit_applied=True, tokens=1)  # type: ignore[arg-type]  # a B that breaks its type


def _raise(_sentence: str) -> Answer:
    raise ArmRaised(f"boom {CANARY}")


def _raise_undeclared(_sentence: str) -> Answer:
    raise LookupError(f"boom {CANARY}")


def _wait_for_ever(_sentence: str) -> Answer:
    threading.Event().wait()
    raise AssertionError("the event is never set")


def _spin(_sentence: str) -> Answer:
    while True:
        pass


def _exit(_sentence: str) -> Answer:
    os._exit(3)


def _segfault(_sentence: str) -> Answer:
    ctypes.string_at(0)
    raise AssertionError("the line above ends the process")


def _kill(_sentence: str) -> Answer:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("the line above ends the process")


def _signal_without_a_name(_sentence: str) -> Answer:
    os.kill(os.getpid(), 40)
    raise AssertionError("the line above ends the process")


def _eat_memory(_sentence: str) -> Answer:
    hoard = []
    while True:
        hoard.append(bytearray(64 * 2**20))


def _flood(_sentence: str) -> Answer:
    sys.stdout.write(CANARY * 1_000_000)
    sys.stderr.write(CANARY * 1_000_000)
    return _text("flooded")


def _send(payload: bytes) -> Answerer:
    """Write raw bytes to the server, behind the protocol's back."""

    def answer(_sentence: str) -> Answer:
        descriptor = int(sys.argv[sys.argv.index("--fd") + 1])
        socket.socket(fileno=os.dup(descriptor)).sendall(payload)
        return _text("after raw bytes")

    return answer


def _fork(_sentence: str) -> Answer:
    if os.fork() == 0:
        signal.pause()
    return _text("forked")


FAULTS: dict[str, Answerer] = {
    "healthy": lambda sentence: _text(f"{sentence} {CANARY}"),
    "raises": _raise,
    "raises-undeclared": _raise_undeclared,
    "waits-for-ever": _wait_for_ever,
    "spins": _spin,
    "exits": _exit,
    "segfaults": _segfault,
    "is-killed": _kill,
    "dies-of-a-real-time-signal": _signal_without_a_name,
    "eats-memory": _eat_memory,
    "floods-stdout": _flood,
    "forks": _fork,
    "returns-nothing": lambda _: _text(None),
    "returns-an-empty-text": lambda _: _text("  "),
    "returns-a-number": lambda _: _text(5),
    "returns-10-mb": lambda _: _text(CANARY * 1_000_000),
    "returns-invalid-utf-8": lambda _: _text("\ud800"),
    "malformed-frame": _send(b"\x00\x00\x00\x02{]"),
    "oversized-frame": _send(b"\xff\xff\xff\xff"),
    "negative-time": _send(frames.encode(frames.Answered(1, "x", True, 1, -1.0, 1.0))),
    "negative-tokens": _send(frames.encode(frames.Answered(1, "x", True, -5, 1.0, 1.0))),
    "oversized-text": _send(frames.encode(frames.Answered(1, CANARY * 5_000, True, 1, 1.0, 1.0))),
    "unsolicited-frame": _send(frames.encode(frames.Answered(99, CANARY, True, 1, 1.0, 1.0))),
}


def _load(fault: str) -> Callable[[Path, str], tuple[Answerer, str]]:
    def load(_models: Path, _sha: str) -> tuple[Answerer, str]:
        if fault == "fails-to-load":
            raise OSError(f"no such model {CANARY}")
        return FAULTS[fault], "faulty"

    return load


if __name__ == "__main__":
    main(sys.argv[2:], _load(sys.argv[1]))
