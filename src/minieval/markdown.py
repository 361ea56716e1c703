"""Markdown: tables, numbers as the report writes them, and untrusted text made harmless."""

import re
from collections.abc import Sequence
from typing import Final

from minieval import gates
from minieval.latency import Percentile
from minieval.stats import ClusteredInterval, Interval, OpenInterval
from minieval.untrusted import visible

NONE: Final = "\N{EN DASH}"
LONGEST: Final = 160

# Underscores inside a word, brackets that no link can follow from, and < before no tag are harmless, and read
# better bare.
_SPECIAL: Final = re.compile(r"([\\`*>|~$#@&]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:]))")


def text(untrusted: str, longest: int = LONGEST) -> str:
    """Return untrusted text as it should read in any Markdown cell or line, shortened past longest characters.

    Control, format and surrogate characters become visible escapes (they reorder or hide what is read),
    Markdown's and HTML's characters are escaped, and addresses do not become links.
    """
    shown = untrusted if len(untrusted) <= longest else untrusted[: longest - 1] + "…"
    escaped = _SPECIAL.sub(r"\\\1", visible(shown))
    return escaped.replace("://", ":\\//").replace("www.", "www\\.")


def highlighted(untrusted: str, other: str) -> str:
    """Return untrusted text as text does, with the words in bold that another one does not have in that place."""
    words, others = untrusted.split(), other.split()
    shorter = min(len(words), len(others))
    start = next((i for i in range(shorter) if words[i] != others[i]), shorter)
    room = shorter - start
    end = next((i for i in range(room) if words[-1 - i] != others[-1 - i]), room)
    middle = words[start : len(words) - end]
    if not middle or len(untrusted) > LONGEST:
        return text(untrusted)
    bold = f"**{text(' '.join(middle))}**"
    return " ".join(
        (*(text(word) for word in words[:start]), bold, *(text(word) for word in words[len(words) - end :]))
    )


def code(identifier: str) -> str:
    """Return an identifier as a code span; characters that could end it are shown escaped instead."""
    shown = visible(identifier)
    return "`" + "".join(f"\\u{{{ord(c):x}}}" if c in "`|" else c for c in shown) + "`"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: int = 0) -> str:
    """Return a table, columns padded so that it reads well as plain text, too.

    The first column is left-aligned and so are all from index numbers on; those between hold figures.
    """
    widths = [max(3, *(len(row[i]) for row in (head, *rows))) for i in range(len(head))]
    right = [0 < i < numbers for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if r else "-") for w, r in zip(widths, right, strict=True)) + "|"
    return "\n".join((line(head), rule, *(line(row) for row in rows)))


def share(value: float | None) -> str:
    """Write a share as a percentage."""
    return NONE if value is None else f"{100 * value:.1f} %"


def accuracy(interval: Interval) -> str:
    """Write an accuracy with its limits, in percent."""
    return f"{100 * interval.estimate:.1f} % {limits(interval)}"


def limits(interval: Interval | ClusteredInterval, signed: str = "") -> str:
    """Write the limits of a share, in percent or points."""
    return f"[{100 * interval.low:{signed}.1f}, {100 * interval.high:{signed}.1f}]"


def difference(interval: Interval | ClusteredInterval | None) -> str:
    """Write a difference of shares with its limits, in signed percentage points."""
    return NONE if interval is None else f"{100 * interval.estimate:+.1f} {limits(interval, '+')}"


def pvalue(p: float | None) -> str:
    """Write a p-value; nothing where there was no test."""
    return NONE if p is None else gates.pvalue(p)


def ms(value: float) -> str:
    """Write milliseconds with about three digits."""
    size = abs(value)
    return f"{value:.3f}" if size < 1 else f"{value:.2f}" if size < 100 else f"{value:.0f}"


def ratio(interval: OpenInterval) -> str:
    """Write a ratio with its limits; a limit among failed requests, or beyond this n, says so."""
    point = "unknown" if interval.estimate is None else f"{interval.estimate:.3f}"
    low, high = (NONE if x is None else f"{x:.3f}" for x in (interval.low, interval.high))
    return f"{point} [{low}, {high}]"


def percentile(found: Percentile) -> str:
    """Write a percentile in ms with its limits and, where n is too small for one, its rank and why."""
    estimate = "> timeout" if found.estimate.value is None else ms(found.estimate.value)
    low = _bound(found.low.rank, found.low.value)
    return f"{estimate} [{low}, {_bound(found.high.rank, found.high.value)}]"


def _bound(rank: int | None, value: float | None) -> str:
    if rank is None:
        return "not estimable"
    return "> timeout" if value is None else ms(value)
