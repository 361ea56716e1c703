"""The description says what the server does: its schema and the server's own checks agree about any body."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.strategies import attempt, json_near

from miniserve.errors import RequestRefused
from miniserve.http.openapi import openapi
from miniserve.tasks import grammar as schemas
from miniserve.tasks.registry import TASKS
from miniserve.tasks.request_id import checked_request_id

DESCRIPTION = openapi(TASKS, asks_for_keys=True)
BODY = Draft202012Validator({**DESCRIPTION["components"], "$ref": "#/schemas/CorrectRequest"})
SENTENCES = st.text(max_size=30) | st.builds(
    lambda inner, length, around: around + (inner * length)[:length] + around,
    st.sampled_from(["a", "a b", "é", "\u2028", "a\x85", "\x1c", "\ufeff", "a\n"]),
    st.integers(0, 505),
    st.sampled_from(["", " ", "\n", "\x1f", "\u00a0", "\ufeff"]),
)


def _accepted(body: Any) -> bool:  # noqa: ANN401 - JSON
    asked = attempt(RequestRefused, schemas.decode_request, json.dumps(body).encode())
    if isinstance(asked, RequestRefused):
        return False
    checks = (
        attempt(RequestRefused, schemas.checked_sentence, asked.sentence),
        attempt(RequestRefused, checked_request_id, asked.request_id, []),
    )
    return not any(isinstance(found, RequestRefused) for found in checks)


@given(SENTENCES)
def test_the_schema_and_the_server_agree_about_any_sentence(sentence: str) -> None:
    body = {"sentence": sentence}

    assert BODY.is_valid(body) == _accepted(body)


@given(json_near({"sentence": "He goed home.", "request_id": "req-0001"}))
def test_the_schema_and_the_server_agree_about_any_body(body: object) -> None:
    # a lone surrogate is no JSON text, which a schema of values cannot say
    try:
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (UnicodeEncodeError, ValueError):
        return

    assert BODY.is_valid(body) == _accepted(body)


@pytest.mark.parametrize("asks_for_keys", [True, False])
def test_keys_are_described_if_they_are_required(asks_for_keys: bool) -> None:
    described = openapi(TASKS, asks_for_keys=asks_for_keys)
    operation = described["paths"][schemas.CORRECT_PATH]["post"]

    assert ("401" in operation["responses"]) == asks_for_keys
    assert operation["security"] == ([{"key": []}] if asks_for_keys else [])
    assert ("securitySchemes" in described["components"]) == asks_for_keys


@pytest.mark.parametrize(
    "body",
    [
        b'{"sentence": "a", "sentence": "b"}',
        b'{"sentence": "a", "\\u0073entence": "b"}',
        b'{"request_id": "x", "sentence": "a", "request_id": "x"}',
    ],
)
def test_a_repeated_json_key_is_refused(body: bytes) -> None:
    with pytest.raises(RequestRefused, match="appears twice: expected every key once") as refusal:
        schemas.decode_request(body)

    assert (refusal.value.status, refusal.value.field in {"sentence", "request_id"}) == (422, True)
