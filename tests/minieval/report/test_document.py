"""report.json: published schema, twelve digits, no NaN and no infinity."""

import json
import math
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from minieval.errors import UnusableNumbers
from minieval.report.document import Report, from_json, make_report, to_json
from minieval.stats import Interval
from minieval.verdict.decision import invalid
from minieval.verdict.gates import GateId, gate


def refused() -> Report:
    return make_report(invalid([gate(GateId.ARMS, False, "others", "the manifest's")]), None)


def test_the_keys_are_the_documented_ones_in_order() -> None:
    keys = list(json.loads(to_json(refused())))

    documented = [
        "schema",
        "verdict",
        "exit_code",
        "gates",
        "quality",
        "buckets",
        "latency",
        "disagreement",
        "missing",
        "cost",
        "noise_floor",
        "noise_floor_missing",
        "identity",
    ]
    assert [key for key in keys if key in documented] == documented


def test_a_report_is_read_back_as_it_was() -> None:
    assert from_json(to_json(refused())) == refused()


def test_a_report_with_an_unknown_key_is_refused() -> None:
    document = json.loads(to_json(refused()))

    with pytest.raises(msgspec.ValidationError, match="extra"):
        from_json(json.dumps({**document, "extra": 1}))


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_nan_and_infinity_are_never_written(number: float, tmp_path: Path) -> None:
    identity_like = Interval(0.5, 0.1, number, 0.95)
    broken = msgspec.structs.replace(refused(), identity=identity_like)

    with pytest.raises(UnusableNumbers, match="finite"):
        to_json(broken)
    assert not list(tmp_path.iterdir())


def test_floats_have_twelve_significant_digits() -> None:
    shown = msgspec.structs.replace(refused(), identity=replace(Interval(1 / 3, 0.0, 1.0, 0.95)))

    assert json.loads(to_json(shown))["identity"]["estimate"] == 0.333333333333
