"""Simulated coverage and level where enumeration is impossible: clusters, latencies, slices, repeated looks."""

import math
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import stats as distributions

from bench.rates import ALPHA, BETTER, OPPOSITE, SAME, Rate, holds
from bench.simulated_lab import OUTCOMES, items
from minieval.measures.item_results import ItemResult
from minieval.measures.slices import bucket_families
from minieval.stats import (
    Interval,
    always_valid_mcnemar,
    bootstrap_quantile,
    cluster_robust_interval,
    hodges_lehmann_ratio,
    hodges_lehmann_shift,
    mann_whitney,
    mcnemar_midp,
    newcombe_paired_interval,
    percentile,
    tango_interval,
    two_proportion_ztest,
    wilcoxon,
)
from minieval.stats.results import OpenInterval

LOG_SD = 0.35


def paired_by_drawing(n: int, runs: int, seed: int) -> Iterator[Rate]:
    """Yield rates that need all four cells: Newcombe's paired interval, and the z-test wrongly applied to pairs."""
    for name, cells in (("A = B", SAME), ("B +10", BETTER), ("A = B, errors opposite", OPPOSITE)):
        tables = np.random.default_rng(seed).multinomial(n, cells, runs)
        rows, counts = np.unique(tables, axis=0, return_counts=True)
        d = cells[1] - cells[2]
        held = [holds(newcombe_paired_interval(*(int(x) for x in row)), d) for row in rows]
        yield Rate("Newcombe paired interval", name, n, 0.95, float(np.average(held, weights=counts)), runs)
        if d == 0:
            rejected = [two_proportion_ztest(int(a + r), n, int(a + i), n).pvalue < ALPHA for a, i, r, _ in rows]
            rate = float(np.average(rejected, weights=counts))
            yield Rate("two-proportion z-test on pairs", name, n, ALPHA, rate, runs)


