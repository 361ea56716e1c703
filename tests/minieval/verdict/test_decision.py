"""The decision rule: order, gates, and a next step for every hold."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from minieval.grading.evalset import from_item
from minieval.grading.items import Item
from minieval.manifest import Aim, Margins
from minieval.measures.cost import Cost
from minieval.measures.item_results import ItemResult
from minieval.measures.latency import ArmLatency, Contrast, LatencyComparison, ServedLatency
from minieval.measures.missing import ArmRuns, Failures, Missing
from minieval.measures.quality import assess_quality
from minieval.measures.slices import bucket_families
from minieval.stats import MannWhitney, OpenInterval, SampleRatio, clopper_pearson_upper
from minieval.verdict.decision import Decision, Evidence, decide
from minieval.verdict.gates import Gate, GateId, Outcome, gate
from minieval.verdict.policy import Policy
from minieval.verdict.quality_gates import Assessment
from minieval.verdict.verdict import Verdict

Table = tuple[int, int, int, int]
BETTER, SAME, WORSE, UNCLEAR = (150, 26, 6, 18), (190, 0, 0, 10), (150, 4, 24, 22), (160, 12, 6, 22)
VALID = [gate(GateId.ARMS, True, "the manifest's", "the manifest's")]


def policy(aim: Aim = "better", **margins: float) -> Policy:
    return Policy(aim, 0.05, 200, Margins(**margins))


def assessment(table: Table, rule: Policy, *, identical: bool = False, tense: Sequence[str] = ("t",)) -> Assessment:
    outcomes = [
        outcome
        for outcome, n in zip(((1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)), table, strict=True)
        for _ in range(n)
    ]
    rows = [
        ItemResult(
            from_item(Item(f"i{i}", "s", ("s",), "go", tense[i * len(tense) // len(outcomes)], "p", "r", None, "f")),
            a,
            b,
            1,
        )
        for i, (a, b) in enumerate(outcomes)
    ]
    return Assessment(assess_quality(rows, rule.alpha, rule.margins), bucket_families(rows, rule.alpha), identical)


def contrast(low: float, estimate: float | None, high: float | None, shift: float | None = 99.0) -> Contrast:
    ratio = OpenInterval(estimate, low, high, 0.9, "test")
    return Contrast(ratio, ratio, OpenInterval(0.0, -99.0, shift, 0.9, "test"))


FAST = contrast(0.9, 1.0, 1.1)


def latency(p50: Contrast = FAST, p95: Contrast = FAST, n: int = 100) -> ServedLatency:
    arm = ArmLatency("A", n, 0, 0, 0, (), (), ())
    comparison = LatencyComparison(MannWhitney(1.0, 1.0, 0.5), p50, p95, thinned=False)
    return ServedLatency(arm, replace(arm, arm="B"), SampleRatio(0.0, 1.0, 1.0), comparison)


def missing(failed: int = 0, runs: int = 300, lost: int = 0) -> Missing:
    upper = clopper_pearson_upper(failed, runs) if runs else None
    arm = ArmRuns("B", runs, {"ok": runs - failed, "error": failed})
    return Missing(
        400, 400, 0, 0, 0, 200, 200 - lost, 200 - lost, lost / 200, 0, arm, arm, Failures(failed, runs, upper, 0.95)
    )


def decision(
    table: Table = BETTER,
    *,
    rule: Policy | None = None,
    worst: Table | None = None,
    best: Table | None = None,
    served: ServedLatency | None = None,
    accounts: Missing | None = None,
    identical: bool = False,
    validity: Sequence[Gate] = VALID,
    cost: Cost | None = None,
) -> Decision:
    rule = rule or policy()
    primary, lower, upper = (assessment(t, rule, identical=identical) for t in (table, worst or table, best or table))
    evidence = Evidence(primary, lower, upper, served or latency(), accounts or missing(), cost)
    return decide(rule, validity, evidence)


def outcome(found: Decision, name: str) -> Outcome:
    return next(g.outcome for g in found.gates if g.name == name)


@pytest.mark.parametrize(
    ("table", "identical", "verdict"),
    [
        (BETTER, False, Verdict.PROMOTE),
        (UNCLEAR, False, Verdict.HOLD),
        (WORSE, False, Verdict.RETRAIN),
        (SAME, True, Verdict.HOLD),
        # no discordant pair and yet different answers: at best +1.9 points, not worth waiting for
        (SAME, False, Verdict.RETRAIN),
    ],
)
def test_quality_alone_leads_to_each_verdict(table: Table, identical: bool, verdict: Verdict) -> None:
    assert decision(table, identical=identical).verdict is verdict


def test_a_promotion_is_provisional_while_the_cost_is_unknown() -> None:
    found = decision()

    assert found.label == "promote (provisional: CpQU pending lab 03)"
    assert found.exit_code == 0
    assert outcome(found, "cost per quality unit") is Outcome.INCONCLUSIVE


def test_a_failed_validity_gate_comes_before_everything() -> None:
    gates = [
        *VALID,
        gate(GateId.REQUEST_IDS, False, "399 logged", "400"),
        gate(GateId.GRADER_FAILED, False, "it raised", ""),
    ]

    assert decision(validity=gates) == Decision(
        verdict=Verdict.INVALID,
        label="invalid",
        exit_code=3,
        reasons=("request ids: 399 logged; expected 400", "GraderFailed: it raised"),
        gates=tuple(gates),
        next_steps=("repair what failed and judge again; where the log itself is at fault, run both blocks again",),
    )


def test_the_gates_are_listed_in_the_order_in_which_they_decide() -> None:
    assert [g.name for g in decision().gates] == [
        "arms",
        "not worse overall",
        "no slice worse",
        "quality: better",
        "latency p50",
        "latency p95",
        "B's failures",
        "missing pairs",
        "worst and best case",
        "cost per quality unit",
    ]


@pytest.mark.parametrize(
    ("accounts", "name", "gate_outcome", "observed", "threshold"),
    [
        (missing(1, 300), GateId.FAILURES, Outcome.PASS, "1 of 300 runs, upper limit 1.6 %", "below 2.0 %"),
        (missing(1, 200), GateId.FAILURES, Outcome.FAIL, "1 of 200 runs, upper limit 2.3 %", "below 2.0 %"),
        (missing(0, 0), GateId.FAILURES, Outcome.INCONCLUSIVE, "B never ran", "upper limit below 2.0 %"),
        (missing(lost=4), GateId.MISSING_PAIRS, Outcome.PASS, "4 of 200 pairs (2.0 %)", "at most 2.0 %"),
        (missing(lost=5), GateId.MISSING_PAIRS, Outcome.FAIL, "5 of 200 pairs (2.5 %)", "at most 2.0 %"),
    ],
)
def test_the_gates_of_runs_and_pairs_print_their_numbers(
    accounts: Missing, name: GateId, gate_outcome: Outcome, observed: str, threshold: str
) -> None:
    found = next(g for g in decision(accounts=accounts).gates if g.name == name)

    assert found == Gate(name, gate_outcome, observed, threshold)


def test_a_verdict_gives_its_reasons_in_the_words_of_its_gates() -> None:
    slow = decision(served=latency(p50=contrast(1.21, 1.3, 1.4)), accounts=missing(1, 200))
    lost = decision(worst=UNCLEAR, accounts=missing(lost=5))
    quality = "B is more accurate than A: +10.0 points, 95 % interval [+4.8, +15.8]"

    assert decision().reasons == (quality, "latency and failures stay within their margins")
    assert slow.reasons == (
        "latency p50 (fail): ratio 1.30, upper limit 1.40; asked: upper limit below 1.20",
        "B's failures (fail): 1 of 200 runs, upper limit 2.3 %; asked: below 2.0 %",
        quality,
    )
    assert lost.reasons == (
        "missing pairs (fail): 5 of 200 pairs (2.5 %); asked: at most 2.0 %",
        "worst and best case (fail): worst case hold, best case promote; asked: the same on quality",
        quality,
    )
    assert (slow.label, slow.exit_code) == ("hold", 10)
    assert (decision(WORSE).label, decision(WORSE).exit_code) == ("retrain", 20)


def test_the_cost_does_not_block_while_it_is_unknown() -> None:
    assert decision().gates[-1] == Gate(
        GateId.COST, Outcome.INCONCLUSIVE, "pending lab 03", "does not block while unknown"
    )


@pytest.mark.parametrize(
    ("p50", "expected"),
    [
        (contrast(0.9, 1.0, 1.19), Outcome.PASS),
        (contrast(0.9, 1.0, 1.20), Outcome.INCONCLUSIVE),
        (contrast(1.0, 1.1, 1.30), Outcome.INCONCLUSIVE),
        (contrast(1.21, 1.3, 1.40), Outcome.FAIL),
        (contrast(1.0, 1.1, None), Outcome.INCONCLUSIVE),
    ],
)
def test_the_p50_gate_looks_at_the_upper_limit(p50: Contrast, expected: Outcome) -> None:
    found = decision(served=latency(p50=p50))

    assert outcome(found, "latency p50") is expected
    assert found.verdict is (Verdict.PROMOTE if expected is Outcome.PASS else Verdict.HOLD)


@pytest.mark.parametrize(("slack", "expected"), [(0.0, Outcome.FAIL), (5.0, Outcome.PASS)])
def test_a_slow_ratio_passes_if_the_shift_is_within_the_manifests_slack(slack: float, expected: Outcome) -> None:
    slow = contrast(1.8, 2.0, 2.2, shift=4.9)

    found = decision(rule=policy(latency_slack_ms=slack), served=latency(slow, slow))

    assert outcome(found, "latency p50") is outcome(found, "latency p95") is expected


def test_a_p95_cannot_pass_below_59_requests() -> None:
    assert outcome(decision(served=latency(n=59)), "latency p95") is Outcome.PASS
    assert outcome(decision(served=latency(n=58)), "latency p95") is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("failed", "runs", "expected"),
    [(0, 200, Outcome.PASS), (1, 200, Outcome.FAIL), (1, 300, Outcome.PASS), (0, 0, Outcome.INCONCLUSIVE)],
)
def test_the_failure_gate_is_the_exact_upper_limit(failed: int, runs: int, expected: Outcome) -> None:
    assert outcome(decision(accounts=missing(failed, runs)), "B's failures") is expected


@pytest.mark.parametrize(("lost", "verdict"), [(4, Verdict.PROMOTE), (5, Verdict.HOLD)])
def test_more_than_two_percent_missing_means_hold_whatever_the_other_gates_say(lost: int, verdict: Verdict) -> None:
    assert decision(accounts=missing(lost=lost)).verdict is verdict
    assert decision(WORSE, accounts=missing(lost=5)).verdict is Verdict.HOLD


def test_missing_answers_that_could_change_the_verdict_mean_hold() -> None:
    found = decision(worst=UNCLEAR)

    assert found.verdict is Verdict.HOLD
    assert "worst case hold, best case promote" in found.reasons[0]


def test_a_slice_that_is_significantly_worse_means_retraining_even_if_b_is_better_overall() -> None:
    rule = policy()
    # the last tenth of the items is the last of the table's cells: put the regressions there
    bad = assessment((100, 60, 12, 8), rule, tense=("good",) * 8 + ("bad",))
    evidence = Evidence(bad, bad, bad, latency(), missing())

    found = decide(rule, VALID, evidence)

    assert bad.quality.deciding.interval.low > 0
    assert [bucket.value for family in bad.buckets for bucket in family.regressions] == ["bad"]
    assert found.verdict is Verdict.RETRAIN


@pytest.mark.parametrize(
    ("table", "verdict"),
    [
        ((180, 2, 2, 16), Verdict.PROMOTE),
        ((170, 8, 9, 13), Verdict.HOLD),
        (WORSE, Verdict.RETRAIN),
        (SAME, Verdict.PROMOTE),
    ],
)
def test_non_inferiority_needs_only_the_margin(table: Table, verdict: Verdict) -> None:
    assert decision(table, rule=policy("non_inferior"), identical=table == SAME).verdict is verdict


def test_a_hold_for_lack_of_pairs_says_how_many_more() -> None:
    (step,) = decision(UNCLEAR).next_steps

    assert step.startswith("about ")
    assert "more pairs" in step


def test_a_hold_for_lack_of_requests_says_how_many_more() -> None:
    (step,) = decision(served=latency(p50=contrast(0.95, 1.1, 1.25))).next_steps

    # the limit's distance log(1.25 / 1.1) has to shrink to log(1.2 / 1.1)
    total = math.ceil(100 * (math.log(1.25 / 1.1) / math.log(1.2 / 1.1)) ** 2)
    assert f"{total - 100} more A/B requests per arm ({total} in all)" in step


def test_a_p95_of_too_few_requests_needs_at_least_59_per_arm() -> None:
    (step,) = decision(served=latency(n=20)).next_steps

    assert step == "about 39 more A/B requests per arm (59 in all) could settle the latency p95 margin"


@pytest.mark.parametrize(
    ("p50", "step"),
    [
        (contrast(1.2, 1.3, 1.4), "make B faster: its latency p50 ratio lies above the margin of 1.20"),
        # 39 would do for a B as fast as A, so as many as before will
        (contrast(1.1, 1.25, 1.4), "repeat the A/B block with about 100 requests per arm, or make B faster"),
        (contrast(1.1, 1.25, None), "repeat the A/B block, or make B faster: its latency p50 ratio of 1.25"),
        (contrast(0.9, 1.0, None), "the latency p50 margin cannot be tested at 100 requests per arm"),
        (contrast(0.9, None, None), "find out why requests fail: the latency p50 lies among those that did"),
    ],
)
def test_a_latency_that_more_requests_cannot_settle_says_what_would(p50: Contrast, step: str) -> None:
    (found,) = decision(served=latency(p50=p50)).next_steps

    assert found.startswith(step)


def test_a_failing_arm_needs_repair_and_a_rarely_failing_one_needs_more_runs() -> None:
    often, rarely = decision(accounts=missing(20, 200)), decision(accounts=missing(1, 200))

    assert "find out why B failed 20 times" in often.next_steps[0]
    runs = int(rarely.next_steps[0].split()[1])
    assert clopper_pearson_upper(1, 200 + runs) < 0.02


@pytest.mark.parametrize("table", [BETTER, SAME, WORSE, UNCLEAR, (1, 0, 0, 0), (0, 0, 0, 1), (0, 1, 0, 0)])
@pytest.mark.parametrize("aim", ["better", "non_inferior"])
def test_every_decision_names_a_reason_and_a_next_step(table: Table, aim: Aim) -> None:
    found = decision(table, rule=policy(aim))

    assert found.reasons
    assert found.next_steps


def test_an_upper_failure_limit_of_exactly_the_margin_is_not_below_it() -> None:
    limit = clopper_pearson_upper(1, 200)

    at, above = (decision(rule=policy(failure_rate=rate), accounts=missing(1, 200)) for rate in (limit, limit + 1e-9))

    assert outcome(at, "B's failures") is Outcome.FAIL
    assert outcome(above, "B's failures") is Outcome.PASS


def test_a_settled_verdict_has_exactly_one_next_step() -> None:
    assert decision(BETTER).next_steps == (
        "promote B behind a small canary, and fill in the cost per quality unit from lab 03",
    )
    assert decision(WORSE).next_steps == (
        "read the regressions in the report, retrain B on what they show, and shadow the new model",
    )
