"""The log as a table in a database on disk, so that a large log costs time but not memory.

reader.py fills the table `records` with one row per record, in the order of files and lines:

    record, trace    UUID          request, sentence   VARCHAR
    context          VARCHAR       how it was routed, see facts.py
    pair             BOOLEAN       A served it and B shadowed it
    served           VARCHAR       'A' or 'B' in a split, else NULL
    status_a, response_a, latency_a and the same for b   NULL if that arm did not run
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
from duckdb.func import FunctionNullHandling

from minieval.record.statuses import MISSING

MISSING_SQL: Final = "(" + ", ".join(f"'{status}'" for status in sorted(MISSING)) + ")"
"""The statuses of an arm that had no chance, as an SQL list."""


@dataclass(frozen=True, slots=True)
class LogTable:
    """An open database with the table `records`; `arms` are the names of the judged arms (A, B).

    torn counts the fragments that a crash left; lost counts the records that the log itself reports as lost.
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
        """Run a statement on one thread, so that it processes its rows in order."""
        self.database.execute("SET threads = 1")
        try:
            self.database.execute(query)
        finally:
            self.database.execute("RESET threads")

    def register_udf(self, name: str, function: Callable[..., Any], parameters: Sequence[str], returned: str) -> None:
        """Register a Python function for queries; it is called once per row, with None for NULL."""
        # side_effects: otherwise the database may skip calls, assuming that equal arguments give equal results.
        # SPECIAL: otherwise NULL arguments give NULL without a call, and a failed answer (NULL) needs a grade.
        self.database.create_function(
            name, function, [*parameters], returned, null_handling=FunctionNullHandling.SPECIAL, side_effects=True
        )

    def numbers(self, query: str, parameters: Sequence[object] = ()) -> list[npt.NDArray[np.float64]]:
        """Return the columns of a numeric query without NULLs, each with shape (rows,)."""
        found = self.database.execute(query, parameters).fetchnumpy()
        # The database returns a masked array if it could not rule out NULLs.
        return [np.asarray(np.ma.getdata(column), dtype=np.float64) for column in found.values()]

    def one(self, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
        """Return the only row of a query that always has one."""
        (row,) = self.database.execute(query, parameters).fetchall()
        return tuple(row)

    def all(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query that has few of them."""
        return self.database.execute(query, parameters).fetchall()
