"""The result types of the statistics, with field names as in scipy: statistic, pvalue, estimate, low, high.

Every difference is B minus A, every ratio is B over A. None means "these data cannot tell", never zero. No field is
ever NaN or infinite.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from minieval.errors import UnusableNumbers


@dataclass(frozen=True, slots=True)
class Significance:
    """A test: its statistic and its two-sided p-value."""

    statistic: float
    pvalue: float


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its two-sided confidence limits."""

    estimate: float
    low: float
    high: float
    confidence: float

    @property
    def width(self) -> float:
        """Distance between the limits."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class OpenInterval:
    """An estimate whose value or limits may be unknown: a number that falls among the censored values is None."""

    estimate: float | None
    low: float | None
    high: float | None
    confidence: float
    method: str


def normal_quantile(confidence: float) -> float:
    """Return how many standard errors lie between an estimate and either limit of a two-sided interval."""
    # ndtri is the function behind scipy.stats.norm.ppf, without the overhead of the distribution object.
    return -float(special.ndtri((1 - confidence) / 2))


def check_count(name: str, value: int, low: int = 0, high: int | None = None) -> None:
    """Refuse a count outside low..high, or one that is not an integer (NumPy integers are accepted)."""
    # bool is a subclass of int, but passing True as a count is a caller's mistake.
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        expected = f"a whole number of at least {low}" + ("" if high is None else f" and at most {high}")
        raise UnusableNumbers(name, value, expected)


def check_share(name: str, value: float) -> None:
    """Refuse a probability that is not strictly between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise UnusableNumbers(name, value, "a number strictly between 0 and 1")
