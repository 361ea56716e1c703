"""Whatever value arrives, the bounded one can be encoded, is short, and an ordinary value is unchanged."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniobserve.bounds import MAX_TEXT_CHARS, bounded_number, bounded_text, bounded_value, fits

HUGE = 10**400
BEYOND_STR = 10**5_000  # Python refuses to convert it to a string
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary() | st.just(HUGE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=10,
)


class Unprintable:
    """An object whose repr raises."""

    def __repr__(self) -> str:
        raise ValueError("no")


def _nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@given(ANYTHING)
def test_a_bounded_value_is_one_that_strict_json_and_utf8_can_carry(value: object) -> None:
    bounded = bounded_value(value)

    json.dumps(bounded, ensure_ascii=False).encode()


@given(st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.text(max_size=100))
def test_an_ordinary_value_stays_as_it_is(value: object) -> None:
    assert bounded_value(value) == value


@given(ANYTHING)
def test_a_value_that_fits_is_one_that_bounding_does_not_change(value: object) -> None:
    if fits(value):
        assert repr(bounded_value(value)) == repr(value)  # NaN differs from itself


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (HUGE, "an integer of 1329 bits"),
        (-HUGE, "an integer of 1329 bits"),
        (BEYOND_STR, "an integer of 16610 bits"),
        (2**63 - 1, 2**63 - 1),
        ("no such file: \udcff", "no such file: \\udcff"),
        ({"\ud800": [HUGE, BEYOND_STR]}, {"\\ud800": ["an integer of 1329 bits", "an integer of 16610 bits"]}),
        (Unprintable(), "<Unprintable, whose repr raised ValueError>"),
        ({BEYOND_STR}, "<set, whose repr raised ValueError>"),
    ],
    ids=map(str, range(8)),  # pytest would print the integers
)  # fmt: skip
def test_values_that_encoders_refuse_are_described(value: object, expected: object) -> None:
    assert bounded_value(value) == expected


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    text = "begins" + "x" * 10_000_000 + "ends"

    bounded = bounded_text(text)

    assert len(bounded) < MAX_TEXT_CHARS + 100
    assert bounded.startswith("begins")
    assert bounded.endswith("ends")
    assert f"{len(text) - MAX_TEXT_CHARS} characters left out" in bounded


def test_infinities_and_nan_stay_numbers() -> None:
    assert bounded_number(math.inf) == math.inf
    assert math.isnan(float(bounded_number(math.nan)))


def test_a_value_nested_beyond_reason_is_cut() -> None:
    assert len(json.dumps(bounded_value(_nested(500)))) < 2_000
