"""What the manifest must be, and how files are named by hash and written."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.minieval.synthetic_lab import SyntheticLab

from minieval.errors import ManifestRefused
from minieval.files import locked_md5, write_atomically
from minieval.manifest import parse_manifest, with_analysis


@pytest.fixture
def manifest(tmp_path: Path) -> dict[str, Any]:
    lab = SyntheticLab(tmp_path, (1, 1, 1, 1))
    lab.arguments()
    return lab.manifest


def test_a_manifest_without_margins_has_the_documented_ones(manifest: dict[str, Any]) -> None:
    del manifest["run"]["margins"]

    margins = parse_manifest(json.dumps(manifest).encode()).margins

    assert (margins.p50_ratio, margins.p95_ratio, margins.noninferiority) == (1.2, 1.5, 0.03)
    assert (margins.smallest_useful_gain, margins.latency_slack_ms) == (0.02, 0.0)
    assert (margins.failure_rate, margins.missing_rate) == (0.02, 0.02)


def test_a_is_the_production_arm_of_the_shadow_block_whatever_its_name(manifest: dict[str, Any]) -> None:
    manifest["run"]["blocks"][0]["config"] = {"production_arm": "B", "shadow_arm": "A"}

    assert parse_manifest(json.dumps(manifest).encode()).roles() == ("B", "A")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("alpha", 0.9),
        ("planned_n", 0),
        ("seed", "x"),
        ("warmup", -1),
        ("arms", {"A": "a" * 64}),
        ("arms", {"A": "short", "B": "b" * 64}),
        ("margins", {"p50": 1.2}),
        ("margins", {"p50_ratio": 0.9}),
        ("eval_set_dvc_hash", "x"),
    ],
)
def test_a_manifest_with_an_impossible_value_is_refused_by_key(
    manifest: dict[str, Any], key: str, value: object
) -> None:
    manifest["run"][key] = value

    with pytest.raises(ManifestRefused, match=key):
        parse_manifest(json.dumps(manifest).encode())


def test_an_id_planned_in_two_blocks_is_refused(manifest: dict[str, Any]) -> None:
    blocks = manifest["run"]["blocks"]
    blocks[1]["requests"].update(blocks[0]["requests"])

    with pytest.raises(ManifestRefused, match="two blocks"):
        parse_manifest(json.dumps(manifest).encode())


def test_the_analysis_is_replaced_and_the_rest_kept(manifest: dict[str, Any]) -> None:
    first = with_analysis(json.dumps(manifest).encode(), {"verdict": "hold"})

    second = json.loads(with_analysis(first.encode(), {"verdict": "promote"}))

    assert second == {**manifest, "analysis": {"verdict": "promote"}}


LOCK = """schema: '2.0'
stages:
  corpus:
    cmd: python -m minicorpus
    outs:
    - path: data/eval/other.jsonl
      hash: md5
      md5: 11111111111111111111111111111111
      size: 3
    - path: data/eval/phase-20.jsonl
      hash: md5
      md5: 22222222222222222222222222222222
      size: 3
"""


def test_an_outputs_md5_is_found_in_a_dvc_lock() -> None:
    assert locked_md5(LOCK, "data/eval/phase-20.jsonl") == "2" * 32
    assert locked_md5(LOCK, "data/eval/other.jsonl") == "1" * 32
    assert locked_md5(LOCK, "data/eval/none.jsonl") is None


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    target.mkdir()

    with pytest.raises(OSError, match=r"report\.md"):
        write_atomically(target, "new")

    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_a_block_of_an_unknown_strategy_is_refused(manifest: dict[str, Any]) -> None:
    manifest["run"]["blocks"][0]["strategy"] = "random"

    with pytest.raises(ManifestRefused, match="strategy"):
        parse_manifest(msgspec.json.encode(manifest))
