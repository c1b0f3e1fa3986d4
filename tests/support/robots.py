"""Robots for tests: questions to ask one, and a stand-in that answers by script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from postroom.ports.robots import Fail, RobotQuestion, Speaker, Turn, Verdict
from postroom.session.state import ConversationId, SessionId


def a_question(text: str, *, turn: int = 1, subject: str = "", language: str | None = None) -> RobotQuestion:
    """What a customer wrote, as a question to a robot."""
    return RobotQuestion(
        conversation=ConversationId("c1"),
        session=SessionId("s1"),
        turn=turn,
        channel="support",
        subject=subject,
        dialogue=(Turn(speaker=Speaker.CUSTOMER, text=text),),
        language=language,
    )


class ScriptedRobot:
    """ports.robots.Robot: gives its answers one after the other, and keeps what it was asked.

    A script's entry is a verdict, an error to raise, or None for no answer ever; an empty script is a temporary Fail.
    """

    def __init__(self, script: Sequence[Verdict | Exception | None] = ()) -> None:
        self.script = list(script)
        self.asked: list[RobotQuestion] = []
        self.closed = False
        self.told: Callable[[RobotQuestion], None] = _nobody

    async def ask(self, question: RobotQuestion, within: float) -> Verdict:  # noqa: ARG002 a script knows no time
        """Give the next answer of the script."""
        self.asked.append(question)
        self.told(question)
        answer = self.script.pop(0) if self.script else Fail(reason="the script is over", temporary=True)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        return answer

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


def _nobody(_question: RobotQuestion) -> None:
    """Tell nobody."""
