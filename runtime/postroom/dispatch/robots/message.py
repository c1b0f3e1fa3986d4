"""A question as JSON for robots outside, and their answer: one of two things, and everything else is a failure. Pure.

A question has `version` 1, `id`, `conversation`, `session`, `turn`, `channel`, `language`, `subject`, and `dialogue`, a
list of `speaker` (customer, robot, agent) and `text`. An answer is `{"action": "reply", "text": "..."}`, with
`confidence` (0 to 1) and `source` if wanted, or `{"action": "hand_off", "reason": "..."}`.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from postroom.ports.broker_messages import RobotRequest
from postroom.ports.robots import Fail, HandOff, RobotAnswer, RobotQuestion, Verdict

VERSION = 1


class Reply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="reply"):
    """The robot answers."""

    text: str
    confidence: float = 1.0
    source: str = ""


class Away(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="hand_off"):
    """The robot wants a person to answer."""

    reason: str = ""


_ANSWERS = msgspec.json.Decoder(Reply | Away)


def encoded(question: RobotQuestion) -> bytes:
    """Write a question."""
    asked = RobotRequest(
        version=VERSION,
        id=question.id,
        conversation=question.conversation,
        session=question.session,
        turn=question.turn,
        channel=question.channel,
        language=question.language,
        subject=question.subject,
        dialogue=question.dialogue,
    )
    return msgspec.json.encode(asked)


def decoded(answer: bytes) -> Verdict:
    """Read an answer; whatever is not one is a Fail."""
    try:
        found = _ANSWERS.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Fail(reason=f"the answer is not understood: {error}", temporary=False)
    if isinstance(found, Away):
        return HandOff(reason=found.reason)
    return RobotAnswer(text=found.text, confidence=found.confidence, source=found.source)
