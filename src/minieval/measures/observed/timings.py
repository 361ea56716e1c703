"""Reads latencies from the log: of the A/B split, as clients saw them, and of the shadowed pairs."""

from minieval.grading.graded_pairs import GradedLog
from minieval.grading.lookup import MatchedLog
from minieval.measures.latency import MOST_COMPARED, Array, LatencySample
from minieval.record.log.table import MISSING_SQL, LogTable
from minieval.record.statuses import OK


def served_latencies(log: LogTable, warmup: int) -> tuple[LatencySample, LatencySample]:
    """Return what A and B served in the split, without the first `warmup` ids of each."""
    # Only the first record of an id counts: a client that retries must not add observations to the sample.
    log.run(
        """CREATE TEMP TABLE served AS SELECT served AS arm, min(rowid) AS first
        FROM records WHERE served IS NOT NULL GROUP BY served, request"""
    )
    a, b = (_served(log, role, arm, warmup) for role, arm in zip("ab", log.arms, strict=True))
    return a, b


def shadow_latencies(matched: MatchedLog, graded: GradedLog) -> tuple[Array, Array]:
    """Return the latencies (of B, of A) in ms for every pair that has an item and that both arms answered."""
    # If every pair has an item, the join would only cost time.
    asked = "" if graded.ungradable == 0 else f"JOIN {matched.asked} AS asked USING (sentence)"
    has_item = "" if graded.ungradable == 0 else "AND asked.item IS NOT NULL"
    b, a = graded.log.numbers(
        f"SELECT latency_b, latency_a FROM records {asked}"
        f" WHERE pair AND status_a = '{OK}' AND status_b = '{OK}' {has_item}"
    )
    return b, a


def _served(log: LogTable, role: str, arm: str, warmup: int) -> LatencySample:
    (distinct,) = log.one("SELECT count(*) FROM served WHERE arm = ?", [role.upper()])
    # Only a warm-up needs an order, and sorting ten million rows takes seconds.
    after = f"ORDER BY first OFFSET {warmup}" if warmup else ""
    # A failure ranks as slower than any answer. If failures were left out, an arm could pass by failing its slowest
    # requests.
    log.run(
        f"""CREATE OR REPLACE TEMP TABLE warm AS
        SELECT record, CASE WHEN status_{role} = '{OK}' THEN latency_{role} ELSE 'infinity' END AS latency
        FROM records JOIN (SELECT first FROM served WHERE arm = ? {after}) AS kept ON records.rowid = kept.first
        WHERE status_{role} NOT IN {MISSING_SQL}""",
        [role.upper()],
    )
    (latencies,) = log.numbers("SELECT latency FROM warm")
    compared = latencies
    if latencies.size > MOST_COMPARED:
        # Chosen by a hash, so that the sample is the same on every machine and for any order of the lines.
        (compared,) = log.numbers(
            "SELECT latency FROM warm ORDER BY sha256(replace(record::VARCHAR, '-', '')) LIMIT ?", [MOST_COMPARED]
        )
    warmed = min(warmup, distinct)
    return LatencySample(arm, distinct, warmed, distinct - warmed - latencies.size, latencies, compared)
