"""Reads the files of a log into a LogTable: checks every line, and distinguishes torn lines from broken ones.

The database reads and checks the lines. Python looks again only at lines that are not records. Every refusal names the
user's file and, if a single line is at fault, its number.
"""

import json
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb

from minieval.errors import InputRefused, RecordRefused
from minieval.record.checks import columns, holds, on_line, quoted
from minieval.record.line import begun_id, lost_records, parse_line
from minieval.record.log.files import Line, is_gzip, lines, scan, unpack
from minieval.record.log.table import LogTable
from minieval.record.record import ARM_NAME, RecordError

MEMORY: Final = "1GB"
"""The database's memory limit. Beyond it, the database spills to a temporary folder."""


@contextmanager
def open_log(paths: Sequence[Path], arms: tuple[str, str] | None = None) -> Iterator[LogTable]:
    """Read the files in order, plain or gzipped; if `arms` is None, take the arms from the log.

    Raises RecordRefused naming the first line that is neither a record nor torn, InputRefused or OSError.
    """
    for path in paths:
        # The files are read more than once, and a pipe would be waited for. stat follows /dev/stdin and links.
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputRefused(str(path), "not a regular file", "a log file, as it is read more than once")
    with tempfile.TemporaryDirectory(prefix="minieval-") as name:
        folder = Path(name)
        with duckdb.connect(folder / "log.duckdb") as database, ThreadPoolExecutor(1) as aside:
            database.execute(f"SET memory_limit = '{MEMORY}'")
            database.execute(f"SET temp_directory = '{folder / 'spill'}'")
            # hashlib and zlib release the GIL, so hashing runs while the database reads the same files.
            scanned = aside.submit(scan, paths)
            reading = _Reading(database, folder, paths)
            try:
                try:
                    judged = reading.load(arms)
                except duckdb.IOException:
                    # The database cannot read a gzip file. Python may be able to: it allows zeros after the end.
                    scanned.result()
                    reading.unpack_files()
                    judged = reading.load(arms)
            except (duckdb.Error, UnicodeDecodeError, InputRefused) as error:
                # Raises the better error if a file cannot be read to its end or has a line that is too long.
                scanned.result()
                raise reading.refusal(error) from error
            found = scanned.result()
            torn, lost = reading.set_apart(found.unfinished)
            yield LogTable(database, judged, found.sha256, torn, lost)


