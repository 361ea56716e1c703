"""How the log follows the manifest's plan: which ids were sent and logged, and which records do not follow it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from minieval.grading.lookup import MatchedLog
from minieval.manifest import Block
from minieval.record.log.facts import Found, count_records

_UNKNOWN_ITEM: Final = -1
"""Stands for a planned item that the eval set lacks: it equals no index, so its records carry another item."""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The log against the plan.

    unlogged: ids sent and not logged. unplanned: ids logged and not sent. other_block: records that were routed
    otherwise than their id was planned; other_item: records with another item than planned.
    """

    sent: int
    logged: int
    unlogged: int
    unplanned: int
    other_block: Found
    other_item: Found


def compare_with_plan(matched: MatchedLog, blocks: Sequence[Block]) -> PlanFacts:
    """Return how a log follows the blocks of a manifest, request by request."""
    log = matched.log
    _write_plan(matched, blocks)
    log.run("CREATE TEMP TABLE logged AS SELECT DISTINCT request FROM records")
    sent, logged, both = log.one(
        "SELECT (SELECT count(*) FROM plan), (SELECT count(*) FROM logged),"
        " (SELECT count(*) FROM plan JOIN logged USING (request))"
    )
    # A log has few distinct contexts, so only those are taken apart, not the context of every record.
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
