"""Every robot of the settings in force, each built when it is first asked and kept until the settings change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog

from postroom.dispatch.robots.breaker import Plan
from postroom.dispatch.robots.build import World, build
from postroom.dispatch.robots.guarded import GuardedRobot, RobotName
from postroom.dispatch.robots.knowledge import LANE
from postroom.dispatch.robots.mqtt import Answers
from postroom.errors import ConfigurationError
from postroom.observability.metrics import Metrics
from postroom.ports.robots import Fail, RobotQuestion, RobotWire, Verdict
from postroom.ports.world import Clock, Ids, Offload
from postroom.settings.schema import Generation

log = structlog.get_logger(__name__)


class Lines(Protocol):
    """The broker, as robots use it."""

    answers: Answers

    def wire(self, tenant: str) -> RobotWire:
        """The tenant's way out."""
        ...


class Robots:
    """Asks the robots of all tenants by name."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        offload: Offload,
        metrics: Metrics,
        current: Callable[[], Generation],
        *,
        lines: Lines | None = None,
    ) -> None:
        self._lines = lines
        self._clock = clock
        self._ids = ids
        self._offload = offload
        self._metrics = metrics
        self._current = current
        self._generation: Generation | None = None
        self._building = asyncio.Lock()
        self._robots: dict[RobotName, GuardedRobot] = {}
        self._retired: list[GuardedRobot] = []

    async def ask(self, name: RobotName, question: RobotQuestion, within: float) -> Verdict:
        """Ask the robot of that name within so many seconds; raises nothing but cancellation."""
        try:
            async with asyncio.timeout(within):
                robot = await self._robot(name)
        except ConfigurationError as error:
            return Fail(reason=str(error), temporary=True)
        except Exception as error:
            log.exception("robot_not_built", tenant=name.tenant, robot=name.name)
            return Fail(reason=f"the robot cannot be built ({type(error).__name__})", temporary=True)
        if robot is None:
            return Fail(reason=f"there is no robot {name.name} any more", temporary=False)
        return await robot.ask(question, within)

    async def close(self) -> None:
        """Close every robot."""
        for robot in (*self._robots.values(), *self._retired):
            await robot.close()

    async def _robot(self, name: RobotName) -> GuardedRobot | None:
        async with self._building:
            await self._follow_settings()
            known = self._robots.get(name)
            if known is None and (known := await self._built(name)) is not None:
                self._robots[name] = known
            return known

    async def _built(self, name: RobotName) -> GuardedRobot | None:
        generation = self._current()
        tenant = generation.tenant(name.tenant)
        settings = tenant.robot(name.name) if tenant is not None else None
        if settings is None:
            return None
        world = self._world(generation, name.tenant)
        plan = Plan(failures=settings.breaker.failures, pause=settings.breaker.pause)
        # Secrets and certificates are files: they are read on a thread.
        robot = await self._offload.run(LANE, build, settings, world)
        return GuardedRobot(robot, name, plan, self._clock, self._metrics)

    def _world(self, generation: Generation, tenant: str) -> World:
        return World(
            folder=Path(generation.folder),
            clock=self._clock,
            ids=self._ids,
            offload=self._offload,
            wire=self._lines.wire(tenant) if self._lines is not None else None,
            answers=self._lines.answers if self._lines is not None else None,
        )

    async def _follow_settings(self) -> None:
        """Set robots of an older generation aside; each is closed once nobody waits for it."""
        if self._generation is not self._current():
            self._generation = self._current()
            self._retired += self._robots.values()
            self._robots = {}
        idle = [robot for robot in self._retired if not robot.asking]
        self._retired = [robot for robot in self._retired if robot.asking]
        for robot in idle:
            await robot.close()
