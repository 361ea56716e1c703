"""The OpenAPI 3.1 description of the public port; clients may rely on what it says and on nothing else."""

from collections.abc import Sequence
from typing import Any

import msgspec

from miniserve.http.problem import Problem
from miniserve.tasks.request_id import REQUEST_ID_SCHEMA
from miniserve.tasks.task import Operation, Task

Json = dict[str, Any]
_RETRY_AFTER = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
_CHALLENGE = {"WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}}}
_TRACE = {"traceparent": {"required": True, "schema": {"pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"}}}
_REQUEST_ID_PARAMETER: Json = {"name": "X-Request-Id", "in": "header", "schema": REQUEST_ID_SCHEMA}
_REFUSALS = {
    "400": "The body is not JSON.",
    "401": "No API key, or an unknown one.",
    "408": "The body was not complete in time.",
    "413": "The body is too large.",
    "415": "The body is not application/json, or it is compressed.",
    "422": "The body is not a request of this task; `field` names what is wrong.",
    "429": "Too many requests for this key.",
    "502": "The production arm failed.",
    "503": "Loading, draining or saturated.",
    "504": "The production arm ran past its deadline.",
}


def openapi(tasks: Sequence[Task], *, asks_for_keys: bool) -> Json:
    """Return the description of a server with these tasks; `asks_for_keys` says whether it requires API keys."""
    operations = {task.path: task.operation() for task in tasks}
    found: Json = {
        "openapi": "3.1.0",
        "info": {"title": "Lynx: " + ", ".join(task.name for task in tasks), "version": "1"},
        "paths": {
            **{path: {"post": _post(each, asks_for_keys=asks_for_keys)} for path, each in operations.items()},
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
        "components": {"schemas": _schemas(list(operations.values()))},
    }
    if asks_for_keys:
        found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return found


def _schemas(operations: Sequence[Operation]) -> Json:
    _, schemas = msgspec.json.schema_components((Problem,), ref_template="#/components/schemas/{name}")
    for operation in operations:
        schemas |= operation.schemas
    return schemas


def _post(operation: Operation, *, asks_for_keys: bool) -> Json:
    replies: Json = {
        "200": {
            "description": "The arm's answer.",
            "headers": {
                "X-Request-Id": {"required": True, "schema": REQUEST_ID_SCHEMA},
                **operation.reply_headers,
                **_TRACE,
            },
            "content": {"application/json": {"schema": _reference(operation.replied)}},
        }
    }
    for status, text in _REFUSALS.items():
        if status == "401" and not asks_for_keys:
            continue
        extra = {"401": _CHALLENGE, "429": _RETRY_AFTER, "503": _RETRY_AFTER}.get(status, {})
        replies[status] = {
            "description": text,
            "headers": {**_TRACE, **extra},
            "content": {"application/problem+json": {"schema": _reference("Problem")}},
        }
    return {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "security": [{"key": []}] if asks_for_keys else [],
        "parameters": [_REQUEST_ID_PARAMETER, *operation.parameters],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _reference(operation.asked)}},
        },
        "responses": replies,
    }


def _reference(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _probe(responses: Json) -> Json:
    return {"security": [], "responses": responses}
