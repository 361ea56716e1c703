"""The log as one table of a database on disk, so that its size costs time and not memory.

Whatever reads a log goes through here: every line is checked, a torn one is told from a broken one, and what is left
is a table `records` in the order of the files and lines:

    record, trace    UUID          request, sentence   VARCHAR
    context          VARCHAR       how it was routed, see contexts
    pair             BOOLEAN       A served it and B shadowed it
    served           VARCHAR       'A' or 'B' in a split, else NULL
    status_a, response_a, latency_a and the same of b   NULL where that arm did not run
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
from duckdb.func import FunctionNullHandling

from minieval.errors import InputRefused, RecordRefused
from minieval.record.files import Line, is_gzip, lines, scan
from minieval.record.record import ARM_NAME, LOSS, OPENING, checks, columns, on_line, quoted
from minieval.record.statuses import MISSING

MEMORY: Final = "1GB"
"""What the database may hold in memory; beyond it, it uses the folder of temporary files."""


_ID_DIGITS: Final = 32
LONGEST_SHOWN: Final = 40
"""Bytes of a line that is no object that a refusal shows."""
MISSING_SQL: Final = "(" + ", ".join(f"'{status}'" for status in sorted(MISSING)) + ")"
"""The statuses of an arm that had no chance, as a list in SQL."""


@dataclass(frozen=True, slots=True)
class LogTable:
    """An open database with the table `records`; A and B are the names of the arms that are judged.

    torn counts the fragments that a crash left, lost the records of which the log says that they are missing.
    """

    database: duckdb.DuckDBPyConnection
    arms: tuple[str, str]
    sha256: str
    torn: int
    lost: int

    def run(self, query: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement for its effect."""
        self.database.execute(query, parameters)

    def run_in_order(self, query: str) -> None:
        """Run a statement on one thread, so that it takes its rows in their order."""
        self.database.execute("SET threads = 1")
        try:
            self.database.execute(query)
        finally:
            self.database.execute("RESET threads")

    def teach(self, name: str, function: Callable[..., Any], parameters: Sequence[str], returned: str) -> None:
        """Let queries call a Python function, once per row and with None for NULL."""
        self.database.create_function(
            name, function, [*parameters], returned, null_handling=FunctionNullHandling.SPECIAL, side_effects=True
        )

    def numbers(self, query: str, parameters: Sequence[object] = ()) -> list[npt.NDArray[np.float64]]:
        """Return the columns of a query whose columns are numbers, none of them NULL."""
        found = self.database.execute(query, parameters).fetchnumpy()
        # A masked array where the database could not rule out NULL.
        return [np.asarray(np.ma.getdata(column), dtype=np.float64) for column in found.values()]

    def one(self, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        """Return the only row of a query that always has one."""
        (row,) = self.database.execute(query, parameters).fetchall()
        return tuple(row)

    def all(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query that has few of them."""
        return self.database.execute(query, parameters).fetchall()


@contextmanager
def open_log(paths: Sequence[Path], arms: tuple[str, str] | None = None) -> Iterator[LogTable]:
    """Read the files in order, plain or gzipped; without names, the arms are those that the log pairs.

    Raises RecordRefused naming the first line that is neither a record nor torn, InputRefused or OSError.
    """
    with tempfile.TemporaryDirectory(prefix="minieval-") as name:
        folder = Path(name)
        with duckdb.connect(folder / "log.duckdb") as database, ThreadPoolExecutor(1) as aside:
            database.execute(f"SET memory_limit = '{MEMORY}'")
            database.execute(f"SET temp_directory = '{folder / 'spill'}'")
            scanned = aside.submit(scan, paths)
            reading = _Reading(database, folder, paths)
            try:
                named = reading.arms() if arms is None else arms
                reading.load(named)
            except (duckdb.Error, UnicodeDecodeError) as error:
                scanned.result()  # a file that cannot be read to its end says so better itself
                raise InputRefused("log", _said(error), "JSON lines") from error
            found = scanned.result()
            torn, lost = reading.set_apart(found.unfinished, named)
            yield LogTable(database, named, found.sha256, torn, lost)


class _Reading:
    """Reads the files into the table, and finds out what is wrong with the lines that are no records."""

    def __init__(self, database: duckdb.DuckDBPyConnection, folder: Path, paths: Sequence[Path]) -> None:
        self._database = database
        self._folder = folder
        self._paths = paths
        self._files = [self._linked(number, path) for number, path in enumerate(paths)]
        self._refusal: str | None = None

    def arms(self) -> tuple[str, str]:
        """Return the arms (A, B): those of the first shadowed request, else the two that the first record names.

        A log without a record has the arms A and B.
        """
        source = _source(self._files, ("production_arm", "shadow_arm", "arm_shas"), ignore_errors=True)
        texts = "production_arm->>'$', shadow_arm->>'$'"
        shadowed = self._one(f"SELECT {texts} FROM {source} WHERE shadow_arm IS NOT NULL LIMIT 1")
        if shadowed is not None:
            return str(shadowed[0]), str(shadowed[1])
        named = self._one(f"SELECT json_keys(arm_shas) FROM {source} WHERE arm_shas IS NOT NULL LIMIT 1")
        names = list("AB") if named is None else sorted(named[0])
        if len(names) != 2:
            raise InputRefused("arms of the log", names, "two, A and B, to compare")
        return names[0], names[1]

    def load(self, arms: tuple[str, str]) -> None:
        """Make the table `records`, every line a row, `holds` telling the records from the rest."""
        for arm in arms:
            if not re.fullmatch(ARM_NAME, arm):
                raise InputRefused("arm", arm, f"a name that matches {ARM_NAME}")
        if arms[0].lower() == arms[1].lower():
            raise InputRefused("arms", arms, "two names that differ in more than case")
        create = f"CREATE OR REPLACE TABLE records AS SELECT {_row(arms)}, filename AS file FROM"
        try:
            self._database.execute(f"{create} {_source(self._files, columns(arms))}")
        except (duckdb.InvalidInputException, UnicodeDecodeError) as error:
            # Some line is no JSON object, or has a key twice. Read again, the former as lines without any key.
            self._refusal = _said(error)
            self._database.execute(f"{create} {_source(self._files, columns(arms), ignore_errors=True)}")

    def set_apart(self, unfinished: Sequence[bool], arms: tuple[str, str]) -> tuple[int, int]:
        """Remove what is no record, and return how many fragments are torn and how many records are said to be lost.

        A fragment is torn if it is the end of a file without its newline, or the beginning of a record (see _is_torn).
        Raises RecordRefused for the first line that is neither.
        """
        torn = lost = 0
        for path, file, cut in zip(self._paths, self._files, unfinished, strict=True):
            span = self._one("SELECT min(rowid), max(rowid) FROM records WHERE file = ?", [file])
            if span is None or span[0] is None:
                continue
            first, last = span
            if cut:
                self._database.execute("DELETE FROM records WHERE rowid = ?", [last])
                torn += 1
            odd = self._database.cursor().execute(
                "SELECT rowid - ? FROM records WHERE file = ? AND NOT holds ORDER BY rowid", [first, file]
            )
            for line in lines(path, _each(odd)):
                if loss := LOSS.fullmatch(line.content):
                    lost += int(loss[1])
                elif self._is_torn(line):
                    torn += 1
                else:
                    raise RecordRefused(path.name, line.number, self._reason(line.content, arms))
        gone = self._one("SELECT count(*) FROM records WHERE NOT holds")
        if self._refusal is not None and torn == 0 and gone == (0,):
            raise InputRefused("log", self._refusal, "JSON objects, no key twice")
        self._database.execute("DELETE FROM records WHERE NOT holds")
        return torn, lost

    def _linked(self, number: int, path: Path) -> str:
        """Return a link to the file under a name without special characters that says how it is packed."""
        link = self._folder / f"{number:06}.log{'.gz' if is_gzip(path) else ''}"
        link.symlink_to(path.resolve())
        return str(link)

    def _is_torn(self, line: Line) -> bool:
        """Tell whether a line is the beginning of a record that stands whole elsewhere, or too short to tell of which.

        No answer that a client saw stands behind the latter: the server's journal recovers those.
        """
        if len(line.content) <= len(OPENING):
            return OPENING.startswith(line.content)
        begun = line.content[len(OPENING) :][:_ID_DIGITS]
        if not line.content.startswith(OPENING) or not re.fullmatch(b"[0-9a-f]+", begun):
            return False
        whole = "SELECT count(*) FROM records WHERE holds AND starts_with(replace(record::VARCHAR, '-', ''), ?)"
        return self._one(whole, [begun.decode()]) != (0,)

    def _reason(self, content: bytes, arms: tuple[str, str]) -> str:
        """Return what is wrong with a line that is no record."""
        try:
            raw = msgspec.json.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return f"not JSON: {error}"
        if not isinstance(raw, dict):
            return f"the line is {content[:LONGEST_SHOWN].decode(errors='replace')}: expected a JSON object"
        alone = self._folder / "line.log"
        alone.write_bytes(content + b"\n")
        asked = checks(arms)
        held = self._one(f"SELECT {', '.join(c.holds for c in asked)} FROM {_source([str(alone)], columns(arms))}")
        failed = next((check for check, holds in zip(asked, held or (), strict=True) if not holds), None)
        if failed is None:
            return "a key stands twice"
        return f"{failed.key} is {raw.get(failed.key)!r}: expected {failed.expected}"

    def _one(self, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._database.execute(query, parameters).fetchone()
        return found


def _row(arms: tuple[str, str]) -> str:
    """Return the columns of `records` in SQL over the raw JSON of a line."""
    a, b = arms
    holds = " AND ".join(check.holds for check in checks(arms))
    routed = ("strategy", "salt", "config_sha", "production_arm", "shadow_arm", "arm_shas")
    context = " || ',' || ".join(f"coalesce({key}::VARCHAR, 'null')" for key in routed)
    ran = ", ".join(
        f"CASE WHEN {on_line(arm)} THEN {value} END AS {name}_{role}"
        for role, arm in zip("ab", arms, strict=True)
        for name, value in (
            ("status", f"{quoted(f'status_{arm}')}->>'$'"),
            ("response", f"{quoted(f'response_{arm}')}->>'$'"),
            ("latency", f"try_cast({quoted(f'latency_ms_{arm}')}::VARCHAR AS DOUBLE)"),
        )
    )
    return f"""
        {holds} AS holds,
        try_cast(record_id->>'$' AS UUID) AS record,
        try_cast(trace_id->>'$' AS UUID) AS trace,
        request_id->>'$' AS request,
        sentence->>'$' AS sentence,
        '[' || {context} || ']' AS context,
        coalesce(production_arm = '"{a}"' AND shadow_arm = '"{b}"', false) AS pair,
        CASE WHEN strategy = '"ab"' THEN
            CASE production_arm WHEN '"{a}"' THEN 'A' WHEN '"{b}"' THEN 'B' END
        END AS served,
        {ran}"""


def _source(files: Sequence[str], keys: Sequence[str], *, ignore_errors: bool = False) -> str:
    names = ", ".join(f"'{file}'" for file in files)
    typed = ", ".join(f"'{key}': 'JSON'" for key in keys)
    skip = str(ignore_errors).lower()
    return f"read_ndjson([{names}], columns = {{{typed}}}, ignore_errors = {skip}, filename = true)"


def _said(error: Exception) -> str:
    """Return the first line of what the database says: nothing or no text where it cuts a character in two."""
    return next(iter(str(error).splitlines()), "a line that cannot be read")


def _each(found: duckdb.DuckDBPyConnection) -> Iterator[int]:
    while rows := found.fetchmany(1000):
        yield from (index for (index,) in rows)
