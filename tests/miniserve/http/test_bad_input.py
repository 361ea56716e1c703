"""Bad input over the real socket: the status that the contract promises, a sentence that says why, and no line."""

import json
from typing import Any

import httpx
import pytest
from tests.conftest import correct

from miniserve.log.traffic_log import read_log
from miniserve.processes.local import LocalServer
from miniserve.tasks.grammar import CORRECT_PATH

JSON = {"Content-Type": "application/json"}
GOOD = json.dumps({"sentence": "He goed home."}).encode()


def _post(server: LocalServer, body: bytes, headers: dict[str, str] = JSON) -> httpx.Response:
    return httpx.post(server.address.url + CORRECT_PATH, content=body, headers=headers, timeout=30)


def _sentence(value: object) -> bytes:
    return json.dumps({"sentence": value}).encode()


def _id(value: object) -> bytes:
    return json.dumps({"sentence": "He goed home.", "request_id": value}).encode()


REFUSED: list[tuple[str, bytes, int, str]] = [
    ("an empty sentence", _sentence(""), 422, "sentence has 0 characters after trimming: expected 1 to 500"),
    ("a blank sentence", _sentence("  \n "), 422, "sentence has 0 characters after trimming"),
    ("501 characters", _sentence("a" * 501), 422, "sentence has 501 characters after trimming: expected 1 to 500"),
    ("a number as sentence", _sentence(5), 422, "Expected `str`, got `int` - at `$.sentence`"),
    ("null as sentence", _sentence(None), 422, "Expected `str`, got `null` - at `$.sentence`"),
    ("no sentence", b"{}", 422, "missing required field `sentence`"),
    ("a list", b"[]", 422, "Expected `object`, got `array`"),
    ("a sentence that is not UTF-8", b'{"sentence": "\xff\xfe"}', 400, "not JSON in UTF-8"),
    ("a lone surrogate", b'{"sentence": "\\ud800"}', 400, "not JSON in UTF-8"),
    ("a control character", _sentence("He \x1b[2J goed"), 422, "control character U+001B at position 3"),
    ("a NUL", _sentence("He\x00goed"), 422, "control character U+0000 at position 2"),
    ("500 emoji", _sentence("😀" * 500), 422, "tokens: expected at most"),
    ("an unknown key", b'{"sentence": "x", "sentense": "y"}', 422, "unknown field `sentense`"),
    ("bad JSON", b'{"sentence": ', 400, "not JSON in UTF-8"),
    ("nothing", b"", 400, "not JSON in UTF-8"),
    ("JSON and more", GOOD + b"{}", 400, "not JSON in UTF-8"),
    ("a body of 1 MB", _sentence("a" * 2**20), 413, "over 10240 bytes"),
    (
        "an id of 129 characters",
        _id("x" * 129),
        422,
        "request_id has 129 characters: expected 1 to 128 characters of 0x21 to 0x7E",
    ),
    ("an empty id", _id(""), 422, "request_id has 0 characters"),
    ("an id with a newline", _id("a\nb"), 422, "request_id has U+000A at position 1"),
    ("an id with a space", _id("a b"), 422, "request_id has U+0020 at position 1"),
    ("an id with an emoji", _id("a😀"), 422, "request_id has U+1F600 at position 1"),
    ("a number as id", _id(7), 422, "Expected `str | null`, got `int` - at `$.request_id`"),
]


@pytest.mark.parametrize(("body", "status", "sentence"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED])
def test_a_bad_body_is_refused_with_problem_details_and_leaves_no_line(
    body: bytes, status: int, sentence: str, single_server: LocalServer
) -> None:
    lines_before = single_server.traffic_log.read_bytes()

    response = _post(single_server, body)

    problem: dict[str, Any] = response.json()
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert sentence in problem["detail"]
    assert "traceparent" in response.headers
    assert single_server.traffic_log.read_bytes() == lines_before
    assert correct(single_server, "He goed home.").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (_sentence("a" * 501), "sentence"),
        (_sentence("a\x00"), "sentence"),
        (_sentence("😀" * 500), "sentence"),
        (_sentence(5), "sentence"),
        (b"{}", "sentence"),
        (_id(7), "request_id"),
        (_id("a b"), "request_id"),
        (b'{"sentence": "x", "sentense": "y"}', "sentense"),
    ],
)
def test_a_refusal_names_the_field(body: bytes, field: str, single_server: LocalServer) -> None:
    assert _post(single_server, body).json()["field"] == field


