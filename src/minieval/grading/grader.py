"""The graders: the built-in grader of verb forms, or a user's `module:function`.

A function gets the JSON object of the item's line and the text of the answer. It returns True for a right answer, and
False or a short name for the error otherwise. It is never called for a failed answer, which is always wrong. Its module
may define canonical_answer(answer): two answers with the same canonical text count as the same answer.
"""

import hashlib
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from minieval.errors import EvalError, GraderFailed, GraderUnusable
from minieval.grading.evalset import EvalItem, EvalSet, grammar_items, plain_items
from minieval.grading.grammar import Correction, grade, normalise
from minieval.grading.identity import grader_sha
from minieval.grading.items import Item

CORRECT: Final = "correct"
NO_ANSWER: Final = "no answer"
WRONG: Final = "wrong"
BUILT_IN: Final = "minieval.grading.grammar:grade"
OLD_BUILT_IN: Final = "minieval.grading:grade"
"""The built-in grader's former name, still accepted because users' scripts and workflows contain it."""
CANONICAL: Final = "canonical_answer"
# Outcomes are row and column headers in the report's tables.
LONGEST_OUTCOME: Final = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """The grade of one answer; outcome is "correct" for a right answer and the type of error for a wrong one.

    correction says what the answer did to its sentence; None if the grader does not report that.
    """

    correct: bool
    outcome: str
    correction: Correction | None = None


class Grader(Protocol):
    """Reads an eval set and marks answers to its items."""

    @property
    def name(self) -> str:
        """`module:function`."""

    @property
    def sha(self) -> str:
        """The grader's identity: grades of different graders are not comparable."""

    def items(self, text: str) -> EvalSet:
        """Read an eval set; raises ItemError naming the line."""

    def mark(self, item: EvalItem, answer: str | None) -> Mark:
        """Mark an answer; None is the answer of an arm that failed. Raises GraderFailed."""

    def canonical(self, item: EvalItem, answer: str) -> str:
        """Return the text for comparing answers: equal texts are the same answer; raises GraderFailed."""


@dataclass(frozen=True)
class GrammarGrader:
    """The built-in grader; its identity is the SHA-256 that eval_baseline.json pins.

    predecessor is the identity of an earlier version that gave the same grades; it serves to verify reports that name
    that version.
    """

    predecessor: str | None = None

    @property
    def name(self) -> str:
        """Return the name that reports show; a predecessor keeps its former name."""
        return BUILT_IN if self.predecessor is None else OLD_BUILT_IN

    @property
    def sha(self) -> str:
        """Return the SHA-256 over the grader's code and conjugation table."""
        return self.predecessor or grader_sha()

    def items(self, text: str) -> EvalSet:
        """Read the lab's eval set."""
        return grammar_items(text)

    def mark(self, item: EvalItem, answer: str | None) -> Mark:
        """Mark a correction."""
        if not isinstance(item.asked, Item):
            raise GraderFailed(item.id, TypeError("not a grammar item"))
        try:
            given = grade(item.asked, answer)
        # The errors that bad data can cause. Catching Exception would hide bugs of the judge itself.
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise GraderFailed(item.id, error) from error
        return Mark(given.correct, CORRECT if given.error is None else given.error.value, given.correction)

    def canonical(self, item: EvalItem, answer: str) -> str:
        """Return the sentence as it is graded: in NFC, with every run of white space as one space."""
        return normalise(answer)


@dataclass(frozen=True)
class FunctionGrader:
    """A user's function; its identity is the SHA-256 of its name and its module's source."""

    name: str
    sha: str
    function: Callable[[object, str], object]
    canonical_answer: Callable[[str], object] | None = None

    def items(self, text: str) -> EvalSet:
        """Read a plain eval set."""
        return plain_items(text)

    def mark(self, item: EvalItem, answer: str | None) -> Mark:
        """Call the function; raises GraderFailed if it raises, or returns neither a bool nor the name of an error."""
        if answer is None:
            return Mark(correct=False, outcome=NO_ANSWER)
        with _foreign_code(partial(GraderFailed, item.id)):
            given = self.function(item.asked, answer)
        if isinstance(given, bool):
            return Mark(given, CORRECT if given else WRONG)
        if not isinstance(given, str) or not 0 < len(given) <= LONGEST_OUTCOME or given == CORRECT:
            expected = f"True, False or an error's name of 1 to {LONGEST_OUTCOME} characters, not {CORRECT!r}"
            raise GraderFailed(item.id, ValueError(f"{self.name} returned {given!r}: expected {expected}"))
        return Mark(correct=False, outcome=given)

    def canonical(self, item: EvalItem, answer: str) -> str:
        """Call the module's canonical_answer; without one, answers are compared as they are."""
        if self.canonical_answer is None:
            return answer
        with _foreign_code(partial(GraderFailed, item.id)):
            found = self.canonical_answer(answer)
        if not isinstance(found, str):
            raise GraderFailed(item.id, TypeError(f"{CANONICAL} returned {found!r}: expected text"))
        return found


def load_grader(name: str) -> Grader:
    """Return the grader with this name; raises GraderUnusable."""
    if name in {BUILT_IN, OLD_BUILT_IN}:
        return GrammarGrader()
    module_name, _, function_name = name.partition(":")
    if not module_name or not function_name:
        raise GraderUnusable("grader", name, "module:function, as in mygrader:grade")

    def not_imported(error: Exception) -> GraderUnusable:
        return GraderUnusable("grader", name, f"a module that can be imported ({type(error).__name__}: {error})")

    with _foreign_code(not_imported):
        module = importlib.import_module(module_name)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise GraderUnusable("grader", name, f"a function of {module_name}")
    source = getattr(module, "__file__", None)
    if source is None:
        raise GraderUnusable("grader", name, "a module with a source file, because its identity is a hash of that file")
    canonical = getattr(module, CANONICAL, None)
    if canonical is not None and not callable(canonical):
        raise GraderUnusable("grader", name, f"{CANONICAL} of {module_name} to be a function")
    return FunctionGrader(name, _sha(name, Path(source).read_bytes()), function, canonical)


@contextmanager
def _foreign_code(refusal: Callable[[Exception], EvalError]) -> Iterator[None]:
    """Turn an exception from a user's grader into a refusal, which names the item where a traceback would not."""
    try:
        yield
    except Exception as error:  # a user's code may raise anything
        raise refusal(error) from error


def _sha(name: str, source: bytes) -> str:
    """Return the SHA-256 of name and source, each preceded by its length as 8 bytes big-endian, line ends as LF."""
    # Lengths before contents, as in identity.py. The name is included because two functions of one module may grade
    # differently.
    digest = hashlib.sha256()
    for part in (name.encode(), source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
