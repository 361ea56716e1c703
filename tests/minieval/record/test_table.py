"""Reading logs: what is a record, what is torn, what is broken and where, in one file or many, plain or gzipped."""

import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.minieval.traffic_lines import SHAS, Line, answered, opened, served_line, shadow_line, written
from tests.strategies import TEXT, json_near

from minieval.errors import EvalError, InputRefused, RecordRefused
from minieval.grading.identity import REPOSITORY
from minieval.record.record import record_schema
from minieval.record.table import open_log
from miniserve.log.records import ArmResult, RecordError, TrafficRecord, parse_line, to_line

SCHEMA = jsonschema.Draft202012Validator(json.loads(record_schema()))
PAIR = shadow_line(1, "He goed.", answered("A", "He went."), answered("B", "He goed."), queue_ms_B=0.1, cpu_ms_B=0.2)
SERVED = {**served_line(2, "B"), "edit_applied_B": True, "tokens_B": 4}
LOST = b'{"schema":1,"lost_records":3,"ts":"2026-05-04T10:11:12Z"}\n'


def one_line(line: Line) -> bytes:
    """Return a line as the server writes it, with no space between its parts."""
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def told(paths: Sequence[Path]) -> tuple[list[str], int, int]:
    """Return the request ids in order, the torn fragments and the records that were lost."""
    with open_log(paths, ("A", "B")) as log:
        return [request for (request,) in log.all("SELECT request FROM records ORDER BY rowid")], log.torn, log.lost


def test_the_published_schema_is_the_readers() -> None:
    published = (REPOSITORY / "docs" / "record.schema.json").read_text(encoding="utf-8")

    assert published == record_schema(), "the record changed: write docs/record.schema.json from record_schema()"


def test_every_line_of_the_labs_log_fulfils_the_published_schema() -> None:
    lines = (REPOSITORY / "experiments" / "38-shadow-ab" / "traffic.log").read_bytes().splitlines()

    assert [list(SCHEMA.iter_errors(json.loads(line))) for line in lines] == [[]] * 400


