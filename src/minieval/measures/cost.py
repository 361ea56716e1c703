"""What an arm costs, and what it costs per unit of quality (CpQU).

With the rate in USD per hour, rate / (tokens_per_second * 3.6) is the price of 1,000 tokens; 3.6 is 3,600 seconds per
hour over 1,000 tokens. Dividing it by the accuracy gives the cost per quality unit. That figure does not penalise an
arm that writes more tokens for the same correction, so the price of 1,000 corrections is reported next to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from minieval.manifest import Round, Throughput
from minieval.stats import Interval, mean_rate, quotient

DEFAULT_RATE_USD_PER_HOUR: Final = 0.05
# Dividing by an accuracy near 0 would make a useless arm look merely expensive.
LEAST_ACCURACY: Final = 0.30
"""Below this share of right answers an arm is not ready for deployment, whatever it costs."""


@dataclass(frozen=True, slots=True)
class ArmCost:
    """One arm's throughput and prices in USD; per_quality_unit is None if the arm is not deployment-ready."""

    corrections_per_second: Interval
    tokens_per_second: Interval
    tokens_per_correction: float
    per_1k_tokens: Interval
    per_1k_corrections: Interval
    accuracy: Interval
    deployment_ready: bool
    per_quality_unit: Interval | None


@dataclass(frozen=True, slots=True)
class Cost:
    """The costs of both arms at one price of the machine, in USD per hour."""

    rate_usd_per_hour: float
    least_accuracy: float
    clients: int
    rounds: int
    requests_per_round: int
    a: ArmCost
    b: ArmCost


def price(throughput: Throughput, accuracies: tuple[Interval, Interval], arms: tuple[str, str], rate: float) -> Cost:
    """Return what A and B cost at a rate in USD per hour; accuracies and arm names are in the order (A, B)."""
    measured = [throughput.arms[arm] for arm in arms]
    a, b = (_arm(rounds, accuracy, rate) for rounds, accuracy in zip(measured, accuracies, strict=True))
    return Cost(
        rate_usd_per_hour=rate,
        least_accuracy=LEAST_ACCURACY,
        clients=throughput.clients,
        rounds=len(measured[0]),
        requests_per_round=measured[0][0].corrections,
        a=a,
        b=b,
    )


def _arm(rounds: Sequence[Round], accuracy: Interval, rate: float) -> ArmCost:
    corrections = mean_rate([r.corrections / r.seconds for r in rounds], accuracy.confidence)
    tokens = mean_rate([r.tokens / r.seconds for r in rounds], accuracy.confidence)
    # Readiness uses the estimate: it separates broken arms from working ones, and is not a test.
    per_1k_tokens = _per_thousand(rate, tokens)
    ready = accuracy.estimate >= LEAST_ACCURACY
    return ArmCost(
        corrections_per_second=corrections,
        tokens_per_second=tokens,
        tokens_per_correction=sum(r.tokens for r in rounds) / sum(r.corrections for r in rounds),
        per_1k_tokens=per_1k_tokens,
        per_1k_corrections=_per_thousand(rate, corrections),
        accuracy=accuracy,
        deployment_ready=ready,
        per_quality_unit=quotient(per_1k_tokens, accuracy) if ready else None,
    )


def _per_thousand(rate: float, per_second: Interval) -> Interval:
    """Return USD per 1,000 at a rate in USD per hour; faster is cheaper, so the limits swap places."""
    estimate, low, high = (rate / (x * 3.6) for x in (per_second.estimate, per_second.high, per_second.low))
    return Interval(estimate, low, high, per_second.confidence)
