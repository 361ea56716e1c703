"""The wire between the server and a worker process: a 4-byte big-endian length, then msgspec JSON of at most 64 KB.

Pure. The server sends only `Ask`: a sequence number and the prompt. Anything that is not one of these messages violates
the protocol, and the server kills the worker. A well-formed answer with impossible numbers or text is bad output, see
`answer_of`.
"""

from typing import Literal

import msgspec

from minieval.record.record import LONGEST_MS, MOST_TOKENS
from miniserve.arms.arm import Answer, usable_text
from miniserve.errors import ArmRaised, BadOutput

HEADER_BYTES = 4
# An answer of 2,000 characters takes at most 12 KB as escaped JSON; a larger frame is not an answer.
MAX_FRAME_BYTES = 64 * 1024
MAX_REASON_CHARS = 1_000


class FrameError(ValueError):
    """The bytes are not one of our messages."""


class Ask(msgspec.Struct, tag="ask", frozen=True, forbid_unknown_fields=True):
    """Answer this prompt."""

    seq: int
    prompt: str


class Ready(msgspec.Struct, tag="ready", frozen=True, forbid_unknown_fields=True):
    """The worker has loaded its arm."""

    engine: str


class Failed(msgspec.Struct, tag="failed", frozen=True, forbid_unknown_fields=True):
    """The worker is about to exit, for this reason."""

    reason: str


class Answered(msgspec.Struct, tag="answered", frozen=True, forbid_unknown_fields=True):
    """The arm's answer, with the milliseconds of service and of CPU that it took."""

    seq: int
    text: str
    edit_applied: bool
    # Deliberately wide, here and below: a number out of range is bad output (see answer_of), not a protocol violation.
    tokens: int | float
    service_ms: int | float
    cpu_ms: int | float


class Refused(msgspec.Struct, tag="refused", frozen=True, forbid_unknown_fields=True):
    """The arm gave no usable answer."""

    seq: int
    status: Literal["error", "bad_output"]
    reason: str
    service_ms: int | float
    cpu_ms: int | float


FromWorker = Ready | Failed | Answered | Refused
_encoder = msgspec.json.Encoder()
_from_server = msgspec.json.Decoder(Ask)
_from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)


def encode(message: Ask | FromWorker) -> bytes:
    """Return the frame of a message; raises FrameError if it is over the limit or cannot be written as JSON."""
    try:
        payload = _encoder.encode(message)
    except (OverflowError, ValueError) as error:  # an integer beyond 64 bits, text that is not valid UTF-8
        raise FrameError(f"a {type(message).__name__.lower()} that JSON cannot hold: {error}") from error
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {len(payload)} bytes: expected at most {MAX_FRAME_BYTES}")
    return len(payload).to_bytes(HEADER_BYTES, "big") + payload


def payload_length(header: bytes) -> int:
    """Return the length that a header announces; raises FrameError if it is over the limit."""
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {length} bytes announced: expected at most {MAX_FRAME_BYTES}")
    return length


def decode_ask(payload: bytes) -> Ask:
    """Read what the server sent; raises FrameError for anything else."""
    try:
        return _from_server.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"not an ask: {error}") from error


def decode_from_worker(payload: bytes) -> FromWorker:
    """Read what the worker sent; raises FrameError for anything else."""
    try:
        return _from_worker.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"not a message of a worker: {error}") from error


def answer_of(reply: Answered | Refused) -> Answer:
    """Return the answer in a reply; raises ArmRaised or BadOutput, with the times that the worker reported.

    B's code may have changed anything in the worker, so text, times and counts are checked again here.
    """
    service_ms = _checked("service_ms", reply.service_ms, LONGEST_MS)
    cpu_ms = _checked("cpu_ms", reply.cpu_ms, LONGEST_MS)
    if isinstance(reply, Refused):
        kind = BadOutput if reply.status == "bad_output" else ArmRaised
        reason = reply.reason[:MAX_REASON_CHARS]
        raise kind(reason, reason=reason, service_ms=service_ms, cpu_ms=cpu_ms)
    try:
        return Answer(usable_text(reply.text), reply.edit_applied, _tokens(reply.tokens), service_ms, cpu_ms)
    except BadOutput as error:
        raise BadOutput(str(error), service_ms=service_ms, cpu_ms=cpu_ms) from None


def _tokens(value: float) -> int:
    if not (tokens := _checked("tokens", value, MOST_TOKENS)).is_integer():
        raise BadOutput(f"tokens is {tokens:g}: expected a whole number")
    return int(tokens)


def _checked(name: str, value: float, largest: float) -> float:
    """Return the worker's number as a float; raises BadOutput unless it is from 0 to `largest`."""
    # Compare before converting: float() of an integer with 401 digits raises OverflowError.
    if not 0 <= value <= largest:
        shown = f"a number of {value.bit_length()} bits" if isinstance(value, int) and abs(value) > largest else value
        raise BadOutput(f"{name} is {shown}: expected a number from 0 to {largest:g}")
    return float(value)
