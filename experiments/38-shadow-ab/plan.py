"""Draws the eval items of each block: stratified, by seed, every item at most once. Pure."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from minieval.grading.items import Item

# 20 to 25 % of a block is right already, so that a tutor that over-corrects is noticed.
RIGHT_SHARE = 0.225

Block = tuple[Item, ...]


class PlanError(ValueError):
    """The eval set has too few items for the plan."""


def draw_plan(items: Sequence[Item], blocks: int, per_block: int, seed: int) -> tuple[Block, ...]:
    """Return `blocks` blocks of `per_block` items, without repeating an item.

    Within a block every verb and every tense is as frequent as any other, RIGHT_SHARE of the items is already
    right, and persons are as even as the cells allow. Raises PlanError when the eval set cannot fill a cell.
    """
    rng = random.Random(seed)  # noqa: S311 - a plan to repeat, not a secret
    cells: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: item.id):
        cells[item.verb, item.tense].append(item)
    for pool in cells.values():
        rng.shuffle(pool)
    if per_block % len(cells):
        raise PlanError(f"{per_block} items per block over {len(cells)} (verb, tense) cells: expected a multiple")
    return tuple(_draw_block(cells, per_block, rng) for _ in range(blocks))


def _draw_block(cells: dict[tuple[str, str], list[Item]], size: int, rng: random.Random) -> Block:
    """Remove one block of items from the cells and return it."""
    places = size // len(cells)
    right_here = _spread_right(cells, places, round(size * RIGHT_SHARE), rng)
    persons: Counter[str] = Counter()
    block: list[Item] = []
    for cell in rng.sample(list(cells), len(cells)):
        for place in range(places):
            item = _take(cells, cell, right=place < right_here[cell], persons=persons)
            persons[item.person] += 1
            block.append(item)
    rng.shuffle(block)
    return tuple(block)


def _spread_right(
    cells: dict[tuple[str, str], list[Item]], places: int, wanted: int, rng: random.Random
) -> Counter[tuple[str, str]]:
    """Return how many items of each cell are already right."""
    rights = {cell: sum(item.mistake is None for item in pool) for cell, pool in cells.items()}
    possible = [cell for cell, count in rights.items() for _ in range(min(places, count))]
    if len(possible) < wanted:
        raise PlanError(f"{wanted - len(possible)} already-right items are missing: expected {wanted} per block")
    return Counter(rng.sample(possible, wanted))


def _take(
    cells: dict[tuple[str, str], list[Item]], cell: tuple[str, str], *, right: bool, persons: Counter[str]
) -> Item:
    fitting = [item for item in cells[cell] if (item.mistake is None) is right]
    if not fitting:
        kind = "already-right" if right else "wrong"
        raise PlanError(f"cell {' '.join(cell)} has no {kind} item left: expected more items in the eval set")
    chosen = min(fitting, key=lambda item: persons[item.person])
    cells[cell].remove(chosen)
    return chosen
