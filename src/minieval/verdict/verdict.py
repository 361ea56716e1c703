"""The four verdicts and the exit codes that scripts and pipelines act on."""

from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What to do with B."""

    PROMOTE = "promote"
    HOLD = "hold"
    RETRAIN = "retrain"
    INVALID = "invalid"


# Only promote is 0, so a pipeline that checks for success never lets a hold through. 1 is reserved for crashes: Python
# exits with it on an uncaught exception.
EXIT_CODES: Final = {Verdict.PROMOTE: 0, Verdict.HOLD: 10, Verdict.RETRAIN: 20, Verdict.INVALID: 3}
USAGE_EXIT_CODE: Final = 2
