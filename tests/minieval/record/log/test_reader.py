"""Reading logs: what is a record, what is torn, what is broken and where, in one file or many, plain or gzipped."""

import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest
from tests.minieval.traffic_lines import SHAS, Line, answered, opened, served_line, shadow_line, written

from minieval.errors import InputRefused, RecordRefused
from minieval.grading.identity import REPOSITORY
from minieval.record.log.reader import open_log
from minieval.record.record import LONGEST_LINE
from minieval.record.schema import record_schema

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


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("schema", 2, "schema is 2: expected 1"),
        ("schema", True, "schema is True: expected 1"),
        ("record_id", "X", "record_id is 'X': expected 32 hexadecimal digits"),
        ("request_id", 7, "request_id is 7: expected text"),
        ("http_status", "200", "http_status is '200': expected a whole number from 100 to 599"),
        ("http_status", 0, "http_status is 0: expected a whole number from 100 to 599"),
        ("strategy", "random", "strategy is 'random': expected ab, canary, shadow, single"),
        ("shadow_arm", "B B", "shadow_arm is 'B B': expected a letter, then up to 31 letters or digits, or null"),
        ("production_arm", "A" * 33, "production_arm is 'A+\\.\\.\\.A+': expected a letter, then up to 31"),
        ("arm_shas", {"A": "a" * 64}, "arm_shas is .*: expected the SHA of every arm on the line"),
        ("arm_shas", {"A": "a" * 64, "B": "b"}, "arm_shas is .*: expected an object of arm name to 64"),
        ("status_B", "fine", "status_B is 'fine': expected bad_output, cancelled"),
        ("response_A", None, "response_A is None: expected text exactly when status_A is ok"),
        ("response_B", 5, "response_B is 5: expected text, or null"),
        ("latency_ms_A", None, "latency_ms_A is None: expected milliseconds, because status_A is ok"),
        ("latency_ms_A", True, "latency_ms_A is True: expected milliseconds from 0"),
        ("latency_ms_B", "1.0", "latency_ms_B is '1.0': expected milliseconds from 0"),
        ("latency_ms_B", 1e13, "latency_ms_B is 10000000000000.0: expected milliseconds from 0 to 1e\\+12"),
        ("queue_ms_B", -1, "queue_ms_B is -1: expected milliseconds from 0"),
        ("reason_B", 1, "reason_B is 1: expected text, or null"),
        ("tokens_A", 1.5, "tokens_A is 1.5: expected a whole number from 0"),
        ("tokens_A", -1, "tokens_A is -1: expected a whole number from 0 to 1000000000, or null"),
        ("tokens_B", 10**400, "tokens_B is a whole number of 1329 bits: expected a whole number from 0"),
        ("edit_applied_A", "yes", "edit_applied_A is 'yes': expected true or false, or null"),
        ("ts", "yesterday", "ts is 'yesterday': expected an ISO 8601 time in UTC"),
        ("ts", "2026-05-04T10:11:12", "ts is '2026-05-04T10:11:12': expected an ISO 8601 time in UTC"),
        ("ts", "2026-05-04T10:11:12+02:00", "ts is '2026-05-04T10:11:12.02:00': expected an ISO 8601 time in UTC"),
        ("ts", "2026-02-30T10:11:12Z", "ts is '2026-02-30T10:11:12Z': expected a day and time that exist"),
        ("traffic.arm", "B", "traffic.arm is 'B': expected production_arm, because that arm served"),
        ("traffic.arm", "shadow_B", "traffic.arm is 'shadow_B': expected a letter, then"),
        ("shadow_arm", "A", "shadow_arm is 'A': expected another arm than production_arm"),
        ("strategy", "canary", "shadow_arm is 'B': expected null, because only strategy shadow has a shadow"),
        ("strategy", "ab", "shadow_arm is 'B': expected null, because only strategy shadow has a shadow"),
        ("strategy", "single", "shadow_arm is 'B': expected null, because only strategy shadow has a shadow"),
    ],
)
def test_a_line_that_is_not_a_record_is_named_with_key_value_and_expectation(
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


def test_a_key_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    twice = one_line(SERVED).replace(b'"status_B":"ok"', b'"status_B":"ok","status_B":"error"')

    with pytest.raises(RecordRefused, match=r"^traffic\.log line 2: 'status_B' occurs twice: expected each key once"):
        told([written(tmp_path, "traffic.log", [PAIR, twice])])


def test_a_key_that_occurs_twice_is_refused_beside_a_torn_line(tmp_path: Path) -> None:
    twice = one_line(SERVED).replace(b'"status_B":"ok"', b'"status_B":"ok","status_B":"error"')

    with pytest.raises(RecordRefused, match=r"^traffic\.log line 3: 'status_B' occurs twice"):
        told([written(tmp_path, "traffic.log", [one_line(PAIR)[:99] + b"\n", PAIR, twice])])


@pytest.mark.parametrize("size", [LONGEST_LINE + 1, 2 * LONGEST_LINE, 17 * 2**20])
@pytest.mark.parametrize("packed", [False, True])
def test_a_line_that_is_too_long_is_named_by_the_users_file_and_its_number(
    size: int, packed: bool, tmp_path: Path
) -> None:
    empty = len(one_line({**PAIR, "sentence": ""}))
    long = one_line({**PAIR, "sentence": "x" * (size - empty)})
    path = written(tmp_path, "mine.log", [SERVED, b"\n", long, {**SERVED, "record_id": "3" * 32}], packed=packed)

    assert len(long) == size
    with pytest.raises(RecordRefused, match=f"^mine.log line 3: the line has over {LONGEST_LINE} bytes"):
        told([path])


def test_a_line_of_the_greatest_length_is_read(tmp_path: Path) -> None:
    empty = len(one_line({**PAIR, "sentence": ""}))
    longest = one_line({**PAIR, "sentence": "x" * (LONGEST_LINE - empty)})

    assert told([written(tmp_path, "traffic.log", [SERVED, longest])]) == (["req-2", "req-1"], 0, 0)


@pytest.mark.parametrize("arms", [None, ("A", "B")])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({**PAIR, "shadow_arm": "B B"}, "shadow_arm is 'B B'"),
        ({**PAIR, "arm_shas": [1]}, "arm_shas is \\[1\\]"),
        (b'{"schema":1,"sentence":"\xff"}\n', "not JSON"),
        (b'{"schema":1,"sentence":"\\ud800"}\n', "not JSON"),
    ],
)
def test_every_refusal_of_a_line_names_the_users_file_and_the_line(
    line: Line | bytes, reason: str, arms: tuple[str, str] | None, tmp_path: Path
) -> None:
    path = written(tmp_path, "mine.log", [{**PAIR, "record_id": "4" * 32}, line, SERVED])

    with pytest.raises(RecordRefused, match=f"^mine.log line 2: {reason}"), open_log([path], arms):
        pass


