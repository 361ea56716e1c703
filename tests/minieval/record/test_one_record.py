"""The server and the judge share one record: what one writes the other reads, and what one refuses the other refuses.

The writer is `to_line`, the server's reader `parse_line`, and the judge's reader the database; the published schema
and jsonschema are a third opinion.
"""

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st
from tests.minieval.traffic_lines import Line, answered, served_line, shadow_line, written
from tests.strategies import TEXT, json_near

from minieval.errors import EvalError
from minieval.record.line import begun_id, loss_line, lost_records, parse_line, to_line
from minieval.record.log.reader import open_log
from minieval.record.record import (
    ARM_NAME,
    LONGEST_MS,
    MOST_TOKENS,
    STRATEGIES,
    ArmResult,
    RecordError,
    Strategy,
    TrafficRecord,
)
from minieval.record.schema import record_schema
from minieval.record.statuses import FAILED, MISSING, OK, STATUSES, Status
from miniserve import traffic

SCHEMA = jsonschema.Draft202012Validator(json.loads(record_schema()))
PAIR = shadow_line(1, "He goed.", answered("A", "He went."), answered("B", "He goed."), queue_ms_B=0.1, cpu_ms_B=0.2)
SERVED = {**served_line(2, "B"), "edit_applied_B": True, "tokens_B": 4}

HEX32 = st.text("0123456789abcdef", min_size=32, max_size=32)
HEX64 = st.text("0123456789abcdef", min_size=64, max_size=64)
MS = st.none() | st.floats(0, LONGEST_MS) | st.sampled_from([0.0, 5e-324, LONGEST_MS])
TOKENS = st.none() | st.integers(0, MOST_TOKENS) | st.sampled_from([0, MOST_TOKENS])
ARMS = st.lists(
    st.from_regex(ARM_NAME, fullmatch=True), min_size=2, max_size=3, unique_by=str.lower
)  # the judge's columns have no case, so it refuses two names that differ in case only
TIME = st.datetimes().filter(lambda moment: 1000 <= moment.year < 3000)


def judge_reads(path: Path, arms: tuple[str, str] | None) -> list[tuple[Any, ...]]:
    """Return what the judge has of each record; raises EvalError if it refuses the log."""
    with open_log([path], arms) as log:
        found: list[tuple[Any, ...]] = log.all(
            "SELECT request, sentence, status_a, response_a, latency_a, status_b, response_b, latency_b FROM records"
        )
        assert (log.torn, log.lost) == (0, 0)
        return found


@st.composite
def results(draw: st.DrawFn, status: str, *, shadow: bool) -> ArmResult:
    """Return a result with this status; only a shadow has a queue."""
    ok = status == OK
    return ArmResult(
        status,  # type: ignore[arg-type]  # one of STATUSES
        response=draw(TEXT) if ok else None,
        edit_applied=draw(st.none() | st.booleans()),
        latency_ms=draw(MS.filter(lambda ms: ms is not None)) if ok else draw(MS),
        tokens=draw(TOKENS),
        queue_ms=draw(MS) if shadow else None,
        cpu_ms=draw(MS) if shadow else None,
        reason=draw(st.none() | TEXT) if shadow or not ok else None,
    )


@st.composite
def records(draw: st.DrawFn, strategy: Strategy, status: str) -> TrafficRecord:
    """Return a record under this strategy in which one arm has this status."""
    arms = draw(ARMS)
    served = arms[0]
    shadow = arms[1] if strategy == "shadow" and draw(st.integers(0, 9)) else None
    own, other = draw(st.permutations([status, draw(st.sampled_from(STATUSES))]))
    if shadow is None:
        own = status
    answers = {served: draw(results(own, shadow=False))}
    if shadow is not None:
        answers[shadow] = draw(results(other, shadow=True))
    return TrafficRecord(
        record_id=draw(HEX32),
        ts=draw(TIME).isoformat(timespec="microseconds") + "Z",
        request_id=draw(TEXT),
        trace_id=draw(HEX32),
        http_status=draw(st.integers(100, 599)),
        strategy=strategy,
        salt=draw(TEXT),
        config_sha=draw(HEX64),
        production_arm=served,
        shadow_arm=shadow,
        arm_shas={arm: draw(HEX64) for arm in arms},
        traffic_arm=served,
        sentence=draw(TEXT),
        results=answers,
    )


