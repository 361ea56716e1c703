"""Real OTLP receivers over gRPC and HTTP, in the test's process; a test can make them hang or refuse."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TIMEOUT_S = 30.0


@dataclass
class Receiver:
    """An OTLP endpoint and the spans that it received."""

    protocol: str
    endpoint: str = ""
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    # While `answering` is cleared, exports hang; `asked` is set once one arrives.
    answering: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    refusing: bool = False
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def environ(self) -> dict[str, str]:
        """The standard variables that point an exporter to this endpoint."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": self.protocol}

    def receive(self, request: ExportTraceServiceRequest) -> bool:
        """Store an export, and return whether it is accepted."""
        self.asked.set()
        self.answering.wait()
        if self.refusing:
            return False
        with self._arrived:
            for resource in request.resource_spans:
                self.services.add(attributes(resource.resource.attributes)["service.name"])
                for scope in resource.scope_spans:
                    self.spans.extend(scope.spans)
            self._arrived.notify_all()
        return True

    def wait_for(self, count: int, name: str = "") -> list[Span]:
        """Wait until that many spans (of that name) have arrived, and return them."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.named(name)) >= count, TIMEOUT_S):
                raise AssertionError(f"{len(self.named(name))} of {count} spans {name!r} after {TIMEOUT_S} s")
            return self.named(name)

    def named(self, name: str) -> list[Span]:
        """Return the spans of that name, or all spans if it is empty."""
        return [span for span in self.spans if not name or span.name == name]


class Receive(Protocol):
    """Makes a receiver."""

    def __call__(self, protocol: str) -> Receiver: ...


def attributes(pairs: Any) -> dict[str, Any]:  # noqa: ANN401 - protobuf's repeated field is typed in stubs only
    """Return OTLP attributes as a mapping."""
    found: list[KeyValue] = list(pairs)
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in found}


@contextmanager
def receiver(protocol: str) -> Iterator[Receiver]:
    """Receive spans by `grpc` or `http/protobuf` on a free loopback port."""
    receiving = Receiver(protocol)
    receiving.answering.set()
    with _grpc(receiving) if protocol == "grpc" else _http(receiving) as port:
        receiving.endpoint = f"http://127.0.0.1:{port}"
        try:
            yield receiving
        finally:
            receiving.answering.set()


@contextmanager
def _grpc(receiving: Receiver) -> Iterator[int]:
    class Service(TraceServiceServicer):
        def Export(  # noqa: N802 - the name that the protocol gives it
            self, request: ExportTraceServiceRequest, context: grpc.ServicerContext
        ) -> ExportTraceServiceResponse:
            if not receiving.receive(request):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "refused")
            return ExportTraceServiceResponse()

    server = grpc.server(ThreadPoolExecutor(4))
    add_TraceServiceServicer_to_server(Service(), server)  # type: ignore[no-untyped-call]  # generated code
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        receiving.answering.set()
        server.stop(grace=None).wait()


@contextmanager
def _http(receiving: Receiver) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            right = (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
            accepted = right and receiving.receive(ExportTraceServiceRequest.FromString(body))
            self.send_response(200 if accepted else 400)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            receiving.answering.set()
            server.shutdown()
            thread.join()
