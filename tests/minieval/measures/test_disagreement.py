"""Disagreements: kinds, counts that add up, and rates per arm."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minieval.grading.evalset import from_item
from minieval.grading.grader import CORRECT, GrammarGrader, Mark
from minieval.grading.grammar import Correction
from minieval.grading.items import Item
from minieval.measures.disagreement import Corrections, Disagreement, Transition, disagreement
from minieval.measures.item_results import Tally
from minieval.measures.observed.cases import Case, Kind, case

WRONG = Item(
    "w", "He will goes.", ("He will go.", "He is going to go."), "go", "future", "3sg", "irregular", "extra_s", "f"
)
RIGHT = Item("r", "He went.", ("He went.",), "go", "past_simple", "3sg", "irregular", None, "f")
GRADER = GrammarGrader()
ANSWERS = [
    "He will go.",
    "He is going to go.",
    "He will goes.",
    "He goes.",
    "He went.",
    "He wented.",
    " He went. ",
    None,
]
Asked = tuple[Item, str | None, str | None]
ASKED = st.lists(st.tuples(st.sampled_from((WRONG, RIGHT)), st.sampled_from(ANSWERS), st.sampled_from(ANSWERS)))


def compare(asked: Sequence[Asked]) -> Disagreement:
    tallies: list[Tally] = []
    cases: list[Case] = []
    for i, (item, a, b) in enumerate(asked):
        known = from_item(item)
        marks = (GRADER.mark(known, a), GRADER.mark(known, b))
        differing = (a or "").split() != (b or "").split()
        tallies.append(Tally(known, *marks, answered=None not in (a, b), differing=differing, requests=1))
        if differing:
            cases.append(case(f"req{i}", f"trace{i}", known, (a, b), marks, 1))
    return disagreement(tallies, cases)


@given(ASKED)
def test_the_kinds_add_up_to_the_disagreements(asked: list[Asked]) -> None:
    found = compare(asked)

    assert found.differing == found.improved + found.regressed + found.neutral == len(found.cases)
    assert found.neutral == found.neutral_both_right + found.neutral_both_wrong
    assert sum(move.pairs for move in found.transitions) == found.pairs == len(asked)
    discordant = sum(move.pairs for move in found.transitions if (move.a == CORRECT) != (move.b == CORRECT))
    assert found.improved + found.regressed == discordant


@given(ASKED)
def test_swapping_the_arms_swaps_improved_and_regressed(asked: list[Asked]) -> None:
    forth, back = compare(asked), compare([(item, b, a) for item, a, b in asked])

    assert (forth.improved, forth.regressed, forth.neutral) == (back.regressed, back.improved, back.neutral)
    assert (forth.a, forth.b) == (back.b, back.a)


@given(ASKED)
def test_what_an_arm_did_to_its_sentences_adds_up(asked: list[Asked]) -> None:
    arm = compare(asked).b
    assert arm is not None

    with_mistake = sum(item is WRONG for item, _, b in asked if b is not None)
    assert arm.fixed + arm.missed + arm.misfixed == with_mistake
    assert arm.preserved + arm.over_corrected + arm.failed == len(asked) - with_mistake


def test_a_case_has_what_is_needed_to_look_it_up() -> None:
    (case,) = compare([(WRONG, "He goes.", "He will go.")]).cases

    assert case == Case(
        kind=Kind.IMPROVED,
        request_id="req0",
        trace_id="trace0",
        item_id="w",
        slices={"tense": "future", "person": "3sg", "verb": "go"},
        sentence="He will goes.",
        expected="He will go.",
        answer_a="He goes.",
        answer_b="He will go.",
        outcome_a="tense",
        outcome_b="correct",
        correction_a=Correction.MISFIXED,
        correction_b=Correction.FIXED,
        requests=1,
    )
    assert not case.over_corrected


def test_the_moves_from_outcome_to_outcome_are_counted() -> None:
    same, move = (WRONG, "He will go.", "He will go."), (WRONG, "He goes.", "He will go.")

    found = compare([same, move, move])

    assert found.transitions == (Transition("correct", "correct", 1), Transition("tense", "correct", 2))


def test_a_pair_with_a_missing_answer_is_not_a_disagreement() -> None:
    known = from_item(RIGHT)
    dropped = Tally(known, GRADER.mark(known, "He went."), None, answered=False, differing=False, requests=1)

    assert disagreement([dropped], []).pairs == 0


@pytest.mark.parametrize(
    ("asked", "f05"),
    [
        ([(WRONG, "He will go.", "He will go.")], 1.0),
        ([(WRONG, "He will goes.", "He goes.")], 0.0),
        ([(WRONG, "He will goes.", "He goes."), (WRONG, "He will goes.", "He will go.")], 0.5),
    ],
)
def test_f05_is_that_of_equal_precision_and_recall(asked: list[Asked], f05: float) -> None:
    found = compare(asked).b

    assert found is not None
    assert (found.precision, found.recall, found.f05) == (f05, f05, f05)


@given(ASKED)
def test_counting_equal_pairs_together_changes_nothing(asked: list[Asked]) -> None:
    apart = compare(asked)
    known = [(from_item(item), a, b) for item, a, b in asked]
    together = [
        Tally(
            item,
            GRADER.mark(item, a),
            GRADER.mark(item, b),
            answered=None not in (a, b),
            differing=(a or "").split() != (b or "").split(),
            requests=sum((other.id, x, y) == (item.id, a, b) for other, x, y in known),
        )
        for item, a, b in {(item.id, a, b): (item, a, b) for item, a, b in known}.values()
    ]

    assert disagreement(together, apart.cases) == apart


def test_a_grader_that_does_not_report_corrections_gives_none() -> None:
    known = from_item(RIGHT)
    right = Mark(correct=True, outcome="correct")

    found = disagreement([Tally(known, right, right, answered=True, differing=False, requests=3)], [])

    assert (found.pairs, found.a, found.b) == (3, None, None)


def test_two_right_answers_may_differ_but_not_by_white_space_only() -> None:
    found = compare([(WRONG, "He will go.", "He is going to go."), (RIGHT, "He went.", " He  went. ")])

    assert (found.differing, found.neutral_both_right) == (1, 1)


def test_precision_and_recall_are_those_of_a_confusion_table() -> None:
    found = compare(
        [
            (WRONG, "He will go.", "He will go."),
            (WRONG, "He will goes.", "He will go."),
            (WRONG, "He goes.", "He goes."),
            (RIGHT, "He went.", "He wented."),
        ]
    )

    assert found.a is not None
    assert found.b is not None
    assert (found.a.precision, found.a.recall) == (1 / 2, 1 / 3)
    assert (found.b.precision, found.b.recall) == (2 / 4, 2 / 3)
    assert found.b.over_correction_rate == 1
    assert compare([(RIGHT, None, "He went."), (RIGHT, None, "He goes.")]).b == Corrections(
        fixed=0,
        missed=0,
        misfixed=0,
        preserved=1,
        over_corrected=1,
        failed=0,
        precision=0.0,
        recall=None,
        f05=None,
        over_correction_rate=0.5,
    )
    # F0.5 = 1.25 P R / (0.25 P + R)
    assert found.a.f05 == 1.25 * (1 / 2) * (1 / 3) / (0.25 / 2 + 1 / 3)


def test_without_cases_there_is_no_rate() -> None:
    found = compare([(RIGHT, None, None)])

    assert found.a is not None
    assert found.a.precision is found.a.recall is found.a.f05 is found.a.over_correction_rate is None
    assert found.differing == 0


def test_neutral_pairs_are_split_by_whether_both_arms_are_right() -> None:
    found = compare(
        [
            (WRONG, "He will go.", "He is going to go."),
            (WRONG, "He is going to go.", "He will go."),
            (WRONG, "He goes.", "He wented."),
            (WRONG, "He will go.", "He goes."),
            (WRONG, "He goes.", "He will go."),
            (WRONG, "He will go.", "He will go."),
        ]
    )

    assert (found.pairs, found.differing, found.improved, found.regressed) == (6, 5, 1, 1)
    assert (found.neutral, found.neutral_both_right, found.neutral_both_wrong) == (3, 2, 1)
