"""Markdown tables and code spans, and escaping of untrusted text."""

import re
from collections.abc import Sequence
from typing import Final

from minieval.report.untrusted import visible

LONGEST: Final = 160

# Underscores inside a word, brackets that no link can follow from, and < before no tag are harmless, and read
# better bare.
_SPECIAL: Final = re.compile(r"([\\`*>|~$#@&]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:]))")


def text(untrusted: str, longest: int = LONGEST) -> str:
    """Return untrusted text escaped for any Markdown cell or line, shortened to `longest` characters.

    Control, format and surrogate characters become visible escapes, because they reorder or hide text. Characters that
    are special in Markdown or HTML are escaped, and addresses do not become links.
    """
    shown = untrusted if len(untrusted) <= longest else untrusted[: longest - 1] + "…"
    escaped = _SPECIAL.sub(r"\\\1", visible(shown))
    return escaped.replace("://", ":\\//").replace("www.", "www\\.")


def highlighted(untrusted: str, other: str) -> str:
    """Return untrusted text as text() does, with the words in bold that `other` lacks at that place."""
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
    # At least three dashes, because some parsers do not recognise a table with fewer.
    widths = [max(3, *(len(row[i]) for row in (head, *rows))) for i in range(len(head))]
    right = [0 < i < numbers for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if r else "-") for w, r in zip(widths, right, strict=True)) + "|"
    return "\n".join((line(head), rule, *(line(row) for row in rows)))
