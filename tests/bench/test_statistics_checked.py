"""docs/statistics-checked.md quotes the committed result of the decision bench."""

import json
from pathlib import Path

from bench.decision import rate_table, rule_table

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_quotes_the_committed_run() -> None:
    page = (ROOT / "docs" / "statistics-checked.md").read_text(encoding="utf-8")
    result = json.loads((ROOT / "bench" / "results" / "decision.json").read_text(encoding="utf-8"))

    assert rule_table(result["rule"]) in page
    assert rate_table(result["rates"]) in page
