"""How much an arm did per second, alone on the machine: as the driver recorded it, and as a rate with its interval."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from scipy import stats

from minieval.stats.results import Interval, check_share

Seconds = Annotated[float, msgspec.Meta(ge=0.001)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Round(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stretch of load on one arm: how long it took, and what came of it."""

    seconds: Seconds
    corrections: Positive
    tokens: Positive


Rounds = Annotated[tuple[Round, ...], msgspec.Meta(min_length=2)]


class Throughput(msgspec.Struct, frozen=True):
    """The rounds of every arm by its name; clients is how many requests were under way at once."""

    clients: Positive
    arms: Mapping[str, Rounds]


def mean_rate(rates: Sequence[float], confidence: float) -> Interval:
    """Return the geometric mean of at least two positive rates with its t interval on the logarithms.

    Rounds are the observations: within one, requests share the state of the machine.
    """
    check_share("confidence", confidence)
    logs = [math.log(rate) for rate in rates]
    mean = math.fsum(logs) / len(logs)
    variance = math.fsum((log - mean) ** 2 for log in logs) / (len(logs) - 1)
    half = float(stats.t.isf((1 - confidence) / 2, len(logs) - 1)) * math.sqrt(variance / len(logs))
    return Interval(math.exp(mean), math.exp(mean - half), math.exp(mean + half), confidence)
