"""The policy for a log without a manifest: the command line's options, with defaults for the rest."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

import msgspec

from minieval.errors import InputRefused
from minieval.manifest import Aim, Alpha, Block, Count, Margins, Positive, Run
from minieval.record.log.facts import Context


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policy. Without a planned n, every item is planned, so the results cannot decide when to stop."""

    policy: Aim = "better"
    alpha: Alpha = 0.05
    margins: Margins = Margins()
    planned_n: Positive | None = None
    seed: Count = 0
    warmup: Count = 0

    def run(self, arms: tuple[str, str], contexts: Sequence[Context], items: int, eval_set_md5: str) -> Run:
        """Return the run that a manifest would have described, reconstructed from the log."""
        # An arm's model is the one in its first context; the gate on arms catches a different model later in the log.
        models: dict[str, str] = {}
        for context in contexts:
            models = {**context.arm_shas, **models}
        missing = [arm for arm in arms if arm not in models]
        if missing:
            raise InputRefused("arms of the log", sorted(models), f"a model for {', '.join(missing)}")
        return Run(
            seed=self.seed,
            planned_n=self.planned_n or max(1, items),
            arms={arm: models[arm] for arm in arms},
            eval_set_dvc_hash=eval_set_md5,
            blocks=_blocks(arms, contexts),
            policy=self.policy,
            margins=self.margins,
            alpha=self.alpha,
            warmup=self.warmup,
        )


DEFAULT_RULES: Final = Rules()


def parse_rules(options: Mapping[str, object]) -> Rules:
    """Return the rules from the options; raises InputRefused naming the first that is wrong."""
    try:
        return msgspec.convert(options, Rules)
    except msgspec.ValidationError as error:
        # msgspec says "Expected `float` < 0.5 - at `$.alpha`", margins as `$.margins.p50_ratio`.
        expected, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`").removeprefix("margins.")
        value = {**options, **_margins(options)}.get(name)
        if expected.startswith("Invalid enum value"):  # policy is the only choice of words
            expected = " or ".join(get_args(Aim))
        raise InputRefused(f"--{name.replace('_', '-')}", value, expected.removeprefix("Expected ")) from error


def _margins(options: Mapping[str, object]) -> Mapping[str, object]:
    margins = options.get("margins")
    return margins if isinstance(margins, dict) else {}


def _blocks(arms: tuple[str, str], contexts: Sequence[Context]) -> tuple[Block, ...]:
    """Return a block per configuration, whose planned number of requests is its number of records."""
    sizes: dict[tuple[str, str], int] = {}
    for context in contexts:
        key = (context.strategy, context.config_sha)
        sizes[key] = sizes.get(key, 0) + context.records
    config = {"production_arm": arms[0], "shadow_arm": arms[1]}
    return tuple(
        Block(strategy, strategy, config_sha, n, {}, config)  # type: ignore[arg-type]  # the log's checks know strategies
        for (strategy, config_sha), n in sizes.items()
    )
