"""The live page's event stream: reads the end of traffic.log while the page is open, and yields server-sent events.

Without watchers nothing is read or counted; the next watcher's first event continues where reading stopped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from minieval.record.record import TrafficRecord
from miniserve.log.tail import LogTail
from miniserve.loopback.live import Live, UnusableRecord

INTERVAL_S: Final = 1.0
# Each watcher costs a summary a second on the event loop.
MAX_WATCHERS: Final = 8
Describe = Callable[[], Awaitable[Mapping[str, object]]]
_encoder = msgspec.json.Encoder()


class LiveFeed:
    """The events for all watchers: the server's own description, and figures from the end of the log."""

    def __init__(self, log: Path | None, describe: Describe) -> None:
        self._tail = LogTail(log)
        self._describe = describe
        self._live = Live()
        # Watchers share one tail; without the lock, two would read it at once and count records twice.
        self._reading = asyncio.Lock()
        self._closed = asyncio.Event()
        self._watchers = 0
        self._unusable_records = 0
        self._problem: str | None = None

    def close(self) -> None:
        """End every stream, so that the port can close."""
        self._closed.set()

    @property
    def full(self) -> bool:
        """Whether there are already MAX_WATCHERS."""
        return self._watchers >= MAX_WATCHERS

    async def events(self) -> AsyncIterator[bytes]:
        """Yield figures each second, and new pairs, until the watcher leaves or the server stops."""
        self._watchers += 1
        seen = 0
        try:
            while not self._closed.is_set():
                await self._catch_up()
                yield _event("figures", await self._figures())
                if pairs := self._live.pairs_after(seen):
                    seen = pairs[-1]["number"]
                    yield _event("pairs", pairs)
                try:
                    async with asyncio.timeout(INTERVAL_S):
                        await self._closed.wait()
                except TimeoutError:
                    continue
        finally:
            self._watchers -= 1

    async def _catch_up(self) -> None:
        async with self._reading:
            try:
                for records in self._tail.read():
                    for record in records:
                        self._add(record)
                    await asyncio.sleep(0)  # let requests run between two slices of the log
            except OSError as error:
                self._problem = f"traffic.log cannot be read: {error.strerror}"
            else:
                self._problem = None

    def _add(self, record: TrafficRecord) -> None:
        try:
            self._live.add(record)
        except UnusableRecord:
            self._unusable_records += 1

    async def _figures(self) -> dict[str, object]:
        described = await self._describe()
        route = described.get("route")
        now = time.time()
        return {
            "now": now,
            "server": described,
            **self._live.summary(now, route if isinstance(route, Mapping) else None),
            "skipped_bytes": self._tail.skipped,
            "unreadable_lines": self._tail.unreadable + self._unusable_records,
            "problem": self._problem,
        }


def _event(name: str, value: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), _encoder.encode(value))
