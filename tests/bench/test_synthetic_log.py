"""Synthetic logs are valid: they match the published schema, and the judge accepts them."""

import json
from pathlib import Path

import jsonschema
from bench.judge import EVAL_SET, differing, judge
from bench.synthetic_log import write_log

from minieval.grading.items import parse_items

ROOT = Path(__file__).resolve().parents[2]
ITEMS = parse_items(EVAL_SET.read_text(encoding="utf-8"))


def test_every_line_matches_the_published_schema_and_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    logs = [tmp_path / name for name in ("one.log", "other.log")]
    for log in logs:
        write_log(log, ITEMS, 400, seed=1)

    schema = json.loads((ROOT / "docs" / "record.schema.json").read_text(encoding="utf-8"))
    checker = jsonschema.Draft202012Validator(schema)
    lines = [json.loads(line) for line in logs[0].read_text(encoding="utf-8").splitlines()]
    assert [error.message for line in lines for error in checker.iter_errors(line)] == []
    assert logs[0].read_bytes() == logs[1].read_bytes()


def test_the_judge_counts_a_synthetic_log_as_plain_python_does(tmp_path: Path) -> None:
    log = tmp_path / "traffic.log"
    write_log(log, ITEMS, 6000, seed=1)

    _, numbers = judge(log, tmp_path / "out")

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    pairs = [line for line in lines if line["shadow_arm"] == "B"]
    assert numbers["logged"] == 6000
    assert numbers["repeated request ids"] == 6000 - len({line["request_id"] for line in lines})
    assert numbers["pairs"] == len(pairs)
    assert numbers["answered"] == sum(line["status_A"] == line["status_B"] == "ok" for line in pairs)
    assert numbers["B dropped"] == sum(line.get("status_B") == "dropped" for line in lines)
    assert numbers["B slower"] is not None


def test_a_number_that_differs_or_is_missing_on_one_side_is_named() -> None:
    ours = {"pairs": 5, "p": 0.25, "p99": None, "only ours": 1}
    theirs = {"pairs": 6, "p": 0.25 * (1 + 1e-8), "p99": 3.0}

    assert differing(ours, ours | {"p": 0.25 * (1 + 1e-10)}) == []
    assert differing(ours, theirs) == [
        "only ours: only one has it",
        "p99: None and 3.0",
        f"p: 0.25 and {theirs['p']!r}",
        "pairs: 5 and 6",
    ]
