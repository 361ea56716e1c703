"""Numbers as every report writes them."""

import pytest

from minieval.report.notation import ms, pvalue


@pytest.mark.parametrize(
    ("p", "shown"), [(0.04904, ".0490"), (1.0, "1.0000"), (0.00001, "< .0001"), (None, "\N{EN DASH}")]
)
def test_p_values_have_four_digits(p: float | None, shown: str) -> None:
    assert pvalue(p) == shown


@pytest.mark.parametrize(("value", "shown"), [(0.9134, "0.913"), (2.5, "2.50"), (1234.5, "1234")])
def test_milliseconds_have_about_three_digits(value: float, shown: str) -> None:
    assert ms(value) == shown
