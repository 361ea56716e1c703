"""Who may ask, and how much at once: API keys, rate limits, bounded concurrency.

Every refusal is a RequestRefused that tells the client when to come back.
"""

import hashlib
import hmac
import os
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import structlog

from miniserve.errors import KeysFileError, RequestRefused
from miniserve.http.backlog import Backlog

_HASH = re.compile(r"[0-9a-f]{64}")
_KNOWN_CALLERS = 10_000
QUEUED_PER_SERVER = 1
_log = structlog.get_logger()


class Keys:
    """The SHA-256 hashes of the API keys that may ask; no file, no question. The file is followed as it changes.

    Raises KeysFileError when the file is unusable at the start; later the hashes in force stay.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen = _identity(path)
        self._hashes = _read_hashes(path) if path else ()

    @property
    def asked(self) -> bool:
        """Whether a request needs a key."""
        return self._path is not None

    def caller(self, authorization: str | None, address: str) -> str:
        """Return who asks: the key's hash, or the address when no keys are asked; raises RequestRefused (401)."""
        if self._path is None:
            return address
        self._follow(self._path)
        scheme, _, token = (authorization or "").partition(" ")
        # Headers arrive as bytes that HTTP reads as Latin-1; the key was hashed as the bytes it is.
        presented = hashlib.sha256(token.strip().encode("latin-1", "replace")).hexdigest()
        # every hash is compared, each in constant time: the time tells nothing about which, or how nearly
        matches = [hmac.compare_digest(presented, known) for known in self._hashes]
        if scheme.lower() != "bearer" or not any(matches):
            raise RequestRefused(HTTPStatus.UNAUTHORIZED, "expected Authorization: Bearer with a known API key")
        return presented

    def _follow(self, path: Path) -> None:
        if (found := _identity(path)) == self._seen:
            return
        self._seen = found
        try:
            self._hashes = _read_hashes(path)
        except KeysFileError as error:
            _log.error("keys file refused, the keys in force stay", reason=str(error))


class RateLimit:
    """A token bucket per caller, one second deep; 0 per second means no limit."""

    def __init__(self, per_s: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, caller: str) -> None:
        """Take one request from the caller's bucket; raises RequestRefused (429) when it is empty."""
        if not self._per_s:
            return
        now = self._clock()
        level, since = self._buckets.pop(caller, (float(self._per_s), now))
        level = min(float(self._per_s), level + (now - since) * self._per_s)
        allowed = level >= 1
        self._buckets[caller] = (level - 1 if allowed else level, now)
        if len(self._buckets) > _KNOWN_CALLERS:
            self._buckets.popitem(last=False)
        if not allowed:
            raise RequestRefused(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"over {self._per_s} requests a second: expected fewer",
                retry_after_s=1,
            )


class Concurrency:
    """How many requests are in work, and how many may be: `limit` in a burst, fewer under overload.

    Under overload a long queue serves nobody more, it only makes everybody wait. Then there is one request in work per
    server (a thread that computes) and QUEUED_PER_SERVER waiting.
    """

    def __init__(self, limit: int, servers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._overload_limit = min(limit, servers * (1 + QUEUED_PER_SERVER))
        self._backlog = Backlog(servers)
        self._clock = clock
        self._in_work = 0

    @property
    def saturated(self) -> bool:
        """Whether the next request would be refused."""
        return self._in_work >= self._allowed

    @property
    def _allowed(self) -> int:
        return self._overload_limit if self._backlog.overloaded else self._limit

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for one request; raises RequestRefused (503) when there is none."""
        arrived = self._clock()
        self._backlog.arrived(arrived)
        if self.saturated:
            raise RequestRefused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"{self._in_work} requests are in work: expected fewer",
                retry_after_s=1,
            )
        self._in_work += 1
        try:
            yield
        finally:
            self._in_work -= 1
            self._backlog.served(arrived, self._clock())


def new_key(path: Path) -> str:
    """Make an API key of 192 random bits, append its hash to the file, and return the key; raises OSError.

    The key is nowhere but in what is returned.
    """
    key = secrets.token_urlsafe(24)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        # A last line that somebody left without its end would swallow the hash; an empty line costs nothing.
        file.write(("\n" if file.tell() else "") + hashlib.sha256(key.encode()).hexdigest() + "\n")
    return key


def _identity(path: Path | None) -> tuple[int, int, int] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns) if found else None


def _read_hashes(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysFileError(f"the keys file {path} cannot be read: {error}") from error
    hashes = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    for number, found in enumerate(hashes, start=1):
        if not _HASH.fullmatch(found):  # the value may be a key that somebody pasted, so it is not repeated
            raise KeysFileError(f"entry {number} of {path} is not a hash: expected 64 lower-case hexadecimal digits")
    if not hashes:
        raise KeysFileError(f"{path} holds no hash: expected one SHA-256 a line")
    return hashes
