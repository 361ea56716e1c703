"""Every parser of the server: any input gives a value or the package's own error, and values round-trip."""

import hashlib
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields
from http import HTTPStatus
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.miniserve.log.test_records import RECORD, SINGLE
from tests.strategies import HEADER, JSON, TEXT, attempt, bytes_near, json_near
from tests.views import check_plain

from minieval.record.line import parse_line, to_line
from minieval.record.record import RecordError
from miniobserve.traces.traces import incoming_context
from miniserve.errors import KeysFileError, RequestRefused, SettingsError
from miniserve.hosting import frames
from miniserve.http.keys import Keys
from miniserve.log import audit
from miniserve.settings import PREFIX, Settings
from miniserve.tasks import grammar as schemas
from miniserve.tasks import request_id as request_ids
from miniserve.tasks.language import preferred
from miniserve.traffic import RouteConfig, RouteConfigError, Strategy, assign

CONFIG = RouteConfig(Strategy.CANARY, "prod-2026-05", {"A": "a" * 64, "B": "b" * 64}, "A", "B", canary_percent=12.34)
ANSWERED = frames.Answered(1, "He went home.", True, 4, 0.9, 0.8)
REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}


def _payload(message: frames.Ask | frames.FromWorker) -> bytes:
    return frames.encode(message)[frames.HEADER_BYTES :]


@given(st.one_of(json_near(CONFIG.as_json()).map(json.dumps), JSON.map(json.dumps), st.text(), st.binary()))
def test_a_route_configuration_is_parsed_or_refused_and_round_trips(text: str | bytes) -> None:
    config = attempt(RouteConfigError, RouteConfig.parse, text)
    if isinstance(config, RouteConfigError):
        return

    again = RouteConfig.parse(json.dumps(config.as_json()))
    assert (again, again.config_sha) == (config, config.config_sha)
    assert assign("request", config).production_arm in config.serving_arms


@given(st.one_of(json_near(json.loads(to_line(RECORD))), json_near(json.loads(to_line(SINGLE)))).map(json.dumps))
def test_a_line_is_parsed_or_refused_and_round_trips(line: str) -> None:
    record = attempt(RecordError, parse_line, line.encode())
    if isinstance(record, RecordError):
        return

    assert parse_line(to_line(record)) == record


