"""A robot behind an MQTT 5 broker: a request with response topic and correlation data, and the answer that carries it.

The correlation data is a secret of this one request, so that nobody else who may publish to the response topic answers
for the robot. The first answer counts; a later one, and one nobody waits for, is dropped. Both bodies are those of
message.py. Topics and the connection are the wire's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from postroom.dispatch.robots.message import decoded, encoded
from postroom.errors import TemporaryError
from postroom.ports.robots import Fail, RobotQuestion, RobotWire, Verdict
from postroom.ports.world import Ids

LARGEST_ANSWER = 64 * 1024


class Answers:
    """Who waits for which answer; one for all robots of the process."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._waiting: dict[bytes, asyncio.Future[bytes]] = {}

    @contextmanager
    def expected(self) -> Iterator[tuple[bytes, asyncio.Future[bytes]]]:
        """Give the correlation data for one request, and where its answer will be; forgotten at the end."""
        correlation = self._ids.secret().encode()
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[correlation] = future
        try:
            yield correlation, future
        finally:
            del self._waiting[correlation]

    def arrived(self, correlation: bytes, content: bytes) -> bool:
        """Take a message of the response topic; False where nobody waits for it."""
        future = self._waiting.get(correlation)
        if future is None or future.done():
            return False
        # What is too large is cut just beyond the limit, so that its reader sees that it was.
        future.set_result(content[: LARGEST_ANSWER + 1])
        return True


class MqttRobot:
    """Asks over the wire."""

    def __init__(self, wire: RobotWire, answers: Answers, name: str) -> None:
        self._wire = wire
        self._answers = answers
        self._name = name

    async def ask(self, question: RobotQuestion, within: float) -> Verdict:
        """Publish the question, and wait for its answer; the guard keeps the deadline."""
        with self._answers.expected() as (correlation, answer):
            try:
                await self._wire.publish(self._name, encoded(question), correlation, within)
            except TemporaryError as error:
                return Fail(reason=str(error), temporary=True)
            content = await answer
        if len(content) > LARGEST_ANSWER:
            return Fail(reason=f"the answer has more than {LARGEST_ANSWER:,} octets", temporary=False)
        return decoded(content)

    async def close(self) -> None:
        """The wire is not the robot's."""
