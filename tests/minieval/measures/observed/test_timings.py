"""Latencies out of a log: which requests count, and what censors them."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.minieval.traffic_lines import Line, answered, opened, served_line, shadow_line

from minieval.grading.evalset import EvalItem
from minieval.grading.graded_pairs import grade_pairs
from minieval.grading.grader import FunctionGrader
from minieval.grading.lookup import match_items
from minieval.measures.latency import LatencySample
from minieval.measures.observed import timings


def served(folder: Path, lines: Sequence[Line], warmup: int = 0) -> tuple[LatencySample, LatencySample]:
    with opened(folder, lines) as log:
        return timings.served_latencies(log, warmup)


def test_only_the_first_record_of_an_id_counts(tmp_path: Path) -> None:
    lines = [served_line(1, latency=1.0, request_id="r"), served_line(2, latency=9.0, request_id="r")]

    found, _ = served(tmp_path, lines)

    assert found.latencies.tolist() == [1.0]
    assert found.distinct_ids == 1


@pytest.mark.parametrize("status", ["error", "timeout", "bad_output"])
def test_a_failed_request_ranks_last(tmp_path: Path, status: str) -> None:
    found, _ = served(tmp_path, [served_line(1, latency=None, status=status)])

    assert found.latencies.tolist() == [math.inf]


@pytest.mark.parametrize("status", ["cancelled", "interrupted", "dropped"])
def test_a_request_that_never_ran_is_left_out_and_counted(tmp_path: Path, status: str) -> None:
    found, _ = served(tmp_path, [served_line(1), served_line(2, latency=None, status=status)])

    assert found.latencies.tolist() == [1.0]
    assert found.excluded == 1


def test_the_warm_up_is_the_first_k_requests_of_each_arm(tmp_path: Path) -> None:
    lines = [served_line(i, "AB"[i % 2], float(i + 1)) for i in range(10)]

    a, b = served(tmp_path, lines, 2)
    _, none = served(tmp_path, lines, 99)

    assert sorted(a.latencies) == [5.0, 7.0, 9.0]
    assert sorted(b.latencies) == [6.0, 8.0, 10.0]
    assert (none.latencies.size, none.warmup) == (0, 5)


def test_shadow_records_are_not_served_latencies(tmp_path: Path) -> None:
    found, _ = served(tmp_path, [shadow_line(1, "s", answered("A", "x"), answered("B", "x"))])

    assert found.latencies.size == 0


def test_a_served_arm_says_what_it_left_out(tmp_path: Path) -> None:
    lines = [served_line(i, status="ok" if i % 3 else "cancelled", latency=1.0 if i % 3 else None) for i in range(7)]

    found, _ = served(tmp_path, lines, 2)

    assert (found.arm, found.distinct_ids, found.warmup, found.excluded, found.latencies.size) == ("A", 7, 2, 2, 3)


@pytest.mark.parametrize("all_gradable", [True, False])
def test_the_shadows_latencies_are_those_of_gradable_pairs_that_both_answered(
    tmp_path: Path, all_gradable: bool
) -> None:
    timed = [(1.0, 2.0), (2.0, 3.0), (3.0, 2.5)]
    lines = [shadow_line(i, "s", answered("A", "x", a), answered("B", "y", b)) for i, (a, b) in enumerate(timed)]
    lines += [
        shadow_line(7, "s", answered("A", "x"), answered("B", None, status="timeout")),
        shadow_line(8, "s", answered("A", None), answered("B", "y")),
    ]
    if not all_gradable:
        lines.append(shadow_line(9, "another", answered("A", "x"), answered("B", "y")))

    with opened(tmp_path, lines) as log:
        matched = match_items(log, {"s": EvalItem("i", "s", None, {}, None, None)})
        graded = grade_pairs(matched, FunctionGrader("g:f", "0" * 64, lambda item, answer: True))
        b, a = timings.shadow_latencies(matched, graded)

    assert sorted(zip(a.tolist(), b.tolist(), strict=True)) == timed


def test_above_20000_requests_the_compared_ones_are_those_with_the_smallest_hashes_of_their_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Patched because 20,000 requests per arm would make the test slow.
    monkeypatch.setattr("minieval.measures.observed.timings.MOST_COMPARED", 50)
    lines = [served_line(i, "AB"[i % 2], 1 + (i * 37 % 101) / 50) for i in range(400)]
    by_hash = sorted(lines[::2], key=lambda line: hashlib.sha256(line["record_id"].encode()).digest())

    forth, back = (served(tmp_path, ordered) for ordered in (lines, lines[::-1]))

    assert sorted(forth[0].compared) == sorted(back[0].compared) == sorted(x["latency_ms_A"] for x in by_hash[:50])
