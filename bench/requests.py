"""The requests that the benches send: corrections of the eval set's sentences, as raw HTTP bytes."""

import json
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minieval.grading.items import parse_items
from miniserve.tasks.grammar import CORRECT_PATH

ROOT = Path(__file__).resolve().parents[1]


def eval_sentences() -> tuple[str, ...]:
    """Return the sentences of the eval set, in its order."""
    return tuple(item.sentence for item in parse_items((ROOT / "data/eval/phase-20.jsonl").read_text(encoding="utf-8")))


def request_ids(count: int, rng: np.random.Generator) -> list[str]:
    """Return random version 4 UUIDs."""
    return [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(count)]


def correction(sentence: str, request_id: str) -> bytes:
    """Return one request as the bytes of HTTP/1.1."""
    body = json.dumps({"sentence": sentence, "request_id": request_id}).encode()
    head = (
        f"POST {CORRECT_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def draw(sentences: Sequence[str], count: int, rng: np.random.Generator) -> list[bytes]:
    """Return `count` requests with random sentences and ids."""
    chosen = rng.integers(len(sentences), size=count)
    return [correction(sentences[i], name) for i, name in zip(chosen, request_ids(count, rng), strict=True)]
