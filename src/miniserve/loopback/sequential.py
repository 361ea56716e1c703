"""Statistics that stay valid however often they are checked while requests arrive. Pure, standard library only.

The judge uses scipy; the server process avoids its 60 MB.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# The precision of an interval's limits, at which the bisection stops.
_RESOLUTION: Final = 1e-7
# Terms this many nats below the first add nothing to a float: exp(-40) = 4e-18 < 2**-53.
_NEGLIGIBLE_NATS: Final = 40.0


@dataclass(frozen=True)
class Share:
    """An interval for a share, from low to high."""

    low: float
    high: float


def always_valid_share(hits: int, n: int, alpha: float = 0.05) -> Share:
    """Return an interval that contains the true share at every n simultaneously with probability 1 - alpha.

    It consists of the shares that a uniform mixture of alternatives does not refute: {p: B(1 + hits, 1 + n - hits) <=
    p^hits (1 - p)^(n - hits) / alpha} (Robbins 1970; with p = 1/2 this is the mixture of the always-valid McNemar
    test). Looking a thousand times is as safe as looking once, so n need not be fixed in advance.
    Raises ValueError unless 0 <= hits <= n and 0 < alpha < 1.
    """
    if not 0 <= hits <= n or not 0 < alpha < 1:
        raise ValueError(f"hits {hits}, n {n}, alpha {alpha}: expected 0 <= hits <= n and 0 < alpha < 1")
    misses = n - hits
    bound = math.lgamma(1 + hits) + math.lgamma(1 + misses) - math.lgamma(2 + n) + math.log(alpha)

    def refuted(p: float) -> bool:
        # Shares of 0 and 1 have likelihood 0 as soon as one observation contradicts them.
        if (p <= 0 and hits) or (p >= 1 and misses):
            return True
        likelihood = (hits * math.log(p) if hits else 0.0) + (misses * math.log1p(-p) if misses else 0.0)
        return likelihood < bound

    seen = hits / n if n else 0.5
    return Share(_edge(0.0, seen, refuted), _edge(1.0, seen, refuted))


def exact_split_pvalue(k: int, n: int, share: float) -> float:
    """Return the two-sided exact binomial p-value of k among n where `share` is expected, like scipy's binomtest.

    Sums every outcome that is at most as likely as the observed one. Raises ValueError on counts out of range or a
    share not strictly between 0 and 1.
    """
    if not 0 <= k <= n or not 0 < share < 1:
        raise ValueError(f"k {k}, n {n}, share {share}: expected 0 <= k <= n and 0 < share < 1")

    def log_mass(i: int) -> float:
        ways = math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
        return ways + i * math.log(share) + (n - i) * math.log1p(-share)

    mode = min(n, math.floor((n + 1) * share))
    if k == mode:
        return 1.0
    # The tolerance keeps equally likely outcomes, whose masses differ by rounding only.
    observed = log_mass(k) + 1e-7
    if k < mode:
        opposite = _first(mode, n + 1, lambda i: log_mass(i) <= observed)
        return min(1.0, _tail(k, -1, log_mass) + _tail(opposite, n + 1, log_mass))
    opposite = _first(-mode, 1, lambda i: log_mass(-i) <= observed)
    return min(1.0, _tail(k, n + 1, log_mass) + _tail(-opposite, -1, log_mass))


def _edge(outside: float, inside: float, refuted: Callable[[float], bool]) -> float:
    """Bisect between a share outside the interval and one inside it, and return the limit from outside."""
    if not refuted(outside):
        return outside
    while abs(outside - inside) > _RESOLUTION:
        middle = (outside + inside) / 2
        if refuted(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _first(low: int, end: int, holds: Callable[[int], bool]) -> int:
    """Return the first of low ... end - 1 for which a monotone condition holds, or end if there is none."""
    while low < end:
        middle = (low + end) // 2
        if holds(middle):
            end = middle
        else:
            low = middle + 1
    return low


def _tail(start: int, end: int, log_mass: Callable[[int], float]) -> float:
    """Sum the masses from start towards end (exclusive), away from the mode, until the rest is negligible."""
    step = 1 if end > start else -1
    total, first = 0.0, None
    for i in range(start, end, step):
        mass = log_mass(i)
        first = mass if first is None else first
        if mass < first - _NEGLIGIBLE_NATS:
            break
        total += math.exp(mass)
    return total
