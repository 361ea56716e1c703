"""The quality gates: outcomes at their thresholds, and the words in which they are printed."""

from dataclasses import replace

import pytest
from tests.minieval.measures.test_quality import rows_of

from minieval.manifest import Aim, Margins
from minieval.measures.quality import Deciding, Quality, assess_quality
from minieval.measures.slices import Bucket, BucketFamily, Flag
from minieval.stats import Interval, NonInferiority, Significance
from minieval.verdict.gates import Gate, GateId, Outcome
from minieval.verdict.policy import Policy
from minieval.verdict.quality_gates import Assessment, call_quality
from minieval.verdict.verdict import Verdict

ALPHA = 0.05


def policy(aim: Aim = "better") -> Policy:
    return Policy(aim, ALPHA, 200, Margins())


BASE = assess_quality(rows_of((5, 3, 1, 1)), ALPHA, Margins())


def quality(
    low: float, high: float, p: float = 0.01, one_sided: tuple[float, float] = (0.0, 0.1), passed: bool = True
) -> Quality:
    """Return a quality with only those fields set that the gates look at."""
    return replace(
        BASE,
        mcnemar_midp=Significance(0.0, p),
        deciding=Deciding("test", Interval((low + high) / 2, low, high, 0.95)),
        deciding_one_sided=Deciding("test", Interval(sum(one_sided) / 2, *one_sided, 0.9)),
        noninferiority=NonInferiority(2.0, 0.0123, 0.0, one_sided[0], 0.03, passed),
    )


def family(*flags: Flag, name: str = "verb", tested: int = 3) -> BucketFamily:
    share = Interval(0.5, 0.4, 0.6, 0.95)
    rows = tuple(
        Bucket(f"v{i}", 30, 15, 15, share, share, 1, 9, None, 0.01, 0.0246, 0.02, flag, to_read=False)
        for i, flag in enumerate(flags)
    )
    return BucketFamily(name, rows, tested, simpson=False)


def gates_of(found: Quality, *families: BucketFamily, aim: Aim = "better") -> tuple[Gate, ...]:
    return call_quality(Assessment(found, families, identical=False), policy(aim)).gates


@pytest.mark.parametrize(
    ("low", "high", "p", "outcome", "verdict"),
    [
        (0.001, 0.1, 0.049, Outcome.PASS, Verdict.PROMOTE),
        (0.001, 0.1, 0.05, Outcome.INCONCLUSIVE, Verdict.HOLD),
        (0.0, 0.1, 0.049, Outcome.INCONCLUSIVE, Verdict.HOLD),
        (-0.01, 0.02, 0.2, Outcome.INCONCLUSIVE, Verdict.HOLD),
        (-0.01, 0.0199, 0.2, Outcome.FAIL, Verdict.RETRAIN),
        (-0.1, 0.0, 0.2, Outcome.FAIL, Verdict.RETRAIN),
        (-0.1, -0.001, 0.01, Outcome.FAIL, Verdict.RETRAIN),
        # surely better, though by less than is useful
        (0.001, 0.019, 0.01, Outcome.PASS, Verdict.RETRAIN),
    ],
)
def test_better_needs_a_lower_limit_above_0_and_a_small_p_and_fails_below_the_useful_gain(
    low: float, high: float, p: float, outcome: Outcome, verdict: Verdict
) -> None:
    found = call_quality(Assessment(quality(low, high, p), (), identical=False), policy())

    assert found.gates[2].outcome is outcome
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("one_sided", "passed", "outcome", "verdict"),
    [
        ((-0.029, 0.1), True, Outcome.PASS, Verdict.PROMOTE),
        ((-0.030, 0.1), True, Outcome.INCONCLUSIVE, Verdict.HOLD),
        ((-0.029, 0.1), False, Outcome.INCONCLUSIVE, Verdict.HOLD),
        ((-0.1, -0.029), False, Outcome.INCONCLUSIVE, Verdict.HOLD),
        ((-0.1, -0.030), False, Outcome.FAIL, Verdict.HOLD),
        ((-0.1, 0.029), False, Outcome.INCONCLUSIVE, Verdict.HOLD),
    ],
)
def test_non_inferior_needs_the_test_and_the_wider_one_sided_limit(
    one_sided: tuple[float, float], passed: bool, outcome: Outcome, verdict: Verdict
) -> None:
    found = call_quality(
        Assessment(quality(-0.1, 0.1, 0.5, one_sided, passed), (), identical=True), policy("non_inferior")
    )

    assert found.gates[2].outcome is outcome
    assert found.verdict is verdict


