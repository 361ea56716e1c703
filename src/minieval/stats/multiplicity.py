"""Corrections for testing many hypotheses: family-wise error, false discovery rate, and which are testable at all."""

from collections.abc import Sequence

from scipy import stats

from minieval.errors import UnusableNumbers
from minieval.stats.results import check_share


def holm(pvalues: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's (1979) step-down adjusted p-values, in the order given."""
    _check(pvalues)
    order = sorted(range(len(pvalues)), key=pvalues.__getitem__)
    adjusted = [0.0] * len(pvalues)
    running = 0.0
    # The smallest p is multiplied by the number of hypotheses, the next by one fewer, and so on. The running maximum
    # keeps a larger p from getting a smaller adjusted value.
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(pvalues) - rank) * pvalues[index]))
        adjusted[index] = running
    return tuple(adjusted)


def benjamini_hochberg(pvalues: Sequence[float]) -> tuple[float, ...]:
    """Return the p-values adjusted for the false discovery rate (Benjamini and Hochberg 1995)."""
    _check(pvalues)
    if not pvalues:
        return ()
    return tuple(float(p) for p in stats.false_discovery_control(pvalues, method="bh"))


def tarone(smallest_pvalues: Sequence[float], alpha: float = 0.05) -> tuple[bool, ...]:
    """Return which hypotheses can become significant at all (Tarone 1990).

    Let K be the smallest number such that at most K hypotheses can attain alpha / K. Those hypotheses are the family.
    The others are never rejected, and leaving them out makes the correction less strict.
    """
    _check(smallest_pvalues)
    check_share("alpha", alpha)
    # A hypothesis is testable at size k if its smallest possible p-value passes Bonferroni over k hypotheses.
    for k in range(1, len(smallest_pvalues) + 1):
        testable = tuple(p <= alpha / k for p in smallest_pvalues)
        if sum(testable) <= k:
            return testable
    return ()


def _check(pvalues: Sequence[float]) -> None:
    for p in pvalues:
        if not 0.0 <= p <= 1.0:
            raise UnusableNumbers("p-value", p, "a number from 0 to 1")
