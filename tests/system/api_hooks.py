"""schemathesis hooks: failures of this API that are expected, each with its reason."""

from typing import Protocol

import schemathesis


class _Response(Protocol):
    """The part of schemathesis' response that this module reads."""

    @property
    def text(self) -> str: ...


# Messages with which the server refuses requests that are valid by the schema.
BEYOND_A_SCHEMA = (
    "different values in body and X-Request-Id",  # a schema cannot compare a header with the body
    "tokens: expected at most",  # nor count a model's tokens
)


@schemathesis.hook  # type: ignore[untyped-decorator]  # its types are in .venv-check only
def filter_failure(context: object, failure: object, case: object, response: _Response) -> bool:
    """Return whether the failure is a real one."""
    return not any(words in response.text for words in BEYOND_A_SCHEMA)
