"""Limits on the memory that a client can make the server hold, and on the time that it can make it wait."""

from dataclasses import dataclass

KB = 1024
# Request line and headers together; a larger head is 431. The same as nginx's default of four buffers of 8 KB.
MAX_HEAD_BYTES = 32 * KB
# Each header costs about 150 bytes of Python objects, so that 32 KB of one-letter headers would take over 1 MB.
MAX_HEADERS = 256
# The framing of a chunked body: sizes, extensions and trailers. The largest body that the application accepts, 10 KB,
# may come in chunks of one byte, which need 50 KB of framing.
MAX_FRAMING_BYTES = 64 * KB
# How much is parsed at once. Small, because pipelined requests of 26 bytes become objects of about 2 KB each.
PARSED_AT_ONCE_BYTES = 2 * KB
# Reading from a client pauses while this much waits for the application, or for the answer to an earlier request.
HIGH_WATER_BYTES = 64 * KB
# After an early response, a body of up to this size is read and discarded, and the connection stays open. With a larger
# body, the connection closes after the response.
MAX_DRAINED_BYTES = 64 * KB
# Before closing, up to this much is read and discarded: closing with unread bytes sends a reset, which may overtake the
# response (RFC 9112, section 9.6).
MAX_DISCARDED_BYTES = 2 * KB * KB
# The time for an unfinished body at shutdown. Less than the grace period in ports.py, so that it gets an answer.
SHUTDOWN_BODY_S = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that may differ between servers; times in seconds."""

    head_s: float
    body_s: float
    max_connections: int
    # How long a connection may be silent between two requests.
    idle_s: float = 5.0
    # How long a closing connection is still read from; see MAX_DISCARDED_BYTES.
    linger_s: float = 2.0
    # The application answers 408 itself; the connection waits this much longer before it gives up on a body.
    body_slack_s: float = 1.0

    @property
    def write_s(self) -> float:
        """How long a client may leave a response unread: as long as it may take to send a body."""
        return self.body_s
