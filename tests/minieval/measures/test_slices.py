"""Slices: who is tested, what blocks, and what is only described."""

import pytest

from minieval.grading.evalset import from_item
from minieval.grading.items import Item
from minieval.measures.item_results import ItemResult
from minieval.measures.slices import Bucket, BucketFamily, Flag, bucket_families
from minieval.stats import accuracy_interval, benjamini_hochberg, holm, mcnemar_midp, tango_interval

Cells = tuple[int, int, int, int]


def rows_of(tables: dict[str, Cells]) -> list[ItemResult]:
    rows: list[ItemResult] = []
    for value, table in tables.items():
        for (a, b), n in zip(((1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)), table, strict=True):
            for _ in range(n):
                item = from_item(Item(f"i{len(rows)}", "s", ("s",), "go", value, "3sg", "r", None, "f"))
                rows.append(ItemResult(item, a, b, 1))
    return rows


def tense(tables: dict[str, Cells]) -> BucketFamily:
    return bucket_families(rows_of(tables), 0.05)[0]


def test_the_rows_of_every_family_add_up_to_the_total() -> None:
    rows = [
        ItemResult(
            from_item(Item(f"i{i}", "s", ("s",), f"v{i % 7}", f"t{i % 3}", f"p{i % 2}", "r", None, "f")),
            i % 2,
            i % 3 == 0,
            1,
        )
        for i in range(84)
    ]

    families = bucket_families(rows, 0.05)

    assert [family.name for family in families] == ["tense", "person", "verb"]
    for family in families:
        assert sum(row.n for row in family.rows) == 84
        assert sum(row.n_correct_a for row in family.rows) == sum(row.a for row in rows)


def test_p_values_are_adjusted_over_the_tested_slices_only() -> None:
    family = tense({"one": (20, 9, 1, 10), "two": (25, 8, 2, 5), "few": (3, 0, 5, 1), "same": (40, 0, 0, 0)})
    by = {row.value: row for row in family.rows}

    raw = [mcnemar_midp(9, 1).pvalue, mcnemar_midp(8, 2).pvalue]
    assert family.tested == 2
    assert (by["one"].pvalue_holm, by["two"].pvalue_holm) == holm(raw)
    assert by["few"].pvalue_holm is by["same"].pvalue_holm is None


def test_every_number_of_a_row_is_the_statistic_of_its_name() -> None:
    family = tense({"one": (20, 9, 1, 10), "two": (25, 2, 12, 5), "few": (3, 0, 5, 1), "calm": (30, 2, 1, 0)})
    one, two, few, calm = (next(row for row in family.rows if row.value == v) for v in ("one", "two", "few", "calm"))

    pvalues = [mcnemar_midp(9, 1).pvalue, mcnemar_midp(2, 12).pvalue]
    adjusted, discovered = holm(pvalues), benjamini_hochberg(pvalues)
    assert one == Bucket(
        value="one",
        n=40,
        n_correct_a=21,
        n_correct_b=29,
        accuracy_a=accuracy_interval(21, 40),
        accuracy_b=accuracy_interval(29, 40),
        n_improved=9,
        n_regressed=1,
        difference=tango_interval(9, 1, 40),
        pvalue=pvalues[0],
        pvalue_holm=adjusted[0],
        pvalue_bh=discovered[0],
        flag=Flag.IMPROVEMENT,
        to_read=False,
    )
    assert (two.pvalue_holm, two.pvalue_bh, two.flag) == (adjusted[1], discovered[1], Flag.REGRESSION)
    assert few == Bucket(
        "few",
        9,
        8,
        3,
        accuracy_interval(8, 9),
        accuracy_interval(3, 9),
        0,
        5,
        None,
        None,
        None,
        None,
        Flag.DESCRIPTIVE,
        to_read=True,
    )
    assert (calm.pvalue, calm.difference) == (mcnemar_midp(2, 1).pvalue, tango_interval(2, 1, 33))
    assert (calm.pvalue_holm, calm.pvalue_bh, calm.flag) == (None, None, Flag.UNTESTABLE)
    assert family.tested == 2


def test_intervals_and_flags_follow_alpha() -> None:
    rows = rows_of({"one": (30, 9, 3, 18)})

    (at_20,), (at_10,) = (bucket_families(rows, alpha)[0].rows for alpha in (0.2, 0.1))

    assert at_20.accuracy_a == accuracy_interval(33, 60, 0.8)
    assert at_20.accuracy_b == accuracy_interval(39, 60, 0.8)
    assert at_20.difference == tango_interval(9, 3, 60, 0.8)
    # mid-p of 9 against 3 is .0923
    assert (at_20.flag, at_10.flag) == (Flag.IMPROVEMENT, Flag.IMPROVEMENT)
    assert bucket_families(rows, 0.05)[0].rows[0].flag is Flag.NO_EVIDENCE


