"""The documents quote the committed results of the benches."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench import crash, isolation, judge, observe, overload, soak, switching

ROOT = Path(__file__).resolve().parents[2]
Render = Callable[[Mapping[str, Any]], str]
PUBLISHED: dict[str, tuple[str, Render]] = {
    "isolation-50": ("isolation.md", isolation.rendered),
    "isolation-80": ("isolation.md", isolation.rendered),
    "overload": ("isolation.md", overload.rendered),
    "switching": ("isolation.md", switching.rendered),
    "soak": ("isolation.md", soak.rendered),
    "crash": ("accounting.md", crash.rendered),
    "observe": ("operations.md", observe.rendered),
    "judge": ("judge.md", judge.rendered),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_page_quotes_the_committed_run_with_its_date_and_revision(name: str) -> None:
    page_name, rendered = PUBLISHED[name]
    page = (ROOT / "docs" / page_name).read_text(encoding="utf-8")
    result = json.loads((ROOT / "bench" / "results" / f"{name}.json").read_text(encoding="utf-8"))

    assert rendered(result) in page
    assert result["measured"][:10] in page
    assert result["git"]["revision"][:7] in page
    assert result["git"]["dirty"] is False
