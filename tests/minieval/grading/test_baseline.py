"""eval_baseline.json: how it is made, and that the committed one is of this grader and this eval set."""

import hashlib

import pytest

from minieval.errors import InputRefused
from minieval.files import locked_md5
from minieval.grading.baseline import baseline_json, make_baseline, parse_baseline
from minieval.grading.identity import REPOSITORY, grader_sha
from minieval.grading.items import parse_items

EVAL_SET = REPOSITORY / "data" / "eval" / "phase-20.jsonl"
COMMITTED = parse_baseline((REPOSITORY / "eval_baseline.json").read_bytes())


def test_scores_add_up_in_every_family() -> None:
    items = parse_items(EVAL_SET.read_text(encoding="utf-8"))

    found = make_baseline(
        [(item, i % 3 == 0) for i, item in enumerate(items)],
        model_sha="a" * 64,
        grader_sha="b" * 64,
        eval_set_md5="c" * 32,
    )

    assert found.overall.n == len(items)
    for family in ("tense", "person", "verb"):
        assert sum(score.n for score in found.buckets[family].values()) == len(items)
        assert sum(score.correct for score in found.buckets[family].values()) == found.overall.correct
    assert parse_baseline(baseline_json(found).encode()) == found


def test_the_committed_baseline_is_of_this_grader() -> None:
    assert COMMITTED.grader_sha == grader_sha(), "the grader changed: run ./just baseline"


def test_the_committed_baseline_is_of_the_committed_eval_set() -> None:
    md5 = hashlib.md5(EVAL_SET.read_bytes(), usedforsecurity=False).hexdigest()

    assert md5 == COMMITTED.eval_set_dvc_hash, "the eval set changed: run ./just baseline"


def test_dvc_locks_the_eval_set_that_the_baseline_names() -> None:
    lock = REPOSITORY / "dvc.lock"
    locked = locked_md5(lock.read_text(encoding="utf-8"), "data/eval/phase-20.jsonl") if lock.exists() else None

    assert locked in {None, COMMITTED.eval_set_dvc_hash}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema": 1}', b"\xff"])
def test_an_invalid_baseline_is_refused(content: bytes) -> None:
    with pytest.raises(InputRefused, match=r"eval_baseline\.json"):
        parse_baseline(content)
