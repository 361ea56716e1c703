"""Turns bytes into requests: httptools parses, and this module checks what httptools leaves to its caller.

That is the sizes of heads and framing, Host, transfer codings, upgrades and trailers. No input or output.
"""

import re
import urllib.parse
from http import HTTPStatus
from typing import Protocol

import httptools
import msgspec

from miniserve.http.protocol.limits import MAX_FRAMING_BYTES, MAX_HEAD_BYTES, MAX_HEADERS

Headers = list[tuple[bytes, bytes]]
# uri-host [ ":" port ], possibly empty (RFC 9110, section 7.2).
_HOST = re.compile(rb"[A-Za-z0-9\-._~%!$&'()*+,;=:\[\]]*")
# The headers that decide how the request is read; the others are passed on without a look.
_FRAMING = frozenset((b"host", b"content-length", b"transfer-encoding", b"expect"))
_AROUND_HEADER = len(b": \r\n")


class BadRequest(Exception):
    """The client's bytes are refused before the application sees them."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Head(msgspec.Struct, frozen=True):
    """A request up to its body. `length` is the announced size of the body in bytes, None for a chunked one.

    A msgspec.Struct because a frozen dataclass takes 2 us to make, a tenth of what this package spends on a request.
    """

    method: str
    path: str
    raw_path: bytes
    query: bytes
    version: str
    headers: Headers
    length: int | None
    keep_alive: bool
    expects_continue: bool


class Events(Protocol):
    """The callbacks of the parser."""

    def on_head(self, head: Head) -> None:
        """Begin a request."""

    def on_body(self, data: bytes) -> None:
        """Add to its body."""

    def on_end(self) -> None:
        """End the request."""


class RequestParser:
    """Parses the requests of one connection, one after the other."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._parser = httptools.HttpRequestParser(self)
        self._refusal: BadRequest | None = None
        # Set by a request after which the connection closes; what follows it is not parsed.
        self.finished = False
        self._in_head = True
        self._upgrading = False
        self._keep_alive = True
        self._raw_bytes = 0
        self._head_bytes = 0
        self._framing_bytes = 0
        self._chunked = False
        self._method = self._url = b""
        self._version = ""
        self._headers: Headers = []

    @property
    def between_requests(self) -> bool:
        """Whether no byte of the next request has arrived."""
        return self._in_head and not self._raw_bytes and not self._head_bytes

    def feed(self, data: bytes) -> None:
        """Parse some bytes and call the events; raises BadRequest, after which nothing more can be parsed."""
        if self.finished:
            return
        if self._in_head:
            self._raw_bytes += len(data)
        elif self._chunked:
            self._framing_bytes += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            if not self.finished:
                raise self._refusal or BadRequest(HTTPStatus.BAD_REQUEST, f"not HTTP/1.1: {error}") from None
        if self._in_head and max(self._raw_bytes, self._head_bytes) > MAX_HEAD_BYTES:
            raise _head_too_large()
        if self._chunked and self._framing_bytes > MAX_FRAMING_BYTES:
            raise BadRequest(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"chunk sizes, extensions and trailers are over {MAX_FRAMING_BYTES} bytes: expected less",
            )

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # httptools treats the rest as another protocol. We support none, so the offer is ignored (RFC 9110,
            # section 7.8): a new parser gets the head without the Upgrade header, and the rest as the body.
            self._upgrading = False
            self._parser, again = httptools.HttpRequestParser(self), self._head_without_upgrade()
            self._parser.feed_data(again)
            if rest := data[upgrade.args[0] :]:
                self._feed(rest)

    def _head_without_upgrade(self) -> bytes:
        lines = [b"%s %s HTTP/%s" % (self._method, self._url, self._version.encode())]
        lines += [b"%s: %s" % header for header in self._headers if header[0] != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Begin a head."""
        if self.finished:
            raise httptools.HttpParserError
        self._url, self._headers, self._head_bytes = b"", [], 1

    def on_url(self, url: bytes) -> None:
        """Add to the request target, which may come in parts."""
        self._url += url
        self._head_bytes += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header. A trailer is dropped: it may not change what the head said (RFC 9110, section 6.5.1)."""
        if not self._in_head:
            return
        self._head_bytes += len(name) + len(value) + _AROUND_HEADER
        self._headers.append((name.lower(), value))
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(_head_too_large())
        if len(self._headers) > MAX_HEADERS:
            self._refuse(BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"over {MAX_HEADERS} headers"))

    def on_headers_complete(self) -> None:
        """Check the head as a whole, and begin the request."""
        self._method, self._version = self._parser.get_method(), self._parser.get_http_version()
        if self._parser.should_upgrade():
            if self._method == b"CONNECT":
                self._refuse(BadRequest(HTTPStatus.NOT_IMPLEMENTED, "CONNECT: this server is not a proxy"))
            self._upgrading = True
            return
        try:
            head = self._head()
        except BadRequest as refusal:
            self._refuse(refusal)
        self._in_head, self._chunked = False, head.length is None
        self._raw_bytes = self._framing_bytes = 0
        self._keep_alive = head.keep_alive
        self._events.on_head(head)

    def on_body(self, data: bytes) -> None:
        """Add to the body."""
        self._framing_bytes -= len(data)
        self._events.on_body(data)

    def on_message_complete(self) -> None:
        """End the request; the next byte starts a head."""
        if self._upgrading:
            return
        self._in_head, self._chunked, self._head_bytes = True, False, 0
        self.finished = not self._keep_alive
        self._events.on_end()

    def _head(self) -> Head:
        if self._version not in ("1.0", "1.1"):
            raise BadRequest(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"HTTP/{self._version}: expected HTTP/1.1")
        length: int | None = 0
        hosts, expects_continue = [], False
        for name, value in self._headers:
            if name not in _FRAMING:
                continue
            if name == b"host":
                hosts.append(value)
            elif name == b"content-length":
                length = int(value)  # digits only: the parser has checked
            elif name == b"transfer-encoding":
                length = None
                self._check_coding(value)
            elif name == b"expect":
                expects_continue = self._version == "1.1" and value.lower() == b"100-continue"
        if len(hosts) > 1 or (not hosts and self._version == "1.1"):
            raise BadRequest(HTTPStatus.BAD_REQUEST, f"{len(hosts)} Host headers: expected one")
        if hosts and not _HOST.fullmatch(hosts[0]):
            raise BadRequest(HTTPStatus.BAD_REQUEST, "the Host header is not a host name: expected NAME or NAME:PORT")
        try:
            url = httptools.parse_url(self._url)
            raw_path = url.path or b"/"
            path = raw_path.decode("ascii")
        except (httptools.HttpParserInvalidURLError, UnicodeDecodeError):
            raise BadRequest(HTTPStatus.BAD_REQUEST, "the request target is not a path: expected /...") from None
        return Head(
            method=self._method.decode("ascii"),
            path=urllib.parse.unquote(path) if "%" in path else path,
            raw_path=raw_path,
            query=url.query or b"",
            version=self._version,
            headers=self._headers,
            length=length,
            # Keeping an HTTP/1.0 connection open would need a Connection: keep-alive header in the response; no client
            # is known to need it.
            keep_alive=self._version == "1.1" and self._parser.should_keep_alive(),
            expects_continue=expects_continue,
        )

    def _check_coding(self, coding: bytes) -> None:
        if self._version == "1.0":
            raise BadRequest(HTTPStatus.BAD_REQUEST, "Transfer-Encoding under HTTP/1.0: expected Content-Length")
        if coding.lower() != b"chunked":
            raise BadRequest(HTTPStatus.NOT_IMPLEMENTED, "the transfer coding is unknown: expected chunked")

    def _refuse(self, refusal: BadRequest) -> None:
        # httptools replaces any exception of a callback by its own error, so keep the reason for `feed`.
        self._refusal = refusal
        raise refusal


def _head_too_large() -> BadRequest:
    return BadRequest(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        f"request line and headers are over {MAX_HEAD_BYTES} bytes: expected less",
    )
