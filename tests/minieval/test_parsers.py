"""Every parser of the judge: any input gives a value or the package's own error, and values survive a round trip."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.minieval.synthetic_lab import SyntheticLab, make_items
from tests.strategies import TEXT, attempt, bytes_near, json_near

from minieval.errors import InputRefused, ManifestRefused
from minieval.files import locked_md5
from minieval.grading.baseline import EvalBaseline, baseline_json, parse_baseline
from minieval.grading.evalset import plain_items
from minieval.grading.identity import REPOSITORY
from minieval.grading.items import ItemError, parse_items
from minieval.manifest import Run, parse_manifest, with_analysis

LINES = make_items(3)
PLAIN = [{"id": "q1", "sentence": "17 + 5", "expected": "22", "cluster": "plus", "slices": {"operation": "plus"}}]
BASELINE = json.loads((REPOSITORY / "eval_baseline.json").read_text(encoding="utf-8"))
DVC_LOCK = (REPOSITORY / "dvc.lock").read_text(encoding="utf-8")


def _manifest() -> dict[str, Any]:
    run = SyntheticLab(Path(), table=(1, 1, 1, 1)).manifest["run"]
    return {"schema": 1, "run": {**run, "eval_set_dvc_hash": "0" * 32}}


def _as_lines(items: list[Any]) -> str:
    return "\n".join(json.dumps(item) for item in items)


@given(json_near(LINES).filter(lambda items: isinstance(items, list)).map(_as_lines) | st.text())
def test_an_eval_set_is_refused_by_line_or_survives_a_round_trip(text: str) -> None:
    items = attempt(ItemError, parse_items, text)
    if isinstance(items, ItemError):
        assert f"line {items.line}: " in str(items)
        return

    assert parse_items("\n".join(json.dumps(asdict(item)) for item in items)) == items


@given(json_near(PLAIN).filter(lambda items: isinstance(items, list)).map(_as_lines) | st.text())
def test_a_users_eval_set_is_read_or_refused_by_line(text: str) -> None:
    items = attempt(ItemError, plain_items, text)
    if isinstance(items, ItemError):
        assert f"line {items.line}: " in str(items)
        return

    assert plain_items("\n".join(json.dumps(item.asked) for item in items.values())) == items


def test_a_manifest_with_invalid_utf_8_is_refused_wherever_the_bytes_are() -> None:
    text = json.dumps(_manifest()).encode()

    with pytest.raises(ManifestRefused):
        parse_manifest(b'{"unread": "\xff", ' + text[1:])


@given(
    json_near(_manifest()).map(lambda value: json.dumps(value).encode())
    | bytes_near(json.dumps(_manifest()).encode())
    | st.binary()
)
def test_a_manifest_is_refused_or_its_run_survives_a_new_analysis(text: bytes) -> None:
    run = attempt(ManifestRefused, parse_manifest, text)
    if isinstance(run, ManifestRefused):
        return

    assert set(run.roles()) <= set(run.arms)
    assert parse_manifest(with_analysis(text, {"alpha": run.alpha}).encode()) == run
    assert parse_manifest(msgspec.json.encode({"schema": 1, "run": run})) == run


@given(json_near(BASELINE).map(lambda value: json.dumps(value).encode()) | st.binary())
def test_a_baseline_is_refused_or_survives_a_round_trip(text: bytes) -> None:
    baseline = attempt(InputRefused, parse_baseline, text)
    if isinstance(baseline, InputRefused):
        return

    assert isinstance(baseline, EvalBaseline)
    assert parse_baseline(baseline_json(baseline).encode()) == baseline


NESTED = "[" * 100_000 + "]" * 100_000


def test_deeply_nested_json_is_refused_like_other_bad_input() -> None:
    with pytest.raises(ManifestRefused):
        parse_manifest(b'{"x": ' + NESTED.encode() + b"}")
    with pytest.raises(InputRefused):
        parse_baseline(b'{"x": ' + NESTED.encode() + b"}")
    with pytest.raises(ItemError, match="line 1"):
        plain_items(NESTED)


@given(bytes_near(DVC_LOCK.encode()[:2_000]).map(lambda text: text.decode(errors="replace")) | TEXT, TEXT)
def test_a_lock_gives_the_hash_of_a_path_or_none(text: str, path: str) -> None:
    for asked in (path, "data/eval/phase-20.jsonl"):
        found = locked_md5(text, asked)

        assert found is None or (len(found) == 32 and found in text)


def test_whatever_the_driver_writes_is_accepted_as_a_run() -> None:
    assert isinstance(parse_manifest(json.dumps(_manifest()).encode()), Run)
