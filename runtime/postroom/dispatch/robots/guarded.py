"""What stands before every robot: bounds, the deadline, the breaker, the count of what came of it.

A robot behind it keeps the whole contract of ports.robots.Robot, whatever the robot itself does.
"""

from __future__ import annotations

import asyncio

import structlog
from msgspec import Struct

from postroom.dispatch.robots.breaker import Breaker, Permit, Plan, admit, failed, given_up, succeeded
from postroom.dispatch.robots.dialogue import bounded, sound
from postroom.observability.metrics import Metrics
from postroom.observability.outcomes import RobotOutcome
from postroom.ports.robots import Fail, HandOff, Robot, RobotAnswer, RobotQuestion, Verdict
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)


class RobotName(Struct, frozen=True, kw_only=True):
    """Which robot it is."""

    tenant: str
    name: str


class GuardedRobot:
    """A robot that is asked in bounds, and left in peace after failures."""

    def __init__(self, robot: Robot, name: RobotName, plan: Plan, clock: Clock, metrics: Metrics) -> None:
        self._robot = robot
        self._name = name
        self._plan = plan
        self._clock = clock
        self._metrics = metrics
        self._breaker = Breaker()
        self.asking = 0
        """Questions it has not answered yet."""

    async def ask(self, question: RobotQuestion, within: float) -> Verdict:
        """Ask the robot, unless it failed too often."""
        self._breaker, permit = admit(self._breaker, self._plan, self._clock.monotonic())
        if permit is None:
            self._count(RobotOutcome.NOT_ASKED, 0.0)
            return Fail(reason="the robot failed too often and is left in peace for a while", temporary=True)
        began = self._clock.monotonic()
        self.asking += 1
        try:
            verdict, outcome = await self._asked(question, within)
        except asyncio.CancelledError:
            self._breaker = given_up(self._breaker, permit)
            raise
        finally:
            self.asking -= 1
        self._learn(verdict, permit)
        self._count(outcome, self._clock.monotonic() - began)
        return verdict

    async def close(self) -> None:
        """Close the robot."""
        await self._robot.close()

    async def _asked(self, question: RobotQuestion, within: float) -> tuple[Verdict, RobotOutcome]:
        deadline = asyncio.timeout(within)
        try:
            async with deadline:
                verdict = sound(await self._robot.ask(bounded(question), within))
        except Exception as error:
            if deadline.expired():
                return Fail(reason=f"no answer within {within:g} s", temporary=True), RobotOutcome.LATE
            log.exception("robot_broke", tenant=self._name.tenant, robot=self._name.name)
            return Fail(reason=f"the robot broke ({type(error).__name__})", temporary=True), RobotOutcome.FAILED
        match verdict:
            case RobotAnswer():
                return verdict, RobotOutcome.ANSWERED
            case HandOff():
                return verdict, RobotOutcome.HANDED_OFF
            case Fail():
                return verdict, RobotOutcome.FAILED

    def _learn(self, verdict: Verdict, permit: Permit) -> None:
        if not isinstance(verdict, Fail):
            self._breaker = succeeded(self._breaker, permit)
            return
        log.warning("robot_failed", tenant=self._name.tenant, robot=self._name.name, why=verdict.reason)
        before, now = self._breaker.state, self._clock.monotonic()
        self._breaker = failed(self._breaker, self._plan, permit, now)
        if self._breaker.state is not before:
            log.error("robot_left_in_peace", tenant=self._name.tenant, robot=self._name.name, seconds=self._plan.pause)

    def _count(self, outcome: RobotOutcome, seconds: float) -> None:
        self._metrics.robot_asked(self._name.tenant, self._name.name, outcome, seconds)
