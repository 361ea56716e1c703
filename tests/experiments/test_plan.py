"""The plan of the lab: drawn by seed, stratified, every item once."""

from collections import Counter
from dataclasses import replace

import pytest
from plan import PlanError, draw_plan

from minieval.grading.items import Item


def test_the_lab_has_400_distinct_items_in_two_blocks_of_200(items: tuple[Item, ...]) -> None:
    blocks = draw_plan(items, 2, 200, seed=38)

    assert [len(block) for block in blocks] == [200, 200]
    assert len({item.id for block in blocks for item in block}) == 400


@pytest.mark.parametrize("seed", range(5))
def test_a_block_has_10_items_per_verb_and_40_per_tense(seed: int, items: tuple[Item, ...]) -> None:
    for block in draw_plan(items, 2, 200, seed):
        assert set(Counter(item.verb for item in block).values()) == {10}
        assert set(Counter(item.tense for item in block).values()) == {40}


@pytest.mark.parametrize("seed", range(5))
def test_a_fifth_to_a_quarter_of_a_block_is_already_right(seed: int, items: tuple[Item, ...]) -> None:
    for block in draw_plan(items, 2, 200, seed):
        assert 40 <= sum(item.mistake is None for item in block) <= 50


@pytest.mark.parametrize("seed", range(5))
def test_persons_are_distributed_as_evenly_as_200_over_3_allows(seed: int, items: tuple[Item, ...]) -> None:
    for block in draw_plan(items, 2, 200, seed):
        persons = Counter(item.person for item in block)

        assert set(persons) == {"1sg", "2sg", "3sg"}
        assert max(persons.values()) - min(persons.values()) <= 2


def test_the_same_seed_draws_the_same_plan_whatever_the_order_of_the_file(items: tuple[Item, ...]) -> None:
    assert draw_plan(items, 2, 200, seed=38) == draw_plan(items[::-1], 2, 200, seed=38)


def test_another_seed_draws_another_plan(items: tuple[Item, ...]) -> None:
    assert draw_plan(items, 2, 200, seed=38) != draw_plan(items, 2, 200, seed=39)


def test_an_eval_set_without_right_items_cannot_fill_the_plan(items: tuple[Item, ...]) -> None:
    wrong = [item for item in items if item.mistake is not None]

    with pytest.raises(PlanError, match="already-right items are missing"):
        draw_plan(wrong, 1, 200, seed=38)


def test_an_eval_set_that_is_too_small_cannot_fill_the_plan(items: tuple[Item, ...]) -> None:
    with pytest.raises(PlanError, match="expected more items in the eval set"):
        draw_plan(items, 6, 200, seed=38)


def test_a_block_that_is_not_a_multiple_of_the_cells_is_refused(items: tuple[Item, ...]) -> None:
    with pytest.raises(PlanError, match="150 items per block over 100"):
        draw_plan([*items, replace(items[0], id="again")], 1, 150, seed=38)
