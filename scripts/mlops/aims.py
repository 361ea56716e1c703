"""The training targets of the models, compared with the measured figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Aim:
    """The minimum share of a list's sentences that B should correct."""

    name: str
    bound: float


# From issue 3, item 3. The last two bounds apply to every list with such a figure.
_LISTS: Final = (
    Aim("known words and frames, trained combinations", 0.98),
    Aim("known words and frames, held-out combinations", 0.96),
    Aim("fresh words, known frames", 0.96),
    Aim("fresh words and frames", 0.93),
)
_MOST_CHANGED: Final = 0.03
_MOST_UNAPPLIED: Final = 0.02


def _row(aim: str, bound: float, value: float, interval: str, *, at_least: bool) -> str:
    short = round(bound - value if at_least else value - bound, 6)
    result = "hit" if short <= 0 else f"**missed by {100 * short:.2f} points**"
    words = "at least" if at_least else "at most"
    return f"| {aim} | {words} {bound:.1%} | {value:.2%} | {interval} | {result} |"


def table(rows: list[str]) -> str:
    """Return a table of these rows."""
    return "\n".join(["| aim | bound | measured | 95 % interval (Wilson) | result |", "|---|---|---|---|---|", *rows])


def adapter_aims(lists: Mapping[str, Figures]) -> str:
    """Compare the figures of the generated lists with the targets of B."""
    rows: list[str] = []
    for aim in _LISTS:
        row = lists[aim.name]
        interval = f"{row['low']:.1%} to {row['high']:.1%}"
        rows.append(_row(f"correct: {aim.name}", aim.bound, row["share"], interval, at_least=True))
    for name, row in lists.items():
        if name.startswith("right sentences"):
            interval = f"{1 - row['high']:.1%} to {1 - row['low']:.1%}"
            rows.append(_row(f"over-corrected: {name}", _MOST_CHANGED, 1 - row["share"], interval, at_least=False))
    for name, row in lists.items():
        value = row["edits_that_do_not_apply"]
        rows.append(_row(f"edits that do not apply: {name}", _MOST_UNAPPLIED, value, "-", at_least=False))
    return table(rows)


def base_aims(overall: Figures) -> str:
    """Compare the figures of the eval set with the targets of A, which should be mediocre: 30 to 70 %."""
    interval = f"{overall['low']:.1%} to {overall['high']:.1%}"
    return table(
        [
            _row("correct: evaluation set", 0.30, overall["share"], interval, at_least=True),
            _row("correct: evaluation set", 0.70, overall["share"], interval, at_least=False),
        ]
    )


def agreement(grades: Figures, texts: Figures) -> str:
    """Compare the agreement of a quantized model and its parent with the target of 99 %."""
    rows = [
        _row(f"same {name}: {row['correct']:.0f} of {row['n']:.0f}", 0.99, row["share"],
             f"{row['low']:.1%} to {row['high']:.1%}", at_least=True)
        for name, row in (("grade", grades), ("text", texts))
    ]  # fmt: skip
    return table(rows)
