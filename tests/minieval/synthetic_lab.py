"""A lab without a server: eval set, log, manifest and baseline, written as the documents say they look.

The lines are spelled out here rather than made by the server's writer, so that a change of the format shows.
"""

import hashlib
import itertools
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minicorpus.grid import PERSONS, TENSES, VERBS, forms
from minieval.grading.identity import grader_sha

A_SHA, B_SHA = "a" * 64, "b" * 64
SHADOW_CONFIG, AB_CONFIG = "1" * 64, "2" * 64
SUBJECTS = {"1sg": "I", "2sg": "You", "3sg": "She"}
Line = dict[str, Any]


def make_items(n: int) -> list[Line]:
    """Return items over the grid, verbs first, every fifth right already."""
    items = []
    grid = itertools.cycle(itertools.product(TENSES, PERSONS, VERBS))
    for i, (tense, person, verb) in zip(range(n), grid, strict=False):
        right = f"{SUBJECTS[person]} {forms(verb, tense, person)[0]} for number {i}."
        wrong = f"{SUBJECTS[person]} {verb}eded for number {i}."
        items.append(
            {
                "id": f"item-{i:04d}",
                "sentence": right if i % 5 == 0 else wrong,
                "accepted": [right],
                "verb": verb,
                "tense": tense,
                "person": person,
                "regularity": "regular",
                "mistake": None if i % 5 == 0 else "over_regular",
                "frame": "f",
            }
        )
    return items


def right_answer(item: Line) -> str:
    answer: str = item["accepted"][0]
    return answer


def wrong_answer(item: Line) -> str:
    return f"{SUBJECTS[item['person']]} banana for {item['id']}."


@dataclass
class SyntheticLab:
    """400 requests: a shadow block with a given two-by-two table, and an A/B block with given latencies."""

    folder: Path
    table: tuple[int, int, int, int] = (150, 26, 6, 18)
    slowdown: float = 1.0
    items: list[Line] = field(init=False)
    shadow: list[Line] = field(init=False)
    ab: list[Line] = field(init=False)
    manifest: Line = field(init=False)
    tail: bytes = b""

    def __post_init__(self) -> None:
        n = sum(self.table)
        self.items = make_items(2 * n)
        rng = random.Random(38)  # noqa: S311 - no secret
        outcomes = [
            outcome
            for outcome, count in zip(((1, 1), (0, 1), (1, 0), (0, 0)), self.table, strict=True)
            for _ in range(count)
        ]
        rng.shuffle(outcomes)
        self.shadow = [self._shadow(i, *outcome, rng) for i, outcome in enumerate(outcomes)]
        self.ab = [self._ab(n + i, "AB"[i % 2], rng) for i in range(n)]
        self.manifest = {"schema": 1, "run": self._run(n)}

    def arguments(self) -> list[str]:
        """Write every file and return compare.py's arguments."""
        eval_set = "".join(json.dumps(item) + "\n" for item in self.items)
        md5 = hashlib.md5(eval_set.encode(), usedforsecurity=False).hexdigest()
        self.manifest["run"].setdefault("eval_set_dvc_hash", md5)
        baseline = {
            "schema": 1,
            "model_sha": A_SHA,
            "grader_sha": grader_sha(),
            "eval_set_dvc_hash": md5,
            "overall": {"n": len(self.items), "correct": 1},
            "buckets": {},
        }
        log = b"".join(json.dumps(line).encode() + b"\n" for line in (*self.shadow, *self.ab)) + self.tail
        contents = {
            "eval.jsonl": eval_set.encode(),
            "traffic.log": log,
            "manifest.json": json.dumps(self.manifest).encode(),
            "baseline.json": json.dumps(baseline).encode(),
        }
        for name, content in contents.items():
            if not (self.folder / name).exists() or name != "baseline.json":
                (self.folder / name).write_bytes(content)
        names = {
            "--log": "traffic.log",
            "--manifest": "manifest.json",
            "--eval-set": "eval.jsonl",
            "--baseline": "baseline.json",
        }
        return [
            *itertools.chain.from_iterable((k, str(self.folder / v)) for k, v in names.items()),
            "--out",
            str(self.folder),
        ]

    def plan_from_log(self) -> None:
        """Make the manifest plan exactly the ids that the log has, and as many pairs."""
        by_sentence = {item["sentence"]: item["id"] for item in self.items}
        for block, lines in zip(self.manifest["run"]["blocks"], (self.shadow, self.ab), strict=True):
            block["requests"] = {line["request_id"]: by_sentence.get(line["sentence"], "?") for line in lines}
        self.manifest["run"]["planned_n"] = max(1, len(self.shadow))

    def _common(self, i: int, strategy: str, production: str, shadow: str | None) -> Line:
        return {
            "schema": 1,
            "record_id": f"{i:032x}",
            "ts": "2026-05-04T10:11:12.345678Z",
            "request_id": f"req-{i:04d}",
            "trace_id": f"{i + 10**6:032x}",
            "http_status": 200,
            "strategy": strategy,
            "salt": "prod-2026-05",
            "config_sha": SHADOW_CONFIG if strategy == "shadow" else AB_CONFIG,
            "production_arm": production,
            "shadow_arm": shadow,
            "arm_shas": {"A": A_SHA, "B": B_SHA},
            "traffic.arm": production,
            "sentence": self.items[i]["sentence"],
        }

    def _answer(self, i: int, arm: str, right: int, latency: float) -> Line:
        item = self.items[i]
        return {
            f"status_{arm}": "ok",
            f"response_{arm}": right_answer(item) if right else wrong_answer(item),
            f"edit_applied_{arm}": True,
            f"latency_ms_{arm}": latency,
            f"tokens_{arm}": 4,
        }

    def _shadow(self, i: int, a: int, b: int, rng: random.Random) -> Line:
        return {
            **self._common(i, "shadow", "A", "B"),
            **self._answer(i, "A", a, rng.lognormvariate(0, 0.35)),
            **self._answer(i, "B", b, rng.lognormvariate(0, 0.35)),
            "queue_ms_B": 0.1,
            "cpu_ms_B": 0.9,
            "reason_B": None,
        }

    def _ab(self, i: int, arm: str, rng: random.Random) -> Line:
        factor = self.slowdown if arm == "B" else 1.0
        return {**self._common(i, "ab", arm, None), **self._answer(i, arm, 1, factor * rng.lognormvariate(0, 0.2))}

    def _run(self, n: int) -> Line:
        def block(name: str, strategy: str, config: str, lines: list[Line]) -> Line:
            return {
                "name": name,
                "strategy": strategy,
                "config_sha": config,
                "config": {"production_arm": "A", "shadow_arm": "B"},
                "planned": len(lines),
                "requests": {line["request_id"]: f"item-{int(line['request_id'][4:]):04d}" for line in lines},
            }

        return {
            "seed": 38,
            "planned_n": n,
            "policy": "better",
            "margins": {"p50_ratio": 1.2, "p95_ratio": 1.5, "latency_slack_ms": 0.0},
            "alpha": 0.05,
            "warmup": 0,
            "arms": {"A": A_SHA, "B": B_SHA},
            "blocks": [
                block("A", "shadow", SHADOW_CONFIG, self.shadow),
                block("B", "ab", AB_CONFIG, self.ab),
            ],
            "isolation": {"shadow_off_p50_ms": 2.0, "shadow_on_p50_ms": 2.1, "ratio": 1.05, "rounds": 5},
            "versions": {"python": "3.11"},
            "git": {"revision": "f" * 40, "dirty": False},
            "hardware": {"cores": 2},
            "engine": {"A": {"compute_type": "float32"}},
        }