def clustered(n: int, runs: int, seed: int) -> Iterator[Rate]:
    """Yield the coverage of Tango's interval, the cluster-robust one and the wider of both, if verbs move together.

    Of 20 verbs, half have discordance .02 and half .14. For each verb, all discordant items improve or all regress,
    with equal probability.
    """
    labels = [i * 20 // n for i in range(n)]
    for name, together in (("A = B, verbs unrelated", False), ("A = B, verbs move together", True)):
        rng = np.random.default_rng(seed)
        held = {"Tango interval": 0, "cluster-robust interval": 0, "the wider of both": 0}
        for _ in range(runs):
            differences = _clustered_differences(rng, labels, together=together)
            improved, regressed = int(np.sum(differences > 0)), int(np.sum(differences < 0))
            tango = tango_interval(improved, regressed, n)
            robust = cluster_robust_interval(differences.tolist(), labels)
            plain = Interval(robust.estimate, robust.low, robust.high, 0.95)
            outcomes = (holds(tango, 0.0), holds(plain, 0.0))
            held["Tango interval"] += outcomes[0]
            held["cluster-robust interval"] += outcomes[1]
            held["the wider of both"] += outcomes[0] if tango.width >= plain.width else outcomes[1]
        for what, hits in held.items():
            yield Rate(what, name, n, 0.95, hits / runs, runs)


def ranks(n: int, runs: int, seed: int) -> Iterator[Rate]:
    """Yield the coverage of Hodges-Lehmann and of the order statistics, and the level of the rank tests."""
    rng = np.random.default_rng(seed)
    names = ("Hodges-Lehmann ratio", "Hodges-Lehmann shift", "order statistics, p50", "order statistics, p95")
    held, rejected = dict.fromkeys(names, 0), {"Mann-Whitney test": 0, "Wilcoxon signed-rank test": 0}
    p95 = math.exp(LOG_SD * float(distributions.norm.ppf(0.95)))
    for _ in range(runs):
        a, b = (row.tolist() for row in rng.lognormal(0.0, LOG_SD, (2, n)))
        held["Hodges-Lehmann ratio"] += holds(hodges_lehmann_ratio(b, a), 1.0)
        held["Hodges-Lehmann shift"] += holds(hodges_lehmann_shift(b, a), 0.0)
        for name, q, truth in (("order statistics, p50", 0.5, 1.0), ("order statistics, p95", 0.95, p95)):
            found = percentile(a, q)
            held[name] += holds(OpenInterval(None, found.low.value, found.high.value, 0.95, ""), truth)
        rejected["Mann-Whitney test"] += mann_whitney(b, a).pvalue < ALPHA
        rejected["Wilcoxon signed-rank test"] += wilcoxon(b, a).pvalue < ALPHA
    for name, hits in held.items():
        yield Rate(name, f"lognormal, log-sd {LOG_SD:g}", n, 0.95, hits / runs, runs)
    for name, hits in rejected.items():
        yield Rate(name, "same distribution", n, ALPHA, hits / runs, runs)


def bootstrap(n: int, runs: int, resamples: int, seed: int) -> Iterator[Rate]:
    """Yield the coverage of the p95 ratio and shift, and the one-sided coverage that the gate relies on."""
    rng = np.random.default_rng(seed)
    hits = dict.fromkeys(("p95 ratio", "p95 shift", "p95 ratio, one-sided upper limit"), 0)
    for run in range(runs):
        a, b = (row.tolist() for row in rng.lognormal(0.0, LOG_SD, (2, n)))
        found = bootstrap_quantile(b, a, 0.95, resamples=resamples, seed=run)
        gate = found.ratio(1 - 2 * ALPHA)
        hits["p95 ratio"] += holds(found.ratio(), 1.0)
        hits["p95 shift"] += holds(found.shift(), 0.0)
        hits["p95 ratio, one-sided upper limit"] += gate.high is None or gate.high >= 1.0
    for name, held in hits.items():
        yield Rate(name, f"lognormal, {resamples} resamples", n, 0.95, held / runs, runs)


def slices(n: int, runs: int, seed: int) -> Iterator[Rate]:
    """Yield how often a slice is called worse although A = B on all slices, with Holm within each of three families."""
    rng = np.random.default_rng(seed)
    asked = items(n, sliced=True)
    blocked = dict.fromkeys(("tense", "person", "verb", "any family"), 0)
    for _ in range(runs):
        drawn = rng.choice(len(OUTCOMES), size=n, p=SAME)
        rows = [ItemResult(item, *OUTCOMES[outcome], requests=1) for item, outcome in zip(asked, drawn, strict=True)]
        worse = {family.name for family in bucket_families(rows, ALPHA) if family.regressions}
        for name in worse:
            blocked[name] += 1
        blocked["any family"] += bool(worse)
    for name, hits in blocked.items():
        # Both signs together are significant with probability alpha at most; half of that is "worse".
        nominal = (3 if name == "any family" else 1) * ALPHA / 2
        yield Rate(f"a slice is called worse, {name}", "A = B", n, nominal, hits / runs, runs)


def sequential(n: int, runs: int, seed: int) -> Iterator[Rate]:
    """Yield the false alarms of repeated looks if A = B: always-valid test at every pair, mid-p at every tenth."""
    for name, cells in (("A = B", SAME), ("A = B, errors opposite", OPPOSITE)):
        rng = np.random.default_rng(seed)
        alarms = dict.fromkeys(("always-valid test, every pair", "McNemar mid-p, every ten pairs"), 0)
        for _ in range(runs):
            drawn = rng.choice(len(OUTCOMES), size=n, p=cells)
            improved, regressed = np.cumsum(drawn == 1), np.cumsum(drawn == 2)
            p = 1.0
            for i in np.flatnonzero((drawn == 1) | (drawn == 2)):
                p = always_valid_mcnemar(int(improved[i]), int(regressed[i]), p).pvalue
            alarms["always-valid test, every pair"] += p < ALPHA
            looks = ((int(improved[i]), int(regressed[i])) for i in range(9, n, 10))
            alarms["McNemar mid-p, every ten pairs"] += any(_midp(*look) < ALPHA for look in looks)
        for what, hits in alarms.items():
            yield Rate(what, name, n, ALPHA, hits / runs, runs)


@cache
def _midp(improved: int, regressed: int) -> float:
    return mcnemar_midp(improved, regressed).pvalue


def _clustered_differences(rng: np.random.Generator, labels: list[int], *, together: bool) -> npt.NDArray[np.float64]:
    verbs = np.array(labels)
    discordant = rng.random(verbs.size) < np.where(verbs % 2 == 0, 0.02, 0.14)
    signs = rng.choice((-1.0, 1.0), size=20)[verbs] if together else rng.choice((-1.0, 1.0), size=verbs.size)
    differences: npt.NDArray[np.float64] = discordant * signs
    return differences
