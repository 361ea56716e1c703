"""Clients that ask a server until they are told to stop, each at a pace: what makes panels and alerts move."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, cycle, islice

import httpx

from miniserve.processes.local import LocalServer
from miniserve.tasks.grammar import CORRECT_PATH


@contextmanager
def traffic(server: LocalServer, sentences: Sequence[str], clients: int = 1, pace_s: float = 0.02) -> Iterator[None]:
    """Keep clients asking while the block runs; every request has an id of its own, and any status will do."""
    stopping = threading.Event()

    def ask(number: int) -> None:
        with httpx.Client(base_url=server.address.url, timeout=30) as client:
            for asked, sentence in zip(count(), islice(cycle(sentences), number, None), strict=False):
                client.post(CORRECT_PATH, json={"sentence": sentence, "request_id": f"client-{number}-{asked}"})
                if stopping.wait(pace_s):
                    return

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
