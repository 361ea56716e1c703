"""The grader that moved into minieval.grading gives every grade that its predecessor gave."""

import json
from pathlib import Path

from tests.minieval.grading.grades import by_models, digest

from minieval.grading.grader import GrammarGrader
from minieval.grading.grammar import grade
from minieval.grading.identity import PREDECESSORS, REPOSITORY, grader_sha, same_grades
from minieval.grading.items import parse_items

GOLDEN = json.loads((REPOSITORY / "tests" / "golden" / "grades.json").read_text(encoding="utf-8"))


def test_every_grade_of_the_eval_set_is_the_one_that_the_predecessor_gave() -> None:
    # The golden digest was made at revision db44814 with that revision's own grader: there, call
    # digest(minieval.items.parse_items(<eval set>), minieval.grading.grade, by_models(<reference answers>)).
    items = parse_items(_text("data/eval/phase-20.jsonl"))
    models = by_models(_text("tests/golden/reference_answers.jsonl").splitlines())

    assert digest(items, grade, models) == GOLDEN["digest"]


def test_the_predecessor_is_the_grader_that_made_the_golden_digest() -> None:
    assert GOLDEN["grader_sha"] in PREDECESSORS
    assert grader_sha() not in PREDECESSORS


def test_grades_are_comparable_with_those_of_the_predecessor_and_of_no_other_grader() -> None:
    now, before, other = GrammarGrader().sha, GOLDEN["grader_sha"], "0" * 64

    assert same_grades(now, now)
    assert same_grades(now, before)
    assert same_grades(before, now)
    assert not same_grades(now, other)
    assert not same_grades(other, before)


def _text(path: str) -> str:
    return Path(REPOSITORY / path).read_text(encoding="utf-8")
