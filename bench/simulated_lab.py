"""Simulated labs with a known truth, judged by the real decision rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from minieval.grading.evalset import EvalItem
from minieval.manifest import Aim, Margins
from minieval.measures.item_results import ItemResult
from minieval.measures.latency import LatencySample, ServedLatency, compare_served
from minieval.measures.missing import ArmRuns, Failures, Missing
from minieval.measures.quality import assess_quality
from minieval.measures.slices import bucket_families
from minieval.stats import clopper_pearson_upper
from minieval.verdict.decision import Evidence, decide
from minieval.verdict.gates import GateId, gate
from minieval.verdict.policy import Policy
from minieval.verdict.quality_gates import Assessment
from minieval.verdict.verdict import Verdict

OUTCOMES = ((1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0))
"""A's and B's share of right answers, in the order both, improved, regressed, neither."""

TENSES, PERSONS, VERBS = 5, 3, 20
_VALID = (gate(GateId.ARMS, True, "drawn from a known truth", "any"),)


@dataclass(frozen=True)
class Truth:
    """The truth about B: probabilities of an item's four outcomes, and B's latency as a factor of A's.

    A share `slow_share` of B's requests takes another `slow_factor` times as long.
    """

    name: str
    cells: tuple[float, float, float, float]
    factor: float = 1.0
    slow_share: float = 0.0
    slow_factor: float = 1.0

    @property
    def difference(self) -> float:
        """Accuracy of B minus A."""
        return self.cells[1] - self.cells[2]


@dataclass(frozen=True)
class Shape:
    """The size of a lab: pairs, requests per arm, log-sd of latency, resamples, and whether items have slices."""

    pairs: int = 200
    per_arm: int = 100
    log_sd: float = 0.35
    resamples: int = 499
    sliced: bool = False


def judge(truth: Truth, shape: Shape, aim: Aim, seed: int, margins: Margins) -> Verdict:
    """Draw one lab and return the verdict of the real rule. No request fails and no pair is missing."""
    rng = np.random.default_rng(seed)
    policy = Policy(aim, 0.05, shape.pairs, margins)
    drawn = rng.choice(len(OUTCOMES), size=shape.pairs, p=truth.cells)
    rows = [
        ItemResult(item, *OUTCOMES[outcome], requests=1)
        for item, outcome in zip(items(shape.pairs, sliced=shape.sliced), drawn, strict=True)
    ]
    assessment = Assessment(
        assess_quality(rows, policy.alpha, policy.margins), bucket_families(rows, policy.alpha), identical=False
    )
    evidence = Evidence(
        primary=assessment,
        worst=assessment,
        best=assessment,
        latency=latency(truth, shape, rng, policy.alpha, seed),
        missing=nothing_missing(shape),
    )
    return decide(policy, _VALID, evidence).verdict


def latency(truth: Truth, shape: Shape, rng: np.random.Generator, alpha: float, seed: int) -> ServedLatency:
    """Draw both arms' served latencies, lognormal around 1 ms, and compare them."""
    of_a, of_b = rng.lognormal(0.0, shape.log_sd, (2, shape.per_arm))
    slow = rng.random(shape.per_arm) < truth.slow_share
    of_b = of_b * truth.factor * np.where(slow, truth.slow_factor, 1.0)
    a, b = (LatencySample(arm, shape.per_arm, 0, 0, values, values) for arm, values in (("A", of_a), ("B", of_b)))
    return compare_served(a, b, alpha=alpha, seed=seed, resamples=shape.resamples)


@cache
def items(n: int, *, sliced: bool) -> tuple[EvalItem, ...]:
    """Return items of the lab's shape: 5 tenses, 3 persons and 20 verbs in turn, or none of these."""

    def slices(i: int) -> Mapping[str, str]:
        if not sliced:
            return {}
        return {"tense": f"t{i % TENSES}", "person": f"p{i % PERSONS}", "verb": verb(i)}

    def verb(i: int) -> str:
        # In blocks, so that tenses and persons are spread over every verb.
        return f"v{i * VERBS // n:02d}"

    return tuple(
        EvalItem(f"i{i:05d}", f"s{i}", None, slices(i), ("verb", verb(i)) if sliced else None, None) for i in range(n)
    )


@cache
def nothing_missing(shape: Shape) -> Missing:
    """Return the accounting of a run without failures."""
    pairs, runs = shape.pairs, shape.pairs + shape.per_arm
    arm = ArmRuns("B", runs, {"ok": runs})
    failures = Failures(0, runs, clopper_pearson_upper(0, runs), 0.95)
    return Missing(pairs, pairs, 0, 0, 0, pairs, pairs, pairs, 0.0, 0, arm, arm, failures)
