"""Background clients that send requests at a steady pace, so that panels and alerts have data."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count, cycle, islice

import httpx

from miniserve.processes.local import LocalServer
from miniserve.tasks.grammar import CORRECT_PATH


@contextmanager
def traffic(server: LocalServer, sentences: Sequence[str], clients: int = 1, pace_s: float = 0.02) -> Iterator[None]:
    """Send requests while the block runs, each with a new id; any response status is accepted."""
    stopping = threading.Event()

    def send_requests(number: int) -> None:
        with httpx.Client(base_url=server.address.url, timeout=30) as client:
            for request, sentence in zip(count(), islice(cycle(sentences), number, None), strict=False):
                client.post(CORRECT_PATH, json={"sentence": sentence, "request_id": f"client-{number}-{request}"})
                if stopping.wait(pace_s):
                    return

    threads = [threading.Thread(target=send_requests, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
