"""The protocol of the shadow worker: anything but our messages is refused."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniserve.arms.arm import Answer
from miniserve.errors import ArmError, ArmRaised, BadOutput
from miniserve.hosting import frames

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=500)


@given(seq=st.integers(0, 2**53), prompt=TEXT)
def test_an_ask_round_trips(seq: int, prompt: str) -> None:
    frame = frames.encode(frames.Ask(seq, prompt))
    header, payload = frame[: frames.HEADER_BYTES], frame[frames.HEADER_BYTES :]

    assert frames.payload_length(header) == len(payload)
    assert frames.decode_ask(payload) == frames.Ask(seq, prompt)


def test_an_ask_carries_a_number_and_the_prompt_and_nothing_else() -> None:
    payload = frames.encode(frames.Ask(7, "He goed home."))[frames.HEADER_BYTES :]

    assert payload == b'{"type":"ask","seq":7,"prompt":"He goed home."}'


@pytest.mark.parametrize(
    "message",
    [
        frames.Ready("ctranslate2"),
        frames.Failed("OSError: no"),
        frames.Answered(1, "He went home.", True, 4, 0.9, 0.8),
        frames.Refused(1, "bad_output", "an empty answer", 0.9, 0.8),
    ],
)
def test_a_workers_message_round_trips(message: frames.FromWorker) -> None:
    assert frames.decode_from_worker(frames.encode(message)[frames.HEADER_BYTES :]) == message


def test_an_oversized_message_is_refused_before_it_is_sent() -> None:
    with pytest.raises(frames.FrameError, match="expected at most 65536"):
        frames.encode(frames.Ask(1, "x" * 70_000))


def test_an_oversized_announcement_is_refused_before_it_is_read() -> None:
    with pytest.raises(frames.FrameError, match="4294967295 bytes announced"):
        frames.payload_length(b"\xff\xff\xff\xff")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"type":"answered","seq":1,"text":5,"edit_applied":true,"tokens":1,"service_ms":1,"cpu_ms":1}',
        b'{"type":"answered","seq":1,"text":"x","edit_applied":true,"tokens":1,"service_ms":1,"cpu_ms":1,"header":"x"}',
        b'{"type":"refused","seq":1,"status":"ok","reason":"","service_ms":1,"cpu_ms":1}',
        b'{"type":"ask","seq":1,"prompt":"x"}',
    ],
)
def test_a_message_of_another_shape_is_refused(payload: bytes) -> None:
    with pytest.raises(frames.FrameError):
        frames.decode_from_worker(payload)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_frame_error(payload: bytes) -> None:
    with pytest.raises(frames.FrameError):
        frames.decode_from_worker(payload)
    with pytest.raises(frames.FrameError):
        frames.decode_ask(payload)


@pytest.mark.parametrize(
    "reply",
    [
        frames.Answered(1, "x", True, -1, 1.0, 1.0),
        frames.Answered(1, "x", True, 10**400, 1.0, 1.0),
        frames.Answered(1, "x", True, 1.5, 1.0, 1.0),
        frames.Answered(1, "x", True, 1, -1.0, 1.0),
        frames.Answered(1, "x", True, 1, 1e308, 1.0),
        frames.Answered(1, "x", True, 1, 1.0, 10**400),
        frames.Answered(1, "x", True, 1, float("nan"), 1.0),
        frames.Refused(1, "error", "boom", float("inf"), 1.0),
    ],
)
def test_a_number_out_of_range_is_bad_output(reply: frames.Answered | frames.Refused) -> None:
    with pytest.raises(BadOutput, match=r"expected a (whole )?number"):
        frames.answer_of(reply)


def test_an_answer_in_range_keeps_what_the_worker_measured() -> None:
    answer = frames.answer_of(frames.Answered(1, "He went home.", True, 4, 0.9, 0.8))

    assert answer == Answer("He went home.", edit_applied=True, tokens=4, service_ms=0.9, cpu_ms=0.8)


@pytest.mark.parametrize(("status", "kind"), [("error", ArmRaised), ("bad_output", BadOutput)])
def test_a_refusal_keeps_its_reason_and_times(status: Literal["error", "bad_output"], kind: type[ArmError]) -> None:
    with pytest.raises(kind) as refused:
        frames.answer_of(frames.Refused(1, status, "ArmRaised: boom", 0.9, 0.8))

    assert (refused.value.reason, refused.value.service_ms, refused.value.cpu_ms) == ("ArmRaised: boom", 0.9, 0.8)
