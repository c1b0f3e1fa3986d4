"""Every robot of the settings in force, each built when it is first asked and kept until the settings change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from postroom.dispatch.robots.breaker import Plan
from postroom.dispatch.robots.build import World, build
from postroom.dispatch.robots.guarded import GuardedRobot, RobotName
from postroom.errors import ConfigurationError
from postroom.observability.metrics import Metrics
from postroom.ports.robots import Fail, RobotQuestion, Verdict
from postroom.ports.world import Clock, Ids, Offload
from postroom.settings.schema import Generation


class Robots:
    """Asks the robots of all tenants by name."""

    def __init__(
        self, clock: Clock, ids: Ids, offload: Offload, metrics: Metrics, current: Callable[[], Generation]
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._offload = offload
        self._metrics = metrics
        self._current = current
        self._generation: Generation | None = None
        self._robots: dict[RobotName, GuardedRobot] = {}
        self._retired: list[GuardedRobot] = []

    async def ask(self, name: RobotName, question: RobotQuestion, within: float) -> Verdict:
        """Ask the robot of that name within so many seconds; raises nothing but cancellation."""
        await self._follow_settings()
        try:
            robot = self._robot(name)
        except ConfigurationError as error:
            return Fail(reason=str(error), temporary=True)
        if robot is None:
            return Fail(reason=f"there is no robot {name.name} any more", temporary=False)
        return await robot.ask(question, within)

    async def close(self) -> None:
        """Close every robot."""
        for robot in (*self._robots.values(), *self._retired):
            await robot.close()

    def _robot(self, name: RobotName) -> GuardedRobot | None:
        known = self._robots.get(name)
        if known is not None:
            return known
        generation = self._current()
        tenant = generation.tenant(name.tenant)
        settings = tenant.robot(name.name) if tenant is not None else None
        if settings is None:
            return None
        world = World(folder=Path(generation.folder), clock=self._clock, ids=self._ids, offload=self._offload)
        plan = Plan(failures=settings.breaker.failures, pause=settings.breaker.pause)
        robot = GuardedRobot(build(settings, world), name, plan, self._clock, self._metrics)
        self._robots[name] = robot
        return robot

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
