"""The inputs of a report, each identified by hash, and the facts about the run from the manifest."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from minieval.grading.baseline import EvalBaseline
from minieval.grading.grader import Grader
from minieval.manifest import Run
from minieval.selftest.selftest import SelfTest
from minieval.stats import RESAMPLES


@dataclass(frozen=True, slots=True)
class ArmIdentity:
    """The role in the report (A or B), the arm's name in the logs, and its model."""

    role: str
    name: str
    sha: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """One block of traffic: its strategy, configuration and salt, and the planned number of requests."""

    block: str
    strategy: str
    config_sha: str
    salt: str | None
    planned: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """The production model's score on the whole eval set, from eval_baseline.json."""

    model_sha: str
    n: int
    correct: int


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything that must be the same for another judgement to give the same report.

    unpinned names what cannot be shown to have been fixed before the run. The last five fields are facts from the
    manifest's run section, as the driver wrote them.
    """

    arms: tuple[ArmIdentity, ...]
    grader: str
    grader_sha: str
    eval_set_md5: str
    log_sha256: str
    configurations: tuple[Configuration, ...]
    baseline: Baseline | None
    unpinned: tuple[str, ...]
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


def identify(
    run: Run,
    baseline: EvalBaseline | None,
    salts: Mapping[str, str],
    *,
    unpinned: tuple[str, ...],
    grader: Grader,
    eval_set_md5: str,
    log_sha256: str,
    selftest: SelfTest,
) -> Identity:
    """Return the identity of everything a report depends on; salts are by configuration, as logged."""
    return Identity(
        arms=tuple(ArmIdentity(role, name, run.arms[name]) for role, name in zip("AB", run.roles(), strict=True)),
        grader=grader.name,
        grader_sha=grader.sha,
        eval_set_md5=eval_set_md5,
        log_sha256=log_sha256,
        configurations=tuple(
            Configuration(b.name, b.strategy, b.config_sha, salts.get(b.config_sha), b.planned) for b in run.blocks
        ),
        baseline=None
        if baseline is None
        else Baseline(baseline.model_sha, baseline.overall.n, baseline.overall.correct),
        unpinned=unpinned,
        aim=run.policy,
        alpha=run.alpha,
        planned_n=run.planned_n,
        seed=run.seed,
        resamples=RESAMPLES,
        warmup=run.warmup,
        margins=msgspec.structs.asdict(run.margins),
        selftest=selftest,
        isolation=run.isolation,
        versions=run.versions,
        git=run.git,
        hardware=run.hardware,
        engine=run.engine,
    )
