"""What every robot must do for the runtime, whatever stands behind it."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Protocol

import pytest

from postroom.ports.robots import Fail, HandOff, Robot, RobotAnswer, Verdict
from tests.support.robots import a_question

SOON = 30.0
"""Seconds after which a robot on this machine must have come to a verdict, whatever befell it."""
WITHIN = 10.0
AT_ONCE = 0.2
"""A deadline that a robot which never answers is given."""


class Habit(Enum):
    """What the robot does from now on."""

    ANSWERS = "answers the question"
    IS_NOT_SURE = "knows no answer"
    IS_SILENT = "never comes to an end"
    TALKS_GARBAGE = "says what nobody understands"
    TALKS_WITHOUT_END = "says far more than anybody reads"
    IS_AWAY = "is not there"


class Place(Protocol):
    """A robot, guarded as the runtime asks it, and the say over what is behind it; asked for the first time after."""

    robot: Robot

    def become(self, habit: Habit) -> None:
        """Have this habit from now on."""
        ...


async def ask(place: Place, habit: Habit, within: float = WITHIN) -> Verdict:
    place.become(habit)
    async with asyncio.timeout(SOON):
        return await place.robot.ask(a_question("How do I cancel my order?", language="en"), within)


class RobotContract:
    async def test_an_answer_has_a_text_and_a_confidence(self, place: Place) -> None:
        verdict = await ask(place, Habit.ANSWERS)
        assert isinstance(verdict, RobotAnswer)
        assert verdict.text == "In your account."
        assert 0.0 <= verdict.confidence <= 1.0

    async def test_who_is_not_sure_hands_off_and_says_why(self, place: Place) -> None:
        verdict = await ask(place, Habit.IS_NOT_SURE)
        assert isinstance(verdict, HandOff)
        assert verdict.reason

    async def test_no_answer_within_the_deadline_is_a_failure_that_may_pass(self, place: Place) -> None:
        verdict = await ask(place, Habit.IS_SILENT, within=AT_ONCE)
        assert verdict == Fail(reason="no answer within 0.2 s", temporary=True)

    @pytest.mark.parametrize("habit", [Habit.TALKS_GARBAGE, Habit.TALKS_WITHOUT_END, Habit.IS_AWAY])
    async def test_what_goes_wrong_is_a_failure_in_words(self, place: Place, habit: Habit) -> None:
        verdict = await ask(place, habit)
        assert isinstance(verdict, Fail)
        assert verdict.reason
        assert verdict.reason.isprintable()
        assert len(verdict.reason) <= 500

    async def test_who_withdraws_the_question_is_let_go_and_may_ask_again(self, place: Place) -> None:
        place.become(Habit.IS_SILENT)
        asking = asyncio.ensure_future(place.robot.ask(a_question("How do I cancel my order?"), WITHIN))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(SOON):
                await asking
        assert isinstance(await ask(place, Habit.ANSWERS), RobotAnswer)

    async def test_many_questions_at_once_have_each_their_answer(self, place: Place) -> None:
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(ask(place, Habit.ANSWERS)) for _ in range(20)]
        assert all(isinstance(task.result(), RobotAnswer) for task in asking)

    async def test_a_robot_is_closed_in_order(self, place: Place) -> None:
        await ask(place, Habit.ANSWERS)
        await place.robot.close()