@pytest.mark.parametrize("line", [{**PAIR, "shadow_arm": "B B"}, {**PAIR, "production_arm": 5}])
def test_a_first_line_that_names_no_usable_arms_is_refused_by_file_and_line(line: Line, tmp_path: Path) -> None:
    path = written(tmp_path, "mine.log", [line, SERVED])

    with pytest.raises(RecordRefused, match=r"^mine\.log line 1: "), open_log([path]):
        pass


@pytest.mark.parametrize("zeros", [1, 512, 100_000])
def test_zeros_after_a_gzip_file_are_ignored(zeros: int, tmp_path: Path) -> None:
    lines = [served_line(i) for i in range(30)]
    padded = written(tmp_path, "padded.log.gz", lines[:10], packed=True)
    padded.write_bytes(padded.read_bytes() + bytes(zeros))
    joined = written(tmp_path, "joined.log.gz", lines[20:], packed=True)
    joined.write_bytes(gzip.compress(one_line(lines[10])) + bytes(zeros) + joined.read_bytes())
    plain = written(tmp_path, "plain.log", lines[11:20])

    assert told([padded, joined, plain])[0] == [
        line["request_id"] for line in [*lines[:11], *lines[20:], *lines[11:20]]
    ]


@pytest.mark.parametrize("rest", [b"junk", b"\x1f\x8bjunk"])
def test_other_bytes_after_a_gzip_file_are_refused_by_its_name(rest: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, "mine.log.gz", [SERVED], packed=True)
    path.write_bytes(path.read_bytes() + rest)

    with pytest.raises(InputRefused, match=r"^mine\.log\.gz is .*: expected a complete gzip file"):
        told([path])


@pytest.mark.parametrize("length", [200, 57, 56, 40, 25, 24, 1])
def test_the_beginning_of_a_record_that_is_complete_elsewhere_is_torn_however_short(
    length: int, tmp_path: Path
) -> None:
    path = written(tmp_path, "traffic.log", [one_line(PAIR)[:length] + b"\n", SERVED, one_line(PAIR)])

    assert told([path]) == (["req-2", "req-1"], 1, 0)


@pytest.mark.parametrize("length", [200, 57])
def test_the_beginning_of_a_record_that_is_nowhere_complete_is_refused(length: int, tmp_path: Path) -> None:
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

    with pytest.raises(InputRefused, match=r"^traffic\.log\.gz is .*: expected a complete gzip file"):
        told([path])


def test_without_names_the_arms_are_those_of_the_first_shadowed_request(tmp_path: Path) -> None:
    swapped = {**PAIR, "production_arm": "B", "traffic.arm": "B", "shadow_arm": "A"}

    with open_log([written(tmp_path, "traffic.log", [SERVED, swapped])]) as log:
        assert log.arms == ("B", "A")
        assert log.one("SELECT count(*) FILTER (pair) FROM records") == (1,)


def test_a_log_of_the_split_alone_has_the_two_arms_that_it_names(tmp_path: Path) -> None:
    with open_log([written(tmp_path, "traffic.log", [SERVED])]) as log:
        assert log.arms == ("A", "B")

    three = {**SERVED, "arm_shas": {**SHAS, "C": "c" * 64}}
    with (
        pytest.raises(InputRefused, match="expected two arms to compare, A and B"),
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
