"""Placeholder of the lead until minicorpus' owner writes the real one; overwrite freely."""

from typing import Literal


def explain(sentence: str, correction: str, language: Literal["en", "es"]) -> str:
    """Say what changed."""
    if sentence == correction:
        return "Nothing to correct." if language == "en" else "Nada que corregir."
    return f"{sentence} -> {correction}"
