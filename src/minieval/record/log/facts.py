"""What the log alone shows before anything is graded: how requests were routed, and duplicate records."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from minieval.record.log.table import MISSING_SQL, LogTable
from minieval.record.statuses import STATUSES


@dataclass(frozen=True, slots=True)
class Context:
    """One way in which requests were routed, with the number of its records and the id of the first."""

    strategy: str
    salt: str
    config_sha: str
    production_arm: str
    shadow_arm: str | None
    arm_shas: Mapping[str, str]
    records: int
    first: str


@dataclass(frozen=True, slots=True)
class Found:
    """Records that have something in common: their number, and the id of the first."""

    records: int
    first: str | None


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What the log alone shows; contexts are in the order of their first record.

    twice: record ids that occur more than once. split_ids: distinct request ids per arm (A, B) under strategy ab.
    complete: pairs in which both arms had their chance. runs: the number of A's and of B's runs with each status.
    """

    records: int
    distinct_ids: int
    contexts: tuple[Context, ...]
    twice: Found
    split_ids: tuple[int, int]
    pairs: int
    complete: int
    runs: tuple[Mapping[str, int], Mapping[str, int]]


def facts_of(log: LogTable) -> LogFacts:
    """Return what the log alone shows."""
    records, distinct = log.one("SELECT count(*), count(DISTINCT request) FROM records")
    pairs, complete = log.one(
        "SELECT count(*), count(*) FILTER ("
        f"status_a NOT IN {MISSING_SQL} AND status_b NOT IN {MISSING_SQL}) FROM records WHERE pair"
    )
    return LogFacts(
        records=records,
        distinct_ids=distinct,
        contexts=_contexts(log),
        twice=_twice(log),
        split_ids=_split_ids(log),
        pairs=pairs,
        complete=complete,
        runs=(_runs(log, "a"), _runs(log, "b")),
    )


def count_records(log: LogTable, source: str, place: str = "records.rowid") -> Found:
    """Return how many records a FROM clause selects, and the id of the first by `place`."""
    # arg_min finds the first record without sorting.
    records, first = log.one(f"SELECT count(*), arg_min(record, {place}) {source}")
    return Found(records, None if first is None else first.hex)


def _contexts(log: LogTable) -> tuple[Context, ...]:
    # Group before parsing the JSON: a log of millions of records has a handful of contexts.
    log.run(
        """CREATE TEMP TABLE contexts AS
        SELECT context, context->>'$[0]' AS strategy, context->>'$[2]' AS config_sha, records, first
        FROM (SELECT context, count(*) AS records, min(rowid) AS first FROM records GROUP BY context)"""
    )
    found = log.all(
        """SELECT contexts.context, contexts.records, record
        FROM contexts JOIN records ON records.rowid = contexts.first ORDER BY contexts.first"""
    )
    return tuple(_context(context, records, record.hex) for context, records, record in found)


def _context(routed: str, records: int, first: str) -> Context:
    strategy, salt, config_sha, production_arm, shadow_arm, arm_shas = json.loads(routed)
    return Context(strategy, salt, config_sha, production_arm, shadow_arm, arm_shas, records, first)


def _twice(log: LogTable) -> Found:
    # Almost no log has duplicates, so count first; finding the first duplicate is a second, slower query.
    (surplus,) = log.one("SELECT count(*) - count(DISTINCT record) FROM records")
    if not surplus:
        return Found(0, None)
    repeated = "SELECT record, min(rowid) AS place FROM records GROUP BY record HAVING count(*) > 1"
    return count_records(log, f"FROM ({repeated})", "place")


def _split_ids(log: LogTable) -> tuple[int, int]:
    counted = dict(
        log.all("SELECT served, count(DISTINCT request) FROM records WHERE served IS NOT NULL GROUP BY served")
    )
    return counted.get("A", 0), counted.get("B", 0)


def _runs(log: LogTable, role: str) -> dict[str, int]:
    counted = dict(log.all(f"SELECT status_{role}, count(*) FROM records WHERE status_{role} IS NOT NULL GROUP BY ALL"))
    # Every status has an entry, so that the report lists zeros, too.
    return {status: counted.get(status, 0) for status in STATUSES}
