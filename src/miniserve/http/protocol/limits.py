"""What a client may make the server hold, and how long it may make it wait."""

from dataclasses import dataclass

KB = 1024
# Request line and headers together; beyond it 431. The same as nginx's default of four buffers of 8 KB.
MAX_HEAD_BYTES = 32 * KB
# Each header costs about 150 bytes of Python objects, so that 32 KB of one-letter headers would take over 1 MB.
MAX_HEADERS = 256
# What frames a chunked body: sizes, extensions and trailers. The largest body that the application takes, 10 KB, may
# still come in chunks of one byte, which need 50 KB of framing.
MAX_FRAMING_BYTES = 64 * KB
# What is parsed at once. Small, because pipelined requests of 26 bytes become objects of about 2 KB each.
PARSED_AT_ONCE_BYTES = 2 * KB
# A client is not read from while this much waits for the application, or for the answer to an earlier request.
HIGH_WATER_BYTES = 64 * KB
# An announced body of up to this size is read and thrown away after an early answer, and the connection lives on.
# After the answer to a larger one the connection closes.
MAX_DRAINED_BYTES = 64 * KB
# A connection that closes is read from a little longer: closing with unread bytes sends a reset, and a reset may
# overtake the answer (RFC 9112, section 9.6).
MAX_DISCARDED_BYTES = 2 * KB * KB
# At shutdown an unfinished body gets this long. It is less than the grace that ports.py gives everything.
SHUTDOWN_BODY_S = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that settings decide; times in seconds."""

    head_s: float
    body_s: float
    max_connections: int
    # How long a connection may be silent between two requests.
    idle_s: float = 5.0
    # How long a connection that closes is still read from; see MAX_DISCARDED_BYTES.
    linger_s: float = 2.0

    # How much later than the application, which answers 408 itself, the connection gives up waiting for a body.
    body_slack_s: float = 1.0

    @property
    def write_s(self) -> float:
        """How long a client may leave an answer unread: as long as it may take to send a body."""
        return self.body_s
