"""Sentences and answers that break pages, tables and terminals, sent through a real server into every view."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests import views
from tests.conftest import Routing, correct
from tests.fault_bench import FaultBench, fault_bench
from tests.faulty_worker import HOSTILE
from tests.minieval.synthetic_lab import SyntheticLab

from minieval.grading.identity import REPOSITORY
from minieval.record.record import TrafficRecord


@dataclass(frozen=True)
class Seen:
    """A server that processed B's hostile answers and errors, and the judge's output for its lines."""

    bench: FaultBench
    records: list[TrafficRecord]
    replies: list[httpx.Response]
    died_saying: str
    hostile: Path
    plain: Path
    console: str


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, routing: Routing) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("views")
    with fault_bench(folder, routing, SHADOW_TIMEOUT_MS="120000") as bench:
        known = len(bench.records())
        bench.shadow("says-what-breaks-views")
        replies = [correct(bench.server, sentence) for sentence in views.SENTENCES]
        records = bench.wait_for_lines(known + len(replies))[known:]
        bench.shadow("dies-saying-what-breaks-views")
        correct(bench.server, views.SENTENCES[0])
        bench.wait_for_lines(known + len(replies) + 1)
        died_saying = str(bench.shadow_state()["last_failure"])
        said = [(r.sentence, r.results["A"].response, r.results["B"].response) for r in records]
        hostile, console = _judged(folder / "hostile", said)
        # as many disagreements, and nothing in them
        plain, _ = _judged(folder / "plain", [(f"Harmless {n}.",) * 2 + (f"Word {n}.",) for n in range(len(said))])
        yield Seen(bench, records, replies, died_saying, hostile, plain, console)


def _judged(folder: Path, said: Sequence[tuple[str, str | None, str | None]]) -> tuple[Path, str]:
    """Judge a lab in which these sentences were asked and A and B said these; returns its folder and the summary."""
    folder.mkdir()
    lab = SyntheticLab(folder)
    for item, line, (sentence, a, b) in zip(lab.items, lab.shadow, said, strict=False):
        item["sentence"] = line["sentence"] = sentence
        line["response_A"], line["response_B"] = a, b
    script = REPOSITORY / "experiments" / "38-shadow-ab" / "compare.py"
    done = subprocess.run((sys.executable, script, *lab.arguments()), capture_output=True, text=True, check=False)
    return folder, done.stdout + done.stderr


def test_the_server_received_every_hostile_text(seen: Seen) -> None:
    assert [record.sentence for record in seen.records] == list(views.SENTENCES)
    assert all(record.results["B"].response == f"{record.sentence} {HOSTILE}" for record in seen.records)
    assert "\x1b[2J" in HOSTILE
    assert HOSTILE in seen.died_saying


def test_a_reply_is_json_with_the_sentence_unchanged(seen: Seen) -> None:
    for reply, sentence in zip(seen.replies, views.SENTENCES, strict=True):
        (value,) = views.check_json_lines(reply.content)
        assert reply.headers["content-type"] == "application/json"
        assert isinstance(value, dict)
        assert value["correction"] == sentence


def test_a_control_character_is_refused_and_not_echoed(seen: Seen) -> None:
    reply = correct(seen.bench.server, views.CONTROL)

    views.check_json_lines(reply.content)
    assert (reply.status_code, "U+001B" in reply.json()["detail"]) == (422, True)


@pytest.mark.parametrize("name", ["traffic.log", "stderr.log", "spans.jsonl"])
def test_a_file_of_lines_keeps_one_value_per_line(name: str, seen: Seen) -> None:
    path = seen.bench.server.folder / name
    seen.bench.server.wait_for(lambda: path.exists() and b"onerror" in path.read_bytes(), f"done with {name}")

    lines = views.check_json_lines(path.read_bytes())

    assert lines
    assert all(isinstance(line, dict) for line in lines)


def test_the_metrics_contain_no_hostile_text(seen: Seen) -> None:
    views.check_metrics(seen.bench.server.metrics())


@pytest.mark.parametrize("path", ["/details"])
def test_the_details_are_json(path: str, seen: Seen) -> None:
    reply = httpx.get(seen.bench.server.address.metrics_url + path)

    views.check_json_lines(reply.content)
    assert reply.headers["content-type"] == "application/json"


def test_an_event_of_the_live_page_is_one_line_of_json(seen: Seen) -> None:
    url = f"{seen.bench.server.address.metrics_url}/events"
    with httpx.stream("GET", url, timeout=60) as reply:
        data = next(line for line in reply.iter_lines() if line.startswith("data: "))

    (value,) = views.check_json_lines(data.removeprefix("data: ").encode())
    assert isinstance(value, dict)


def test_the_summary_on_the_console_has_no_terminal_control_characters(seen: Seen) -> None:
    views.check_plain(seen.console)
    assert "Verdict: " in seen.console


def test_hostile_text_does_not_break_the_markdown_report(seen: Seen) -> None:
    views.check_markdown(*((folder / "report.md").read_text("utf-8") for folder in (seen.hostile, seen.plain)))
    views.check_plain((seen.hostile / "report.md").read_text("utf-8"))


def test_hostile_text_does_not_break_the_html_report(seen: Seen) -> None:
    views.check_html(*((folder / "report.html").read_text("utf-8") for folder in (seen.hostile, seen.plain)))


def test_the_document_is_json_with_the_answers_unchanged(seen: Seen) -> None:
    report = json.loads((seen.hostile / "report.json").read_bytes())

    shown = {case["answer_b"] for case in report["disagreement"]["cases"]}
    assert {record.results["B"].response for record in seen.records} <= shown


@pytest.mark.parametrize("sentence", [views.SENTENCES[0], views.SENTENCES[2], HOSTILE])
def test_the_checks_detect_a_view_that_escapes_nothing(sentence: str) -> None:
    with pytest.raises(AssertionError):
        views.check_html(f"<p>{sentence}</p>", "<p>harmless</p>")
    with pytest.raises(AssertionError):
        views.check_markdown(f"| {sentence} |", "| harmless |")
    with pytest.raises(AssertionError):
        views.check_json_lines(f'{{"x": "{HOSTILE}"}}'.encode())
    with pytest.raises(AssertionError):
        views.check_plain(HOSTILE)
