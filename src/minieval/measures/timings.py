"""Latencies as the log has them: of the split, as clients saw them, and of the pairs."""

from minieval.measures.latency import MOST_COMPARED, Array, ServedArm
from minieval.record.log_table import MISSING_SQL, LogTable
from minieval.record.statuses import OK


def served(log: LogTable, warmup: int) -> tuple[ServedArm, ServedArm]:
    """Return what A and B served in the split, the first `warmup` ids of each left out."""
    log.run(
        """CREATE TEMP TABLE served AS SELECT served AS arm, min(rowid) AS first
        FROM records WHERE served IS NOT NULL GROUP BY served, request"""
    )
    a, b = (_served(log, role, arm, warmup) for role, arm in zip("ab", log.arms, strict=True))
    return a, b


def shadowed(log: LogTable, *, all_gradable: bool) -> tuple[Array, Array]:
    """Return the latencies (of B, of A) of every pair that both arms answered and that has an item, ms.

    all_gradable says that every pair has an item, which saves the look.
    """
    joined = "" if all_gradable else "JOIN asked ON asked.sentence = records.sentence AND asked.item IS NOT NULL"
    b, a = log.numbers(
        f"SELECT latency_b, latency_a FROM records {joined} WHERE pair AND status_a = '{OK}' AND status_b = '{OK}'"
    )
    return b, a


def _served(log: LogTable, role: str, arm: str, warmup: int) -> ServedArm:
    (distinct,) = log.one("SELECT count(*) FROM served WHERE arm = ?", [role.upper()])
    # Only a warm-up asks for the order.
    after = f"ORDER BY first OFFSET {warmup}" if warmup else ""
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
        (compared,) = log.numbers(
            "SELECT latency FROM warm ORDER BY sha256(replace(record::VARCHAR, '-', '')) LIMIT ?", [MOST_COMPARED]
        )
    warmed = min(warmup, distinct)
    return ServedArm(arm, distinct, warmed, distinct - warmed - latencies.size, latencies, compared)
