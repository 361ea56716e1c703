"""What travels over HTTP: the request and the reply."""

import json
import re
import unicodedata
from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from miniserve.errors import RequestRefused

MAX_SENTENCE_CHARS = 500
MAX_BODY_BYTES = 10 * 1024
CORRECT_PATH = "/v1/grammar/correct"
# How the decoder names a field: "at `$.sentence`", "field `sentence`".
_NAMED_FIELD = re.compile(r"(?:\$\.|field )`?(\w{1,64})`")
REQUEST_ID_PATTERN = re.compile(r"[\x21-\x7e]{1,128}")


class CorrectRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A sentence to correct."""

    sentence: str
    request_id: str | None = None


class CorrectReply(msgspec.Struct):
    """The corrected sentence, and why."""

    request_id: str
    correction: str
    was_correct: bool
    explanation: str


_decoder = msgspec.json.Decoder(CorrectRequest)


def decode_request(body: bytes) -> CorrectRequest:
    """Read the body; raises RequestRefused: 400 when it is not JSON in UTF-8, 422 when it is not a request.

    A key that stands twice is refused: readers of JSON differ in which of the two counts (RFC 8259, section 4).
    """
    try:
        asked = _decoder.decode(body)
    except msgspec.ValidationError as error:
        named = _NAMED_FIELD.search(str(error))
        raise RequestRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"not a correction request: {error}; expected sentence and, if wanted, request_id",
            field=named[1] if named else None,
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestRefused(HTTPStatus.BAD_REQUEST, f"the body is not JSON in UTF-8: {error}") from None
    # The decoder takes the last of them. What passed it is small and flat, so reading it again costs microseconds.
    json.loads(body, object_pairs_hook=_refuse_repeated_keys)
    return asked


def _refuse_repeated_keys(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise _refused(repeated[0], "stands twice", "every key once")


def checked_sentence(sentence: str) -> str:
    """Return the sentence trimmed; raises RequestRefused (422) unless it has 1 to 500 characters, none a control."""
    trimmed = sentence.strip()
    if not 1 <= len(trimmed) <= MAX_SENTENCE_CHARS:
        raise _refused("sentence", f"has {len(trimmed)} characters after trimming", f"1 to {MAX_SENTENCE_CHARS}")
    for position, character in enumerate(trimmed):
        if unicodedata.category(character) == "Cc":
            raise _refused(
                "sentence",
                f"has the control character U+{ord(character):04X} at position {position}",
                "text without them",
            )
    return trimmed


def checked_request_id(in_body: str | None, in_headers: Sequence[str]) -> str | None:
    """Return the client's request id, if it sent one.

    Raises RequestRefused (422) when body and headers contradict each other or the id is not 1 to 128 printable
    ASCII characters without a space.
    """
    if len({*in_headers}) > 1:
        raise _refused("request_id", f"has {len(in_headers)} different X-Request-Id headers", "one")
    sent = {*in_headers} | ({in_body} if in_body is not None else set())
    if len(sent) > 1:
        raise _refused("request_id", "has different values in body and X-Request-Id", "one id, wherever it stands")
    request_id = next(iter(sent), None)
    if request_id is not None and not REQUEST_ID_PATTERN.fullmatch(request_id):
        raise _refused("request_id", _wrong_with_id(request_id), "1 to 128 characters of 0x21 to 0x7E")
    return request_id


def _wrong_with_id(request_id: str) -> str:
    outside = [(position, c) for position, c in enumerate(request_id) if not "\x21" <= c <= "\x7e"]
    if not outside:
        return f"has {len(request_id)} characters"
    return f"has U+{ord(outside[0][1]):04X} at position {outside[0][0]}"


def echoed_request_id(in_headers: Sequence[str]) -> str | None:
    """Return the id that a refusal repeats: the header's, if it is one."""
    return in_headers[0] if len(in_headers) == 1 and REQUEST_ID_PATTERN.fullmatch(in_headers[0]) else None


def _refused(field: str, found: str, expected: str) -> RequestRefused:
    return RequestRefused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{field} {found}: expected {expected}", field=field)
