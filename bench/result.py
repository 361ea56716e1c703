"""The result of a bench: a small JSON file in `results/` with machine, revision and date."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from minieval.run_facts import facts

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results")
SIGNIFICANT_DIGITS = 6


def write_result(name: str, body: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write `NAME.json`, floats rounded to a measurement's precision, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    whole = {"bench": name, "measured": datetime.now(UTC).isoformat(timespec="seconds"), **facts(ROOT, RESULTS), **body}
    path.write_text(json.dumps(_rounded(whole), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def _rounded(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    match value:
        case float():
            return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [_rounded(item) for item in value]
        case _:
            return value
