"""Writing a line: byte for byte as it was before, and no value of an arm can break it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.miniserve.log.test_records import OK, RECORD, SHADOWED, SINGLE

from minieval.grading.identity import REPOSITORY
from minieval.record.line import checked_result, parse_line, to_line
from minieval.record.record import LONGEST_LINE, LONGEST_MS, LONGEST_REASON, MOST_TOKENS, ArmResult, RecordError
from minieval.record.statuses import STATUSES

LOGS = sorted((REPOSITORY / "experiments" / "38-shadow-ab").glob("**/traffic.log"))
# What a worker may claim: numbers beyond every limit, and text that UTF-8 does not have.
INTEGERS = st.integers() | st.sampled_from([10**400, -(10**400), 2**63])
NUMBERS = st.floats() | INTEGERS | st.sampled_from([1e308])
TEXTS = st.text() | st.sampled_from(["\ud800", "x" * (LONGEST_LINE + 1), "\x00"])


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.parent.name)
def test_the_labs_lines_are_written_again_byte_for_byte(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)

    assert [to_line(parse_line(line)) for line in lines] == lines
    assert len(lines) == 400


@given(
    st.builds(
        ArmResult,
        st.sampled_from(STATUSES),
        st.none() | TEXTS,
        st.none() | st.booleans(),
        st.none() | NUMBERS,
        st.none() | INTEGERS,
        st.none() | NUMBERS,
        st.none() | NUMBERS,
        st.none() | TEXTS,
    )
)
@example(replace(SHADOWED, tokens=10**400))
@example(replace(SHADOWED, latency_ms=1e308))
@example(replace(SHADOWED, cpu_ms=float("nan")))
@example(replace(SHADOWED, response="\ud800"))
@example(ArmResult("error", reason="\ud800"))
def test_no_value_of_an_arm_can_make_an_invalid_line(claimed: ArmResult) -> None:
    checked = checked_result(claimed)
    read = parse_line(to_line(replace(RECORD, results={"A": OK, "B": claimed})))
    again = parse_line(to_line(replace(RECORD, results={"A": OK, "B": checked})))

    assert read.results["B"].status in {claimed.status, "bad_output"}
    assert again.results["B"] == checked or len(checked.response or "") > LONGEST_LINE / 10


def test_a_number_too_long_to_print_is_named_by_its_size() -> None:
    huge = replace(SHADOWED, tokens=10**5000)

    assert "tokens is a whole number of 16610 bits" in str(checked_result(huge).reason)
    assert parse_line(to_line(replace(RECORD, results={"A": OK, "B": huge}))).results["B"].status == "bad_output"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tokens": -1}, f"tokens is -1: expected a whole number from 0 to {MOST_TOKENS}, or null"),
        ({"tokens": 10**400}, "tokens is a whole number of 1329 bits"),
        ({"tokens": 1.5}, "tokens is 1.5"),
        ({"tokens": True}, "tokens is True"),
        ({"latency_ms": 1e308}, "latency_ms is 1e+308: expected milliseconds from 0 to 1e+12"),
        ({"latency_ms": float("nan")}, "latency_ms is nan"),
        ({"queue_ms": float("inf")}, "queue_ms is inf"),
        ({"cpu_ms": -0.1}, "cpu_ms is -0.1"),
        ({"response": "\ud800"}, "response is not valid UTF-8"),
        ({"response": None}, "response is None"),
        ({"latency_ms": None}, "latency_ms is None"),
        ({"status": "fine"}, "status is 'fine'"),
    ],
)
def test_a_result_that_no_line_can_carry_becomes_bad_output_with_the_value_as_its_reason(
    change: dict[str, Any], reason: str
) -> None:
    checked = checked_result(replace(SHADOWED, **change))

    assert (checked.status, checked.response, checked.tokens) == ("bad_output", None, None)
    assert reason in str(checked.reason)
    assert checked.queue_ms == (None if "queue_ms" in change else SHADOWED.queue_ms)


@given(st.floats(0, LONGEST_MS), st.integers(0, MOST_TOKENS))
def test_a_usable_result_is_left_as_it_is(ms: float, tokens: int) -> None:
    usable = replace(SHADOWED, latency_ms=ms, queue_ms=ms, cpu_ms=ms, tokens=tokens)

    assert checked_result(usable) is usable


def test_a_long_reason_is_cut_and_an_answer_beyond_the_longest_line_is_bad_output() -> None:
    wordy = checked_result(ArmResult("error", reason="x" * 10**6))
    huge = parse_line(to_line(replace(RECORD, results={"A": OK, "B": replace(SHADOWED, response="x" * LONGEST_LINE)})))

    assert len(wordy.reason or "") == LONGEST_REASON
    assert huge.results["B"].status == "bad_output"
    assert "bytes" in str(huge.results["B"].reason)


@pytest.mark.parametrize("sentence", ["\ud800", "x" * LONGEST_LINE])
def test_a_record_whose_own_text_no_line_can_carry_is_refused(sentence: str) -> None:
    with pytest.raises(RecordError, match=f"record {SINGLE.record_id} "):
        to_line(replace(SINGLE, sentence=sentence))


def test_a_line_longer_than_the_limit_is_refused_before_it_is_parsed() -> None:
    line = json.dumps({**json.loads(to_line(SINGLE)), "sentence": "x" * LONGEST_LINE}).encode()

    with pytest.raises(RecordError, match="bytes: expected at most"):
        parse_line(line)
