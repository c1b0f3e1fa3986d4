"""Robots as the runtime sees them: asked for the next answer of a dialogue, they answer, hand off, or fail.

Everything in a question that a customer wrote is data; nothing in it, and nothing a robot says, is an instruction to
the runtime: an answer is one of three values, and no more.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from msgspec import Struct

from postroom.session.state import ConversationId, SessionId


class Speaker(Enum):
    """Who said something in a dialogue."""

    CUSTOMER = "customer"
    ROBOT = "robot"
    AGENT = "agent"


class Turn(Struct, frozen=True, kw_only=True):
    """What one of them said: plain text without quotes and signature."""

    speaker: Speaker
    text: str


class RobotQuestion(Struct, frozen=True, kw_only=True):
    """The next answer of a session that is wanted of a robot; bounded, as dispatch/robots/dialogue.py makes it.

    `turn` counts the customer's turns of this session from 1: an answer to an earlier one is void. `language` is that
    of the newest mail where it is known (`en`, `de`, `zh` …). `dialogue` is oldest first and ends with the customer.
    """

    conversation: ConversationId
    session: SessionId
    turn: int
    channel: str
    subject: str
    dialogue: tuple[Turn, ...]
    language: str | None = None

    @property
    def id(self) -> str:
        """The same for the same question however often it is asked, and for no other."""
        return f"{self.session}.{self.turn}"

    @property
    def newest(self) -> str:
        """What the customer wrote since anybody answered him."""
        said: list[str] = []
        for turn in reversed(self.dialogue):
            if turn.speaker is not Speaker.CUSTOMER:
                break
            said.append(turn.text)
        return "\n".join(reversed(said))


class RobotAnswer(Struct, frozen=True, kw_only=True):
    """A text for the customer; `confidence` from 0 to 1, `source` says where the text is from (a question's words)."""

    text: str
    confidence: float = 1.0
    source: str = ""


class HandOff(Struct, frozen=True, kw_only=True):
    """The robot works, and wants a person to answer; why, in words for the agent."""

    reason: str


class Fail(Struct, frozen=True, kw_only=True):
    """The robot did not do its work; `temporary` where it may do it the next time it is asked."""

    reason: str
    temporary: bool


Verdict = RobotAnswer | HandOff | Fail
"""What comes of a question."""


class Robot(Protocol):
    """Answers customers' questions."""

    async def ask(self, question: RobotQuestion, within: float) -> Verdict:
        """Give the verdict within so many seconds; what goes wrong is a Fail, and nothing is raised but cancellation.

        Asking again with the same `question.id` is safe.
        """
        ...

    async def close(self) -> None:
        """Let go of connections; the robot is not asked again."""
        ...


class RobotWire(Protocol):
    """A tenant's connection to a broker, as robots use it."""

    async def publish(self, robot: str, content: bytes, correlation: bytes, expires_after: float) -> None:
        """Publish a request to the robot's topic, with the response topic, correlation data, and expiry in seconds.

        Raises TemporaryError where the broker is away.
        """
        ...