def test_without_rows_there_are_no_families() -> None:
    assert bucket_families([], 0.05) == ()


def test_a_significant_regression_blocks() -> None:
    family = tense({"bad": (20, 0, 12, 8), "good": (30, 10, 0, 0)})

    assert [row.value for row in family.regressions] == ["bad"]
    assert {row.value: row.flag for row in family.rows} == {"bad": Flag.REGRESSION, "good": Flag.IMPROVEMENT}


def test_19_items_are_described_and_20_are_tested() -> None:
    family = tense({"few": (0, 0, 19, 0), "enough": (0, 0, 20, 0)})
    by = {row.value: row for row in family.rows}

    assert by["few"].flag is Flag.DESCRIPTIVE
    assert by["few"].difference is None
    assert by["few"].pvalue is None
    assert by["enough"].flag is Flag.REGRESSION


def test_a_slice_that_no_outcome_could_make_significant_says_so() -> None:
    # Four discordant pairs attain 1/16 at best.
    (row,) = tense({"calm": (30, 4, 0, 6)}).rows

    assert row.flag is Flag.UNTESTABLE
    assert row.pvalue == pytest.approx(0.0625)


def test_three_regressions_without_an_improvement_are_to_be_read_at_any_n() -> None:
    family = tense({"two": (5, 0, 2, 0), "three": (5, 0, 3, 0), "mixed": (5, 1, 3, 0)})

    assert [row.value for row in family.rows if row.to_read] == ["three"]


def test_a_pooled_difference_that_most_slices_contradict_gives_a_warning() -> None:
    assert tense({"one": (10, 12, 0, 0), "two": (10, 0, 2, 0), "three": (10, 0, 2, 0)}).simpson
    assert not tense({"one": (10, 2, 0, 0), "two": (10, 2, 0, 0), "three": (10, 0, 2, 0)}).simpson


def test_slices_without_a_difference_take_no_side_in_that_warning() -> None:
    calm = {f"calm{i}": (10, 0, 0, 0) for i in range(5)}

    assert tense({**calm, "one": (10, 12, 0, 0), "two": (10, 0, 2, 0), "three": (10, 0, 2, 0)}).simpson
    assert not tense({**calm, "one": (10, 2, 0, 0)}).simpson
    assert not tense({**calm, "one": (10, 2, 0, 0), "two": (10, 0, 2, 0), "three": (9, 1, 1, 0)}).simpson


def test_which_slices_can_be_tested_follows_alpha() -> None:
    rows = rows_of({"calm": (30, 4, 0, 6)})

    (strict,), (lax,) = (bucket_families(rows, alpha)[0].rows for alpha in (0.05, 0.2))

    # four discordant pairs attain 1/16 at best
    assert (strict.flag, lax.flag) == (Flag.UNTESTABLE, Flag.IMPROVEMENT)
    assert strict.pvalue_holm is None
    assert lax.pvalue_holm == pytest.approx(0.0625)


def test_what_is_below_alpha_by_the_false_discovery_rate_alone_is_no_evidence() -> None:
    one, two = tense({"one": (20, 2, 9, 10), "two": (20, 2, 9, 10)}).rows

    # mid-p of 2 against 9 is .0386: Holm doubles the smaller of two, Benjamini-Hochberg leaves equals as they are
    assert one.pvalue_holm == two.pvalue_holm == pytest.approx(0.077148, abs=1e-6)
    assert one.pvalue_bh == two.pvalue_bh == pytest.approx(0.038574, abs=1e-6)
    assert one.flag is two.flag is Flag.NO_EVIDENCE


def test_an_adjusted_p_of_exactly_alpha_is_no_evidence() -> None:
    rows = rows_of({"one": (30, 9, 3, 18)})
    (found,) = bucket_families(rows, 0.2)[0].rows
    assert found.pvalue_holm is not None

    (at,), (above,) = (bucket_families(rows, found.pvalue_holm + more)[0].rows for more in (0, 1e-9))

    assert (at.flag, above.flag) == (Flag.NO_EVIDENCE, Flag.IMPROVEMENT)


def test_a_slice_that_gains_one_item_sides_with_a_total_of_one() -> None:
    assert not tense({"one": (10, 1, 0, 0), "two": (10, 1, 0, 0), "three": (10, 0, 1, 0)}).simpson
