"""The cluster-robust interval, against statsmodels' OLS with clustered errors."""

import random

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from minieval.errors import UnusableNumbers
from minieval.stats import cluster_robust_interval


def test_it_is_the_cr1_interval_of_a_regression_on_a_constant() -> None:
    rng = random.Random(1)  # noqa: S311 - no secret
    differences = [float(rng.choice((-1, 0, 0, 0, 1, 1))) for _ in range(200)]
    clusters = [rng.randrange(20) for _ in range(200)]

    found = cluster_robust_interval(differences, clusters)

    model = OLS(np.array(differences), np.ones(200))
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": np.array(clusters)}, use_t=True)
    assert (found.low, found.high) == pytest.approx(tuple(fitted.conf_int()[0]), abs=1e-10)
    assert found.clusters == 20


def test_clusters_of_one_give_the_t_interval_of_unrelated_items() -> None:
    differences = [1.0, 0.0, 0.0, -1.0, 1.0, 0.0, 1.0, 0.0]

    found = cluster_robust_interval(differences, range(8))

    expected = stats.t.interval(0.95, 7, np.mean(differences), stats.sem(differences))
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.design_effect == pytest.approx(1)


def test_items_that_move_together_have_a_design_effect_of_their_cluster_size() -> None:
    differences = [float(d) for d in (1, 0, -1, 0, 1, 0, 0, 1, -1, 0) for _ in range(20)]
    clusters = [c for c in range(10) for _ in range(20)]

    found = cluster_robust_interval(differences, clusters)

    # 20, times G / (G - 1) over n / (n - 1)
    assert found.design_effect == pytest.approx(20 * (10 / 9) / (200 / 199))


def test_where_nothing_varies_there_is_no_design_effect() -> None:
    assert cluster_robust_interval([0.0] * 6, [1, 1, 2, 2, 3, 3]).design_effect is None


def test_limits_stay_within_minus_1_and_1() -> None:
    found = cluster_robust_interval([1.0, 1.0, 1.0, -1.0], [1, 1, 2, 2], 0.9)

    assert (found.estimate, found.low, found.high) == (0.5, -1.0, 1.0)
    assert (found.clusters, found.confidence) == (2, 0.9)
    assert found.width == 2


def test_the_width_is_the_distance_of_the_limits() -> None:
    found = cluster_robust_interval([0.0, 0.25, 0.0, 0.25, 0.5], [1, 2, 3, 4, 5], 0.8)

    assert found.width == pytest.approx(2 * stats.t.ppf(0.9, 4) * stats.sem([0.0, 0.25, 0.0, 0.25, 0.5]))


@pytest.mark.parametrize("clusters", [[1, 1], [1]])
def test_a_single_cluster_or_labels_that_do_not_fit_are_refused(clusters: list[int]) -> None:
    with pytest.raises(UnusableNumbers, match="cluster"):
        cluster_robust_interval([0.0, 1.0], clusters)
