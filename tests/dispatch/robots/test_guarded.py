from __future__ import annotations

import asyncio

import pytest

from postroom.dispatch.robots.breaker import Plan
from postroom.dispatch.robots.dialogue import LONGEST_TURN
from postroom.dispatch.robots.guarded import GuardedRobot, RobotName
from postroom.observability.metrics import Metrics
from postroom.ports.robots import Fail, HandOff, RobotAnswer, Verdict
from tests.support.clock import VirtualClock
from tests.support.robots import ScriptedRobot, a_question

ANSWER = RobotAnswer(text="In your account.")
AWAY = Fail(reason="away", temporary=True)


class Guard:
    """A guarded robot that answers by script."""

    def __init__(self, *script: Verdict | Exception | None) -> None:
        self.clock, self.metrics = VirtualClock(), Metrics("1")
        self.scripted = ScriptedRobot(script)
        name = RobotName(tenant="acme", name="list")
        self.robot = GuardedRobot(self.scripted, name, Plan(failures=2, pause=30.0), self.clock, self.metrics)

    async def ask(self, text: str = "Where?", within: float = 5.0) -> Verdict:
        return await self.robot.ask(a_question(text), within)

    def counted(self, outcome: str) -> float:
        labels = {"tenant": "acme", "robot": "list", "outcome": outcome}
        return self.metrics.registry.get_sample_value("postroom_robot_requests_total", labels) or 0.0


async def test_every_outcome_is_counted_as_what_it_is() -> None:
    guard = Guard(ANSWER, HandOff(reason="no"), AWAY, ValueError("broken"))
    for _ in range(4):
        await guard.ask()
    await guard.ask()
    outcomes = ("answered", "handed_off", "failed", "late", "not_asked")
    assert [guard.counted(outcome) for outcome in outcomes] == [1, 1, 2, 0, 1]
    seconds = guard.metrics.registry.get_sample_value(
        "postroom_robot_seconds_count", {"tenant": "acme", "robot": "list"}
    )
    assert seconds == 4


async def test_an_answer_that_never_comes_is_late() -> None:
    guard = Guard(None)
    assert await guard.ask(within=0.05) == Fail(reason="no answer within 0.05 s", temporary=True)
    assert guard.counted("late") == 1


async def test_what_the_robot_raises_is_a_failure_that_does_not_quote_it() -> None:
    guard = Guard(ValueError("the customer's text"), TimeoutError())
    assert await guard.ask() == Fail(reason="the robot broke (ValueError)", temporary=True)
    assert await guard.ask() == Fail(reason="the robot broke (TimeoutError)", temporary=True)


async def test_a_robot_that_fails_again_and_again_is_left_in_peace_and_then_probed_once() -> None:
    guard = Guard(AWAY, AWAY, AWAY, ANSWER, ANSWER)
    assert [await guard.ask() for _ in range(2)] == [AWAY, AWAY]
    refused = await guard.ask()
    assert isinstance(refused, Fail)
    assert refused.temporary
    guard.clock.forward(seconds=31)
    assert await guard.ask() == AWAY
    assert isinstance(await guard.ask(), Fail)
    assert len(guard.scripted.asked) == 3
    guard.clock.forward(seconds=31)
    assert [await guard.ask() for _ in range(2)] == [ANSWER, ANSWER]


async def test_a_probe_that_is_withdrawn_does_not_keep_others_out() -> None:
    guard = Guard(AWAY, AWAY, None, ANSWER)
    for _ in range(2):
        await guard.ask()
    guard.clock.forward(seconds=31)
    asked = asyncio.Event()
    guard.scripted.told = lambda _: asked.set()
    probe = asyncio.ensure_future(guard.ask(within=60.0))
    await asked.wait()
    assert guard.robot.asking == 1
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert guard.robot.asking == 0
    assert await guard.ask() == ANSWER


async def test_the_robot_is_asked_in_bounds() -> None:
    guard = Guard(ANSWER)
    await guard.ask("x" * 1_000_000)
    assert len(guard.scripted.asked[0].newest) == LONGEST_TURN
    await guard.robot.close()
    assert guard.scripted.closed
