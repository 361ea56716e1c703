"""Makes text from users or models safe to show."""

import unicodedata


def visible(untrusted: str) -> str:
    r"""Return the text with every character that hides, breaks or reorders text replaced by its code point.

    These are controls, format characters such as bidirectional overrides, surrogates, unassigned code points, and the
    line and paragraph separators.
    >>> visible("a\x1b[31mb")
    'a\\u{1b}[31mb'
    """
    return "".join(f"\\u{{{ord(c):x}}}" if _hidden(c) else c for c in untrusted)


def _hidden(character: str) -> bool:
    # C: control, format, surrogate, private use, unassigned. Zl and Zp break a line for some programs and not for
    # others.
    category = unicodedata.category(character)
    return category.startswith("C") or category in {"Zl", "Zp"}
