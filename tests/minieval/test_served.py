"""Served latency: which requests count, what censors them, and that the seed moves the bootstrap only."""

import math

import pytest

from minieval.observation import Answer, Observation
from minieval.served import compare_served, served


def observation(
    i: int, arm: str = "A", latency: float | None = 1.0, status: str = "ok", request: str = ""
) -> Observation:
    return Observation(
        record_id=f"rec{i}",
        request_id=request or f"req{i}",
        trace_id=f"t{i}",
        strategy="ab",
        salt="s",
        config_sha="c",
        production_arm=arm,
        shadow_arm=None,
        arm_shas={},
        sentence="s",
        answers={arm: Answer(status, "x" if status == "ok" else None, latency)},
    )


def test_only_the_first_record_of_an_id_counts() -> None:
    found = served([observation(1, request="r", latency=1.0), observation(2, request="r", latency=9.0)], "A", 0)

    assert found.latencies == (1.0,)
    assert found.distinct_ids == 1


@pytest.mark.parametrize("status", ["error", "timeout", "bad_output"])
def test_a_failed_request_ranks_last(status: str) -> None:
    assert served([observation(1, latency=None, status=status)], "A", 0).latencies == (math.inf,)


@pytest.mark.parametrize("status", ["cancelled", "interrupted", "dropped"])
def test_a_request_that_never_ran_is_left_out_and_counted(status: str) -> None:
    found = served([observation(1), observation(2, latency=None, status=status)], "A", 0)

    assert found.latencies == (1.0,)
    assert found.excluded == 1


def test_the_warm_up_is_the_first_k_requests_of_each_arm() -> None:
    log = [observation(i, "AB"[i % 2], float(i + 1)) for i in range(10)]

    assert served(log, "A", 2).latencies == (5.0, 7.0, 9.0)
    assert served(log, "B", 2).latencies == (6.0, 8.0, 10.0)
    assert served(log, "B", 99).latencies == ()


def test_shadow_records_are_no_served_latency() -> None:
    shadowed = Observation("r", "q", "t", "shadow", "s", "c", "A", "B", {}, "s", {"A": Answer("ok", "x", 1.0)})

    assert served([shadowed], "A", 0).timings == ()


def test_an_arm_that_served_nothing_is_not_compared() -> None:
    found = compare_served(served([observation(1)], "A", 0), served([], "B", 0), alpha=0.05, seed=1)

    assert found.comparison is None
    assert found.b.percentiles == ()


def test_survivors_are_shown_only_where_some_failed() -> None:
    log = [observation(i) for i in range(5)] + [observation(9, "B"), observation(10, "B", None, "timeout")]

    found = compare_served(served(log, "A", 0), served(log, "B", 0), alpha=0.05, seed=1)

    assert found.a.survivors == ()
    assert len(found.b.survivors) == 3
    assert found.b.censored == 1


def test_the_seed_moves_the_p95_limits_and_nothing_else() -> None:
    log = [observation(i, "AB"[i % 2], 1 + (i * 37 % 101) / 50) for i in range(200)]
    first, second = (
        compare_served(served(log, "A", 0), served(log, "B", 0), alpha=0.05, seed=seed).comparison for seed in (1, 2)
    )

    assert first is not None
    assert second is not None
    assert (first.mann_whitney, first.p50) == (second.mann_whitney, second.p50)
    assert first.p95.ratio.estimate == second.p95.ratio.estimate
    assert first.p95.ratio != second.p95.ratio


def test_above_20000_requests_the_compared_ones_are_chosen_by_their_ids_not_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Patched because 20,000 requests per arm would make the test slow.
    monkeypatch.setattr("minieval.served.MOST_COMPARED", 50)
    log = [observation(i, "AB"[i % 2], 1 + (i * 37 % 101) / 50) for i in range(400)]

    forth, back = (
        compare_served(served(lines, "A", 0), served(lines, "B", 0), alpha=0.05, seed=1).comparison
        for lines in (log, log[::-1])
    )

    assert forth is not None
    assert back is not None
    assert forth.thinned
    assert forth.p50 == back.p50
