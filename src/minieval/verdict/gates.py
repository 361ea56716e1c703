"""A gate: one question of the decision, with its numbers, its threshold and how it came out."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a gate came out; inconclusive means that the data cannot tell at this n."""

    PASS = "pass"  # noqa: S105 - an outcome, no secret
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Gate:
    """What was observed against what was asked, in words a reader can check."""

    name: str
    outcome: Outcome
    observed: str
    threshold: str


def gate(name: str, passed: bool, observed: str, threshold: str) -> Gate:
    """Return a gate that knows only pass and fail."""
    return Gate(name, Outcome.PASS if passed else Outcome.FAIL, observed, threshold)


def percent(share: float) -> str:
    """Write a share as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """Write a difference of shares in percentage points, signed."""
    return f"{100 * difference:+.1f}"


def usd(amount: float, like: float | None = None) -> str:
    """Write a positive amount of USD without an exponent, with as many decimals as three digits of `like` take.

    >>> usd(4.634e-06)
    '0.00000463'
    """
    smallest = amount if like is None else like
    return f"{amount:.{max(2, 2 - math.floor(math.log10(smallest)))}f}"


def pvalue(p: float) -> str:
    """Write a p-value with three digits, or as below a ten-thousandth."""
    return "< .0001" if p < 0.0001 else f"{p:.4f}".removeprefix("0")
