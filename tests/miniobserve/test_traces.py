"""Spans: a bounded local file, W3C context in and out, and no error that reaches a request."""

import json
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import Link, SpanKind, StatusCode, Tracer, get_current_span

from miniobserve.spanfile import span_line
from miniobserve.traces import incoming_context, outgoing_headers, span_id, trace_id, tracer_provider


def _record_spans(path: Path, count: int, dropped: list[int]) -> None:
    provider = tracer_provider("test", path, dropped.append)
    tracer: Tracer = provider.get_tracer("test")
    for number in range(count):
        tracer.start_span(f"span {number}").end()
    provider.shutdown()


def test_spans_are_json_lines_in_the_local_file(tmp_path: Path) -> None:
    path = tmp_path / "state" / "spans.jsonl"

    _record_spans(path, 3, dropped=[])

    spans = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [span["name"] for span in spans] == ["span 0", "span 1", "span 2"]
    assert {span["resource"]["attributes"]["service.name"] for span in spans} == {"test"}


def test_a_span_is_written_as_the_sdk_would_write_it() -> None:
    ended: list[ReadableSpan] = []

    class Keep(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            ended.append(span)

    provider = TracerProvider(resource=Resource.create({"service.name": "test"}))
    provider.add_span_processor(Keep())
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("parent", kind=SpanKind.SERVER, attributes={"number": 1, "list": ("a", "b")}):
        child = tracer.start_span("child", links=[Link(get_current_span().get_span_context(), {"why": "tést"})])
        child.add_event("error", {"reason": 'it "broke"\n'})
        child.set_status(StatusCode.ERROR, "broken")
        child.end()

    assert [json.loads(span_line(span)) for span in ended] == [json.loads(span.to_json()) for span in ended]


def test_the_local_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    _record_spans(tmp_path / "spans.jsonl", 1, dropped=[])

    assert (tmp_path / "spans.jsonl").stat().st_mode & 0o077 == 0


def test_a_full_local_file_is_kept_once_and_begun_afresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 32 MB of spans would take the suite a minute, so the bound is lowered.
    monkeypatch.setattr("miniobserve.spanfile.MAX_FILE_BYTES", 2_000)
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


def test_a_span_continues_the_context_it_was_handed(tmp_path: Path) -> None:
    provider = tracer_provider("test", tmp_path / "spans.jsonl", lambda _: None)
    sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    with provider.get_tracer("test").start_as_current_span(
        "x", context=incoming_context({"traceparent": sent})
    ) as span:
        headers = outgoing_headers(span)
    provider.shutdown()

    assert trace_id(span) == "0af7651916cd43dd8448eb211c80319c"
    assert headers["traceparent"].split("-")[1:3] == [trace_id(span), span_id(span)]


@pytest.mark.parametrize("header", ["", "nonsense", "00-0-0-01", "ff-" + "0" * 32 + "-" + "0" * 16 + "-01", "é" * 99])
def test_a_malformed_traceparent_starts_a_trace_of_its_own(header: str, tmp_path: Path) -> None:
    provider = tracer_provider("test", tmp_path / "spans.jsonl", lambda _: None)

    span = provider.get_tracer("test").start_span("x", context=incoming_context({"traceparent": header}))
    provider.shutdown()

    assert int(trace_id(span), 16) != 0
