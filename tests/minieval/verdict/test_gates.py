"""How a gate writes its numbers."""

import pytest

from minieval.errors import EvalError
from minieval.grading.items import ItemError
from minieval.verdict.gates import Gate, GateId, Outcome, gate, percent, points, pvalue, refusal


def test_a_gate_of_two_outcomes_keeps_its_words() -> None:
    assert gate(GateId.ARMS, True, "seen", "asked") == Gate(GateId.ARMS, Outcome.PASS, "seen", "asked")
    assert gate(GateId.ARMS, False, "seen", "asked") == Gate(GateId.ARMS, Outcome.FAIL, "seen", "asked")


@pytest.mark.parametrize(("share", "shown"), [(0.0, "0.0 %"), (0.5, "50.0 %"), (1.0, "100.0 %"), (0.0149, "1.5 %")])
def test_a_share_is_a_percentage(share: float, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(("difference", "shown"), [(0.485, "+48.5"), (-0.5, "-50.0"), (0.0, "+0.0")])
def test_a_difference_is_signed_points(difference: float, shown: str) -> None:
    assert points(difference) == shown


@pytest.mark.parametrize(
    ("p", "shown"), [(0.0, "< .0001"), (0.00009, "< .0001"), (0.0001, ".0001"), (0.052479, ".0525"), (1.0, "1.0000")]
)
def test_a_p_value_has_four_digits_and_is_never_0(p: float, shown: str) -> None:
    assert pvalue(p) == shown


def test_every_error_that_can_stop_a_judgement_has_its_gate() -> None:
    def errors(root: type[Exception]) -> set[type[Exception]]:
        return {root}.union(*(errors(child) for child in root.__subclasses__()))

    ours = {error for error in errors(EvalError) if error.__module__.startswith("minieval.")}
    for error in (ours - {EvalError}) | {ItemError}:
        assert GateId(error.__name__)


def test_a_refusal_is_a_failed_gate_with_the_errors_sentence() -> None:
    assert refusal(ItemError(3, "no")) == Gate(GateId.ITEM_ERROR, Outcome.FAIL, "eval set line 3: no", "")
