"""Every statistic refuses numbers for which it is undefined, with name, value and expectation."""

import math
from collections.abc import Callable

import pytest

from minieval import stats
from minieval import stats as latency
from minieval.errors import UnusableNumbers

SHARE = "a number strictly between 0 and 1"
MS = "milliseconds from 0 to 1e+12"
NONE = "at least 1"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: stats.accuracy_interval(0, 0), "n is 0: expected a whole number of at least 1"),
        (lambda: stats.accuracy_interval(3, 2), "x is 3: expected a whole number of at least 0 and at most 2"),
        (lambda: stats.accuracy_interval(1, 2, 1.0), f"confidence is 1.0: expected {SHARE}"),
        (lambda: stats.clopper_pearson_upper(0, 0), "n is 0: expected a whole number of at least 1"),
        (lambda: stats.clopper_pearson_upper(3, 2), "x is 3: expected a whole number of at least 0 and at most 2"),
        (lambda: stats.clopper_pearson_upper(1, 2, 0.0), f"confidence is 0.0: expected {SHARE}"),
        (lambda: stats.two_proportion_ztest(1, 0, 1, 2), "n_a is 0: expected a whole number of at least 1"),
        (lambda: stats.two_proportion_ztest(1, 2, 1, 0), "n_b is 0: expected a whole number of at least 1"),
        (
            lambda: stats.two_proportion_ztest(3, 2, 1, 2),
            "x_a is 3: expected a whole number of at least 0 and at most 2",
        ),
        (
            lambda: stats.two_proportion_ztest(1, 2, -1, 2),
            "x_b is -1: expected a whole number of at least 0 and at most 2",
        ),
        (lambda: stats.sample_ratio(-1, 2), "n_a is -1: expected a whole number of at least 0"),
        (lambda: stats.sample_ratio(1, -2), "n_b is -2: expected a whole number of at least 0"),
        (lambda: stats.sample_ratio(1, 2, 1.5), f"share_a is 1.5: expected {SHARE}"),
        (lambda: stats.mcnemar_exact(-1, 2), "n_improved is -1: expected a whole number of at least 0"),
        (lambda: stats.mcnemar_midp(1, -2), "n_regressed is -2: expected a whole number of at least 0"),
        (lambda: stats.smallest_midp(-1), "discordant is -1: expected a whole number of at least 0"),
        (lambda: stats.always_valid_mcnemar(1, 1, 1.5), "previous_pvalue is 1.5: expected a number from 0 to 1"),
        (lambda: stats.always_valid_mcnemar(1, 1, -0.5), "previous_pvalue is -0.5: expected a number from 0 to 1"),
        (lambda: stats.tango_interval(0, 0, 0), "n is 0: expected a whole number of at least 1"),
        (
            lambda: stats.tango_interval(3, 0, 2),
            "n_improved is 3: expected a whole number of at least 0 and at most 2",
        ),
        (
            lambda: stats.tango_interval(1, 2, 2),
            "n_regressed is 2: expected a whole number of at least 0 and at most 1",
        ),
        (lambda: stats.tango_interval(1, 1, 2, math.nan), f"confidence is nan: expected {SHARE}"),
        (lambda: stats.newcombe_paired_interval(0, 0, 0, 0), "n is 0: expected a whole number of at least 1"),
        (lambda: stats.newcombe_paired_interval(-1, 1, 1, 3), "n_both is -1: expected a whole number of at least 0"),
        (lambda: stats.newcombe_paired_interval(3, 1, 1, -1), "n_neither is -1: expected a whole number of at least 0"),
        (lambda: stats.noninferiority(1, 1, 2, -0.1), f"margin is -0.1: expected {SHARE}"),
        (lambda: stats.noninferiority(1, 1, 2, 0.1, 0.0), f"alpha is 0.0: expected {SHARE}"),
        (lambda: stats.noninferiority(1, 1, 2, 0.1, 0.5), "alpha is 0.5: expected a number below 0.5"),
        (lambda: stats.cluster_robust_interval([0.0, 1.0], [1]), "number of cluster labels is 1: expected 2"),
        (lambda: stats.cluster_robust_interval([0.0, 1.0], [1, 1]), "number of clusters is 1: expected at least 2"),
        (lambda: stats.cluster_robust_interval([], []), "number of clusters is 0: expected at least 2"),
        (lambda: stats.cluster_robust_interval([0.0, 1.0], [1, 2], 1.0), f"confidence is 1.0: expected {SHARE}"),
        (lambda: stats.holm([2.0]), "p-value is 2.0: expected a number from 0 to 1"),
        (lambda: stats.benjamini_hochberg([-1.0]), "p-value is -1.0: expected a number from 0 to 1"),
        (lambda: stats.tarone([math.nan]), "p-value is nan: expected a number from 0 to 1"),
        (lambda: stats.tarone([0.5], 0.0), f"alpha is 0.0: expected {SHARE}"),
        (lambda: stats.midp_power(0, 0.1, 0.2), "n is 0: expected a whole number of at least 1"),
        (lambda: stats.midp_power(5, 0.3, 0.2), "effect is 0.3: expected at most the discordance 0.2 in size"),
        (lambda: stats.midp_power(5, math.nan, 0.2), "effect is nan: expected at most the discordance 0.2 in size"),
        (lambda: stats.midp_power(5, 0.1, 1.2), "discordance is 1.2: expected a share from 0 to 1"),
        (lambda: stats.midp_power(5, 0.1, 0.2, 1.0), f"alpha is 1.0: expected {SHARE}"),
        (lambda: stats.minimum_detectable_effect(5, 0.2, power=1.0), f"power is 1.0: expected {SHARE}"),
        (lambda: stats.minimum_detectable_effect(5, -0.2), "discordance is -0.2: expected a share from 0 to 1"),
        (lambda: stats.minimum_detectable_effect(5, 0.2, alpha=0.0), f"alpha is 0.0: expected {SHARE}"),
        (lambda: stats.pairs_needed(0.1, 0.2, power=0.0), f"power is 0.0: expected {SHARE}"),
        (lambda: stats.pairs_needed(0.1, 1.1), "discordance is 1.1: expected a share from 0 to 1"),
        (lambda: stats.pairs_needed(0.1, 0.2, alpha=1.0), f"alpha is 1.0: expected {SHARE}"),
        (lambda: latency.percentile([], 0.5), f"number of latencies of sample is 0: expected {NONE}"),
        (lambda: latency.percentile([-1.0], 0.5), f"latency of sample is -1.0: expected {MS}"),
        (lambda: latency.percentile([1.0, math.nan], 0.5), f"latency of sample is nan: expected {MS}"),
        (lambda: latency.percentile([2e12], 0.5), f"latency of sample is 2000000000000.0: expected {MS}"),
        (lambda: latency.percentile([1.0], 0.0), f"q is 0.0: expected {SHARE}"),
        (lambda: latency.percentile([1.0], 0.5, 1.0), f"confidence is 1.0: expected {SHARE}"),
        (lambda: latency.distribution([], 5), f"number of latencies of sample is 0: expected {NONE}"),
        (lambda: latency.requests_for_upper_limit(1.0), f"q is 1.0: expected {SHARE}"),
        (lambda: latency.requests_for_upper_limit(0.9, 0.0), f"confidence is 0.0: expected {SHARE}"),
        (lambda: latency.mann_whitney([], [1.0]), f"number of latencies of B is 0: expected {NONE}"),
        (lambda: latency.mann_whitney([1.0], []), f"number of latencies of A is 0: expected {NONE}"),
        (lambda: latency.hodges_lehmann_ratio([], [1.0]), f"number of latencies of B is 0: expected {NONE}"),
        (lambda: latency.hodges_lehmann_ratio([1.0], []), f"number of latencies of A is 0: expected {NONE}"),
        (lambda: latency.hodges_lehmann_ratio([1.0], [1.0], 1.0), f"confidence is 1.0: expected {SHARE}"),
        (lambda: latency.hodges_lehmann_shift([], [1.0]), f"number of latencies of B is 0: expected {NONE}"),
        (lambda: latency.hodges_lehmann_shift([1.0], []), f"number of latencies of A is 0: expected {NONE}"),
        (lambda: latency.hodges_lehmann_shift([1.0], [1.0], 0.0), f"confidence is 0.0: expected {SHARE}"),
        (lambda: latency.wilcoxon([], [1.0]), f"number of latencies of B is 0: expected {NONE}"),
        (lambda: latency.wilcoxon([1.0], []), f"number of latencies of A is 0: expected {NONE}"),
        (lambda: latency.wilcoxon([1.0], [1.0, 2.0]), "number of latencies of B is 1: expected 2, one per pair"),
        (lambda: latency.harrell_davis([], 0.5), f"number of latencies of sample is 0: expected {NONE}"),
        (lambda: latency.harrell_davis([1.0], 1.0), f"q is 1.0: expected {SHARE}"),
        (lambda: latency.quantile_ratio([], [1.0], 0.5), f"number of latencies of B is 0: expected {NONE}"),
        (lambda: latency.quantile_ratio([1.0], [], 0.5), f"number of latencies of A is 0: expected {NONE}"),
        (lambda: latency.quantile_ratio([1.0], [1.0], 1.0), f"q is 1.0: expected {SHARE}"),
        (
            lambda: latency.quantile_ratio([1.0], [1.0], 0.5, resamples=0),
            "resamples is 0: expected a whole number of at least 1",
        ),
        (
            lambda: latency.quantile_shift([1.0], [1.0], 0.5, resamples=9, confidence=0.0),
            f"confidence is 0.0: expected {SHARE}",
        ),
    ],
)
def test_the_refusal_has_name_value_and_what_was_expected(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(UnusableNumbers) as refusal:
        call()

    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    "call",
    [
        lambda: stats.accuracy_interval(0, 1),
        lambda: stats.accuracy_interval(1, 1),
        lambda: stats.clopper_pearson_upper(0, 1),
        lambda: stats.clopper_pearson_upper(1, 1),
        lambda: stats.two_proportion_ztest(0, 1, 1, 1),
        lambda: stats.sample_ratio(1, 0),
        lambda: stats.smallest_midp(0),
        lambda: stats.always_valid_mcnemar(0, 0, 0.0),
        lambda: stats.tango_interval(0, 1, 1),
        lambda: stats.newcombe_paired_interval(1, 0, 0, 0),
        lambda: stats.cluster_robust_interval([0.0, 1.0], [1, 2]),
        lambda: stats.holm([0.0, 1.0]),
        lambda: stats.midp_power(1, 1.0, 1.0),
        lambda: latency.percentile([1e12], 0.5),
        lambda: latency.quantile_ratio([1.0], [1.0], 0.5, resamples=1),
    ],
)
def test_the_smallest_and_largest_usable_numbers_are_used(call: Callable[[], object]) -> None:
    assert call() is not None
