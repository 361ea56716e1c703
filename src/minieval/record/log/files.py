"""The files of a log, plain or gzipped: their hash, whether they end in mid-line, and single lines by number."""

import gzip
import hashlib
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from minieval.errors import InputRefused, RecordRefused
from minieval.record.record import LONGEST_LINE

_GZIP: Final = b"\x1f\x8b"
# A line longer than LONGEST_LINE fills at least one whole chunk without a newline, so only such chunks need a closer
# look.
_CHUNK: Final = LONGEST_LINE // 2


@dataclass(frozen=True, slots=True)
class Scan:
    """The SHA-256 of the files' uncompressed content, and for each file whether it ends in the middle of a line."""

    sha256: str
    unfinished: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its newline, its number in its file (from 1), and whether it had a newline."""

    number: int
    content: bytes
    whole: bool


def is_gzip(path: Path) -> bool:
    """Tell whether a file is gzipped, by its first bytes."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def scan(paths: Sequence[Path]) -> Scan:
    """Read every file in order.

    Raises RecordRefused for a line of over LONGEST_LINE bytes, InputRefused or OSError for a file that cannot be read.
    """
    # One digest over all files: gzipping a log or splitting it between lines does not change its identity.
    digest = hashlib.sha256()
    unfinished = tuple(_scan(path, digest.update) for path in paths)
    return Scan(digest.hexdigest(), unfinished)


def unpack(path: Path, target: Path) -> None:
    """Write the uncompressed content of a file. Python accepts gzip files padded with zeros; the database does not."""
    with _opened(path) as source, target.open("wb") as unpacked:
        shutil.copyfileobj(source, unpacked)


def lines(path: Path, wanted: Iterable[int] | None = None) -> Iterator[Line]:
    """Yield the lines that are not blank; if `wanted` is given, only those with these ascending indices (from 0)."""
    # Indices do not count blank lines, because the database skips those; numbers do, because editors show them.
    indices = None if wanted is None else iter(wanted)
    index = 0 if indices is None else next(indices, None)
    seen = -1
    with _opened(path) as file:
        for number, content in enumerate(file, start=1):
            if index is None:
                return
            if content.strip():
                seen += 1
                if indices is None:
                    yield _line(number, content)
                elif seen == index:
                    yield _line(number, content)
                    index = next(indices, None)


def _line(number: int, content: bytes) -> Line:
    return Line(number, content.rstrip(b"\n"), content.endswith(b"\n"))


def _opened(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path)) if is_gzip(path) else path.open("rb")


def _scan(path: Path, update: Callable[[bytes], None]) -> bool:
    """Pass every chunk to `update`, and return whether the file ends in a line without its newline."""
    tail = False
    try:
        with _opened(path) as file:
            while chunk := file.read(_CHUNK):
                update(chunk)
                _, newline, rest = chunk.rpartition(b"\n")
                if not newline and len(chunk) == _CHUNK:
                    _refuse_long_line(path)
                # The text after the last newline so far; white space alone is not the beginning of a record.
                tail = bool(rest.strip()) or (tail and not newline)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputRefused(path.name, str(error), "a complete gzip file") from error
    return tail


def _refuse_long_line(path: Path) -> None:
    """Raise RecordRefused for the first line that is too long, if any."""
    number = 0
    with _opened(path) as file:
        # readline with a limit, so that a file without newlines is never read into memory whole.
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise RecordRefused(path.name, number, f"the line has over {LONGEST_LINE} bytes: expected a record")
