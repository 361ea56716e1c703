"""Computes the judge's numbers with a straightforward pandas program: `python -m bench.pandas_judge LOG EVAL_SET`.

Prints a JSON object from name to number. pandas reads, groups and counts. The grader is the judge's, and the tests are
scipy's in both. As in the judge, every distinct answer is graded once.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from minieval.grading.grammar import Grade, grade, normalise
from minieval.grading.items import Item, parse_items

MISSING = ("dropped", "cancelled", "interrupted")
STATUSES = ("ok", "bad_output", "error", "timeout", *MISSING)
Numbers = Iterator[tuple[str, float | None]]


def numbers(log: Path, eval_set: Path) -> dict[str, float | None]:
    """Return every number by its name."""
    items = {item.sentence.strip(): item for item in parse_items(eval_set.read_text(encoding="utf-8"))}
    frame = pd.read_json(log, lines=True, dtype=False)
    pairs = frame[(frame["production_arm"] == "A") & (frame["shadow_arm"] == "B")].copy()
    return {
        **dict(accounting(frame)),
        **dict(quality(pairs, items)),
        **dict(latency(frame[frame["strategy"] == "ab"])),
        **dict(shadow_latency(pairs)),
    }


def accounting(frame: Any) -> Numbers:  # noqa: ANN401 - a DataFrame; pandas is not where the types are checked
    """Count records, ids and statuses."""
    yield "logged", len(frame)
    yield "repeated request ids", len(frame) - frame["request_id"].nunique()
    for arm in "AB":
        counted = frame[f"status_{arm}"].value_counts()
        yield from ((f"{arm} {status}", int(counted.get(status, 0))) for status in STATUSES)


def quality(pairs: Any, items: dict[str, Item]) -> Numbers:  # noqa: ANN401 - a DataFrame
    """Grade the pairs, and compare the arms by item, by slice and by outcome."""

    @cache
    def graded(sentence: str, answer: str | None) -> Grade:
        return grade(items[sentence], answer)

    pairs["item"] = pairs["sentence"].str.strip()
    for arm in "AB":
        pairs[f"mark_{arm}"] = [
            None if status in MISSING else graded(item, answer if isinstance(answer, str) else None)
            for item, status, answer in zip(
                pairs["item"], pairs[f"status_{arm}"], pairs[f"response_{arm}"], strict=True
            )
        ]
    complete = pairs[pairs["mark_A"].notna() & pairs["mark_B"].notna()].copy()
    yield "pairs", len(pairs)
    yield "complete", len(complete)
    yield "answered", int(((pairs["status_A"] == "ok") & (pairs["status_B"] == "ok")).sum())
    yield "missing share", 1 - len(complete) / len(pairs)
    for arm in "AB":
        complete[f"right_{arm}"] = [mark.correct for mark in complete[f"mark_{arm}"]]
    by_item = complete.groupby("item")[["right_A", "right_B"]].mean()
    by_item["difference"] = by_item["right_B"] - by_item["right_A"]
    yield "requests", len(complete)
    yield "varying items", int((~by_item[["right_A", "right_B"]].isin([0.0, 1.0]).all(axis=1)).sum())
    yield "difference", by_item["difference"].mean()
    yield from table("all", by_item)
    improved, regressed = int((by_item["difference"] > 0).sum()), int((by_item["difference"] < 0).sum())
    yield "mid-p", midp(improved, regressed)
    for family in ("tense", "person", "verb"):
        for value, rows in by_item.groupby([getattr(items[sentence], family) for sentence in by_item.index]):
            yield from table(f"{family} {value}", rows)
    yield from outcomes(complete)


def table(name: str, by_item: Any) -> Numbers:  # noqa: ANN401 - a DataFrame
    """Count the items of a slice; one whose answers vary counts by the sign of its mean difference."""
    level = by_item[by_item["difference"] == 0]
    both = int((level["right_A"] >= 0.5).sum())
    improved, regressed = int((by_item["difference"] > 0).sum()), int((by_item["difference"] < 0).sum())
    yield f"{name} n", len(by_item)
    yield f"{name} A right", both + regressed
    yield f"{name} B right", both + improved
    yield f"{name} improved", improved
    yield f"{name} regressed", regressed


def midp(improved: int, regressed: int) -> float:
    """Return McNemar's mid-p."""
    fewer, m = min(improved, regressed), improved + regressed
    if improved == regressed:
        return float(1 - stats.binom.pmf(fewer, m, 0.5) / 2)
    return float(2 * stats.binom.cdf(fewer, m, 0.5) - stats.binom.pmf(fewer, m, 0.5))


