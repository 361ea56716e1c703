"""Reads a shadow while it runs; the result is valid however often you look.

The verdict needs a number of pairs fixed in advance. This reading does not, at the cost of power. Looking at mid-p
every few pairs instead would promote by chance.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from minieval.measures.item_results import Tally
from minieval.stats import always_valid_mcnemar


@dataclass(frozen=True, slots=True)
class Running:
    """The sequential test over the first complete pair of every item, in the order of the log.

    statistic is the e-value after the last pair, pvalue the smallest 1/E so far (1 before any evidence), estimate the
    difference B minus A so far (None without a pair). decided_after is the number of pairs at which p first fell below
    alpha, or None.
    """

    n: int
    n_improved: int
    n_regressed: int
    estimate: float | None
    statistic: float
    pvalue: float
    alpha: float
    decided_after: int | None


def read_running(pairs: Iterable[Tally], alpha: float) -> Running:
    """Return the sequential reading of pairs in the order of the log.

    Only the first pair of an item counts, because which answer counts must not depend on later ones. Each tally is
    treated as one request.
    """
    seen: set[str] = set()
    improved, regressed = 0, 0
    reading = always_valid_mcnemar(0, 0)
    decided_after: int | None = None
    for pair in pairs:
        if pair.a is None or pair.b is None or pair.item.id in seen:
            continue
        seen.add(pair.item.id)
        # Concordant pairs carry no information about the difference, and would leave E as it is.
        if pair.a.correct == pair.b.correct:
            continue
        improved, regressed = improved + pair.b.correct, regressed + pair.a.correct
        reading = always_valid_mcnemar(improved, regressed, reading.pvalue)
        # The p-value never rises, so the first time it is below alpha settles the question.
        if decided_after is None and reading.pvalue < alpha:
            decided_after = len(seen)
    n = len(seen)
    return Running(
        n=n,
        n_improved=improved,
        n_regressed=regressed,
        estimate=(improved - regressed) / n if n else None,
        statistic=reading.statistic,
        pvalue=reading.pvalue,
        alpha=alpha,
        decided_after=decided_after,
    )
