"""A gate: one question of the decision, with its observed numbers, threshold and outcome."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of a gate; inconclusive means that the data cannot tell, usually because n is too small."""

    PASS = "pass"  # noqa: S105 - an outcome, no secret
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class GateId(StrEnum):
    """Every gate, by its published name.

    First the gates on the validity of the evidence, then those of the decision, both in the order of the report. The
    rest are refusals, each named after the error that stopped the judgement.
    """

    SELF_TEST = "self-test"
    GRADER = "grader"
    FIXED_BEFORE_THE_RUN = "fixed before the run"
    EVAL_SET = "eval set"
    ARMS = "arms"
    CONFIGURATIONS = "configurations"
    RECORDS = "records"
    REQUEST_IDS = "request ids"
    SENTENCES = "sentences"
    SAMPLE_RATIO = "sample ratio"
    PLANNED_PAIRS = "planned pairs"
    COMPLETE_PAIRS = "complete pairs"

    NOT_WORSE_OVERALL = "not worse overall"
    NO_SLICE_WORSE = "no slice worse"
    BETTER = "quality: better"
    NON_INFERIOR = "quality: non-inferior"
    LATENCY_P50 = "latency p50"
    LATENCY_P95 = "latency p95"
    FAILURES = "B's failures"
    MISSING_PAIRS = "missing pairs"
    WORST_AND_BEST_CASE = "worst and best case"
    COST = "cost per quality unit"

    RECORD_REFUSED = "RecordRefused"
    INPUT_REFUSED = "InputRefused"
    MANIFEST_REFUSED = "ManifestRefused"
    GRADER_UNUSABLE = "GraderUnusable"
    UNUSABLE_NUMBERS = "UnusableNumbers"
    GRADER_FAILED = "GraderFailed"
    SELF_TEST_FAILED = "SelfTestFailed"
    EVIDENCE_MISMATCH = "EvidenceMismatch"
    GRADER_DRIFT = "GraderDrift"
    ITEM_ERROR = "ItemError"


@dataclass(frozen=True, slots=True)
class Gate:
    """What was observed and what was required, in words that a reader can check."""

    name: GateId
    outcome: Outcome
    observed: str
    threshold: str


def gate(name: GateId, passed: bool, observed: str, threshold: str) -> Gate:
    """Return a gate that either passes or fails."""
    return Gate(name, Outcome.PASS if passed else Outcome.FAIL, observed, threshold)


def refusal(error: Exception) -> Gate:
    """Return the failed gate for an error that stops a judgement; an error class without a GateId is a bug."""
    return gate(GateId(type(error).__name__), False, str(error), "")


def percent(share: float) -> str:
    """Write a share as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """Write a difference of shares in percentage points, signed."""
    return f"{100 * difference:+.1f}"


def usd(amount: float, like: float | None = None) -> str:
    """Write a positive amount of USD without an exponent, with enough decimals for three digits of `like`.

    >>> usd(4.634e-06)
    '0.00000463'
    """
    smallest = amount if like is None else like
    # No exponents: readers compare prices at a glance, and 4.6e-06 and 4.6e-05 look alike.
    # At least two decimals, because amounts in USD are read in cents.
    return f"{amount:.{max(2, 2 - math.floor(math.log10(smallest)))}f}"


def pvalue(p: float) -> str:
    """Write a p-value with four decimals and no leading zero, or as below .0001."""
    # Never 0: no test can give a probability of exactly zero.
    return "< .0001" if p < 0.0001 else f"{p:.4f}".removeprefix("0")
