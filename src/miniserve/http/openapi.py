"""The OpenAPI 3.1 description of the public port: what it says is what a client may rely on, and no more."""

from typing import Any

import msgspec

from miniserve.http.problem import Problem
from miniserve.tasks.grammar import (
    CORRECT_PATH,
    MAX_SENTENCE_CHARS,
    REQUEST_ID_PATTERN,
    CorrectReply,
    CorrectRequest,
)

Json = dict[str, Any]
# A regular expression in the common part of Python's and ECMA's languages. What str.strip takes away may stand
# around the sentence, control characters among it; the 1 to MAX_SENTENCE_CHARS in between have none.
_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_INNER = rf"[^{_CONTROL}]{{0,{MAX_SENTENCE_CHARS - 2}}}"
_OUTER = rf"[^{_CONTROL}{_SPACE}]"
SENTENCE_PATTERN = rf"^[{_SPACE}]*{_OUTER}({_INNER}{_OUTER})?[{_SPACE}]*$"
_REQUEST_ID: Json = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": f"^{REQUEST_ID_PATTERN.pattern}$"}
_RETRY_AFTER = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
_CHALLENGE = {"WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}}}
_TRACE = {"traceparent": {"required": True, "schema": {"pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"}}}
_REFUSALS = {
    "400": "The body is not JSON.",
    "401": "No API key, or an unknown one.",
    "408": "The body was not complete in time.",
    "413": "The body is over 10 KB.",
    "415": "The body is not application/json.",
    "422": "The body is not a correction request; `field` names what is wrong.",
    "429": "Too many requests for this key.",
    "502": "The production arm failed.",
    "503": "Loading, draining or saturated.",
    "504": "The production arm ran past its deadline.",
}


def openapi(*, asks_for_keys: bool) -> Json:
    """Return the description of a server that asks for API keys, or of one that does not."""
    found: Json = {
        "openapi": "3.1.0",
        "info": {"title": "Grammar tutor for English verb forms", "version": "1"},
        "paths": {
            CORRECT_PATH: {"post": _correct(asks_for_keys=asks_for_keys)},
            "/healthz": {"get": _probe({"200": {"description": "The process answers."}})},
            "/readyz": {
                "get": _probe(
                    {
                        "200": {"description": "Ready to serve."},
                        "503": {"description": "Loading, draining or saturated.", "headers": _RETRY_AFTER},
                    }
                )
            },
            "/openapi.json": {
                "get": _probe(
                    {
                        "200": {
                            "description": "This description.",
                            "content": {"application/json": {"schema": {"type": "object"}}},
                        }
                    }
                )
            },
        },
        "components": {"schemas": _schemas()},
    }
    if asks_for_keys:
        found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return found


def _schemas() -> Json:
    """Return the bodies' schemas, with what decode_request leaves to checked_sentence and checked_request_id."""
    _, schemas = msgspec.json.schema_components(
        (CorrectRequest, CorrectReply, Problem), ref_template="#/components/schemas/{name}"
    )
    asked, replied = schemas["CorrectRequest"]["properties"], schemas["CorrectReply"]["properties"]
    asked["sentence"] |= {
        "pattern": SENTENCE_PATTERN,
        "description": (
            f"1 to {MAX_SENTENCE_CHARS} characters after trimming, none of them a control character, and no more "
            "tokens than the model takes"
        ),
    }
    asked["request_id"] = {
        "anyOf": [_REQUEST_ID, {"type": "null"}],
        "default": None,
        "description": "the same id gets the same arm; if X-Request-Id is sent too, it must be the same",
    }
    replied["request_id"] = _REQUEST_ID
    return schemas


def _correct(*, asks_for_keys: bool) -> Json:
    replies: Json = {
        "200": {
            "description": "The correction.",
            "headers": {
                "X-Request-Id": {"required": True, "schema": _REQUEST_ID},
                "Content-Language": {"required": True, "schema": {"enum": ["en", "es"]}},
                **_TRACE,
            },
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CorrectReply"}}},
        }
    }
    for status, text in _REFUSALS.items():
        if status == "401" and not asks_for_keys:
            continue
        extra = {"401": _CHALLENGE, "429": _RETRY_AFTER, "503": _RETRY_AFTER}.get(status, {})
        replies[status] = {
            "description": text,
            "headers": {**_TRACE, **extra},
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return {
        "operationId": "correct",
        "summary": "Repair the verb forms of a sentence.",
        "security": [{"key": []}] if asks_for_keys else [],
        "parameters": [
            {"name": "X-Request-Id", "in": "header", "schema": _REQUEST_ID},
            {"name": "Accept-Language", "in": "header", "schema": {"type": "string"}, "example": "es"},
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CorrectRequest"}}},
        },
        "responses": replies,
    }


def _probe(responses: Json) -> Json:
    return {"security": [], "responses": responses}
