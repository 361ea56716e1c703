"""Maps values to positions from 0 to 1: linear and logarithmic scales with round ticks."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

MOST_TICKS: Final = 8
_STEPS: Final = (1, 2, 5, 10, 20, 25, 50)
_MANTISSAS: Final = (
    (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 2.0, 5.0),
    (1.0,),
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from low to high to positions from 0 to 1."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool

    def at(self, value: float) -> float:
        """Return the position of a value; one beyond the ends is moved to the end."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            return math.log(inside / self.low) / math.log(self.high / self.low)
        return (inside - self.low) / (self.high - self.low)


def points_scale(shares: Iterable[float]) -> Scale:
    """Return a linear scale for differences of shares, in percentage points, with zero on it.

    >>> points_scale([0.12, -0.03]).ticks
    (-5.0, 0.0, 5.0, 10.0, 15.0)
    """
    points = [100 * share for share in shares]
    # Rounding first keeps 0.3 * 100 from opening another step.
    lowest, highest = (round(end, 6) for end in (min([0.0, *points]), max([0.0, *points])))
    span = max(highest - lowest, 2.0)
    step = next((s for s in _STEPS if span / s <= MOST_TICKS - 2), _STEPS[-1])
    # At least one step on either side of zero, because both directions have a meaning.
    first, last = min(math.floor(lowest / step), -1), max(math.ceil(highest / step), 1)
    return Scale(first * step, last * step, tuple(float(i * step) for i in range(first, last + 1)), False)


def ratio_scale(values: Sequence[float]) -> Scale:
    """Return a logarithmic scale for positive values, so that equal ratios are equal distances."""
    low, high = min(values) / 1.1, max(values) * 1.1
    for mantissas in _MANTISSAS:
        ticks = _ticks(low, high, mantissas)
        if len(ticks) <= MOST_TICKS:
            return Scale(low, high, ticks, True)
    return Scale(low, high, ticks[:: math.ceil(len(ticks) / MOST_TICKS)], True)


def _ticks(low: float, high: float, mantissas: Sequence[float]) -> tuple[float, ...]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    # Through decimal text: 3 * 10**-1 is not the float that 0.3 is.
    candidates = [float(f"{mantissa}e{decade}") for decade in decades for mantissa in mantissas]
    return tuple(value for value in candidates if low <= value <= high)
