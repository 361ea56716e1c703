"""The worker process of a hosted arm: reads prompts and answers them.

Its memory and descriptors are bounded, it cannot create or reach other processes, and it dies with its parent. An
exception other than an ArmError ends the process, because its state is unknown; the server starts another.
"""

import argparse
import contextlib
import ctypes
import os
import resource
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from miniserve.arms.arm import Answer, usable_text
from miniserve.errors import ArmError
from miniserve.hosting import frames
from miniserve.hosting.child import CONNECTION_FD
from miniserve.hosting.landlock import enter_domain
from miniserve.hosting.seccomp import confine_to_itself

MAX_OPEN_FILES = 128
MAX_REASON_CHARS = 300
_PR_SET_PDEATHSIG = 1
Answerer = Callable[[str], Answer]
Load = Callable[[Path, str, str], tuple[Answerer, str]]


def load_engine(models_dir: Path, sha: str, warm_up: str) -> tuple[Answerer, str]:
    """Load the model; returns a function that answers with it, and the engine's name."""
    # Imported after `confine`, because the libraries start threads, and Landlock applies only to later threads.
    from miniserve.arms.engine import load_engine_arm  # noqa: PLC0415

    arm = load_engine_arm(models_dir, sha, threads=1, pool=ThreadPoolExecutor(1), warm_up=warm_up)
    return arm.answer, arm.engine_name


def confine(memory_mb: int, parent: int) -> None:
    """Limit memory and descriptors, forbid access to other processes, disable core files, die with the parent."""
    # The server's libraries may have left descriptors inheritable; B must not get them.
    os.closerange(CONNECTION_FD + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    with contextlib.suppress(ValueError):  # a lower hard limit is already in force
        resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 2**20,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_OPEN_FILES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which drains first
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent died before the signal was armed
        raise SystemExit(1)
    enter_domain((Path(tempfile.gettempdir()), Path(os.devnull)))
    confine_to_itself()


def serve(connection: socket.socket, answer: Answerer) -> None:
    """Answer prompts until the server closes its end; raises FrameError if the server breaks the protocol."""
    while (header := _exactly(connection, frames.HEADER_BYTES)) is not None:
        payload = _exactly(connection, frames.payload_length(header))
        if payload is None:
            return
        ask = frames.decode_ask(payload)
        connection.sendall(frames.encode(_reply(ask, answer)))


def _reply(ask: frames.Ask, answer: Answerer) -> frames.Answered | frames.Refused:
    started, started_cpu = time.perf_counter_ns(), time.process_time_ns()

    def spent() -> tuple[float, float]:
        return (time.perf_counter_ns() - started) / 1e6, (time.process_time_ns() - started_cpu) / 1e6

    try:
        found = answer(ask.prompt)
        text = usable_text(found.text)
    except ArmError as error:
        return frames.Refused(
            ask.seq, "bad_output" if error.status == "bad_output" else "error", _reason(error), *spent()
        )
    return frames.Answered(ask.seq, text, found.edit_applied, found.tokens, *spent())


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    chunks = bytearray()
    while len(chunks) < count:
        chunk = connection.recv(count - len(chunks))
        if not chunk:
            return None
        chunks += chunk
    return bytes(chunks)


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:MAX_REASON_CHARS]


def main(argv: Sequence[str], load: Load = load_engine) -> None:
    """Run the worker: confine, load, serve. An exception that ends it is reported to the server."""
    parser = argparse.ArgumentParser(prog="python -m miniserve.hosting.worker", description=__doc__)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--sha", required=True)
    parser.add_argument("--warm-up", required=True)
    parser.add_argument("--memory-mb", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    options = parser.parse_args(argv)
    connection = socket.socket(fileno=options.fd)

    def last_words(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(frames.encode(frames.Failed(_reason(error))))

    # stderr is /dev/null, so the connection is the only way to report an exception.
    sys.excepthook = last_words
    confine(options.memory_mb, options.parent)
    answer, engine = load(options.models, options.sha, options.warm_up)
    connection.sendall(frames.encode(frames.Ready(engine)))
    serve(connection, answer)


if __name__ == "__main__":
    main(sys.argv[1:])
