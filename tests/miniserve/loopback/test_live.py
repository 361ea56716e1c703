"""The live page's figures, made from records."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import binomtest
from tests.miniserve.log.test_records import OK, RECORD, SHADOWED, SINGLE

from minieval.record.record import ArmResult, TrafficRecord
from miniserve.loopback.live import ARMS_KEPT, PAIRS_SHOWN, SHOWN_CHARS, Live, UnusableRecord
from miniserve.loopback.live_counts import WINDOW_S

NOW = datetime.fromisoformat(RECORD.ts).timestamp()
ROUTE: Mapping[str, object] = {
    "config_sha": RECORD.config_sha,
    "strategy": "shadow",
    "arms": RECORD.arm_shas,
    "production_arm": "A",
    "shadow_arm": "B",
    "shadow_percent": 100,
    "canary_percent": 0,
}


def fold(*records: TrafficRecord, route: Mapping[str, object] | None = ROUTE, now: float = NOW) -> dict[str, Any]:
    live = Live()
    for record in records:
        live.add(record)
    return live.summary(now, route)


def at(seconds: float) -> str:
    return datetime.fromtimestamp(NOW + seconds, UTC).isoformat()


def test_without_traffic_there_are_no_figures() -> None:
    assert fold()["arms"] == {}
    assert fold()["agreement"]["share"] is None
    assert fold(route=None)["split"] is None


def test_each_arm_has_its_rate_its_percentiles_and_its_failures() -> None:
    failed = replace(RECORD, results={"A": OK, "B": ArmResult("timeout", reason="late")})

    arms = fold(RECORD, failed, replace(SINGLE, results={"A": replace(OK, latency_ms=5.0)}))["arms"]

    assert arms["A"]["statuses"] == {"ok": 3}
    assert arms["A"]["latency_ms"] == {"p50": 0.91, "p95": 5.0, "p99": 5.0}
    assert arms["A"]["per_second"] == [0] * (WINDOW_S - 1) + [3]
    assert arms["shadow_B"]["statuses"] == {"ok": 1, "timeout": 1}
    assert arms["shadow_B"]["answers"] == 1


def test_rates_and_latencies_cover_the_last_minute() -> None:
    arms = fold(replace(RECORD, ts=at(-WINDOW_S - 1)), replace(RECORD, ts=at(-1)))["arms"]

    assert arms["A"]["per_second"] == [0] * (WINDOW_S - 2) + [1, 0]
    assert arms["A"]["answers"] == 1
    assert arms["A"]["statuses"] == {"ok": 2}


def test_two_configurations_are_never_pooled() -> None:
    other = replace(RECORD, config_sha="d" * 64, results={"A": OK, "B": replace(SHADOWED, response="He goes home.")})

    figures = fold(RECORD, other, RECORD)

    assert figures["requests"] == 2
    assert (figures["agreement"]["pairs"], figures["agreement"]["agreed"]) == (2, 2)


def test_agreement_counts_only_pairs_that_both_arms_answered() -> None:
    different = replace(RECORD, results={"A": OK, "B": replace(SHADOWED, response="He goes home.")})
    failed = replace(RECORD, results={"A": OK, "B": ArmResult("error", reason="raised")})

    figures = fold(RECORD, RECORD, different, failed)

    assert (figures["agreement"]["pairs"], figures["agreement"]["agreed"]) == (3, 2)
    assert figures["outcomes"] == {"ok": 3, "error": 1}


@given(st.lists(st.booleans(), max_size=60))
def test_the_interval_only_narrows_and_its_history_ends_at_the_present(same: list[bool]) -> None:
    live, looks = Live(), []
    for agree in same:
        answer = SHADOWED if agree else replace(SHADOWED, response="another")
        live.add(replace(RECORD, results={"A": OK, "B": answer}))
        looks.append(live.summary(NOW, ROUTE)["agreement"])

    limits = [(look["low"], look["high"]) for look in looks]
    assert all(a[0] <= b[0] and b[1] <= a[1] for a, b in pairwise(limits))
    assert not looks or looks[-1]["history"][-1][0] == len(same)


def test_a_late_watcher_sees_how_the_interval_narrowed() -> None:
    history = fold(*[RECORD] * 200)["agreement"]["history"]

    counts, widths = [look[0] for look in history], [look[3] - look[2] for look in history]
    assert (counts[:3], counts[-1]) == ([1, 2, 3], 200)
    assert counts == sorted(set(counts))
    assert all(later / earlier < 1.2 or later - earlier == 1 for earlier, later in pairwise(counts))
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < widths[0] / 4


def test_a_split_counts_distinct_ids_and_has_the_exact_p() -> None:
    route = {**ROUTE, "strategy": "ab"}
    on_a = [replace(SINGLE, strategy="ab", request_id=f"a{n}") for n in range(80)]
    on_b = [replace(SINGLE, strategy="ab", request_id=f"b{n}", production_arm="B", traffic_arm="B",
                    results={"B": OK}) for n in range(120)]  # fmt: skip

    split = fold(*on_a, *on_b, *on_a, route=route)["split"]

    assert split["counts"] == {"A": 80, "B": 120}
    assert split["pvalue"] == pytest.approx(binomtest(80, 200).pvalue)


@pytest.mark.parametrize(
    ("strategy", "percents", "expected"),
    [
        ("shadow", {"shadow_percent": 10}, {"shadowed": 0.1}),
        ("canary", {"canary_percent": 5}, {"B": 0.05}),
        ("single", {}, None),
    ],
)
def test_the_expected_split_follows_from_the_route(
    strategy: str, percents: dict[str, float], expected: dict[str, float] | None
) -> None:
    split = fold(route={**ROUTE, **percents, "strategy": strategy})["split"]

    assert (split and split["expected"]) == expected


def test_the_last_pairs_are_kept_with_the_words_that_differ_marked() -> None:
    live = Live()
    for _ in range(PAIRS_SHOWN + 5):
        live.add(replace(RECORD, results={"A": replace(OK, response="He goed home."), "B": SHADOWED}))

    pairs = live.pairs_after(0)

    assert len(pairs) == PAIRS_SHOWN
    assert [pair["number"] for pair in live.pairs_after(PAIRS_SHOWN + 3)] == [PAIRS_SHOWN + 4, PAIRS_SHOWN + 5]
    a, b = pairs[-1]["answers"]
    assert a["words"] == [["He", False], ["goed", True], ["home.", False]]
    assert [text for text, differs in b["words"] if differs] == ["went"]


def test_a_pair_without_an_answer_says_why_and_marks_nothing() -> None:
    live = Live()
    live.add(replace(RECORD, results={"A": OK, "B": ArmResult("timeout", reason="no answer within 2 s")}))

    (pair,) = live.pairs_after(0)

    assert pair["agree"] is None
    a, b = pair["answers"]
    assert b["reason"] == "no answer within 2 s"
    assert not any(differs for _, differs in a["words"])


BAD_TS = [
    "",
    "yesterday",
    "2026-05-04",
    "2026-05-04T10:11:12",
    "0001-01-01T00:00:00",
    "9" * 5_000,
    "\ud800",
    "2026-02-30T00:00:00Z",
]


@pytest.mark.parametrize("ts", BAD_TS)
def test_a_record_without_a_usable_ts_is_refused_and_nothing_of_it_is_counted(ts: str) -> None:
    live = Live()

    with pytest.raises(UnusableRecord, match=r"^ts is .*expected"):
        live.add(replace(RECORD, ts=ts))

    assert live.summary(NOW, ROUTE) == Live().summary(NOW, ROUTE)
    assert live.pairs_after(0) == []


@pytest.mark.parametrize("ts", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-05-04T10:11:12+14:00"])
def test_a_record_from_another_time_is_not_part_of_the_last_minute(ts: str) -> None:
    arms = fold(replace(RECORD, ts=ts), RECORD)["arms"]

    assert sum(arms["A"]["per_second"]) == arms["A"]["answers"] == 1


@pytest.mark.parametrize("latency_ms", [float("inf"), float("nan")])
def test_a_latency_that_is_not_finite_is_in_no_percentile(latency_ms: float) -> None:
    figures = fold(RECORD, replace(SINGLE, results={"A": replace(OK, latency_ms=latency_ms)}))

    assert figures["arms"]["A"]["latency_ms"]["p99"] == OK.latency_ms


def test_texts_of_any_length_and_content_are_truncated_and_encodable() -> None:
    long = "\ud800 word" * 1_000_000
    live = Live()
    live.add(
        replace(
            RECORD,
            request_id=long,
            sentence=long,
            results={"A": replace(OK, response=long), "B": replace(SHADOWED, response=long[:-1], reason=long)},
        )
    )

    assert len(msgspec.json.encode(live.pairs_after(0))) < 100 * SHOWN_CHARS


def test_any_number_of_arms_takes_bounded_memory() -> None:
    names = [f"A{number}" for number in range(10 * ARMS_KEPT)]

    arms = fold(*[replace(SINGLE, production_arm=name, results={name: OK}) for name in names])["arms"]

    assert sorted(arms) == sorted(names[-ARMS_KEPT:])
