"""All errors of a judgement, as one tree.

EvalError
|- RecordRefused       a line of the log is not a traffic record
|- InputRefused        a file or option is not valid
|  |- ManifestRefused  the manifest lacks or misstates something the judge needs
|  `- GraderUnusable   the named grader cannot be loaded or called
|- UnusableNumbers     a statistic is not defined for the given numbers
|- GraderFailed        the grader raised on an answer
|- SelfTestFailed      a published reference value is not reproduced
`- EvidenceMismatch    the evidence is inconsistent, or does not match this manifest
   `- GraderDrift      the grader in use is not the one that the baseline names

items.ItemError is a separate ValueError, because the grader's modules import only what its identity covers.
"""


class EvalError(Exception):
    """Root of everything minieval raises on purpose."""


class InputRefused(EvalError):
    """A file or option is not valid."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"{name} is {value!r}: expected {expected}")
        self.name = name
        self.value = value
        self.expected = expected


class RecordRefused(EvalError):
    """A line of the log is not a traffic record; the message has file, line, key, value and what was expected."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file} line {line}: {reason}")
        self.file = file
        self.line = line


class ManifestRefused(InputRefused):
    """The manifest lacks or misstates something the judge needs."""


class GraderUnusable(InputRefused):
    """The named grader cannot be loaded or called."""


class UnusableNumbers(EvalError, ValueError):
    """A statistic is not defined for the given numbers."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"{name} is {value!r}: expected {expected}")
        self.name = name
        self.value = value
        self.expected = expected


class GraderFailed(EvalError):
    """The grader raised on an answer; the judgement stops, because a missing grade is not a wrong answer."""

    def __init__(self, item_id: str, error: Exception) -> None:
        super().__init__(f"the grader raised on item {item_id}: {type(error).__name__}: {error}")
        self.item_id = item_id


class SelfTestFailed(EvalError):
    """A published reference value is not reproduced, so no number of this run can be trusted."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"the statistics self-test failed: {', '.join(names)}")
        self.names = names


class EvidenceMismatch(EvalError):
    """The evidence is inconsistent, or does not match this manifest."""

    def __init__(self, name: str, actual: object, expected: object) -> None:
        super().__init__(f"{name} is {actual}: expected {expected}")
        self.name = name
        self.actual = actual
        self.expected = expected


class GraderDrift(EvidenceMismatch):
    """The grader in use is not the one that the baseline names; its grades would not be comparable."""

    def __init__(self, actual: str, expected: str) -> None:
        super().__init__("grader_sha", actual, f"{expected}, the grader that eval_baseline.json names")
