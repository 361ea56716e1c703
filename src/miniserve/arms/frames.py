"""The wire between the server and its shadow worker: a 4-byte big-endian length, then msgspec JSON of at most 64 KB.

Pure. The server sends `Ask` and nothing else: a sequence number and the sentence. Anything that is not one of these
messages is a violation, and a violation ends the worker.
"""

from typing import Annotated, Literal

import msgspec

HEADER_BYTES = 4
Count = Annotated[int, msgspec.Meta(ge=0)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0)]
Words = Annotated[str, msgspec.Meta(max_length=1_000)]
MAX_FRAME_BYTES = 64 * 1024


class FrameError(ValueError):
    """What came over the wire is not one of our messages."""


class Ask(msgspec.Struct, tag="ask", frozen=True, forbid_unknown_fields=True):
    """Answer this sentence."""

    seq: int
    sentence: str


class Ready(msgspec.Struct, tag="ready", frozen=True, forbid_unknown_fields=True):
    """The worker has loaded its arm."""

    engine: Words


class Failed(msgspec.Struct, tag="failed", frozen=True, forbid_unknown_fields=True):
    """The worker is about to exit, and says why."""

    reason: Words


class Answered(msgspec.Struct, tag="answered", frozen=True, forbid_unknown_fields=True):
    """The arm's answer, with the milliseconds of service and of CPU that it took."""

    seq: int
    text: str
    edit_applied: bool
    tokens: Count
    service_ms: Milliseconds
    cpu_ms: Milliseconds


class Refused(msgspec.Struct, tag="refused", frozen=True, forbid_unknown_fields=True):
    """The arm gave no usable answer."""

    seq: int
    status: Literal["error", "bad_output"]
    reason: Words
    service_ms: Milliseconds
    cpu_ms: Milliseconds


FromWorker = Ready | Failed | Answered | Refused
_encoder = msgspec.json.Encoder()
_from_server = msgspec.json.Decoder(Ask)
_from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)


def encode(message: Ask | FromWorker) -> bytes:
    """Return the frame of a message; raises FrameError when it is over the limit."""
    payload = _encoder.encode(message)
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {len(payload)} bytes: expected at most {MAX_FRAME_BYTES}")
    return len(payload).to_bytes(HEADER_BYTES, "big") + payload


def payload_length(header: bytes) -> int:
    """Return the length that a header announces; raises FrameError when it is over the limit."""
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
