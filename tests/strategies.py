"""Inputs for property tests of parsers: any JSON, valid values in part replaced, valid bytes in part changed.

Noise alone stops at the first check; what is nearly right gets further.
"""

import copy
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
E = TypeVar("E", bound=Exception)
P = ParamSpec("P")
# Text that UTF-8 can carry.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
# What HTTP hands on of a header: bytes, read as Latin-1.
HEADER = st.text(st.characters(max_codepoint=255), max_size=60)
_SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**400, 0, -1, "", "\ud800", float("nan"), float("inf"), -0.0])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def json_near(draw: st.DrawFn, valid: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON like the given one: up to two parts of it, anywhere, replaced, removed or added."""
    changed = copy.deepcopy(valid)
    for _ in range(draw(st.integers(0, 2))):
        changed = _with_one_change(draw, changed)
    return changed


def _with_one_change(draw: st.DrawFn, value: Any) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    place = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
    match draw(st.sampled_from(["deeper", "deeper", "remove", "add"])):
        case "deeper":
            value[place] = _with_one_change(draw, value[place])
        case "remove":
            del value[place]
        case _ if isinstance(value, dict):
            value[draw(st.text(max_size=12))] = draw(JSON)
        case _:
            value.append(value[place])
    return value


@st.composite
def bytes_near(draw: st.DrawFn, valid: bytes) -> bytes:
    """Return bytes like the given ones: some stretches replaced, removed, doubled or cut off."""
    changed = bytearray(valid)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(changed)))
        end = draw(st.integers(start, min(len(changed), start + 8)))
        changed[start:end] = draw(st.binary(max_size=8) | st.just(bytes(changed[start:end]) * 2))
    return bytes(changed)


def attempt(refusal: type[E], parse: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | E:
    """Return what the parser returns, or the refusal that it raises; any other exception is a defect and passes."""
    try:
        return parse(*args, **kwargs)
    except refusal as error:
        return error