def test_the_gates_of_better_print_their_numbers() -> None:
    assert gates_of(quality(0.012, 0.088), family(Flag.NO_EVIDENCE), family(Flag.IMPROVEMENT, tested=4)) == (
        Gate(
            GateId.NOT_WORSE_OVERALL,
            Outcome.PASS,
            "+5.0 points, 95 % interval [+1.2, +8.8]",
            "upper limit not below 0 points",
        ),
        Gate(GateId.NO_SLICE_WORSE, Outcome.PASS, "none of 7 tested slices", "no Holm-significant regression"),
        Gate(
            GateId.BETTER,
            Outcome.PASS,
            "+5.0 points, 95 % interval [+1.2, +8.8], mid-p .0100",
            "lower limit above 0 points and mid-p below 0.05",
        ),
    )


def test_the_gate_of_non_inferiority_prints_its_one_sided_limit() -> None:
    assert gates_of(quality(-0.02, 0.08, one_sided=(-0.021, 0.07)), aim="non_inferior")[2] == Gate(
        GateId.NON_INFERIOR, Outcome.PASS, "one-sided lower limit -2.1 points, p .0123", "above -3.0 points"
    )


def test_every_regressed_slice_is_named_and_means_retraining() -> None:
    assessment = Assessment(
        quality(0.01, 0.1),
        (family(Flag.REGRESSION, Flag.DESCRIPTIVE), family(Flag.REGRESSION, name="tense")),
        identical=False,
    )

    found = call_quality(assessment, policy())

    named = "verb v0 (1 improved, 9 regressed, Holm p = .0246); tense v0 (1 improved, 9 regressed, Holm p = .0246)"
    assert found.gates[1] == Gate(GateId.NO_SLICE_WORSE, Outcome.FAIL, named, "no Holm-significant regression")
    assert (found.verdict, found.reason) == (Verdict.RETRAIN, f"B is significantly worse on a slice: {named}")


@pytest.mark.parametrize(
    ("found", "identical", "aim", "verdict", "reason"),
    [
        (
            quality(-0.1, -0.001),
            False,
            "better",
            Verdict.RETRAIN,
            "B is less accurate than A: -5.1 points, 95 % interval [-10.0, -0.1]",
        ),
        (
            quality(-0.01, 0.01),
            True,
            "better",
            Verdict.HOLD,
            "no useful difference: the arms gave the same answers throughout",
        ),
        (
            quality(-0.01, 0.01),
            False,
            "better",
            Verdict.RETRAIN,
            "more data would not help: at best B gains +1.0 points, the smallest useful gain is +2.0",
        ),
        (
            quality(0.01, 0.09),
            False,
            "better",
            Verdict.PROMOTE,
            "B is more accurate than A: +5.0 points, 95 % interval [+1.0, +9.0]",
        ),
        (
            quality(-0.01, 0.01),
            False,
            "non_inferior",
            Verdict.PROMOTE,
            "B is not inferior to A: +0.0 points, 95 % interval [-1.0, +1.0]",
        ),
        (
            quality(-0.01, 0.09, 0.3),
            False,
            "better",
            Verdict.HOLD,
            "the data do not settle the quality question: +4.0 points, 95 % interval [-1.0, +9.0]",
        ),
    ],
)
def test_the_verdict_on_quality_says_why(
    found: Quality, identical: bool, aim: Aim, verdict: Verdict, reason: str
) -> None:
    called = call_quality(Assessment(found, (), identical), policy(aim))

    assert (called.verdict, called.reason) == (verdict, reason)


def test_an_upper_limit_of_exactly_0_is_not_worse() -> None:
    assert gates_of(quality(-0.1, 0.0))[0].outcome is Outcome.PASS
    assert gates_of(quality(-0.1, -0.0001))[0].outcome is Outcome.FAIL
