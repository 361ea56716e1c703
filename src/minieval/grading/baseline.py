"""eval_baseline.json: the production model's score on the eval set, and the grader that gave it."""

import json
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

from minieval.errors import InputRefused
from minieval.grading.evalset import from_item
from minieval.grading.items import Item

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Md5 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]


class Score(msgspec.Struct, frozen=True):
    """The number of items, and how many were answered correctly."""

    n: int
    correct: int


class EvalBaseline(msgspec.Struct, frozen=True):
    """The production model's score on the whole eval set, by tense, person and verb."""

    schema: Literal[1]
    model_sha: Hash
    grader_sha: Hash
    eval_set_dvc_hash: Md5
    overall: Score
    buckets: dict[str, dict[str, Score]]


def make_baseline(
    graded: Iterable[tuple[Item, bool]], *, model_sha: str, grader_sha: str, eval_set_md5: str
) -> EvalBaseline:
    """Return the scores for items, each given with whether its answer was right."""
    results = list(graded)
    sliced = [(from_item(item).slices, right) for item, right in results]
    # Every item has the same families: items.py and evalset.py refuse others.
    families = sliced[0][0] if sliced else ()
    buckets = {name: _scores((slices[name], right) for slices, right in sliced) for name in families}
    overall = Score(len(results), sum(right for _, right in results))
    return EvalBaseline(1, model_sha, grader_sha, eval_set_md5, overall, buckets)


def parse_baseline(text: bytes) -> EvalBaseline:
    """Return the baseline; raises InputRefused naming the first key that is missing or wrong."""
    try:
        return msgspec.json.decode(text, type=EvalBaseline)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputRefused("eval_baseline.json", str(error), "a baseline of schema 1") from error


def baseline_json(baseline: EvalBaseline) -> str:
    """Return the baseline in the form of the file."""
    return json.dumps(msgspec.to_builtins(baseline), indent=2, sort_keys=True) + "\n"


def _scores(results: Iterable[tuple[str, bool]]) -> dict[str, Score]:
    rights: dict[str, list[bool]] = {}
    for value, right in results:
        rights.setdefault(value, []).append(right)
    return {value: Score(len(found), sum(found)) for value, found in sorted(rights.items())}
