"""The client's preferred language, from Accept-Language (RFC 9110, 12.5.4). Pure."""

from typing import Literal

Language = Literal["en", "es"]


def preferred(accept_language: str | None) -> Language:
    """Return "es" if the header prefers Spanish to English, else "en"."""
    # Subtags are ignored: es-MX prefers Spanish. The standard allows a server to ignore the header, so anything
    # malformed counts as weight 0 and is not an error.
    weights = {"en": 0.0, "es": 0.0}
    for part in (accept_language or "").split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().split("-")[0]
        if language in weights:
            weights[language] = max(weights[language], _weight(parameter))
    return "es" if weights["es"] > weights["en"] else "en"


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