@given(
    log=st.lists(st.just(to_line(RECORD)) | bytes_near(to_line(RECORD)), max_size=3).map(b"".join) | st.binary(),
    ids=st.binary(max_size=100)
    | bytes_near(b"req-0001\nreq-0002\n")
    | json_near({"run": {"blocks": [{"requests": {"req-0001": "item"}}]}}).map(
        lambda value: json.dumps(value).encode()
    ),
    suffix=st.sampled_from([".txt", ".json"]),
)
def test_the_audit_of_any_two_files_ends_with_one_of_its_exit_codes(
    log: bytes, ids: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("audit")
    (folder / "traffic.log").write_bytes(log)
    (folder / f"ids{suffix}").write_bytes(ids)

    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = audit.main([str(folder / "traffic.log"), str(folder / f"ids{suffix}")])

    assert code in {0, 2, 3}
    check_plain(out.getvalue() + err.getvalue())


@given(bytes_near(to_line(RECORD)))
def test_a_line_with_changed_bytes_is_read_or_refused(line: bytes) -> None:
    record = attempt(RecordError, parse_line, line)
    if isinstance(record, RecordError):
        return

    assert parse_line(to_line(record)) == record


@given(bytes_near(_payload(ANSWERED)) | bytes_near(_payload(frames.Refused(1, "error", "no", 0.9, 0.8))))
def test_a_workers_message_with_changed_bytes_is_read_or_refused(payload: bytes) -> None:
    message = attempt(frames.FrameError, frames.decode_from_worker, payload)
    if isinstance(message, frames.FrameError):
        return

    assert frames.decode_from_worker(_payload(message)) == message


@given(bytes_near(_payload(frames.Ask(7, "He goed home."))))
def test_an_ask_with_changed_bytes_is_read_or_refused(payload: bytes) -> None:
    message = attempt(frames.FrameError, frames.decode_ask, payload)
    if isinstance(message, frames.FrameError):
        return

    assert frames.decode_ask(_payload(message)) == message


@given(st.binary(min_size=frames.HEADER_BYTES, max_size=frames.HEADER_BYTES))
def test_a_header_announces_a_bounded_length_or_is_refused(header: bytes) -> None:
    announced = int.from_bytes(header, "big")

    length = attempt(frames.FrameError, frames.payload_length, header)

    assert length == announced <= frames.MAX_FRAME_BYTES or str(announced) in str(length)


NESTED = b"[" * 30_000 + b"]" * 30_000


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(frames.FrameError):
        frames.decode_from_worker(b'{"type":"ready","engine":"x","more":' + NESTED + b"}")
    with pytest.raises(frames.FrameError):
        frames.decode_from_worker(b'{"more":' + NESTED + b"}")
    with pytest.raises(RecordError):
        parse_line(NESTED)
    with pytest.raises(RouteConfigError):
        RouteConfig.parse(NESTED)
    with pytest.raises(RequestRefused):
        schemas.decode_request(NESTED)


BODY = {"sentence": "He goed home.", "request_id": "req-0001"}


@given(
    st.one_of(st.binary(), bytes_near(json.dumps(BODY).encode()), json_near(BODY).map(lambda v: json.dumps(v).encode()))
)
def test_a_body_is_a_request_or_refused_with_400_or_422(body: bytes) -> None:
    asked = attempt(RequestRefused, schemas.decode_request, body)
    if isinstance(asked, RequestRefused):
        assert asked.status in REFUSALS
        return

    assert schemas.decode_request(msgspec.json.encode(asked)) == asked


@given(st.text() | st.sampled_from(["a\x7f", "\x85b", "  x  ", "\u2028x"]))
def test_a_sentence_is_trimmed_or_refused_and_otherwise_unchanged(sentence: str) -> None:
    checked = attempt(RequestRefused, schemas.checked_sentence, sentence)
    if isinstance(checked, RequestRefused):
        assert (checked.status, checked.field) == (HTTPStatus.UNPROCESSABLE_ENTITY, "sentence")
        return

    assert checked == sentence.strip() != ""
    assert schemas.checked_sentence(checked) == checked


@given(st.none() | st.text(), st.lists(HEADER, max_size=3))
def test_a_request_id_is_what_was_sent_or_refused(in_body: str | None, in_headers: list[str]) -> None:
    sent = {*in_headers, *([] if in_body is None else [in_body])}
    checked = attempt(RequestRefused, request_ids.checked_request_id, in_body, in_headers)
    if isinstance(checked, RequestRefused):
        assert (checked.status, checked.field) == (HTTPStatus.UNPROCESSABLE_ENTITY, "request_id")
        return

    assert sent == (set() if checked is None else {checked})
    assert checked is None or (1 <= len(checked) <= 128 and all("\x21" <= c <= "\x7e" for c in checked))


@given(st.lists(HEADER, max_size=2))
def test_a_refusal_repeats_only_an_id_that_a_header_can_carry(in_headers: list[str]) -> None:
    echoed = request_ids.echoed_request_id(in_headers)

    assert echoed is None or ([echoed] == in_headers and echoed.isascii() and echoed.isprintable())


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_the_higher_weight_decides_the_language(english: int, spanish: int) -> None:
    header = f"fr, en-GB;q={english / 1000:.3f} , es-MX ; q={spanish / 1000:.3f}"

    assert preferred(header) == ("es" if spanish > english else "en")


@given(st.dictionaries(st.sampled_from(["traceparent", "tracestate", "baggage"]), HEADER))
def test_any_trace_headers_give_a_context(headers: dict[str, str]) -> None:
    incoming_context(headers)


@given(
    secrets=st.lists(TEXT.map(lambda key: key.replace("\n", "")), min_size=1, max_size=4),
    between=st.sampled_from(["\n", "\n\n# x\n"]),
)
def test_every_key_whose_hash_is_in_the_file_is_admitted(
    secrets: list[str], between: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("keys") / "keys"
    tokens = [key.encode().decode("latin-1").strip() for key in secrets]
    hashes = [hashlib.sha256(token.encode("latin-1")).hexdigest() for token in tokens]
    path.write_text(between.join(hashes), encoding="ascii")

    known = Keys(path)

    assert [known.caller(f"Bearer {token}", "") for token in tokens] == hashes


@given(content=st.binary(max_size=200) | bytes_near(b"# apps\n" + b"0123456789abcdef" * 4 + b"\n"), sent=HEADER)
def test_a_keys_file_is_parsed_or_refused_and_admits_no_other_key(
    content: bytes, sent: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_bytes(content)
    known = attempt(KeysFileError, Keys, path)
    if isinstance(known, KeysFileError):
        return

    with pytest.raises(RequestRefused) as refusal:
        known.caller(sent, "127.0.0.1")
    assert refusal.value.status == HTTPStatus.UNAUTHORIZED


NAMES = [PREFIX + item.name.upper() for item in fields(Settings)]


@given(st.dictionaries(st.sampled_from([*NAMES, "LYNX_", "LYNX_PROT", "PATH"]), TEXT | st.integers().map(str)))
def test_settings_are_parsed_or_refused_by_name_and_round_trip(environ: dict[str, str]) -> None:
    settings = attempt(SettingsError, Settings.from_environ, environ)
    if isinstance(settings, SettingsError):
        assert any(name in str(settings) for name in environ)
        return

    assert Settings.from_environ(_as_environ(settings)) == settings


def _as_environ(settings: Settings) -> dict[str, str]:
    found: dict[str, Any] = {PREFIX + item.name.upper(): getattr(settings, item.name) for item in fields(settings)}
    shown = {name: str(int(value)) if isinstance(value, bool) else str(value) for name, value in found.items()}
    return {name: text for name, text in shown.items() if found[name] is not None}


def test_paths_in_the_settings_round_trip() -> None:
    settings = Settings(state_dir=Path("a folder/with = and \u00e9"), keys_file=Path("/k"))

    assert Settings.from_environ(_as_environ(settings)) == settings
