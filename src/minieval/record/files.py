"""The files of a log, plain or gzipped: their content's hash, how they end, and single lines by their number."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from minieval.errors import InputRefused

_GZIP: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Scan:
    """What reading the bytes of all files told: SHA-256 of the uncompressed content, and which files end mid-line."""

    sha256: str
    unfinished: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its newline, and where it stands, counted from 1."""

    file: Path
    number: int
    content: bytes


def is_gzip(path: Path) -> bool:
    """Tell whether a file is gzipped, by its first bytes."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def scan(paths: Sequence[Path]) -> Scan:
    """Read every file in order; raises OSError or InputRefused naming the one that cannot be read."""
    digest = hashlib.sha256()
    unfinished = tuple(_scan(path, digest.update) for path in paths)
    return Scan(digest.hexdigest(), unfinished)


def lines(path: Path, wanted: Iterable[int]) -> Iterator[Line]:
    """Yield the lines that have these indices, ascending, among those that are not blank (the first is 0)."""
    indices = iter(wanted)
    index = next(indices, None)
    seen = -1
    with gzip.open(path) if is_gzip(path) else path.open("rb") as file:
        for number, content in enumerate(file, start=1):
            if index is None:
                return
            if content.strip():
                seen += 1
                if seen == index:
                    yield Line(path, number, content.rstrip(b"\n"))
                    index = next(indices, None)


def _scan(path: Path, update: Callable[[bytes], None]) -> bool:
    """Hand on every chunk, and tell whether the file ends in a line without its newline."""
    tail = False
    try:
        with gzip.open(path) if is_gzip(path) else path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                update(chunk)
                _, newline, rest = chunk.rpartition(b"\n")
                tail = bool(rest.strip()) or (tail and not newline)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputRefused(path.name, str(error), "a gzip file, whole to its end") from error
    return tail
