"""The quality section: agreement with its parts, the wider interval, and repeats."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minieval.errors import UnusableNumbers
from minieval.grading.evalset import from_item
from minieval.grading.items import Item
from minieval.manifest import Margins
from minieval.measures.item_results import ItemResult, PairCounts
from minieval.measures.quality import Deciding, assess_quality
from minieval.stats import (
    Interval,
    accuracy_interval,
    cluster_robust_interval,
    mcnemar_exact,
    mcnemar_midp,
    minimum_detectable_effect,
    newcombe_interval,
    newcombe_paired_interval,
    noninferiority,
    pairs_needed,
    tango_interval,
    two_proportion_ztest,
)

ALPHA, MARGINS = 0.05, Margins()
Table = tuple[int, int, int, int]
TABLE = st.tuples(*[st.integers(0, 40)] * 4).filter(lambda table: sum(table) > 0)


def rows_of(table: Table, verbs: Sequence[str] = ("go", "be")) -> list[ItemResult]:
    outcomes = [
        outcome
        for outcome, n in zip(((1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)), table, strict=True)
        for _ in range(n)
    ]
    return [
        ItemResult(from_item(Item(f"i{i}", "s", ("s",), verbs[i % len(verbs)], "t", "p", "r", None, "f")), a, b, 1)
        for i, (a, b) in enumerate(outcomes)
    ]


@settings(max_examples=25)
@given(TABLE)
def test_the_difference_is_that_of_the_accuracies(table: Table) -> None:
    found = assess_quality(rows_of(table), ALPHA, MARGINS)

    assert found.difference == pytest.approx(found.accuracy_b.estimate - found.accuracy_a.estimate)
    assert found.difference == pytest.approx((table[1] - table[2]) / sum(table))
    assert found.n == sum(table)


@settings(max_examples=25)
@given(TABLE)
def test_the_deciding_interval_is_never_narrower_than_tangos(table: Table) -> None:
    found = assess_quality(rows_of(table, [f"v{i}" for i in range(12)]), ALPHA, MARGINS)

    assert found.deciding.interval.width >= found.tango.width
    assert found.deciding_one_sided.interval.width <= found.deciding.interval.width + 1e-12


@pytest.mark.parametrize("table", [(59, 6, 16, 80), (150, 26, 6, 18), (3, 4, 1, 2)])
def test_every_number_is_the_statistic_of_its_name(table: Table) -> None:
    both, improved, regressed, _ = table
    n, a, b = sum(table), both + regressed, both + improved
    found = assess_quality(rows_of(table), 0.1, Margins(noninferiority=0.07, smallest_useful_gain=0.3))

    assert (found.n, found.requests, found.varying_items, found.counts) == (n, n, 0, PairCounts(*table))
    assert (found.n_correct_a, found.n_correct_b, found.n_discordant) == (a, b, improved + regressed)
    assert found.discordance == (improved + regressed) / n
    assert found.cluster_name == "verb"
    assert (found.accuracy_a, found.accuracy_b) == (accuracy_interval(a, n, 0.9), accuracy_interval(b, n, 0.9))
    assert found.z_test == two_proportion_ztest(a, n, b, n)
    assert found.z_interval == newcombe_interval(a, n, b, n, 0.9)
    assert found.mcnemar_exact == mcnemar_exact(improved, regressed)
    assert found.mcnemar_midp == mcnemar_midp(improved, regressed)
    assert found.tango == tango_interval(improved, regressed, n, 0.9)
    assert found.newcombe_paired == newcombe_paired_interval(*table, 0.9)
    assert found.deciding == Deciding("Tango score", found.tango)
    assert found.deciding_one_sided == Deciding("Tango score", tango_interval(improved, regressed, n, 0.8))
    assert found.noninferiority == noninferiority(improved, regressed, n, 0.07, 0.1)
    assert found.detectable == minimum_detectable_effect(n, found.discordance, alpha=0.1)
    assert found.needed == pairs_needed(0.3, max(found.discordance, 0.3), alpha=0.1)


def test_the_pairs_needed_are_for_what_was_seen_if_that_is_more_than_the_useful_gain() -> None:
    found = assess_quality(rows_of((100, 20, 4, 76)), ALPHA, MARGINS)

    assert found.needed == pairs_needed(0.08, 0.12)


def test_the_p_values_depend_on_discordant_items_only() -> None:
    one, other = (
        assess_quality(rows_of((both, 12, 4, neither)), ALPHA, MARGINS) for both, neither in ((160, 24), (0, 3))
    )

    assert (one.mcnemar_exact, one.mcnemar_midp) == (other.mcnemar_exact, other.mcnemar_midp)
    assert one.z_test != other.z_test


def test_the_factor_between_the_two_z_is_the_one_between_the_statistics() -> None:
    found = assess_quality(rows_of((59, 6, 16, 80)), ALPHA, MARGINS)

    z_mcnemar = (6 - 16) / (6 + 16) ** 0.5
    assert found.z_factor == pytest.approx(found.z_test.statistic / z_mcnemar)
    assert found.z_factor == pytest.approx(0.527, abs=5e-4)


def test_items_of_a_verb_that_move_together_widen_the_deciding_interval() -> None:
    rows = rows_of((150, 30, 0, 20))
    together = [
        ItemResult(from_item(Item(f"i{i}", "s", ("s",), f"v{i // 10}", "t", "p", "r", None, "f")), row.a, row.b, 1)
        for i, row in enumerate(rows)
    ]

    found = assess_quality(together, ALPHA, MARGINS)

    assert found.deciding.method.startswith("cluster-robust by verb")
    assert found.clustered is not None
    assert found.clustered.design_effect is not None
    assert found.clustered.design_effect > 5


def test_below_ten_verbs_there_is_no_clustered_interval() -> None:
    found = assess_quality(rows_of((50, 10, 5, 5), [f"v{i}" for i in range(9)]), ALPHA, MARGINS)

    assert found.clustered is None
    assert found.deciding.interval == tango_interval(10, 5, 70)


def test_items_with_varying_answers_are_clustered_by_item() -> None:
    rows = [
        *rows_of((10, 3, 1, 6)),
        ItemResult(from_item(Item("x", "s", ("s",), "go", "t", "p", "r", None, "f")), 0.5, 1.0, 2),
    ]

    found = assess_quality(rows, ALPHA, MARGINS)

    assert found.varying_items == 1
    assert found.deciding.method == "hull of Tango score, cluster-robust by item (CR1, t)"
    by_item, tango = cluster_robust_interval([row.difference for row in rows], range(21)), tango_interval(4, 1, 21)
    low, high = min(by_item.low, tango.low), max(by_item.high, tango.high)
    assert found.deciding.interval == Interval(found.difference, low, high, 0.95)
    assert found.requests == 22
    assert found.difference == pytest.approx((3 - 1 + 0.5) / 21)


def test_many_small_gains_are_not_a_large_one() -> None:
    # Every item gains a tenth: by signs B wins all of them, by means it gains ten points.
    item = from_item(Item("i", "s", ("s",), "go", "t", "p", "r", None, "f"))
    rows = [ItemResult(replace(item, id=f"i{i}"), 0.5, 0.6, 10) for i in range(100)]

    found = assess_quality(rows, ALPHA, MARGINS).deciding.interval

    assert found.estimate == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1)
    assert found.high == 1


@pytest.mark.parametrize("table", [(20, 0, 0, 0), (0, 0, 0, 20), (0, 20, 0, 0), (0, 0, 20, 0), (1, 0, 0, 0)])
def test_extreme_tables_give_finite_numbers_or_none(table: Table) -> None:
    found = assess_quality(rows_of(table), ALPHA, MARGINS)

    assert found.tango.low <= found.difference <= found.tango.high
    assert found.z_factor is None or found.z_factor > 0


def test_an_empty_list_of_items_is_refused() -> None:
    with pytest.raises(UnusableNumbers) as refusal:
        assess_quality([], ALPHA, MARGINS)

    assert str(refusal.value) == "number of paired items is 0: expected at least 1"


@pytest.mark.parametrize("related", [0, 1, 30])
def test_items_are_clustered_only_where_every_one_has_a_cluster(related: int) -> None:
    rows = [
        replace(row, item=replace(row.item, cluster=("verb", f"v{i}") if i < related else None))
        for i, row in enumerate(rows_of((20, 6, 1, 4)))
    ]

    found = assess_quality(rows, ALPHA, MARGINS)

    assert (found.cluster_name, found.clustered, found.deciding.method) == (None, None, "Tango score")


def test_items_with_two_kinds_of_clusters_are_not_clustered() -> None:
    rows = [
        replace(row, item=replace(row.item, cluster=("verb" if i % 2 else "noun", f"v{i}")))
        for i, row in enumerate(rows_of((20, 6, 1, 4)))
    ]

    found = assess_quality(rows, ALPHA, MARGINS)

    assert (found.cluster_name, found.clustered) == (None, None)


def test_two_items_of_which_one_varies_are_enough_to_cluster_by_item() -> None:
    one, other = rows_of((1, 1, 0, 0))

    found = assess_quality([one, replace(other, b=0.5, requests=2)], ALPHA, MARGINS).deciding

    # differences 0 and 1/2: mean 1/4, and a t interval of one degree of freedom is beyond -1 and 1
    assert found.method == "hull of Tango score, cluster-robust by item (CR1, t)"
    assert (found.interval.estimate, found.interval.low, found.interval.high) == (0.25, -1.0, 1.0)


def test_the_factor_is_known_for_a_single_item_on_which_the_arms_differ() -> None:
    # z of 1 right of 1 against 0 of 1 is 1 / sqrt(1/2), and McNemar's is 1
    assert assess_quality(rows_of((0, 1, 0, 0)), ALPHA, MARGINS).z_factor == pytest.approx(2**0.5)
    assert assess_quality(rows_of((1, 0, 0, 0)), ALPHA, MARGINS).z_factor is None


def test_the_number_of_missing_pairs_is_never_negative() -> None:
    few, enough = (assess_quality(rows_of(table), ALPHA, MARGINS) for table in ((6, 2, 1, 1), (0, 40, 0, 0)))
    useless = assess_quality(rows_of((6, 1, 1, 2)), ALPHA, Margins(smallest_useful_gain=0.0))

    assert few.needed.estimate is not None
    assert few.n_more_needed == few.needed.estimate - 10 > 0
    assert enough.n_more_needed == 0
    # equal arms, and any gain at all would be useful: no number of pairs shows that
    assert useless.needed.estimate is useless.n_more_needed is None


def test_ten_verbs_are_enough_for_a_clustered_interval_at_the_levels_that_decide() -> None:
    rows = [
        replace(row, item=replace(row.item, cluster=("verb", f"v{i // 20}")))
        for i, row in enumerate(rows_of((150, 30, 0, 20)))
    ]

    found = assess_quality(rows, 0.1, MARGINS)

    differences, verbs = [row.difference for row in rows], [i // 20 for i in range(200)]
    two_sided, one_sided = (cluster_robust_interval(differences, verbs, level) for level in (0.9, 0.8))
    assert found.clustered == two_sided
    for deciding, expected in ((found.deciding, two_sided), (found.deciding_one_sided, one_sided)):
        assert deciding.method == "cluster-robust by verb (CR1, t)"
        assert deciding.interval == Interval(expected.estimate, expected.low, expected.high, expected.confidence)
