"""The errors of minimodel, as one tree.

ModelError
|- UnknownModel            no registered model matches this reference
|- BundleRefused           a bundle's files or settings are not allowed in a bundle
|  `- BundleMismatch       a bundle's contents do not match the SHA that it is named by
|- RegistryRefused         the registry file, or a change to it, is invalid
|- ComputeTypeUnavailable  this CPU does not support the requested precision
|- SentenceTooLong         a sentence has more tokens than the model accepts
|- EngineClosed            an engine was used after it was closed
`- EditNotExpressible      no edit of the edit language leads from one sentence to the other
"""

from collections.abc import Collection


class ModelError(Exception):
    """Base class of all errors that minimodel raises on purpose."""


class UnknownModel(ModelError):
    """No registered model matches this reference."""

    def __init__(self, ref: str, expected: str) -> None:
        super().__init__(f"unknown model {ref!r}: expected {expected}")
        self.ref = ref
        self.expected = expected


class BundleRefused(ModelError):
    """A bundle's files or settings are not allowed in a bundle."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"bundle refused: {name} is {value!r}, expected {expected}")
        self.name = name
        self.value = value
        self.expected = expected


class BundleMismatch(BundleRefused):
    """A bundle's contents do not match the SHA that it is named by."""

    def __init__(self, expected_sha: str, actual_sha: str) -> None:
        super().__init__("canonical SHA", actual_sha, expected_sha)
        self.expected_sha = expected_sha
        self.actual_sha = actual_sha


class RegistryRefused(ModelError):
    """The registry file, or a change to it, is invalid."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"registry refused: {name} is {value!r}, expected {expected}")
        self.name = name
        self.value = value
        self.expected = expected


class ComputeTypeUnavailable(ModelError):
    """This CPU does not support the requested precision."""

    def __init__(self, compute_type: str, supported: Collection[str]) -> None:
        super().__init__(
            f"compute type {compute_type!r} is not available on this CPU: "
            f"expected default or one of {', '.join(sorted(supported))}"
        )
        self.compute_type = compute_type
        self.supported = tuple(sorted(supported))


class SentenceTooLong(ModelError):
    """A sentence has more tokens than the model accepts."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"sentence has {count} tokens: expected at most {limit}")
        self.count = count
        self.limit = limit


class EngineClosed(ModelError):
    """An engine was used after it was closed."""

    def __init__(self, sha: str) -> None:
        super().__init__(f"engine of model {sha} is closed: expected an open one")
        self.sha = sha


class EditNotExpressible(ModelError):
    """No edit of the edit language leads from one sentence to the other."""

    def __init__(self, wrong: str, right: str) -> None:
        super().__init__(f"no edit leads from {wrong!r} to {right!r}: expected words free of ' > ' and ' ; '")
        self.wrong = wrong
        self.right = right
