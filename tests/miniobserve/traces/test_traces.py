"""The local span file, W3C context in and out, and errors that must not reach a request."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.trace.span import TraceState

from miniobserve.traces.spans import Span, SpanSource, Trace
from miniobserve.traces.traces import Traces, incoming_context, outgoing_headers


def _start(traces: Traces, name: str = "http.handler", incoming: Context | None = None) -> Span:
    return traces.source.start(name, incoming or Context(), SpanKind.SERVER)


def _record_spans(path: Path, count: int, dropped: list[int]) -> None:
    traces = Traces("test", path, dropped.append)
    for number in range(count):
        _start(traces, f"span {number}").end()
    traces.close()


def test_spans_are_json_lines_in_the_local_file(tmp_path: Path) -> None:
    path = tmp_path / "state" / "spans.jsonl"

    _record_spans(path, 3, dropped=[])

    spans = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [span["name"] for span in spans] == ["span 0", "span 1", "span 2"]
    assert {span["resource"]["attributes"]["service.name"] for span in spans} == {"test"}


def test_the_local_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    _record_spans(tmp_path / "spans.jsonl", 1, dropped=[])

    assert (tmp_path / "spans.jsonl").stat().st_mode & 0o077 == 0


def test_a_full_local_file_is_kept_once_and_begun_afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 32 MB of spans would take the suite a minute, so the bound is lowered.
    monkeypatch.setattr("miniobserve.traces.span_file.MAX_FILE_BYTES", 2_000)
    path = tmp_path / "spans.jsonl"

    for _ in range(8):
        _record_spans(path, 2, dropped=[])

    assert {file.name for file in tmp_path.iterdir()} == {"spans.jsonl", "spans.jsonl.1"}
    assert all(file.stat().st_size <= 2_000 for file in tmp_path.iterdir())


def test_spans_that_cannot_be_written_are_counted_not_raised(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    path.mkdir()
    dropped: list[int] = []

    _record_spans(path, 3, dropped)

    assert sum(dropped) == 3


def test_text_that_utf8_cannot_encode_costs_no_span(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    traces = Traces("test", path, lambda _: None)
    with pytest.raises(OSError, match="no such file"), _start(traces):
        raise OSError("no such file: \udcff")
    traces.close()

    (line,) = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["status"]["description"] == "OSError: no such file: \\udcff"


def test_a_span_cut_short_by_a_full_disk_does_not_damage_the_next(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    # Runs in its own process, with a limit on file size that cuts a line short.
    program = f"""
import resource, signal
from pathlib import Path
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from miniobserve.traces.traces import Traces

def record(name):
    dropped = []
    traces = Traces("test", Path({str(path)!r}), dropped.append)
    for _ in range(20):
        traces.source.start(name, Context(), SpanKind.SERVER).end()
    traces.close()
    return sum(dropped)

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, limits[1]))
cut = record("cut")
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
print(cut, record("whole"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["20", "0"]
    assert [json.loads(line)["name"] for line in path.read_text(encoding="utf-8").splitlines()] == ["whole"] * 20


def test_a_span_continues_the_context_it_was_handed(tmp_path: Path) -> None:
    traces = Traces("test", tmp_path / "spans.jsonl", lambda _: None)
    sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    span = _start(traces, incoming=incoming_context({"traceparent": sent}))
    traces.close()

    assert span.ids["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert span.ids["span_id"] != "b7ad6b7169203331"
    assert dict(outgoing_headers(span))[b"traceparent"].decode().split("-")[1:3] == list(span.ids.values())


@pytest.mark.parametrize("header", ["", "nonsense", "00-0-0-01", "ff-" + "0" * 32 + "-" + "0" * 16 + "-01", "é" * 99])
def test_a_malformed_traceparent_starts_a_trace_of_its_own(header: str, tmp_path: Path) -> None:
    traces = Traces("test", tmp_path / "spans.jsonl", lambda _: None)

    span = _start(traces, incoming=incoming_context({"traceparent": header}))
    traces.close()

    assert int(span.trace.id, 16) != 0
    assert span.parent_id is None


@pytest.mark.parametrize(
    ("trace", "span_id"),
    [
        (Trace("0" * 31 + "1", TraceFlags(0), TraceState(), exported=False), "0" * 15 + "2"),
        (Trace("f" * 32, TraceFlags(3), TraceState(), exported=True), "f" * 16),
        (Trace("0a" * 16, TraceFlags(1), TraceState([("vendor", "a=b"), ("t@v", "x")]), exported=True), "b0" * 8),
        (Trace("0" * 32, TraceFlags(0), TraceState(), exported=False), "0" * 16),
    ],
)
def test_outgoing_headers_equal_those_of_opentelemetrys_propagator(trace: Trace, span_id: str) -> None:
    span = Span(
        SpanSource(None, RandomIdGenerator(), lambda _: None),
        "one",
        SpanKind.SERVER,
        trace,
        span_id,
        None,
        False,
        {},
        0,
    )
    context = SpanContext(int(trace.id, 16), int(span_id, 16), False, trace.flags, trace.state)
    expected: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(expected, set_span_in_context(NonRecordingSpan(context), Context()))

    assert {name.decode(): value.decode() for name, value in outgoing_headers(span)} == expected


def test_a_span_with_values_that_encoders_refuse_costs_neither_itself_nor_its_batch(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    dropped: list[int] = []
    traces = Traces("test", path, dropped.append)

    _start(traces, "before").end()
    hostile = _start(traces, "hostile")
    hostile.attributes |= {
        "tokens": 10**400,
        "digits": 10**5_000,
        "wait": float("inf"),
        "text": "\ud800" + "x" * 10_000_000,
    }
    hostile.add_event("error", {"tokens": 10**400, "reason": "\ud800" + "x" * 10_000_000})
    hostile.fail("\ud800" + "x" * 10_000_000)
    hostile.end()
    _start(traces, "after").end()
    traces.close()

    lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["before", "hostile", "after"]
    assert max(map(len, lines)) < 50_000
    assert dropped == []


def test_a_disabled_sdk_records_nothing_and_passes_the_context_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    traces = Traces("test", tmp_path / "spans.jsonl", lambda _: None)
    sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    with _start(traces, incoming=incoming_context({"traceparent": sent})) as span:
        pass
    traces.close()

    assert dict(outgoing_headers(span)) == {b"traceparent": sent.encode()}
    assert not (tmp_path / "spans.jsonl").exists()
