"""Which inputs a report rests on, each named by hash, and the facts of the run that the manifest records."""

from collections.abc import Mapping
from dataclasses import dataclass

from minieval.selftest import SelfTest


@dataclass(frozen=True, slots=True)
class ArmIdentity:
    """The role in the report (A or B), the arm's name in the logs, and its model."""

    role: str
    name: str
    sha: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """One block of traffic: how it was routed, under which configuration and salt, and what was planned."""

    block: str
    strategy: str
    config_sha: str
    salt: str | None
    planned: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What eval_baseline.json says that the production model scores on the whole eval set."""

    model_sha: str
    n: int
    correct: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything that has to be the same for another run to give the same report.

    The last six are facts from the manifest's run section, as its driver wrote them.
    """

    arms: tuple[ArmIdentity, ...]
    grader_sha: str
    eval_set_md5: str
    log_sha256: str
    configurations: tuple[Configuration, ...]
    baseline: Baseline | None
    aim: str
    alpha: float
    planned_n: int
    seed: int
    resamples: int
    warmup: int
    margins: Mapping[str, float]
    selftest: SelfTest
    isolation: Mapping[str, object]
    versions: Mapping[str, object]
    git: Mapping[str, object]
    hardware: Mapping[str, object]
    engine: Mapping[str, object]
