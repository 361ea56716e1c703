"""The contents of model cards."""

from pathlib import Path

import pytest
from scripts.mlops import aims, cards

from minimodel.bundles.registry import Registry

MODELS = Path(__file__).resolve().parents[2] / "models"


def _row(share: float, unapplied: float = 0.0, n: int = 1500) -> dict[str, float]:
    return {"share": share, "low": share - 0.01, "high": share + 0.01, "n": n, "edits_that_do_not_apply": unapplied}


def test_aims_are_computed_from_the_lists() -> None:
    lists = {
        "known words and frames, trained combinations": _row(0.98),
        "known words and frames, held-out combinations": _row(0.958),
        "fresh words, known frames": _row(0.99),
        "fresh words and frames": _row(0.9, 0.0235),
        "right sentences, fresh words and frames": _row(0.97),
        "right sentences, known words and frames": _row(0.95),
    }

    results = [line.rsplit("| ", 1)[1] for line in aims.adapter_aims(lists).splitlines()[2:]]

    assert results[:6] == [
        "hit |", "**missed by 0.20 points** |", "hit |", "**missed by 3.00 points** |", "hit |",
        "**missed by 2.00 points** |",
    ]  # fmt: skip
    assert results[6:] == ["hit |"] * 3 + ["**missed by 0.35 points** |"] + ["hit |"] * 2


@pytest.mark.parametrize(("share", "missed"), [(0.29, 1), (0.3, 0), (0.5, 0), (0.7, 0), (0.75, 1)])
def test_the_baseline_should_be_mediocre(share: float, missed: int) -> None:
    assert aims.base_aims(_row(share)).count("missed") == missed


def test_small_buckets_are_flagged_and_lists_show_the_edits_that_do_not_apply() -> None:
    table = cards._table("list", {"few": _row(0.5, n=19), "enough": _row(0.5, 0.026, n=20)}, applied=True)

    few, enough = table.splitlines()[2:]
    assert "fewer than 20" in few
    assert "fewer than 20" not in enough
    assert enough.endswith("| 0.026 |")


def test_each_model_of_a_lineage_is_shown_with_its_own_corpus() -> None:
    registry = Registry.read(MODELS)
    manifests = {"v0.3.0": "75a776588fd8", "v0.1.0": "8f260781b918"}

    line = cards._lineage(MODELS, registry, registry.resolve("v0.3.0"))

    adapter, base = line.split(" → ")
    assert adapter.startswith("adapter")
    assert manifests["v0.3.0"] in adapter
    assert manifests["v0.1.0"] in base
    assert "no training of its own" in cards._lineage(MODELS, registry, registry.resolve("v0.2.0"))


def test_the_card_explains_a_dirty_tree() -> None:
    assert "had changes" in cards._revision({"git_dirty": True, "git_revision": "a" * 40})[0]
    assert "as committed" in cards._revision({"git_dirty": False, "git_revision": "a" * 40})[0]
    assert cards._revision({}) == []


def test_the_limits_name_what_is_outside_the_grid() -> None:
    named = {limit for limit, _ in cards.OUTSIDE}

    assert {"plural subject", "you was", "have to", "several mistakes", "control tokens in the text"} <= named