def outcomes(complete: Any) -> Numbers:  # noqa: ANN401 - a DataFrame
    """Count disagreements, what the arms did to their sentences, and from which outcome to which."""
    marks = list(zip(complete["mark_A"], complete["mark_B"], strict=True))
    texts = [complete[f"response_{arm}"].fillna("").map(cache(normalise)) for arm in "AB"]
    differing = ((texts[0] != texts[1]) | (complete["right_A"] != complete["right_B"])).to_numpy()
    a, b = complete["right_A"].to_numpy(), complete["right_B"].to_numpy()
    yield "differing", int(differing.sum())
    yield "improved", int((differing & b & ~a).sum())
    yield "regressed", int((differing & a & ~b).sum())
    yield "neutral, both right", int((differing & a & b).sum())
    for place, arm in enumerate("AB"):
        counted = Counter(str(pair[place].correction.value) for pair in marks)
        kinds = ("fixed", "missed", "mis-fixed", "preserved", "over-corrected", "failed")
        yield from ((f"{arm} {kind}", counted[kind]) for kind in kinds)
    moves = Counter(tuple(str(mark.error.value) if mark.error else "correct" for mark in pair) for pair in marks)
    yield from ((f"from {before} to {after}", count) for (before, after), count in moves.items())


def latency(split: Any) -> Numbers:  # noqa: ANN401 - a DataFrame
    """Compare the arms' latencies over the first record of each id; failures rank behind all others."""
    values = {}
    for arm in "AB":
        served = split[split["production_arm"] == arm].drop_duplicates("request_id")
        ran = served[~served[f"status_{arm}"].isin(MISSING)]
        values[arm] = np.sort(np.where(ran[f"status_{arm}"] == "ok", ran[f"latency_ms_{arm}"], np.inf))
        yield f"{arm} served", len(values[arm])
        for q in (50, 95, 99):
            found = values[arm][-(-q * len(values[arm]) // 100) - 1]
            yield f"{arm} p{q}", float(found) if np.isfinite(found) else None
    finite = {arm: np.where(np.isinf(values[arm]), 1e15, values[arm]) for arm in "AB"}
    test = stats.mannwhitneyu(finite["B"], finite["A"], use_continuity=True, alternative="two-sided")
    yield "U", float(test.statistic)
    yield "U p", float(test.pvalue)
    yield "B slower", float(test.statistic) / len(values["A"]) / len(values["B"])


def shadow_latency(pairs: Any) -> Numbers:  # noqa: ANN401 - a DataFrame
    """Compare the latencies within pairs that both arms answered."""
    both = pairs[(pairs["status_A"] == "ok") & (pairs["status_B"] == "ok")]
    logs = np.log(both["latency_ms_B"].to_numpy()) - np.log(both["latency_ms_A"].to_numpy())
    test = stats.wilcoxon(logs, zero_method="wilcox", alternative="two-sided")
    yield "signed rank", float(test.statistic)
    yield "signed rank p", float(test.pvalue)
    yield "median ratio", float(np.exp(np.median(logs)))


if __name__ == "__main__":
    print(json.dumps(numbers(*map(Path, sys.argv[1:]))))
