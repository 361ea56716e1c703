"""The page of isolation quotes the runs that are committed beside it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench import isolation, overload, soak, switching

ROOT = Path(__file__).resolve().parents[2]
RENDERED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "isolation-50": isolation.rendered,
    "isolation-80": isolation.rendered,
    "overload": overload.rendered,
    "switching": switching.rendered,
    "soak": soak.rendered,
}


@pytest.mark.parametrize("name", RENDERED)
def test_the_page_quotes_the_committed_run(name: str) -> None:
    page = (ROOT / "docs" / "isolation.md").read_text(encoding="utf-8")
    result = json.loads((ROOT / "bench" / "results" / f"{name}.json").read_text(encoding="utf-8"))

    assert RENDERED[name](result) in page
    assert result["measured"][:10] in page
    assert result["git"]["revision"][:7] in page