def test_499_ascii_characters_of_prose_are_answered(single_server: LocalServer) -> None:
    words = "He goed to school and then he walked home with the teacher. "
    sentence = (words * 9)[:499]
    assert len(sentence.strip()) == 499

    assert _post(single_server, _sentence(sentence)).status_code == 200


def test_499_ascii_characters_of_noise_get_an_answer_or_the_token_limit(single_server: LocalServer) -> None:
    response = _post(single_server, _sentence("".join(chr(33 + 7 * i % 94) for i in range(499))))

    assert response.status_code == 422
    assert "tokens: expected at most" in response.json()["detail"]


def test_500_characters_are_counted_after_trimming(single_server: LocalServer) -> None:
    response = _post(single_server, _sentence("   He goed home." + " " * 600))

    assert response.status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/jsonp", "", "multipart/form-data"])
def test_a_content_type_other_than_json_is_415(content_type: str, single_server: LocalServer) -> None:
    response = _post(single_server, GOOD, {"Content-Type": content_type})

    assert response.status_code == 415


def test_a_charset_in_the_content_type_is_accepted(single_server: LocalServer) -> None:
    assert _post(single_server, GOOD, {"Content-Type": "Application/JSON; charset=utf-8"}).status_code == 200


@pytest.mark.parametrize(
    ("in_body", "in_header", "status"),
    [("a", "b", 422), ("a", "a", 200), (None, "a", 200), ("a", None, 200), (None, "x" * 129, 422), (None, "a b", 422)],
)
def test_an_id_in_body_and_header_must_be_the_same(
    in_body: str | None, in_header: str | None, status: int, single_server: LocalServer
) -> None:
    body = {"sentence": "He goed home."} | ({"request_id": in_body} if in_body else {})
    headers = JSON | ({"X-Request-Id": in_header} if in_header else {})

    response = _post(single_server, json.dumps(body).encode(), headers)

    assert response.status_code == status
    if status == 200:
        assert response.json()["request_id"] == response.headers["x-request-id"] == "a"


def test_two_different_id_headers_are_refused(single_server: LocalServer) -> None:
    headers = [("Content-Type", "application/json"), ("X-Request-Id", "a"), ("X-Request-Id", "b")]

    response = httpx.post(single_server.address.url + CORRECT_PATH, content=GOOD, headers=headers)

    assert response.status_code == 422
    assert "2 different values in X-Request-Id headers" in response.json()["detail"]


def test_a_refusal_repeats_the_id_it_was_sent(single_server: LocalServer) -> None:
    response = _post(single_server, b"{", JSON | {"X-Request-Id": "mine"})

    assert (response.status_code, response.headers["x-request-id"]) == (400, "mine")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", CORRECT_PATH, 405),
        ("PUT", CORRECT_PATH, 405),
        ("GET", "/", 404),
        ("POST", CORRECT_PATH + "/", 404),
        ("GET", "/metrics", 404),
    ],
)
def test_other_methods_and_paths_are_problem_details_too(
    method: str, path: str, status: int, single_server: LocalServer
) -> None:
    response = httpx.request(method, single_server.address.url + path)

    assert (response.status_code, response.json()["status"]) == (status, status)


def test_a_request_id_may_repeat_and_every_request_keeps_its_line(single_server: LocalServer) -> None:
    before = len(read_log(single_server.traffic_log).records)

    for _ in range(3):
        correct(single_server, "He goed home.", "the-same-user")

    added = read_log(single_server.traffic_log).records[before:]
    assert [record.request_id for record in added] == ["the-same-user"] * 3
    assert len({record.record_id for record in added}) == 3
