"""A robot behind a web service: a signed POST with the question, and a JSON answer that is one of two things.

Both bodies are those of message.py, and the answer is 200; everything else is a failure. The request's headers:

- `Idempotency-Key`: the question's `id`, which is the same when the same question is asked again;
- `Postroom-Timestamp`: seconds since 1970;
- `Postroom-Signature`: `v1=` and the HMAC-SHA256, in hex, of the timestamp, a dot, and the body.

deploy/examples/robot.py is such a service.
"""

from __future__ import annotations

import hashlib
import hmac

from postroom.dispatch.robots.message import decoded, encoded
from postroom.dispatch.robots.post import Poster
from postroom.errors import PermanentError, TemporaryError
from postroom.ports.robots import Fail, RobotQuestion, Verdict
from postroom.ports.world import Clock


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
