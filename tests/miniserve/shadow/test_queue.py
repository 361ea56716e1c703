"""A shadow is a bounded queue around any arm; here the arm is a plain function."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.function_arm import FunctionArm, Infer

from minieval.record.record import ArmResult
from miniserve.arms.arm import Answer
from miniserve.errors import ArmDropped, ArmRaised, BadOutput
from miniserve.shadow.queue import Shadow, ShadowLimits


async def _echo(prompt: str) -> Answer:
    return Answer(prompt, edit_applied=True, tokens=1)


def _raises(error: Exception) -> Infer:
    async def raise_it(_prompt: str) -> Answer:
        raise error

    return raise_it


def _run(
    infer: Infer, use: Callable[[Shadow, list[ArmResult]], Awaitable[None]], limits: ShadowLimits | None = None
) -> list[ArmResult]:
    """Use a started shadow, close it, and return the outcomes in the order in which they were reported."""
    outcomes: list[ArmResult] = []

    async def body() -> None:
        shadow = Shadow("B", FunctionArm(infer), limits or ShadowLimits())
        shadow.start()
        await use(shadow, outcomes)
        await shadow.close()

    asyncio.run(body())
    return outcomes


def _ask_once(infer: Infer, limits: ShadowLimits | None = None) -> ArmResult:
    async def ask(shadow: Shadow, outcomes: list[ArmResult]) -> None:
        shadow.submit("one", outcomes.append)
        await shadow.drain(10)
        await asyncio.sleep(0)

    (outcome,) = _run(infer, ask, limits)
    return outcome


def test_an_answer_has_the_latency_that_the_shadow_measured_and_the_wait_before_it() -> None:
    times = iter([10.0, 10.25, 10.75])

    async def body() -> ArmResult:
        outcomes: list[ArmResult] = []
        shadow = Shadow("B", FunctionArm(_echo), ShadowLimits(), clock=lambda: next(times))
        shadow.submit("one", outcomes.append)
        await shadow.drain(10)
        await shadow.close()
        return outcomes[0]

    outcome = asyncio.run(body())

    assert outcome == ArmResult("ok", "one", True, latency_ms=500.0, tokens=1, queue_ms=250.0)


def test_an_arms_own_measurements_are_used() -> None:
    async def measured(prompt: str) -> Answer:
        return Answer(prompt, edit_applied=False, tokens=3, service_ms=7.0, cpu_ms=6.0)

    outcome = _ask_once(measured)

    assert (outcome.status, outcome.latency_ms, outcome.cpu_ms) == ("ok", 7.0, 6.0)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ArmRaised("boom"), "error", "ArmRaised: boom"),
        (BadOutput("an empty answer", service_ms=1.0), "bad_output", "BadOutput: an empty answer"),
        (ArmDropped("starved", reason="starved"), "dropped", "starved"),
        (LookupError("undeclared"), "error", "LookupError: undeclared"),
    ],
)
def test_whatever_an_arm_raises_is_an_outcome_with_its_reason(error: Exception, status: str, reason: str) -> None:
    outcome = _ask_once(_raises(error))

    assert (outcome.status, outcome.reason, outcome.response) == (status, reason, None)


def test_an_arm_that_never_answers_is_a_timeout() -> None:
    async def hang(_prompt: str) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError("the event is never set")

    outcome = _ask_once(hang, ShadowLimits(timeout_s=0.01))

    assert (outcome.status, outcome.reason) == ("timeout", "ArmTimeout: no answer within 0.01 s")


def test_prompts_are_asked_one_at_a_time_in_the_order_of_their_arrival() -> None:
    under_way: list[str] = []
    finished: list[str] = []

    async def watched(prompt: str) -> Answer:
        under_way.append(prompt)
        assert len(under_way) == 1
        await asyncio.sleep(0)
        under_way.remove(prompt)
        finished.append(prompt)
        return await _echo(prompt)

    async def ask(shadow: Shadow, outcomes: list[ArmResult]) -> None:
        for number in range(20):
            shadow.submit(str(number), outcomes.append)
        await shadow.drain(10)

    outcomes = _run(watched, ask)

    assert finished == [str(number) for number in range(20)]
    assert {outcome.status for outcome in outcomes} == {"ok"}


def test_with_a_full_queue_prompts_are_dropped_at_once_and_close_cancels_the_rest() -> None:
    async def hang(_prompt: str) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError("the event is never set")

    async def overfill(shadow: Shadow, outcomes: list[ArmResult]) -> None:
        for number in range(5):
            shadow.submit(str(number), outcomes.append)
        assert [outcome.reason for outcome in outcomes] == ["queue full: 3 shadows"] * 2

    outcomes = _run(hang, overfill, ShadowLimits(queue=3))

    assert [outcome.status for outcome in outcomes] == ["dropped"] * 2 + ["cancelled"] * 3


def test_after_close_a_prompt_is_cancelled_and_the_arm_is_closed_once() -> None:
    async def body() -> tuple[list[ArmResult], list[str]]:
        arm = FunctionArm(_echo)
        shadow = Shadow("B", arm, ShadowLimits())
        outcomes: list[ArmResult] = []
        shadow.start()
        await shadow.close()
        shadow.submit("late", outcomes.append)
        return outcomes, arm.calls

    outcomes, calls = asyncio.run(body())

    assert ([outcome.status for outcome in outcomes], calls) == (["cancelled"], ["start", "close"])
