"""Measures conditions in rounds. Within a round all get the same load, in an order drawn anew for every round."""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from bench.bootstrap import Latencies, quantile, quantile_ratio
from bench.load import Observed, offer, poisson_schedule
from bench.others import OthersMeter
from bench.requests import correction, eval_sentences

QUANTILES = (0.5, 0.95, 0.99)
# Sets a condition up, loads the server, and returns the observations. The argument is the number of the round.
Run = Callable[[int], Observed]


@dataclass(frozen=True)
class Plan:
    """The extent of a measurement: rate, number of rounds, seconds per condition and round, and the seed."""

    rate_per_s: float
    rounds: int
    window_s: float
    seed: int


def offer_window(plan: Plan, number: int, port: int, condition: str) -> Observed:
    """Load a port for one window. In a round, only the request ids differ between conditions, because they name it."""
    rng = np.random.default_rng((plan.seed, number))
    due = poisson_schedule(plan.rate_per_s, plan.window_s, rng)
    sentences = rng.choice(np.array(eval_sentences()), size=len(due)).tolist()
    label = condition.replace(" ", "_")
    return offer(port, [correction(s, f"{label}/{number}/{i}") for i, s in enumerate(sentences)], due)


def condition_of(request_id: str) -> str:
    """Return the condition under which this request id was sent."""
    return request_id.split("/", 1)[0].replace("_", " ")


@dataclass
class Rounds:
    """Measurements: latencies in ms (one array per round) and statuses by condition, and other processes' CPU share."""

    seed: int
    latencies: dict[str, list[Latencies]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    others_share: list[float] = field(default_factory=list)

    def summary(self, name: str, reference: str) -> dict[str, Any]:
        """Return a condition's quantiles in ms and their ratios to the reference, with intervals over rounds."""
        pooled = np.concatenate(self.latencies[name])
        found: dict[str, Any] = {
            "condition": name,
            "over": reference,
            "statuses": {str(status): count for status, count in sorted(self.statuses[name].items())},
        }
        for q in QUANTILES:
            found[f"p{round(100 * q)}_ms"] = quantile(pooled, q)
            found[f"p{round(100 * q)}_ratio"] = self.ratio(name, reference, q)
        return found

    def ratio(self, name: str, reference: str, q: float) -> dict[str, float]:
        """Return the ratio of a quantile between two conditions, with its interval."""
        return asdict(quantile_ratio(self.latencies[name], self.latencies[reference], q, self.seed))


def run_rounds(count: int, seed: int, conditions: Mapping[str, Run], others: OthersMeter) -> Rounds:
    """Measure every condition in every round, in random order. Rounds are numbered from 1."""
    rng = np.random.default_rng(seed)
    rounds = Rounds(seed)
    for number in range(1, count + 1):
        for name in rng.permutation(list(conditions)).tolist():
            with others.watching() as watched:
                seen = conditions[name](number)
            rounds.latencies[name].append(seen.latency_ms())
            rounds.statuses[name].update(seen.status.tolist())
            rounds.others_share.append(watched.share)
        used = max(rounds.others_share)
        print(f"round {number} of {count}; others used at most {used:.1%} of the machine", file=sys.stderr)
    return rounds
