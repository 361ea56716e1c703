"""The cost section of report.md: what each arm did per second, and what a unit of its quality costs."""

from collections.abc import Iterator

from minieval.measures.cost import ArmCost, Cost
from minieval.report.markdown.markdown import table
from minieval.report.notation import accuracy, per_second, usd
from minieval.verdict.gates import percent

NOT_READY = "not-deployment-ready"


def cost_section(cost: Cost | None) -> Iterator[str]:
    """Yield throughput, prices and CpQU per arm, and what the figures do and do not say."""
    yield "## Cost per quality unit"
    if cost is None:
        yield "**Pending lab 03**: no throughput was measured in this run. It does not block while it is unknown."
        return
    yield (
        f"At {cost.rate_usd_per_hour:g} USD per hour of the machine. CpQU is the price of 1,000 tokens, "
        f"rate / (tokens per second x 3.6), divided by the accuracy in the shadow block; below an accuracy of "
        f"{percent(cost.least_accuracy)} an arm is not deployment-ready and has none."
    )
    level = f"{100 * cost.a.accuracy.confidence:g} %"
    yield table(
        ("arm", "corrections/s", "tokens/s", "tokens each", "USD per 1,000 tokens", f"CpQU, USD, {level} interval"),
        [_row("A", cost.a), _row("B", cost.b)],
        6,
    )
    yield table(
        ("arm", "accuracy", "USD per 1,000 corrections"),
        [(name, accuracy(arm.accuracy), usd(arm.per_1k_corrections)) for name, arm in (("A", cost.a), ("B", cost.b))],
        3,
    )
    yield "\n".join(f"- {note}" for note in notes(cost))


def notes(cost: Cost) -> tuple[str, ...]:
    """Return the sentences that a reader needs to interpret the figures."""
    measured = (
        f"Measured by the driver over a socket, each arm alone in the server, hosted as in production: {cost.rounds} "
        f"rounds of {cost.requests_per_round} requests per arm, in turns, {cost.clients} at a time. Client and server "
        "share the machine. Rates are geometric means over rounds with t intervals on the logarithms; "
        "the interval of CpQU combines them with Wilson's of the accuracy."
    )
    unit = (
        "Mind the unit: the formula prices 1,000 tokens, not 1,000 answers. An arm that writes more tokens for the "
        "same correction looks no dearer by it, so the price of 1,000 corrections stands beside it, and the gate asks "
        "for the accuracy only."
    )
    return measured, unit


def _row(name: str, arm: ArmCost) -> tuple[str, ...]:
    return (
        name,
        per_second(arm.corrections_per_second),
        per_second(arm.tokens_per_second),
        f"{arm.tokens_per_correction:.2f}",
        usd(arm.per_1k_tokens),
        NOT_READY if arm.per_quality_unit is None else usd(arm.per_quality_unit),
    )
