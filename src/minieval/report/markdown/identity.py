"""The last sections of report.md: what the shadow cost the client, and which inputs the report depends on."""

from collections.abc import Iterator, Mapping

from minieval.report.identity import Identity
from minieval.report.markdown.markdown import code, table, text
from minieval.report.notation import ms, share


def client_section(identity: Identity) -> Iterator[str]:
    """Yield what the driver measured at the client with the shadow off and on."""
    yield "## Client latency, shadow off and on"
    isolation = identity.isolation
    off, on, ratio = (isolation.get(key) for key in ("shadow_off_p50_ms", "shadow_on_p50_ms", "ratio"))
    if not (isinstance(off, int | float) and isinstance(on, int | float)):
        yield "Not measured."
        return
    known = ratio if isinstance(ratio, int | float) else on / off if off else None
    shown = "unknown" if known is None else f"{known:.3f}{_limits(isolation, 'ratio')}"
    yield (
        f"p50 at the client: {ms(off)} ms with the shadow off, {ms(on)} ms with it on, ratio {shown}. "
        "Measured by the driver against a separate state folder; these requests are not in the log."
    )
    busy = isolation.get("back_to_back_ratio")
    if isinstance(busy, int | float):
        yield (
            f"Back to back, where client, A and B compete for the cores: ratio {busy:.3f}"
            f"{_limits(isolation, 'back_to_back_ratio')}. Intervals: 95 %, bootstrap over rounds; one machine."
        )
    rest = {k: v for k, v in isolation.items() if not k.startswith(("shadow_", "ratio", "back_to_back_"))}
    if rest:
        yield _facts(rest)


def _limits(facts: Mapping[str, object], name: str) -> str:
    low, high = facts.get(f"{name}_low"), facts.get(f"{name}_high")
    return f" [{low:.3f}, {high:.3f}]" if isinstance(low, int | float) and isinstance(high, int | float) else ""


def identity_section(identity: Identity) -> Iterator[str]:
    """Yield every input by hash, the policy that was fixed beforehand, and the facts about the run."""
    yield "## Identity"
    rows = [(f"arm {arm.role}", f"{code(arm.name)} {code(arm.sha)}") for arm in identity.arms]
    rows += [
        ("grader", f"{code(identity.grader)} {code(identity.grader_sha)}"),
        ("eval set (md5)", code(identity.eval_set_md5)),
        ("log (SHA-256)", code(identity.log_sha256)),
    ]
    if identity.baseline is not None:
        base = identity.baseline
        scored = f"{base.correct} of {base.n} ({share(base.correct / base.n)})" if base.n else "nothing"
        rows.append(("baseline", f"model {code(base.model_sha)} scored {scored} on the whole eval set"))
    rows += [
        (f"block {text(c.block)}", f"{text(c.strategy)}, configuration {code(c.config_sha)}, salt {_salt(c.salt)}")
        for c in identity.configurations
    ]
    margins = ", ".join(f"{name} {value:g}" for name, value in identity.margins.items())
    rows += [
        ("policy", f"{identity.aim}, alpha {identity.alpha:g}, planned n {identity.planned_n}"),
        ("margins", margins),
        ("seed", f"{identity.seed}; {identity.resamples} resamples; warm-up {identity.warmup} per arm"),
        ("self-test", f"{identity.selftest.checks} published values and laws hold"),
    ]
    yield table(("input", "value"), rows)
    facts = {
        "git": identity.git,
        "engine": identity.engine,
        "hardware": identity.hardware,
        "versions": identity.versions,
    }
    if any(facts.values()):
        yield "Facts of the run, as the driver recorded them:"
        yield "\n".join(f"- {name}: {_inline(values)}" for name, values in facts.items() if values)


def _salt(salt: str | None) -> str:
    return "not recorded" if salt is None else code(salt)


def _facts(values: Mapping[str, object]) -> str:
    return "\n".join(f"- {text(name)}: {_value(value)}" for name, value in values.items())


def _inline(values: Mapping[str, object]) -> str:
    return ", ".join(f"{text(name)} {_value(value)}" for name, value in values.items())


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return f"({_inline(value)})"
    return text(str(value))
