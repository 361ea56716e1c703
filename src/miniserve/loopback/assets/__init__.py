"""The live page's HTML, CSS and JavaScript files."""

from functools import cache
from importlib.resources import files


@cache
def asset(name: str) -> str:
    """Return the text of a file in this folder."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
