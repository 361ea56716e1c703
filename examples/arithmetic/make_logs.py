"""Lets two little calculators answer the same questions, and logs it in the published record schema.

A calculates from left to right, as if no sign bound more than another. B knows that a product comes first, and has a
fault of its own, unless it is repaired: it never says "minus". Nothing here knows of the judge; the latencies are what
the calls took.
"""

import argparse
import gzip
import hashlib
import inspect
import json
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path

Answer = Callable[[str], str]


def left_to_right(question: str) -> str:
    """Return what A answers: every operation in turn."""
    value, *rest = question.split()
    result = int(value)
    for sign, number in zip(rest[::2], rest[1::2], strict=True):
        result = {"+": result + int(number), "-": result - int(number), "*": result * int(number)}[sign]
    return str(result)


def products_first(question: str) -> str:
    """Return what B answers once it is repaired: products before sums."""
    total = 0
    for term in question.replace("- ", "+ -").split(" + "):
        product = 1
        for factor in term.split(" * "):
            product *= int(factor)
        total += product
    return str(total)


def never_minus(question: str) -> str:
    """Return what B answers: products before sums, and what is below nothing as if above."""
    return products_first(question).removeprefix("-")


def questions(n: int, rng: random.Random) -> list[dict[str, object]]:
    """Return that many different questions with their answers, sliced by the signs that stand in them."""
    asked: dict[str, dict[str, object]] = {}
    while len(asked) < n:
        numbers, signs = [rng.randint(2, 20) for _ in range(3)], rng.choices("+-*", k=2)
        text = f"{numbers[0]} {signs[0]} {numbers[1]} {signs[1]} {numbers[2]}"
        question: dict[str, object] = {
            "id": f"q{len(asked) + 1}",
            "sentence": text,
            "expected": str(eval(text)),  # noqa: S307 - numbers and signs of our own
            "slices": {"signs": " ".join(sorted(set(signs)))},
        }
        asked.setdefault(text, question)
    return list(asked.values())


def record(
    arms: Mapping[str, Answer], strategy: str, question: str, production: str, shadow: str | None, rng: random.Random
) -> dict[str, object]:
    """Return the line of one request: what each arm that ran on it answered, and how long it took."""
    line: dict[str, object] = {
        "schema": 1,
        "record_id": f"{rng.getrandbits(128):032x}",
        "ts": "2026-05-04T10:11:12Z",
        "request_id": f"user-{rng.getrandbits(64):016x}",
        "trace_id": f"{rng.getrandbits(128):032x}",
        "http_status": 200,
        "strategy": strategy,
        "salt": "arithmetic-1",
        "config_sha": hashlib.sha256(strategy.encode()).hexdigest(),
        "production_arm": production,
        "shadow_arm": shadow,
        # A model is named by a hash of what it is; here of its source.
        "arm_shas": {arm: hashlib.sha256(inspect.getsource(f).encode()).hexdigest() for arm, f in arms.items()},
        "traffic.arm": production,
        "sentence": question,
    }
    for arm in (production, shadow):
        if arm is not None:
            started = time.perf_counter_ns()
            answer = arms[arm](question)
            took = (time.perf_counter_ns() - started) / 1e6
            line |= {f"status_{arm}": "ok", f"response_{arm}": answer, f"latency_ms_{arm}": took}
    return line


def main(folder: Path, b: Answer) -> None:
    """Write questions.jsonl, shadow.jsonl (A answers, B in its shadow) and split.jsonl.gz (half and half)."""
    rng = random.Random(7)  # noqa: S311 - to ask the same questions again
    arms = {"A": left_to_right, "B": b}
    asked = questions(200, rng)
    sentences = [str(question["sentence"]) for question in asked]
    shadow = [record(arms, "shadow", sentence, "A", "B", rng) for sentence in sentences]
    split = [record(arms, "ab", sentence, rng.choice("AB"), None, rng) for sentence in sentences]
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("questions.jsonl", asked), ("shadow.jsonl", shadow), ("split.jsonl.gz", split)):
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repaired", action="store_true", help="let B say minus")
    options = parser.parse_args()
    main(options.folder, products_first if options.repaired else never_minus)
