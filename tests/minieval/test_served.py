"""Served latency: which requests count, what censors them, and that the seed moves the bootstrap only."""

import math

import pytest

from minieval.evalset import EvalItem
from minieval.latency import (
    bootstrap_quantile,
    distribution,
    hodges_lehmann_ratio,
    hodges_lehmann_shift,
    mann_whitney,
    percentile,
    wilcoxon,
)
from minieval.observation import Answer, Observation
from minieval.paired import GradedPair, ShadowPair
from minieval.served import (
    MOST_DRAWN,
    PERCENTILES,
    ArmLatency,
    Contrast,
    LatencyComparison,
    compare_served,
    compare_shadow,
    served,
)
from minieval.stats import sample_ratio


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


def test_a_served_arm_says_what_it_left_out() -> None:
    log = [observation(i, status="ok" if i % 3 else "cancelled") for i in range(7)]

    found = served(log, "A", 2)

    assert (found.arm, found.distinct_ids, found.warmup, found.excluded, len(found.timings)) == ("A", 7, 2, 2, 3)
    assert served(log[:1], "A", 9).warmup == 1


def test_an_answer_without_a_latency_ranks_last_like_a_failure() -> None:
    assert served([observation(1, latency=None)], "A", 0).latencies == (math.inf,)


def test_every_number_of_the_comparison_is_the_statistic_of_its_name() -> None:
    log = [observation(i, "AB"[i % 2], 1 + (i * 37 % 101) / 50) for i in range(180)]
    log += [observation(900 + i, "B", None, "timeout") for i in range(3)]
    a, b = served(log, "A", 1), served(log, "B", 0)

    found = compare_served(a, b, alpha=0.1, seed=7, resamples=99)

    to_a, to_b = a.latencies, b.latencies
    finite = [x for x in to_b if math.isfinite(x)]
    quantile = bootstrap_quantile(to_b, to_a, 0.95, resamples=99, seed=7)
    assert found.comparison == LatencyComparison(
        mann_whitney(to_b, to_a),
        Contrast(
            ratio=hodges_lehmann_ratio(to_b, to_a, 0.9),
            gate_ratio=hodges_lehmann_ratio(to_b, to_a, 0.8),
            gate_shift=hodges_lehmann_shift(to_b, to_a, 0.8),
        ),
        Contrast(ratio=quantile.ratio(0.9), gate_ratio=quantile.ratio(0.8), gate_shift=quantile.shift(0.8)),
        thinned=False,
    )
    assert found.split == sample_ratio(90, 93)
    assert found.b == ArmLatency(
        arm="B",
        n=93,
        censored=3,
        warmup=0,
        excluded=0,
        percentiles=tuple(percentile(to_b, q, 0.9) for q in PERCENTILES),
        survivors=tuple(percentile(finite, q, 0.9) for q in PERCENTILES),
        distribution=distribution(finite, MOST_DRAWN),
    )
    assert (found.a.arm, found.a.n, found.a.warmup, found.a.survivors) == ("A", 89, 1, ())


def test_an_arm_whose_every_request_failed_has_percentiles_without_values_and_no_distribution() -> None:
    log = [observation(i, "AB"[i % 2], None, "error") for i in range(10)]

    found = compare_served(served(log, "A", 0), served(log, "B", 0), alpha=0.05, seed=1).a

    assert found.distribution == ()
    assert {p.estimate.value for p in found.percentiles} == {None}


def shadowed(a: Answer, b: Answer) -> GradedPair:
    return GradedPair(ShadowPair("r", "q", "t", "s", a, b), EvalItem("i", "s", None, {}, None, None), None, None)


def test_the_shadows_latency_is_compared_over_the_pairs_that_both_answered() -> None:
    timed = [(1.0, 2.0), (2.0, 3.0), (3.0, 2.5), (4.0, 9.0)]
    pairs = [shadowed(Answer("ok", "x", a), Answer("ok", "y", b)) for a, b in timed]
    pairs += [
        shadowed(Answer("ok", "x", 1.0), Answer("timeout", None, 50.0)),
        shadowed(Answer("error", None, 1.0), Answer("ok", "y", 1.0)),
        shadowed(Answer("ok", "x", None), Answer("ok", "y", 1.0)),
        shadowed(Answer("ok", "x", 1.0), Answer("ok", "y", None)),
    ]

    assert compare_shadow(pairs) == wilcoxon([b for _, b in timed], [a for a, _ in timed])
    assert compare_shadow(pairs[4:]) is None


def test_exactly_as_many_as_are_compared_are_not_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    # Patched because 20,000 requests per arm would make the test slow.
    monkeypatch.setattr("minieval.served.MOST_COMPARED", 50)
    log = [observation(i, "AB"[i % 2], 1 + (i * 37 % 101) / 50) for i in range(102)]

    kept, thinned = (
        compare_served(served(lines, "A", 0), served(lines, "B", 0), alpha=0.05, seed=1, resamples=9).comparison
        for lines in (log[:100], log)
    )

    assert kept is not None
    assert thinned is not None
    assert (kept.thinned, thinned.thinned) == (False, True)
    every = [o.answers[arm].latency_ms or 0.0 for arm in "BA" for o in log[:100] if o.production_arm == arm]
    assert kept.p50.ratio == hodges_lehmann_ratio(every[:50], every[50:])


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
