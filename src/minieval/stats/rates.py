"""Statistics of positive quantities: the mean rate over rounds of load, and the ratio of two quantities."""

import math
from collections.abc import Sequence

from scipy import stats

from minieval.stats.results import Interval, check_share


def mean_rate(rates: Sequence[float], confidence: float) -> Interval:
    """Return the geometric mean of at least two positive rates with its t interval on the logarithms.

    The observations are the rounds, not their requests: requests in one round share the state of the machine and are
    not independent. On the log scale, a round at half speed weighs as much as one at double speed.
    """
    check_share("confidence", confidence)
    logs = [math.log(rate) for rate in rates]
    mean = math.fsum(logs) / len(logs)
    variance = math.fsum((log - mean) ** 2 for log in logs) / (len(logs) - 1)
    half = float(stats.t.isf((1 - confidence) / 2, len(logs) - 1)) * math.sqrt(variance / len(logs))
    return Interval(math.exp(mean), math.exp(mean - half), math.exp(mean + half), confidence)


def quotient(numerator: Interval, denominator: Interval) -> Interval:
    """Return the ratio of two independent positive quantities, its limits computed from theirs; all are above 0.

    The limits are combined on the log scale (MOVER: Zou and Donner 2008), which preserves the asymmetry of a Wilson
    interval.
    """
    # On the log scale a ratio is a difference, and the distances to its limits add in quadrature.
    top, bottom = (_logs(interval) for interval in (numerator, denominator))
    estimate = top[1] - bottom[1]
    # The ratio is low when the numerator is low and the denominator is high, and the other way round.
    low = estimate - math.hypot(top[1] - top[0], bottom[2] - bottom[1])
    high = estimate + math.hypot(top[2] - top[1], bottom[1] - bottom[0])
    return Interval(math.exp(estimate), math.exp(low), math.exp(high), numerator.confidence)


def _logs(interval: Interval) -> tuple[float, float, float]:
    # In ascending order: low, estimate, high.
    return math.log(interval.low), math.log(interval.estimate), math.log(interval.high)
