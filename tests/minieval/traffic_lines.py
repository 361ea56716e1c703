"""Lines of a traffic log, spelled out as the published schema has them, and a log opened on them."""

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minieval.record.log.reader import open_log
from minieval.record.log.table import LogTable

Line = dict[str, Any]
SHAS = {"A": "a" * 64, "B": "b" * 64}


def answered(arm: str, text: str | None, latency: float | None = 1.0, status: str = "ok") -> Line:
    """Return an arm's keys; None is an answer that did not come."""
    failed = text is None
    return {
        f"status_{arm}": ("error" if status == "ok" else status) if failed else status,
        f"response_{arm}": text,
        f"latency_ms_{arm}": None if failed else latency,
        f"reason_{arm}": "ValueError: no" if failed else None,
    }


def shadow_line(i: int, sentence: str, a: Line, b: Line, **more: object) -> Line:
    """Return the i-th line, which A served and B shadowed."""
    return {**_common(i, "shadow", "A", "B", sentence), **a, **b, **more}


def served_line(i: int, arm: str = "A", latency: float | None = 1.0, status: str = "ok", **more: object) -> Line:
    """Return the i-th line, which an arm served in the split."""
    text = "x" if status == "ok" else None
    return {**_common(i, "ab", arm, None, "s"), **answered(arm, text, latency, status), **more}


def _common(i: int, strategy: str, production: str, shadow: str | None, sentence: str) -> Line:
    return {
        "schema": 1,
        "record_id": f"{i:032x}",
        "ts": "2026-05-04T10:11:12.345678Z",
        "request_id": f"req-{i}",
        "trace_id": f"{i + 10**6:032x}",
        "http_status": 200,
        "strategy": strategy,
        "salt": "prod-2026-05",
        "config_sha": ("1" if strategy == "shadow" else "2") * 64,
        "production_arm": production,
        "shadow_arm": shadow,
        "arm_shas": SHAS,
        "traffic.arm": production,
        "sentence": sentence,
    }


def written(folder: Path, name: str, lines: Sequence[Line | bytes], *, packed: bool = False) -> Path:
    """Write lines, bytes as they are, and return the file."""
    path = folder / name
    content = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


@contextmanager
def opened(folder: Path, lines: Sequence[Line | bytes]) -> Iterator[LogTable]:
    """Open a log of these lines under the arms A and B."""
    with open_log([written(folder, "traffic.log", lines)], ("A", "B")) as log:
        yield log
