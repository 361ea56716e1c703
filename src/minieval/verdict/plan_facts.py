"""How the log follows the plan of a manifest: which request ids were sent and logged, and which records deviate."""

from dataclasses import dataclass
from typing import Final

from minieval.grading.lookup import Matched
from minieval.manifest import Run
from minieval.record.log_facts import Found, count_records
from minieval.record.log_table import LogTable

UNKNOWN: Final = -1
"""Stands for an item that the plan names and the eval set lacks."""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The log against the manifest's plan.

    lost: ids sent but not logged. strange: logged but not sent. other_block, other_item: records under another
    configuration, or with another item, than planned.
    """

    sent: int
    logged: int
    lost: int
    strange: int
    other_block: Found
    other_item: Found


def against_plan(log: LogTable, run: Run, items: Matched) -> PlanFacts:
    """Return how the log follows the plan of a manifest, request by request."""
    place = {item.id: index for index, item in enumerate(items.items)}
    log.run("CREATE TEMP TABLE plan (request VARCHAR, item INTEGER, strategy VARCHAR, config_sha VARCHAR)")
    for block in run.blocks:
        log.run(
            "INSERT INTO plan SELECT unnest(?::VARCHAR[]), unnest(?::INTEGER[]), ?, ?",
            [
                list(block.requests),
                [place.get(item, UNKNOWN) for item in block.requests.values()],
                block.strategy,
                block.config_sha,
            ],
        )
    log.run("CREATE TEMP TABLE logged AS SELECT DISTINCT request FROM records")
    sent, logged, both = log.one(
        "SELECT (SELECT count(*) FROM plan), (SELECT count(*) FROM logged),"
        " (SELECT count(*) FROM plan JOIN logged USING (request))"
    )
    planned = "FROM records JOIN plan USING (request)"
    routed = "JOIN contexts USING (context)"
    otherwise = "(contexts.strategy, contexts.config_sha) <> (plan.strategy, plan.config_sha)"
    return PlanFacts(
        sent=sent,
        logged=logged,
        lost=sent - both,
        strange=logged - both,
        other_block=count_records(log, f"{planned} {routed} WHERE {otherwise}"),
        other_item=count_records(log, f"{planned} JOIN asked USING (sentence) WHERE asked.item <> plan.item"),
    )
