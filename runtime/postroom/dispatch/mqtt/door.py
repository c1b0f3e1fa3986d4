"""The whole door over the broker of the settings in force; another broker in the settings, and it goes there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from postroom.dispatch.mqtt.cloud_events import encoded
from postroom.dispatch.mqtt.commands import Commands, Door
from postroom.dispatch.mqtt.connection import Connection
from postroom.dispatch.mqtt.journal import JournalOut
from postroom.dispatch.mqtt.offers import ExternalQueues
from postroom.dispatch.mqtt.options import Options
from postroom.dispatch.mqtt.statuses import Statuses, StatusesOut
from postroom.dispatch.robots.mqtt import Answers
from postroom.errors import TemporaryError
from postroom.observability.metrics import Metrics
from postroom.ports import topics
from postroom.ports.broker import Incoming, Outgoing
from postroom.ports.robots import RobotWire
from postroom.ports.step import Step
from postroom.ports.store import Store
from postroom.ports.world import Clock, Ids
from postroom.settings.mqtt import MqttSettings
from postroom.settings.schema import Generation

log = structlog.get_logger(__name__)


class Named(Struct, frozen=True):
    """What every question to a robot has."""

    id: str


class MqttDoor:
    """Serves until cancelled; without a broker in the settings it waits for one."""

    def __init__(  # noqa: PLR0917 everything it touches, and nothing else
        self,
        store: Store,
        step: Step,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        current: Callable[[], Generation],
    ) -> None:
        self._store = store
        self._step = step
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._current = current
        self._connection: Connection | None = None
        self._changed = asyncio.Event()
        self.answers = Answers(ids)
        """Who waits for which robot's answer."""

    @property
    def is_open(self) -> bool:
        """Whether the settings name a broker, there or away."""
        return self._connection is not None

    def follow(self) -> None:
        """Look whether the settings name another broker."""
        self._changed.set()

    def wire(self, tenant: str) -> RobotWire:
        """The tenant's robots' way out."""
        return _Wire(self, tenant)

    async def publish(self, message: Outgoing) -> None:
        """Publish one message. Raises TemporaryError where no broker is there."""
        if self._connection is None:
            raise TemporaryError("there is no broker")
        await self._connection.publish([message])

    async def run(self, door: Door, statuses: Callable[[], Statuses]) -> None:
        """Serve the broker in force, and another once there is one."""
        while True:
            self._changed.clear()
            settings = self._current().process.mqtt
            if settings is None:
                await self._changed.wait()
                continue
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(self._serve(settings, door, statuses))
                while self._current().process.mqtt == settings:
                    await self._changed.wait()
                    self._changed.clear()
                serving.cancel()

    async def _serve(self, settings: MqttSettings, door: Door, statuses: Callable[[], Statuses]) -> None:
        commands = Commands(self._store, self._step, self._clock, self._current, door)

        async def heard(message: Incoming) -> None:
            await self._heard(message, commands)

        options = Options(settings, Path(self._current().folder))
        connection = Connection(options, self._clock, heard, self._metrics.mqtt_connected)
        self._connection = connection
        journal = JournalOut(self._store, connection, self._clock, self._current)
        queues = ExternalQueues(self._store, connection, self._clock, self._ids, self._current)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(connection.run())
                group.create_task(commands.run(connection))
                group.create_task(journal.run())
                group.create_task(queues.run())
                group.create_task(StatusesOut(connection, self._clock, statuses).run())
        finally:
            self._connection = None

    async def _heard(self, message: Incoming, commands: Commands) -> None:
        whose = topics.addressed(message.topic)
        if whose is None:
            log.warning("mqtt_topic_unknown")
        elif whose.kind == "robots":
            self.answers.arrived(message.correlation, message.payload)
        else:
            await commands.put(whose, message)


class _Wire:
    """ports.robots.RobotWire: a tenant's robots over the one connection."""

    def __init__(self, door: MqttDoor, tenant: str) -> None:
        self._door = door
        self._tenant = tenant

    async def publish(self, robot: str, content: bytes, correlation: bytes, expires_after: float) -> None:
        """Publish a request with its response topic. Raises TemporaryError where the broker is away."""
        message = Outgoing(
            topic=topics.robot_requests(self._tenant, robot),
            payload=encoded(
                msgspec.json.decode(content, type=Named).id, self._tenant, "robot.request", msgspec.Raw(content)
            ),
            response_topic=topics.robot_answers(self._tenant, robot),
            correlation=correlation,
            expires_after=expires_after,
        )
        await self._door.publish(message)
