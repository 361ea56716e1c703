"""Synthetic traffic logs of any size for the judge: half shadowed pairs, half an A/B split, over the lab's eval set.

Every item occurs equally often and gets varying answers from both arms. Some runs fail, some shadows are dropped, and
one request id in a hundred repeats the previous one.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from minieval.grading.items import Item

CHUNK = 100_000
"""Number of lines that are drawn and held in memory at once."""
A_SHA, B_SHA = "a" * 64, "b" * 64
SHADOW_CONFIG, SPLIT_CONFIG = "1" * 64, "2" * 64
# Probabilities of each answer (right, unchanged, a word short, in capitals) and of each status.
_ANSWERS = {"A": (0.5, 0.4, 0.05, 0.05), "B": (0.7, 0.2, 0.05, 0.05)}
_STATUSES = {"A": {"ok": 0.995, "timeout": 0.005}, "B": {"ok": 0.98, "error": 0.005, "timeout": 0.005, "dropped": 0.01}}
_MEDIAN_MS = {"A": 3.0, "B": 3.1}
_LOG_SD = 0.35
_REPEATED_EVERY = 100


def write_log(path: Path, items: Sequence[Item], count: int, seed: int) -> None:
    """Write `count` lines, the first half shadowed. The same arguments give the same bytes."""
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, count, CHUNK):
            file.writelines(_lines(items, range(start, min(start + CHUNK, count)), count // 2, (seed, start)))


def _lines(items: Sequence[Item], indices: range, shadowed: int, seed: tuple[int, int]) -> Iterator[str]:
    """Yield the lines with these indices. Those below `shadowed` are pairs."""
    rng = np.random.default_rng(seed)
    asked = [json.dumps(item.sentence, ensure_ascii=False) for item in items]
    answers = [_answers(item) for item in items]
    drawn = {arm: _drawn(rng, arm, len(indices)) for arm in "AB"}
    for place, index in enumerate(indices):
        item = index % len(items)
        request = index - (index % _REPEATED_EVERY == _REPEATED_EVERY - 1)
        if index < shadowed:
            routed = _routed("shadow", SHADOW_CONFIG, "A", '"B"')
            ran = [_ran(arm, *drawn[arm][place], answers[item]) for arm in "AB"]
        else:
            # Fibonacci hashing, so that a repeated request id is served by the same arm.
            arm = "AB"[(request * 2654435769 >> 16) & 1]
            routed = _routed("ab", SPLIT_CONFIG, arm, "null")
            ran = [_ran(arm, *drawn[arm][place], answers[item])]
        yield (
            f'{{"schema":1,"record_id":"{index:032x}","ts":"2026-05-04T10:11:12.345678Z","request_id":"req-{request}",'
            f'"trace_id":"{index + 1:032x}","http_status":200,{routed},"sentence":{asked[item]}{"".join(ran)}}}\n'
        )


def _answers(item: Item) -> list[str]:
    right = item.accepted[0]
    texts = (right, item.sentence, right.rpartition(" ")[0], right.upper())
    return [json.dumps(text, ensure_ascii=False) for text in texts]


def _drawn(rng: np.random.Generator, arm: str, count: int) -> list[tuple[str, int, float]]:
    """Return a status, an answer's number and a latency in ms for each line."""
    statuses = _STATUSES[arm]
    columns = (
        rng.choice(list(statuses), count, p=list(statuses.values())).tolist(),
        rng.choice(len(_ANSWERS[arm]), count, p=_ANSWERS[arm]).tolist(),
        (_MEDIAN_MS[arm] * rng.lognormal(0, _LOG_SD, count)).tolist(),
    )
    return list(zip(*columns, strict=True))


def _routed(strategy: str, config: str, production: str, shadow: str) -> str:
    return (
        f'"strategy":"{strategy}","salt":"synthetic","config_sha":"{config}","production_arm":"{production}",'
        f'"shadow_arm":{shadow},"arm_shas":{{"A":"{A_SHA}","B":"{B_SHA}"}},"traffic.arm":"{production}"'
    )


def _ran(arm: str, status: str, answer: int, latency_ms: float, answers: Sequence[str]) -> str:
    ok = status == "ok"
    return (
        f',"status_{arm}":"{status}","response_{arm}":{answers[answer] if ok else "null"},"edit_applied_{arm}":'
        f'{"true" if ok else "null"},"latency_ms_{arm}":{f"{latency_ms:.6f}" if ok else "null"},"tokens_{arm}":'
        f"{4 if ok else 'null'}"
    )
