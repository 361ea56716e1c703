"""Pairs out of a log: what is graded, how often, and that counting in the database gives what counting by hand does."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.minieval.traffic_lines import Line, answered, opened, shadow_line

from minieval.errors import GraderFailed
from minieval.grading.evalset import EvalItem, from_item
from minieval.grading.graded_pairs import grade_pairs
from minieval.grading.grader import CORRECT, FunctionGrader, GrammarGrader, Mark
from minieval.grading.items import Item
from minieval.grading.lookup import match_items
from minieval.measures.item_results import Tally
from minieval.measures.observed.cases import Case, list_cases
from minieval.measures.observed.tallies import first_pairs, tally_pairs
from minieval.record.statuses import FAILED, MISSING

ITEMS = [
    Item(
        "w", "He will goes.", ("He will go.", "He is going to go."), "go", "future", "3sg", "irregular", "extra_s", "f"
    ),
    Item("r", "He went.", ("He went.",), "go", "past_simple", "3sg", "irregular", None, "f"),
]
INDEX = {item.sentence: from_item(item) for item in ITEMS}
TEXTS = ["He will go.", "He is going to go.", "He will goes.", "He went.", "He wented.", " He  went. ", None]


@dataclass(frozen=True)
class Pairs:
    """What the measures read of a graded log."""

    tallies: tuple[Tally, ...]
    firsts: tuple[Tally, ...]
    ungradable: int
    cases: tuple[Case, ...]


def paired(folder: Path, lines: list[Line], grader: GrammarGrader | FunctionGrader | None = None) -> Pairs:
    with opened(folder, lines) as log:
        graded = grade_pairs(match_items(log, INDEX), grader or GrammarGrader())
        return Pairs(tally_pairs(graded), first_pairs(graded), graded.ungradable, list_cases(graded))


def mark_of(item: EvalItem, text: str | None) -> Mark:
    return GrammarGrader().mark(item, text)


@settings(max_examples=15)
@given(
    asked=st.lists(
        st.tuples(
            st.sampled_from(["He will goes.", " He went.\u00a0", "Who?"]),
            st.sampled_from(TEXTS),
            st.sampled_from(TEXTS),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_database_counts_what_counting_by_hand_gives(
    asked: list[tuple[str, str | None, str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = [shadow_line(i, s, answered("A", a), answered("B", b)) for i, (s, a, b) in enumerate(asked)]

    found = paired(tmp_path_factory.mktemp("log"), lines)

    by_hand: Counter[object] = Counter()
    for sentence, a, b in asked:
        item = INDEX.get(sentence.strip())
        if item is not None:
            differing = (a or "").split() != (b or "").split()
            by_hand[item.id, mark_of(item, a), mark_of(item, b), None not in (a, b), differing] += 1
    counted = {(t.item.id, t.a, t.b, t.answered, t.differing): t.requests for t in found.tallies}
    assert counted == by_hand
    assert found.ungradable == sum(sentence == "Who?" for sentence, _, _ in asked)


@pytest.mark.parametrize("status", sorted(FAILED))
def test_a_failed_answer_is_wrong(tmp_path: Path, status: str) -> None:
    line = shadow_line(1, "He went.", answered("A", "He went."), answered("B", None, status=status))

    (tally,) = paired(tmp_path, [line]).tallies

    assert tally.a is not None
    assert tally.b is not None
    assert (tally.a.correct, tally.b.correct, tally.answered) == (True, False, False)


def test_no_answer_and_an_empty_one_are_the_same_answer(tmp_path: Path) -> None:
    line = shadow_line(1, "He went.", answered("A", None), answered("B", "  "))

    (tally,) = paired(tmp_path, [line]).tallies

    assert not tally.differing


@pytest.mark.parametrize("status", sorted(MISSING))
def test_a_missing_answer_is_not_graded(tmp_path: Path, status: str) -> None:
    line = shadow_line(1, "He went.", answered("A", "He went."), answered("B", None, status=status))

    (tally,) = paired(tmp_path, [line]).tallies

    assert tally.b is None
    assert not tally.complete
    assert not tally.differing


def test_every_distinct_answer_to_an_item_is_graded_once(tmp_path: Path) -> None:
    asked: list[tuple[object, str]] = []

    def grade(item: object, answer: str) -> bool:
        asked.append((item, answer))
        return True

    lines = [
        shadow_line(i, "He went.", answered("A", f"answer {i % 3}"), answered("B", f"answer {i % 2}"))
        for i in range(60)
    ]

    found = paired(tmp_path, lines, FunctionGrader("g:f", "0" * 64, grade))

    assert sorted(answer for _, answer in asked) == ["answer 0", "answer 1", "answer 2"]
    assert sum(tally.requests for tally in found.tallies) == 60


def test_a_grader_that_raises_stops_the_grading_with_what_it_raised(tmp_path: Path) -> None:
    class Odd(Exception):
        pass

    def grade(item: object, answer: str) -> bool:
        raise Odd("no idea")

    line = shadow_line(1, "He went.", answered("A", "x"), answered("B", "y"))

    with pytest.raises(GraderFailed, match="the grader raised on item r: Odd: no idea"):
        paired(tmp_path, [line], FunctionGrader("g:f", "0" * 64, grade))


def test_answers_that_are_graded_differently_differ_even_if_only_in_white_space(tmp_path: Path) -> None:
    line = shadow_line(1, "He went.", answered("A", "x"), answered("B", "x "))

    found = paired(tmp_path, [line], FunctionGrader("g:f", "0" * 64, lambda _, answer: answer == "x"))

    assert [tally.differing for tally in found.tallies] == [True]
    assert [case.kind for case in found.cases] == ["regressed"]


def test_cases_are_listed_once_regressions_first_with_the_trace_of_their_first_request(tmp_path: Path) -> None:
    improved = (answered("A", "He wented."), answered("B", "He went."))
    regressed = (answered("A", "He went."), answered("B", "He wented."))
    lines = [
        shadow_line(1, "He went.", *improved),
        shadow_line(2, "He went.", *regressed),
        shadow_line(3, "He went.", *improved),
        shadow_line(4, "He went.", answered("A", "He went."), answered("B", " He  went. ")),
    ]

    found = paired(tmp_path, lines).cases

    assert [(case.kind, case.request_id, case.requests) for case in found] == [
        ("regressed", "req-2", 1),
        ("improved", "req-1", 2),
    ]
    assert found[0].trace_id == lines[1]["trace_id"]
    assert (found[0].outcome_a, found[0].outcome_b) == (CORRECT, "over-regularised")


def test_the_first_complete_pair_of_every_item_is_returned_in_log_order(tmp_path: Path) -> None:
    right, wrong = "He went.", "He wented."
    lines = [
        shadow_line(1, "He went.", answered("A", right), answered("B", None, status="dropped")),
        shadow_line(2, "He will goes.", answered("A", "He will go."), answered("B", "He goes.")),
        shadow_line(3, "He went.", answered("A", wrong), answered("B", right)),
        shadow_line(4, "He went.", answered("A", right), answered("B", right)),
    ]

    firsts = paired(tmp_path, lines).firsts

    assert [(t.item.id, t.a and t.a.correct, t.b and t.b.correct) for t in firsts] == [
        ("w", True, False),
        ("r", False, True),
    ]


def test_cases_beyond_those_listed_are_still_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Patched because 2,000 different answers would make the test slow.
    monkeypatch.setattr("minieval.measures.observed.cases.MOST_LISTED", 5)
    lines = [shadow_line(i, "He went.", answered("A", "He went."), answered("B", f"He {i}.")) for i in range(20)]

    found = paired(tmp_path, lines)

    assert len(found.cases) == 5
    assert sum(tally.requests for tally in found.tallies if tally.differing) == 20


def test_the_grader_decides_which_answers_are_the_same(tmp_path: Path) -> None:
    line = shadow_line(1, "He went.", answered("A", "YES"), answered("B", "yes "))

    def differing(canonical: Callable[[str], object] | None) -> list[bool]:
        grader = FunctionGrader("g:f", "0" * 64, lambda item, answer: True, canonical)
        return [tally.differing for tally in paired(tmp_path, [line], grader).tallies]

    assert differing(None) == [True]
    assert differing(str.strip) == [True]
    assert differing(lambda answer: answer.strip().lower()) == [False]


def test_two_answers_that_differ_in_white_space_only_differ_unless_the_grader_says_otherwise(tmp_path: Path) -> None:
    line = shadow_line(1, "He went.", answered("A", "def f():\n    x"), answered("B", "def f():\n  x"))
    grader = FunctionGrader("g:f", "0" * 64, lambda item, answer: True)

    assert [tally.differing for tally in paired(tmp_path, [line], grader).tallies] == [True]


def test_a_canonical_answer_that_is_not_text_stops_the_grading(tmp_path: Path) -> None:
    line = shadow_line(1, "He went.", answered("A", "x"), answered("B", "y"))

    with pytest.raises(GraderFailed, match="canonical_answer returned None: expected text"):
        paired(tmp_path, [line], FunctionGrader("g:f", "0" * 64, lambda item, answer: True, lambda answer: None))
