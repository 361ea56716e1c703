"""Accept-Language: English unless Spanish is preferred."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniserve.tasks.language import preferred


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("es", "es"),
        ("ES-mx", "es"),
        ("es-ES,es;q=0.9,en;q=0.8", "es"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("en;q=0.5, es;q=0.7", "es"),
        ("en;q=0.7, es;q=0.7", "en"),
        ("fr, de;q=0.9", "en"),
        ("fr, es;q=0.1", "es"),
        ("es;q=0", "en"),
        ("es;q=nan", "en"),
        ("es;q=9", "en"),
        ("*", "en"),
        (";;,=,es;q=", "en"),
    ],
)
def test_the_preferred_language_is_read_from_the_header(header: str | None, language: str) -> None:
    assert preferred(header) == language


@given(st.text())
def test_any_header_gives_one_of_the_two_languages(header: str) -> None:
    assert preferred(header) in ("en", "es")
