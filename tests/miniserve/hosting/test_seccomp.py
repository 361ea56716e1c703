"""The seccomp filter, tested in a separate process because it cannot be removed."""

import subprocess
import sys

import pytest

ATTEMPT = """
import os, subprocess, sys, threading
import numpy  # its library starts threads when it is imported
from miniserve.hosting.seccomp import confine_to_itself

assert confine_to_itself(), "no such filter here"
threads = []
thread = threading.Thread(target=lambda: threads.append(1))
thread.start()
thread.join()
try:
    {attempt}
except OSError as error:
    print(len(threads), error.strerror)
else:
    print("a process was made")
"""


@pytest.mark.parametrize(
    "attempt",
    [
        "os.fork()",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "subprocess.run(['true'])",
        "subprocess.run(['true'], close_fds=False, preexec_fn=os.setsid)",
    ],
)
def test_threads_can_be_created_and_processes_cannot(attempt: str) -> None:
    command = (sys.executable, "-c", ATTEMPT.format(attempt=attempt))

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "1 Operation not permitted\n"


def test_the_filter_applies_to_existing_threads_too() -> None:
    attempt = """
import os, threading
from miniserve.hosting.seccomp import confine_to_itself

bound, said = threading.Event(), []

def fork():
    bound.wait()
    try:
        said.append(os.fork())
    except OSError as error:
        said.append(error.strerror)

thread = threading.Thread(target=fork)
thread.start()
confine_to_itself()
bound.set()
thread.join()
print(*said)
"""

    done = subprocess.run((sys.executable, "-c", attempt), capture_output=True, text=True, check=True)

    assert done.stdout == "Operation not permitted\n"