def values(record: TrafficRecord, arms: tuple[str, str]) -> tuple[Any, ...]:
    """Return what the judge has to read of a record."""
    nothing = (None, None, None)
    told = [
        (found.status, found.response, found.latency_ms) if (found := record.results.get(arm)) else nothing
        for arm in arms
    ]
    return (record.request_id, record.sentence, *told[0], *told[1])


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("status", STATUSES)
@settings(max_examples=5)
@given(data=st.data())
def test_whatever_the_server_writes_the_judge_the_schema_and_the_server_read(
    status: Status, strategy: Strategy, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    record = data.draw(records(strategy, status))
    line = to_line(record)
    path = written(tmp_path_factory.mktemp("log"), "traffic.log", [line])
    first, second, *_ = record.arm_shas
    arms = (first, second)

    assert parse_line(line) == record
    assert list(SCHEMA.iter_errors(json.loads(line))) == []
    assert judge_reads(path, arms) == [values(record, arms)]


@settings(max_examples=120)
@given(near=json_near(PAIR) | json_near(SERVED))
@example(near={key: value for key, value in PAIR.items() if key != "shadow_arm"})
@example(near={key: value for key, value in SERVED.items() if key != "shadow_arm"})
@example(near=[[None, None, None], {'000"\x1f\x1f\x1f\x1f\x80': None}])
@example(near={**PAIR, "latency_ms_B": 1e13})
@example(near={**PAIR, "tokens_B": -1})
@example(near={**PAIR, "tokens_B": 10**9 + 1})
@example(near={**PAIR, "tokens_B": 4.0})
@example(near={**PAIR, "tokens_B": 10**400})
@example(near={**PAIR, "queue_ms_B": 1e308})
@example(near={**PAIR, "strategy": "canary"})
@example(near={**PAIR, "traffic.arm": "B"})
@example(near={**PAIR, "ts": "2023-02-29T00:00:00Z"})
@example(near={**PAIR, "ts": "2024-02-29T23:59:59.9+00:00"})
@example(near={**PAIR, "ts": "2024-02-29T23:59:60Z"})
@example(near={**PAIR, "ts": "\u0662026-05-04T10:11:12Z"})
@example(near={**PAIR, "record_id": "1" * 32 + "\n"})
@example(near={**PAIR, "shadow_arm": "A", "arm_shas": {"A": "a" * 64}})
@example(near={**PAIR, "arm_shas": {}})
@example(near={**PAIR, "arm_shas": {"A": "a" * 64, "B": "b" * 64, "not a name": "c" * 64}})
@example(near={**SERVED, "production_arm": "B" * 40, "traffic.arm": "B" * 40})
@example(near={**PAIR, "schema": True})
@example(near={**PAIR, "schema": 1.0})
@example(near={**PAIR, "http_status": 1000})
def test_the_judge_reads_a_line_exactly_if_the_server_does(
    near: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        line = json.dumps(near, allow_nan=False).encode() + b"\n"
    except ValueError:  # NaN and infinities are no JSON; under a key that is not read, the database does not mind them
        assume(False)
    path = written(tmp_path_factory.mktemp("log"), "traffic.log", [line])

    try:
        found = len(judge_reads(path, ("A", "B")))
    except EvalError:
        found = 0

    try:
        record = parse_line(line)
    except RecordError:
        assert found == 0
    else:
        # Of an arm that is not judged, the judge reads no key.
        assert found == 1
        assert SCHEMA.is_valid(_without_other_arms(json.loads(line), {*record.results}))
        event("read")


def _without_other_arms(line: Line, arms: set[str]) -> Line:
    """Return the line without keys of arms that did not run: they are never read."""
    per_arm = tuple(f"{name}_" for name in ArmResult.__struct_fields__)
    return {key: value for key, value in line.items() if not key.startswith(per_arm) or key.rpartition("_")[2] in arms}


def test_the_routers_strategies_and_arm_names_are_the_records() -> None:
    assert tuple(traffic.Strategy) == STRATEGIES == get_args(Strategy)
    assert traffic.ARM_NAME.pattern == ARM_NAME


def test_every_status_is_exactly_one_of_ok_failed_and_missing() -> None:
    assert sorted([OK, *FAILED, *MISSING]) == sorted(STATUSES) == sorted(get_args(Status))


@given(count=st.integers(0, 10**18 - 1))
def test_a_loss_line_is_read_as_its_count_and_not_as_a_record(count: int) -> None:
    line = loss_line(count, "2026-05-04T10:11:12.345678Z")

    assert lost_records(line.removesuffix(b"\n")) == count
    with pytest.raises(RecordError):
        parse_line(line)
    assert begun_id(line) is None
