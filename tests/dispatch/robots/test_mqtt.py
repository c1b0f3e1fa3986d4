"""Requests over a broker, and which message is the answer to which."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from postroom.dispatch.robots.mqtt import Answers, MqttRobot
from postroom.engine.world import SystemClock, SystemIds
from postroom.ports.robots import RobotAnswer
from tests.support.robots import a_question


class Wire:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[tuple[str, bytes, bytes, float]] = []
        self.bell = asyncio.Event()

    async def publish(self, robot: str, content: bytes, correlation: bytes, expires_after: float) -> None:
        self.published.append((robot, content, correlation, expires_after))
        self.bell.set()


def reply(text: str) -> bytes:
    return msgspec.json.encode({"action": "reply", "text": text})


async def test_each_answer_finds_its_question_in_whatever_order_they_come() -> None:
    wire, answers = Wire(), Answers(SystemIds(SystemClock()))
    robot = MqttRobot(wire, answers, "service")
    asking = [asyncio.ensure_future(robot.ask(a_question("Where?", turn=turn), 5.0)) for turn in range(1, 4)]
    while len(wire.published) < 3:
        await wire.bell.wait()
        wire.bell.clear()
    for name, content, correlation, expires_after in reversed(wire.published):
        assert (name, expires_after) == ("service", 5.0)
        assert answers.arrived(correlation, reply(msgspec.json.decode(content)["id"]))
    assert await asyncio.gather(*asking) == [RobotAnswer(text=f"s1.{turn}") for turn in range(1, 4)]
    await robot.close()


async def test_the_first_answer_counts_and_strangers_answer_nobody() -> None:
    wire, answers = Wire(), Answers(SystemIds(SystemClock()))
    asking = asyncio.ensure_future(MqttRobot(wire, answers, "service").ask(a_question("Where?"), 5.0))
    await wire.bell.wait()
    correlation = wire.published[0][2]
    assert len(correlation) >= 26
    for guess in (b"", b"s1.1", correlation[:-1], correlation + b"x"):
        assert not answers.arrived(guess, reply("forged"))
    assert answers.arrived(correlation, reply("first"))
    assert not answers.arrived(correlation, reply("second"))
    assert await asking == RobotAnswer(text="first")
    assert not answers.arrived(correlation, reply("late"))


async def test_a_question_that_is_withdrawn_waits_for_nothing() -> None:
    wire, answers = Wire(), Answers(SystemIds(SystemClock()))
    asking = asyncio.ensure_future(MqttRobot(wire, answers, "service").ask(a_question("Where?"), 5.0))
    await wire.bell.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert not answers.arrived(wire.published[0][2], reply("late"))