class _Reading:
    """Reads the files into the table, and finds out what is wrong with lines that are not records."""

    def __init__(self, database: duckdb.DuckDBPyConnection, folder: Path, paths: Sequence[Path]) -> None:
        self._database = database
        self._folder = folder
        self._paths = paths
        self._files = [self._linked(number, path) for number, path in enumerate(paths)]
        self._had_errors = False

    def load(self, arms: tuple[str, str] | None) -> tuple[str, str]:
        """Create the table `records` with one row per line; `holds` marks valid records. Returns the judged arms."""
        judged = self._arms() if arms is None else arms
        for arm in judged:
            if not re.fullmatch(ARM_NAME, arm):
                raise InputRefused("arm", arm, f"a name that matches {ARM_NAME}")
        if judged[0].lower() == judged[1].lower():
            # The names become parts of column names, which are case-insensitive in SQL.
            raise InputRefused("arms", judged, "two names that differ in more than case")
        create = f"CREATE OR REPLACE TABLE records AS SELECT {_row(judged)}, filename AS file FROM"
        try:
            self._database.execute(f"{create} {_source(self._files, columns(judged))}")
        except (duckdb.InvalidInputException, UnicodeDecodeError):
            # A line is not a JSON object or repeats a key. Read again; lines that are not objects become rows of NULLs.
            self._had_errors = True
            self._database.execute(f"{create} {_source(self._files, columns(judged), ignore_errors=True)}")
        return judged

    def set_apart(self, unfinished: Sequence[bool]) -> tuple[int, int]:
        """Remove lines that are not records; return how many are torn, and how many records the log reports as lost.

        A line is torn if it ends a file without a newline, or is the beginning of a record (see _is_torn). Raises
        RecordRefused for the first line that is neither.
        """
        torn = lost = 0
        for path, file, cut in zip(self._paths, self._files, unfinished, strict=True):
            # rowids follow the order of files and lines, so rowid - first is the index of a line in its file.
            span = self._one("SELECT min(rowid), max(rowid) FROM records WHERE file = ?", [file])
            if span is None or span[0] is None:
                continue
            first, last = span
            # The server writes a line together with its newline. A last line without one was cut short, even if its
            # JSON is complete.
            if cut:
                self._database.execute("DELETE FROM records WHERE rowid = ?", [last])
                torn += 1
            # A separate cursor, because _is_torn queries the database while this result is being read.
            odd = self._database.cursor().execute(
                "SELECT rowid - ? FROM records WHERE file = ? AND NOT holds ORDER BY rowid", [first, file]
            )
            for line in lines(path, _each(odd)):
                if (count := lost_records(line.content)) is not None:
                    lost += count
                elif self._is_torn(line):
                    torn += 1
                else:
                    raise RecordRefused(path.name, line.number, _reason(line.content))
        if self._had_errors:
            self._refuse_repeated_keys()
        self._database.execute("DELETE FROM records WHERE NOT holds")
        return torn, lost

    def unpack_files(self) -> None:
        """Replace gzipped files by uncompressed copies, which take up disk space until the log is closed."""
        for number, path in enumerate(self._paths):
            if is_gzip(path):
                copy = self._folder / f"{number:06}.log"
                unpack(path, copy)
                self._files[number] = str(copy)

    def refusal(self, error: Exception) -> Exception:
        """Return the error for the first line that is not a record; if every line is one, return the given error."""
        for path in self._paths:
            for line in lines(path):
                if line.whole and lost_records(line.content) is None and begun_id(line.content) is None:
                    try:
                        parse_line(line.content)
                    except RecordError as refused:
                        return RecordRefused(path.name, line.number, str(refused))
        if isinstance(error, InputRefused):
            return error
        return InputRefused(", ".join(path.name for path in self._paths), self._message(error), "JSON lines")

    def _arms(self) -> tuple[str, str]:
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
            raise InputRefused("arms of the log", names, "two arms to compare, A and B")
        return names[0], names[1]

    def _linked(self, number: int, path: Path) -> str:
        """Return a link to the file, named without special characters and with .gz if it is gzipped."""
        # The database treats * and ? in a name as wildcards, and recognises gzip by the suffix.
        link = self._folder / f"{number:06}.log{'.gz' if is_gzip(path) else ''}"
        link.symlink_to(path.resolve())
        return str(link)

    def _is_torn(self, line: Line) -> bool:
        """Tell whether a line is the beginning of a record that is complete elsewhere, or too short to identify one.

        A fragment too short for an id belongs to no answer that a client saw: the server's journal recovers those.
        """
        begun = begun_id(line.content)
        whole = "SELECT count(*) FROM records WHERE holds AND starts_with(replace(record::VARCHAR, '-', ''), ?)"
        return begun is not None and (not begun or self._one(whole, [begun]) != (0,))

    def _refuse_repeated_keys(self) -> None:
        """Raise RecordRefused for the first line that repeats a key; the lenient reading used one of its values."""
        files = ", ".join(f"'{file}'" for file in self._files)
        repeated = self._one(
            f"SELECT count(*) FROM read_ndjson_objects([{files}], ignore_errors = true)"
            " WHERE json_type(json) = 'OBJECT' AND len(json_keys(json)) > len(list_distinct(json_keys(json)))"
        )
        if repeated == (0,):
            return
        for path in self._paths:
            for line in lines(path):
                if line.whole and (key := _repeated_key(line.content)) is not None:
                    raise RecordRefused(path.name, line.number, _occurs_twice(key))

    def _message(self, error: Exception) -> str:
        """Return the first line of the database's message, with the names of the user's files."""
        message = next(iter(str(error).splitlines()), "a line that cannot be read")
        for path, file in zip(self._paths, self._files, strict=True):
            message = message.replace(file, path.name)
        return message

    def _one(self, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._database.execute(query, parameters).fetchone()
        return found


def _reason(content: bytes) -> str:
    """Return what is wrong with a line that is not a record."""
    try:
        parse_line(content)
    except RecordError as error:
        return str(error)
    if (key := _repeated_key(content)) is not None:
        return _occurs_twice(key)
    return "the judge cannot read this line, although the server could: expected a line as the server writes it"


def _repeated_key(content: bytes) -> str | None:
    """Return the first key that occurs twice in the line's object; None if no key does or it is not an object."""
    try:
        pairs = json.loads(content, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return None
    seen: set[str] = set()
    for pair in pairs if isinstance(pairs, list) else []:
        # With object_pairs_hook=list, arrays are lists, too; only the members of an object are tuples.
        if isinstance(pair, tuple):
            if pair[0] in seen:
                return str(pair[0])
            seen.add(pair[0])
    return None


def _occurs_twice(key: str) -> str:
    return f"{key!r} occurs twice: expected each key once"


def _row(arms: tuple[str, str]) -> str:
    """Return the columns of `records` in SQL over the raw JSON of a line."""
    # try_cast throughout: a value of the wrong type becomes NULL, and `holds` is what refuses the line.
    a, b = arms
    routed = ("strategy", "salt", "config_sha", "production_arm", "shadow_arm", "arm_shas")
    context = " || ',' || ".join(f"coalesce({key}::VARCHAR, 'null')" for key in routed)
    # Keys of an arm that did not run are ignored, as in the server's reader.
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
        {holds(arms)} AS holds,
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
    # Raw JSON instead of inferred types: otherwise 1 and "1" would be the same to the checks.
    typed = ", ".join(f"'{key}': 'JSON'" for key in keys)
    skip = str(ignore_errors).lower()
    return f"read_ndjson([{names}], columns = {{{typed}}}, ignore_errors = {skip}, filename = true)"


def _each(found: duckdb.DuckDBPyConnection) -> Iterator[int]:
    # In batches: if most lines are broken, the list of all indices would be as long as the log.
    while rows := found.fetchmany(1000):
        yield from (index for (index,) in rows)