@settings(max_examples=60)
@given(near=json_near(PAIR) | json_near(SERVED))
@example(near={key: value for key, value in PAIR.items() if key != "shadow_arm"})
@example(near={key: value for key, value in SERVED.items() if key != "shadow_arm"})
@example(near=[[None, None, None], {'000"\x1f\x1f\x1f\x1f\x80': None}])
def test_a_line_is_a_record_exactly_if_the_server_reads_it_and_the_schema_holds(
    near: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        line = json.dumps(near, allow_nan=False).encode() + b"\n"
    except ValueError:  # NaN and infinities are no JSON; under a key that is not read, the database does not mind them
        assume(False)
    path = written(tmp_path_factory.mktemp("log"), "traffic.log", [line])

    try:
        found = len(told([path])[0])
    except EvalError:
        found = 0

    try:
        record = parse_line(line)
    except RecordError:
        assert found == 0
    else:
        assert found == SCHEMA.is_valid(near) or {*record.results} - {"A", "B"}


@settings(max_examples=25)
@given(sentence=TEXT, response=TEXT, request=TEXT, latency=st.floats(0, 1e12), status=st.sampled_from(["ok", "error"]))
def test_what_the_server_writes_is_read_with_every_value(
    sentence: str,
    response: str,
    request: str,
    latency: float,
    status: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    ok = ArmResult("ok", response, edit_applied=True, latency_ms=latency, tokens=4)
    b = ok if status == "ok" else ArmResult("error", reason=response)
    record = TrafficRecord(
        "0" * 32,
        "now",
        request,
        "1" * 32,
        200,
        "shadow",
        "salt",
        "c" * 64,
        "A",
        "B",
        SHAS,
        "A",
        sentence,
        {"A": ok, "B": b},
    )
    path = written(tmp_path_factory.mktemp("log"), "traffic.log", [to_line(record)])

    with open_log([path]) as log:
        row = log.one(
            "SELECT request, sentence, pair, status_a, response_a, latency_a, status_b, response_b FROM records"
        )

    assert log.arms == ("A", "B")
    assert row == (request, sentence, True, "ok", response, latency, status, response if status == "ok" else None)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("schema", 2, "schema is 2: expected 1"),
        ("record_id", "X", "record_id is 'X': expected to match"),
        ("request_id", 7, "request_id is 7: expected text"),
        ("http_status", "200", "http_status is '200': expected a whole number"),
        ("strategy", "random", "strategy is 'random': expected single, shadow, ab, canary"),
        ("shadow_arm", "B B", "shadow_arm is 'B B': expected null, or to match"),
        ("arm_shas", {"A": "a" * 64}, "arm_shas is .*: expected the SHA of every arm on the line"),
        ("arm_shas", {"A": "a" * 64, "B": "b"}, "arm_shas is .*: expected an object of arm name to 64"),
        ("status_B", "fine", "status_B is 'fine': expected ok, bad_output"),
        ("response_A", None, "response_A is None: expected text exactly when status_A is ok"),
        ("response_B", 5, "response_B is 5: expected text"),
        ("latency_ms_A", None, "latency_ms_A is None: expected milliseconds, as status_A is ok"),
        ("latency_ms_A", True, "latency_ms_A is True: expected milliseconds from 0"),
        ("latency_ms_B", "1.0", "latency_ms_B is '1.0': expected milliseconds from 0"),
        ("queue_ms_B", -1, "queue_ms_B is -1: expected milliseconds from 0"),
        ("reason_B", 1, "reason_B is 1: expected text or null"),
        ("tokens_A", 1.5, "tokens_A is 1.5: expected a whole number or null"),
        ("edit_applied_A", "yes", "edit_applied_A is 'yes': expected true, false or null"),
    ],
)
def test_a_line_that_is_no_record_is_named_with_its_key_its_value_and_what_was_expected(
    tmp_path: Path, key: str, value: object, sentence: str
) -> None:
    path = written(tmp_path, "traffic.log", [SERVED, {**PAIR, key: value}])

    with pytest.raises(RecordRefused, match=f"^traffic.log line 2: {sentence}"):
        told([path])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{]", "not JSON"),
        (b"[1]", r"the line is \[1\]: expected a JSON object"),
        (b"null", "the line is null: expected a JSON object"),
        (one_line({**SERVED, "record_id": "9" * 32})[:-1] + b" {}", "not JSON"),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "not JSON"),
        (b'{"schema":1,"record_id":"' + b"f" * 32 + b'","ts":"2', "not JSON"),
    ],
)
def test_a_broken_line_in_the_middle_is_named_blank_lines_counted(tmp_path: Path, line: bytes, reason: str) -> None:
    path = written(tmp_path, "traffic.log", [SERVED, b"\n  \n", line + b"\n", PAIR])

    with pytest.raises(RecordRefused, match=f"^traffic.log line 4: {reason}"):
        told([path])


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    twice = one_line(SERVED).replace(b'"status_B":"ok"', b'"status_B":"ok","status_B":"error"')

    with pytest.raises(InputRefused, match='duplicate key "status_B"'):
        told([written(tmp_path, "traffic.log", [PAIR, twice])])


@pytest.mark.parametrize("length", [200, 57, 56, 40, 25, 24, 1])
def test_the_beginning_of_a_record_that_stands_whole_elsewhere_is_torn_however_short(
    length: int, tmp_path: Path
) -> None:
    path = written(tmp_path, "traffic.log", [one_line(PAIR)[:length] + b"\n", SERVED, one_line(PAIR)])

    assert told([path]) == (["req-2", "req-1"], 1, 0)


@pytest.mark.parametrize("length", [200, 57])
def test_the_beginning_of_a_record_that_stands_nowhere_is_refused(length: int, tmp_path: Path) -> None:
    with pytest.raises(RecordRefused, match="line 1: not JSON"):
        told([written(tmp_path, "traffic.log", [one_line(PAIR)[:length] + b"\n", SERVED])])


@pytest.mark.parametrize("tail", [b'{"schema":1,"rec', one_line(PAIR)[:-1], b"x"])
def test_a_last_line_without_its_newline_is_torn_even_if_it_is_whole(tmp_path: Path, tail: bytes) -> None:
    assert told([written(tmp_path, "traffic.log", [SERVED, tail])]) == (["req-2"], 1, 0)


