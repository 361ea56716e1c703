"""The graders: the built-in grader of verb forms, or anybody's `module:function`.

A function is given the object of the item's line and the answer's text. It returns True for a right answer, and
False or a short name of the error for a wrong one. It is never asked about a missing answer: an arm that failed is
wrong. Its module may define canonical_answer(answer): two answers with the same canonical text are the same answer.
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
"""Where the built-in grader was before it moved; still accepted, because people's scripts and workflows name it."""
CANONICAL: Final = "canonical_answer"
# Outcomes are row and column heads of the report's tables.
LONGEST_OUTCOME: Final = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """The judgement of one answer: its outcome is "correct" exactly if it is, else the type of error.

    correction says what the answer did to its sentence, None under a grader that does not know.
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
        """Its identity: another grader's grades are not comparable."""

    def items(self, text: str) -> EvalSet:
        """Read an eval set; raises ItemError naming the line."""

    def mark(self, item: EvalItem, answer: str | None) -> Mark:
        """Mark an answer, None being that of an arm that failed; raises GraderFailed."""

    def canonical(self, item: EvalItem, answer: str) -> str:
        """Return the text by which answers are compared: equal texts are the same answer; raises GraderFailed."""


@dataclass(frozen=True)
class GrammarGrader:
    """The built-in grader; its identity is the SHA-256 that eval_baseline.json pins.

    predecessor is the identity of an earlier version with the same grades, for verifying a report that names it.
    """

    predecessor: str | None = None

    @property
    def name(self) -> str:
        """Return the name that reports show; a predecessor's is where that was found."""
        return BUILT_IN if self.predecessor is None else OLD_BUILT_IN

    @property
    def sha(self) -> str:
        """Return the SHA-256 over code and table."""
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
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise GraderFailed(item.id, error) from error
        return Mark(given.correct, CORRECT if given.error is None else given.error.value, given.correction)

    def canonical(self, item: EvalItem, answer: str) -> str:
        """Compare sentences as they are graded: in NFC, every run of white space as one space."""
        return normalise(answer)


@dataclass(frozen=True)
class FunctionGrader:
    """Somebody's function; its identity is the SHA-256 of its name and its module's source."""

    name: str
    sha: str
    function: Callable[[object, str], object]
    canonical_answer: Callable[[str], object] | None = None

    def items(self, text: str) -> EvalSet:
        """Read a plain eval set."""
        return plain_items(text)

    def mark(self, item: EvalItem, answer: str | None) -> Mark:
        """Ask the function; raises GraderFailed if it raises, or returns neither a bool nor an error's name."""
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
        """Ask the module's canonical_answer; without one, answers are compared as they are."""
        if self.canonical_answer is None:
            return answer
        with _foreign_code(partial(GraderFailed, item.id)):
            found = self.canonical_answer(answer)
        if not isinstance(found, str):
            raise GraderFailed(item.id, TypeError(f"{CANONICAL} returned {found!r}: expected text"))
        return found


def load_grader(name: str) -> Grader:
    """Return the grader of that name; raises GraderUnusable."""
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
        raise GraderUnusable("grader", name, "a module with a source file, which its identity is taken from")
    canonical = getattr(module, CANONICAL, None)
    if canonical is not None and not callable(canonical):
        raise GraderUnusable("grader", name, f"{CANONICAL} of {module_name} to be a function")
    return FunctionGrader(name, _sha(name, Path(source).read_bytes()), function, canonical)


@contextmanager
def _foreign_code(refusal: Callable[[Exception], EvalError]) -> Iterator[None]:
    """Turn an exception of somebody's grader into a refusal that names the item; a traceback would not name it."""
    try:
        yield
    except Exception as error:  # code that is not ours may raise anything
        raise refusal(error) from error


def _sha(name: str, source: bytes) -> str:
    """Return the SHA-256 of name and source, each preceded by its length as 8 bytes big-endian, line ends as LF."""
    # Lengths before contents, as in identity.py; the name, because two functions of a module grade differently.
    digest = hashlib.sha256()
    for part in (name.encode(), source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
