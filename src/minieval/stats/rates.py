"""Positive quantities: the mean of rates over rounds of load, and the ratio of two quantities with intervals."""

import math
from collections.abc import Sequence

from scipy import stats

from minieval.stats.results import Interval, check_share


def mean_rate(rates: Sequence[float], confidence: float) -> Interval:
    """Return the geometric mean of at least two positive rates with its t interval on the logarithms.

    The observations are the rounds, not their requests: within a round, requests share the state of the machine and
    are not independent. Logarithms, because rates are ratios: a round at half speed weighs as much as one at double.
    """
    check_share("confidence", confidence)
    logs = [math.log(rate) for rate in rates]
    mean = math.fsum(logs) / len(logs)
    variance = math.fsum((log - mean) ** 2 for log in logs) / (len(logs) - 1)
    half = float(stats.t.isf((1 - confidence) / 2, len(logs) - 1)) * math.sqrt(variance / len(logs))
    return Interval(math.exp(mean), math.exp(mean - half), math.exp(mean + half), confidence)


def quotient(numerator: Interval, denominator: Interval) -> Interval:
    """Return the ratio of two independent positive quantities with limits from their own, all above 0.

    The limits are combined on the logarithms (MOVER: Zou and Donner 2008), which keeps those of a Wilson interval
    as lopsided as they are.
    """
    # On the logarithm a ratio is a difference, whose limits add up in squares.
    top, bottom = (_logs(interval) for interval in (numerator, denominator))
    estimate = top[1] - bottom[1]
    low = estimate - math.hypot(top[1] - top[0], bottom[2] - bottom[1])
    high = estimate + math.hypot(top[2] - top[1], bottom[1] - bottom[0])
    return Interval(math.exp(estimate), math.exp(low), math.exp(high), numerator.confidence)


def _logs(interval: Interval) -> tuple[float, float, float]:
    return math.log(interval.low), math.log(interval.estimate), math.log(interval.high)