def test_records_that_a_log_says_are_lost_are_counted(tmp_path: Path) -> None:
    assert told([written(tmp_path, "traffic.log", [SERVED, LOST, PAIR, LOST])]) == (["req-2", "req-1"], 0, 6)


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \r\n"])
def test_a_log_without_lines_has_no_records(tmp_path: Path, content: bytes) -> None:
    assert told([written(tmp_path, "traffic.log", [content])]) == ([], 0, 0)


def test_many_files_plain_and_gzipped_read_as_their_contents_in_order(tmp_path: Path) -> None:
    lines = [served_line(i, "AB"[i % 2]) for i in range(30)]
    plain = written(tmp_path, "it's [odd]*.log", lines[:10])
    packed = written(tmp_path, "second.log.gz", lines[10:20], packed=True)
    unnamed = written(tmp_path, "packed, but not by its name", lines[20:], packed=True)

    with open_log([plain, packed, unnamed], ("A", "B")) as log:
        found = [request for (request,) in log.all("SELECT request FROM records ORDER BY rowid")]

    assert found == [line["request_id"] for line in lines]
    contents = plain.read_bytes() + gzip.decompress(packed.read_bytes()) + gzip.decompress(unnamed.read_bytes())
    assert log.sha256 == hashlib.sha256(contents).hexdigest()


def test_a_file_may_end_torn_before_another_begins(tmp_path: Path) -> None:
    first = written(tmp_path, "1.log", [SERVED, one_line(PAIR)[:99]])
    second = written(tmp_path, "2.log", [PAIR])

    assert told([first, second]) == (["req-2", "req-1"], 1, 0)


def test_a_broken_line_is_named_with_the_file_that_has_it(tmp_path: Path) -> None:
    first = written(tmp_path, "1.log", [SERVED, PAIR])
    second = written(tmp_path, "2.log.gz", [{**SERVED, "record_id": "3" * 32}, b"{]\n"], packed=True)

    with pytest.raises(RecordRefused, match=r"^2\.log\.gz line 2: not JSON"):
        told([first, second])


def test_a_gzip_file_that_is_cut_short_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "traffic.log.gz", [served_line(i) for i in range(500)], packed=True)
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(InputRefused, match=r"^traffic\.log\.gz is .*: expected a gzip file, whole to its end"):
        told([path])


def test_without_names_the_arms_are_those_of_the_first_shadowed_request(tmp_path: Path) -> None:
    swapped = {**PAIR, "production_arm": "B", "shadow_arm": "A"}

    with open_log([written(tmp_path, "traffic.log", [SERVED, swapped])]) as log:
        assert log.arms == ("B", "A")
        assert log.one("SELECT count(*) FILTER (pair) FROM records") == (1,)


def test_a_log_of_the_split_alone_has_the_two_arms_that_it_names(tmp_path: Path) -> None:
    with open_log([written(tmp_path, "traffic.log", [SERVED])]) as log:
        assert log.arms == ("A", "B")

    three = {**SERVED, "arm_shas": {**SHAS, "C": "c" * 64}}
    with (
        pytest.raises(InputRefused, match="expected two, A and B"),
        open_log([written(tmp_path, "three.log", [three])]),
    ):
        pass


@pytest.mark.parametrize("arms", [("A", "a"), ("A", 'B"; DROP TABLE records; --'), ("", "B")])
def test_arms_that_cannot_be_told_apart_or_are_no_names_are_refused(tmp_path: Path, arms: tuple[str, str]) -> None:
    path = written(tmp_path, "traffic.log", [SERVED])

    with pytest.raises(InputRefused, match="arm"), open_log([path], arms):
        pass


def test_a_row_has_what_a_line_says_of_the_arms_that_ran(tmp_path: Path) -> None:
    with opened(tmp_path, [{**SERVED, "status_A": "ok", "response_A": "leaked"}]) as log:
        row = log.one("SELECT served, pair, status_a, response_a, status_b, latency_b FROM records")

    assert row == ("B", False, None, None, "ok", 1.0)
