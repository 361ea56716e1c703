"""Back-off and circuit: when a process that keeps dying may be restarted."""

from hypothesis import given
from hypothesis import strategies as st

from miniserve.hosting.breaker import FIRST_DELAY_S, FIRST_OPEN_S, LONGEST_OPEN_S, OPEN_AFTER, Breaker


def _after(failures: int, now: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(failures):
        breaker = breaker.failed(now)
    return breaker


def test_a_fresh_breaker_allows_a_start_at_once() -> None:
    assert (Breaker().delay(5.0), Breaker().state(5.0)) == (0.0, "closed")


def test_the_delay_doubles_with_every_failure() -> None:
    delays = [_after(failures).delay(0.0) for failures in range(1, OPEN_AFTER)]

    assert delays == [FIRST_DELAY_S * 2**power for power in range(OPEN_AFTER - 1)]


def test_the_circuit_opens_after_repeated_failures() -> None:
    breaker = _after(OPEN_AFTER)

    assert (breaker.state(0.0), breaker.delay(0.0)) == ("open", FIRST_OPEN_S)


def test_the_circuit_half_opens_when_its_time_is_up() -> None:
    breaker = _after(OPEN_AFTER)

    assert (breaker.state(FIRST_OPEN_S), breaker.delay(FIRST_OPEN_S)) == ("half_open", 0.0)


def test_a_failed_trial_opens_the_circuit_for_twice_as_long() -> None:
    breaker = _after(OPEN_AFTER).failed(FIRST_OPEN_S)

    assert (breaker.state(FIRST_OPEN_S), breaker.delay(FIRST_OPEN_S)) == ("open", 2 * FIRST_OPEN_S)


@given(failures=st.integers(0, 200))
def test_a_success_closes_the_circuit_from_any_state(failures: int) -> None:
    assert _after(failures).succeeded() == Breaker()


@given(failures=st.integers(1, 200), now=st.floats(0, 1e6))
def test_no_delay_exceeds_the_limit(failures: int, now: float) -> None:
    # A float clock rounds, so allow a microsecond.
    assert 0 < _after(failures, now).delay(now) <= LONGEST_OPEN_S + 1e-6
