"""Rate and concurrency limits."""

from http import HTTPStatus

import pytest

from miniserve.errors import RequestRefused
from miniserve.http.admission import Concurrency, RateLimit


def test_a_caller_gets_its_rate_and_then_429_until_time_passes() -> None:
    now = [0.0]
    rate = RateLimit(2, clock=lambda: now[0])
    rate.take("me")
    rate.take("me")

    with pytest.raises(RequestRefused) as refusal:
        rate.take("me")
    rate.take("you")
    now[0] = 0.5
    rate.take("me")

    assert (refusal.value.status, refusal.value.retry_after_s) == (HTTPStatus.TOO_MANY_REQUESTS, 1)


def test_without_a_limit_nobody_is_refused() -> None:
    rate = RateLimit(0, clock=lambda: 0.0)

    for _ in range(10_000):
        rate.take("me")


def test_a_place_is_released_after_an_error() -> None:
    concurrency = Concurrency(1)
    seen = []

    def fail_inside() -> None:
        with concurrency.place():
            seen.append(concurrency.saturated)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()

    assert seen == [True]
    assert not concurrency.saturated


def test_without_a_free_place_a_request_is_refused_with_503() -> None:
    concurrency = Concurrency(1)
    first, second = concurrency.place(), concurrency.place()
    first.__enter__()

    with pytest.raises(RequestRefused) as refusal:
        second.__enter__()

    assert (refusal.value.status, refusal.value.retry_after_s) == (HTTPStatus.SERVICE_UNAVAILABLE, 1)
