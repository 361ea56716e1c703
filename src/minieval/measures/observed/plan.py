"""Compares the log with the manifest's plan: which ids were sent and logged, and which records deviate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from minieval.grading.lookup import MatchedLog
from minieval.manifest import Block
from minieval.record.log.facts import Found, count_records

_UNKNOWN_ITEM: Final = -1
"""Index of a planned item that the eval set lacks. No item has it, so its records count as having another item."""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The log compared with the plan.

    unlogged: ids sent but not logged. unplanned: ids logged but not sent. other_block: records whose routing differs
    from the plan for their id. other_item: records with an item other than the planned one.
    """

    sent: int
    logged: int
    unlogged: int
    unplanned: int
    other_block: Found
    other_item: Found


def compare_with_plan(matched: MatchedLog, blocks: Sequence[Block]) -> PlanFacts:
    """Compare a log with the blocks of a manifest, request by request."""
    log = matched.log
    _write_plan(matched, blocks)
    log.run("CREATE TEMP TABLE logged AS SELECT DISTINCT request FROM records")
    sent, logged, both = log.one(
        "SELECT (SELECT count(*) FROM plan), (SELECT count(*) FROM logged),"
        " (SELECT count(*) FROM plan JOIN logged USING (request))"
    )
    # A log has few distinct contexts, so parse those instead of the context of every record.
    log.run(
        """CREATE TEMP TABLE routes AS
        SELECT context, context->>'$[0]' AS strategy, context->>'$[2]' AS config_sha
        FROM (SELECT DISTINCT context FROM records)"""
    )
    planned = "FROM records JOIN plan USING (request)"
    otherwise = "(routes.strategy, routes.config_sha) <> (plan.strategy, plan.config_sha)"
    return PlanFacts(
        sent=sent,
        logged=logged,
        unlogged=sent - both,
        unplanned=logged - both,
        other_block=count_records(log, f"{planned} JOIN routes USING (context) WHERE {otherwise}"),
        other_item=count_records(
            log, f"{planned} JOIN {matched.asked} AS asked USING (sentence) WHERE asked.item <> plan.item"
        ),
    )


def _write_plan(matched: MatchedLog, blocks: Sequence[Block]) -> None:
    # unnest turns two lists into rows: one statement per block instead of one per request.
    place = {item.id: index for index, item in enumerate(matched.items)}
    matched.log.run("CREATE TEMP TABLE plan (request VARCHAR, item INTEGER, strategy VARCHAR, config_sha VARCHAR)")
    for block in blocks:
        matched.log.run(
            "INSERT INTO plan SELECT unnest(?::VARCHAR[]), unnest(?::INTEGER[]), ?, ?",
            [
                list(block.requests),
                [place.get(item, _UNKNOWN_ITEM) for item in block.requests.values()],
                block.strategy,
                block.config_sha,
            ],
        )
