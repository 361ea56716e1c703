"""The grammar tutor: `POST /v1/grammar/correct` repairs the verb forms of a sentence."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from minicorpus.explanation.explain import explain
from miniserve.arms.arm import Answer
from miniserve.errors import RequestRefused
from miniserve.serve import Prompt
from miniserve.tasks.language import Language, preferred
from miniserve.tasks.request_id import REQUEST_ID_SCHEMA
from miniserve.tasks.task import Operation, Reply

CORRECT_PATH = "/v1/grammar/correct"
MAX_BODY_BYTES = 10 * 1024
MAX_SENTENCE_CHARS = 500
# Has a mistake, so that the model generates an edit.
WARM_UP_SENTENCE = "He goed home."
_NO_FIT = {
    "en": "The model proposed a correction that fits nowhere in the sentence, so it is unchanged.",
    "es": "El modelo propuso una corrección que no encaja en la oración, así que queda como estaba.",
}
# How the decoder names a field: "at `$.sentence`", "field `sentence`".
_NAMED_FIELD = re.compile(r"(?:\$\.|field )`?(\w{1,64})`")
# For OpenAPI, in the syntax that Python's and ECMA's regular expressions share. Around the sentence, anything that
# str.strip removes is allowed, including some control characters; the sentence itself must not contain any.
_SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_INNER = rf"[^{_CONTROL}]{{0,{MAX_SENTENCE_CHARS - 2}}}"
_OUTER = rf"[^{_CONTROL}{_SPACE}]"
SENTENCE_PATTERN = rf"^[{_SPACE}]*{_OUTER}({_INNER}{_OUTER})?[{_SPACE}]*$"


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
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class GrammarRequest:
    """A checked sentence, and the language that its client reads."""

    sentence: str
    request_id: str | None
    language: Language

    @property
    def prompt(self) -> Prompt:
        """The sentence."""
        return Prompt(self.sentence, "sentence")

    def reply(self, answer: Answer, request_id: str) -> Reply:
        """Return the correction with its explanation."""
        body = CorrectReply(
            request_id=request_id,
            correction=answer.text,
            # An edit that fits nowhere leaves the sentence unchanged, but that does not make the sentence correct.
            was_correct=answer.edit_applied and answer.text == self.sentence,
            explanation=explain(self.sentence, answer.text, self.language)
            if answer.edit_applied
            else _NO_FIT[self.language],
        )
        return Reply(_encoder.encode(body), {"Content-Language": self.language, "Vary": "Accept-Language"})


@dataclass(frozen=True)
class Grammar:
    """The task that this repository trains its models for."""

    name: str = "grammar"
    path: str = CORRECT_PATH
    max_body_bytes: int = MAX_BODY_BYTES
    warm_up: str = WARM_UP_SENTENCE

    def read(self, body: bytes, headers: Mapping[str, str]) -> GrammarRequest:
        """Check a body; raises RequestRefused: 400 if it is not JSON in UTF-8, 422 if it is not a request."""
        asked = decode_request(body)
        return GrammarRequest(
            checked_sentence(asked.sentence), asked.request_id, preferred(headers.get("accept-language"))
        )

    def operation(self) -> Operation:
        """Return what the OpenAPI description says; the schemas include what `checked_sentence` checks."""
        _, schemas = msgspec.json.schema_components(
            (CorrectRequest, CorrectReply), ref_template="#/components/schemas/{name}"
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
            "anyOf": [REQUEST_ID_SCHEMA, {"type": "null"}],
            "default": None,
            "description": "the same id gets the same arm; if X-Request-Id is sent too, it must be the same",
        }
        replied["request_id"] = REQUEST_ID_SCHEMA
        language: dict[str, Any] = {
            "name": "Accept-Language",
            "in": "header",
            "schema": {"type": "string"},
            "example": "es",
        }
        return Operation(
            operation_id="correct",
            summary="Repair the verb forms of a sentence.",
            schemas=schemas,
            asked="CorrectRequest",
            replied="CorrectReply",
            parameters=(language,),
            reply_headers={"Content-Language": {"required": True, "schema": {"enum": ["en", "es"]}}},
        )


def decode_request(body: bytes) -> CorrectRequest:
    """Read the body; raises RequestRefused: 400 if it is not JSON in UTF-8, 422 if it is not a request.

    A repeated key is refused, because JSON parsers differ in which value they take (RFC 8259, section 4).
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
    # The decoder silently takes the last value. The body is small and flat, so a second parse costs microseconds.
    json.loads(body, object_pairs_hook=_refuse_repeated_keys)
    return asked


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


def _refuse_repeated_keys(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise _refused(repeated[0], "appears twice", "every key once")


def _refused(field: str, found: str, expected: str) -> RequestRefused:
    return RequestRefused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{field} {found}: expected {expected}", field=field)
