"""API keys: decides which callers are admitted. The file of key hashes is reread whenever it changes.

Fails closed: a file without keys, or one that cannot be read, admits nobody.
"""

import hashlib
import hmac
import os
import re
import secrets
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import structlog

from minimodel.small_files import read_version
from miniserve.errors import KeysFileError, RequestRefused

_HASH = re.compile(r"[0-9a-f]{64}")
# Room for a thousand keys; reading them, and comparing with each, takes well under a millisecond.
_MAX_FILE_BYTES = 64 * 1024
# A file system's clock ticks every 10 ms or faster. A file that changed within the last tick may change again without a
# visible difference in its status, so it is read again. Git calls such an index entry racily clean.
_TICK_S = 0.1
_log = structlog.get_logger()


@dataclass(frozen=True)
class _Status:
    """The fields that show that a file changed; `cp -p` onto a file of equal size changes only the ctime."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "_Status":
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def settled(self, now_s: float) -> bool:
        """Whether a later change would show in the status."""
        return now_s - self.ctime_ns / 1e9 > _TICK_S


class Keys:
    """The SHA-256 hashes of the valid API keys; without a file, no key is required.

    Raises KeysFileError if the file cannot be read at the start. If that happens later, it is logged and nobody is
    admitted.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._hashes: tuple[str, ...] = ()
        self._content: bytes | None = None
        # None if the next request has to reread the file even if its status is the same.
        self._status: _Status | None = None
        if path is not None:
            self._read(path)

    @property
    def asked(self) -> bool:
        """Whether requests need a key."""
        return self._path is not None

    def caller(self, authorization: str | None, address: str) -> str:
        """Return the caller: the key's hash, or the address if no key is required; raises RequestRefused (401)."""
        if self._path is None:
            return address
        self._follow(self._path)
        scheme, _, token = (authorization or "").partition(" ")
        # Starlette decodes header bytes as Latin-1; encode back, because the hash is of the key's bytes.
        presented = hashlib.sha256(token.strip().encode("latin-1", "replace")).hexdigest()
        # Compare with every hash, each in constant time, so that the time reveals neither which matches nor how nearly.
        matches = [hmac.compare_digest(presented, known) for known in self._hashes]
        if scheme.lower() != "bearer" or not any(matches):
            raise RequestRefused(HTTPStatus.UNAUTHORIZED, "expected Authorization: Bearer with a known API key")
        return presented

    def _follow(self, path: Path) -> None:
        """Read the file again if it changed; a file that cannot be read admits nobody."""
        try:
            if self._status is None or _Status.of(path.stat()) != self._status:
                self._read(path)
        except (OSError, KeysFileError) as error:
            if self._hashes or self._content is not None:
                _log.error("keys file unusable, nobody is admitted", path=str(path), reason=str(error))
            self._hashes, self._content, self._status = (), None, None

    def _read(self, path: Path) -> None:
        status, content = _read_file(path)
        self._status = status if status.settled(time.time()) else None
        if content == self._content:
            return
        self._content = content
        self._hashes, malformed = parse_hashes(content)
        for number in malformed:  # the line may be a key pasted by mistake, so it is not logged
            _log.error(
                "keys file: line ignored",
                path=str(path),
                line=number,
                reason="not a hash: expected 64 lower-case hexadecimal digits",
            )
        if not self._hashes:
            _log.error("keys file without a key, nobody is admitted", path=str(path))


def parse_hashes(content: bytes) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the hashes, and the numbers of the lines that are neither a hash, nor a # comment, nor empty."""
    hashes: list[str] = []
    malformed: list[int] = []
    for number, line in enumerate(content.decode("ascii", "replace").split("\n"), start=1):
        text = line.strip()
        if _HASH.fullmatch(text):
            hashes.append(text)
        elif text and not text.startswith("#"):
            malformed.append(number)
    return tuple(hashes), tuple(malformed)


def new_key(path: Path) -> str:
    """Create an API key of 192 random bits, append its hash to the file, and return the key; raises OSError.

    The key itself is stored nowhere.
    """
    key = secrets.token_urlsafe(24)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as file:
        # If the last line has no newline, the hash would be appended to that line; an empty line is harmless.
        file.write(("\n" if file.tell() else "") + hashlib.sha256(key.encode()).hexdigest() + "\n")
    return key


def _read_file(path: Path) -> tuple[_Status, bytes]:
    """Return a file's status and content; raises KeysFileError. Does not block on a FIFO."""
    try:
        # The status first: if the file changes in between, the next request sees a different status.
        status = _Status.of(path.stat())
        return status, read_version(path, _MAX_FILE_BYTES).content
    except OSError as error:
        raise KeysFileError(f"the keys file {path} cannot be read: {error.strerror or error}") from error
