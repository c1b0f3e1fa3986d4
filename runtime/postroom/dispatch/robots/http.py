"""A robot behind a web service: a signed POST with the question, and a JSON answer that is one of two things.

The request's body is JSON: `version` 1, `id`, `conversation`, `session`, `turn`, `channel`, `language`, `subject`, and
`dialogue`, a list of `speaker` (customer, robot, agent) and `text`. Its headers:

- `Idempotency-Key`: the `id`, which is the same when the same question is asked again;
- `Postroom-Timestamp`: seconds since 1970;
- `Postroom-Signature`: `v1=` and the HMAC-SHA256, in hex, of the timestamp, a dot, and the body.

The answer is 200 and `{"action": "reply", "text": "..."}`, with `confidence` and `source` if wanted, or
`{"action": "hand_off", "reason": "..."}`. Everything else is a failure. deploy/examples/robot.py is such a service.
"""

from __future__ import annotations

import hashlib
import hmac

import msgspec
from msgspec import Struct

from postroom.dispatch.robots.post import Poster
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.robots import Fail, HandOff, RobotAnswer, RobotQuestion, Turn, Verdict
from postroom.ports.world import Clock

VERSION = 1


class Asked(Struct, frozen=True, kw_only=True):
    """The body of the request."""

    version: int
    id: str
    conversation: str
    session: str
    turn: int
    channel: str
    language: str | None
    subject: str
    dialogue: tuple[Turn, ...]


class Reply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="reply"):
    """The service answers."""

    text: str
    confidence: float = 1.0
    source: str = ""


class Away(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action", tag="hand_off"):
    """The service wants a person to answer."""

    reason: str = ""


_ANSWERS = msgspec.json.Decoder(Reply | Away)


class HttpRobot:
    """Asks the service."""

    def __init__(self, poster: Poster, secret: str, clock: Clock) -> None:
        self._poster = poster
        self._secret = secret.encode()
        self._clock = clock

    async def ask(self, question: RobotQuestion, within: float) -> Verdict:  # noqa: ARG002 the guard keeps the deadline
        """Post the question, and read the answer."""
        body = encoded(question)
        try:
            answer = await self._poster.post(body, self._headers(question, body))
        except TemporaryError as error:
            return Fail(reason=str(error), temporary=True)
        except PermanentError as error:
            return Fail(reason=str(error), temporary=False)
        return decoded(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()

    def _headers(self, question: RobotQuestion, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock.now().timestamp()))
        return {
            "Idempotency-Key": question.id,
            "Postroom-Timestamp": timestamp,
            "Postroom-Signature": signature(self._secret, timestamp, body),
        }


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Sign a request."""
    return "v1=" + hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def encoded(question: RobotQuestion) -> bytes:
    """Write a question as the body of a request."""
    asked = Asked(
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
    """Read the body of an answer; whatever is not one is a Fail."""
    try:
        found = _ANSWERS.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Fail(reason=f"the answer is not understood: {error}", temporary=False)
    if isinstance(found, Away):
        return HandOff(reason=found.reason)
    return RobotAnswer(text=found.text, confidence=found.confidence, source=found.source)
