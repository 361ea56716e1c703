"""The eval set: read whole or refused with a line number."""

import json

import pytest

from minieval.grading.items import Item, ItemError, parse_items

LINE = {
    "id": "p20-0000",
    "sentence": "He goed home.",
    "accepted": ["He went home."],
    "verb": "go",
    "tense": "past_simple",
    "person": "3sg",
    "regularity": "irregular",
    "mistake": "over_regular",
    "frame": "f",
}


def test_an_item_is_read_back_whole() -> None:
    (item,) = parse_items(json.dumps(LINE) + "\n")

    assert item == Item(
        "p20-0000", "He goed home.", ("He went home.",), "go", "past_simple", "3sg", "irregular", "over_regular", "f"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "expected a JSON object"),
        (json.dumps({**LINE, "extra": 1}), "extra"),
        (json.dumps({k: v for k, v in LINE.items() if k != "verb"}), "verb"),
        (json.dumps({**LINE, "accepted": []}), "accepted"),
        (json.dumps({**LINE, "accepted": [1]}), "accepted"),
        (json.dumps({**LINE, "sentence": "  "}), "sentence"),
        (json.dumps({**LINE, "mistake": 3}), "mistake"),
        (json.dumps(LINE), "stands on line 1 already"),
        (json.dumps({**LINE, "id": "other"}), "stands on line 1 already"),
    ],
)
def test_a_line_that_is_not_an_item_is_refused_with_its_number(line: str, reason: str) -> None:
    with pytest.raises(ItemError, match=f"line 3: .*{reason}"):
        parse_items(f"{json.dumps(LINE)}\n\n{line}\n")
