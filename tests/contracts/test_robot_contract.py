"""The robot contract, for every kind of robot as the runtime builds it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from postroom.dispatch.robots.breaker import Plan
from postroom.dispatch.robots.build import World, build
from postroom.dispatch.robots.guarded import GuardedRobot, RobotName
from postroom.dispatch.robots.mqtt import Answers, MqttRobot
from postroom.engine.world import SystemClock, SystemIds, ThreadOffload
from postroom.errors import TemporaryError
from postroom.observability.metrics import Metrics
from postroom.ports.robots import Fail, HandOff, Robot, RobotAnswer
from postroom.ports.world import Offload
from postroom.settings import robots
from postroom.settings.secrets import Secret
from tests.contracts.robot_contract import Habit, RobotContract
from tests.support.ports import free_port
from tests.support.robot_server import Answer, Misbehaviour, RobotServer, http, robot_server
from tests.support.robots import ScriptedRobot

P = ParamSpec("P")
T = TypeVar("T")
KNOWS = "- questions: [How do I cancel my order?]\n  answer: In your account.\n"
KNOWS_NOTHING = "- questions: [When are you open?]\n  answer: All day.\n"


def guarded(robot: Robot) -> GuardedRobot:
    clock = SystemClock()
    return GuardedRobot(robot, RobotName(tenant="acme", name="robot"), Plan(failures=100), clock, Metrics("1"))


def world(folder: Path, offload: Offload) -> World:
    return World(folder=folder, clock=SystemClock(), ids=SystemIds(SystemClock()), offload=offload)


class Lanes:
    """ports.world.Offload that may be stuck."""

    def __init__(self) -> None:
        self.threads = ThreadOffload({})
        self.is_stuck = False

    async def run(self, lane: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self.is_stuck:
            await asyncio.Event().wait()
        return await self.threads.run(lane, work, *args, **kwargs)


class FaqPlace:
    def __init__(self, folder: Path, lanes: Lanes) -> None:
        self._file = folder / "faq.yaml"
        self._lanes = lanes
        self.robot = guarded(build(robots.FaqRobot(name="robot", file="faq.yaml"), world(folder, lanes)))

    def become(self, habit: Habit) -> None:
        self._lanes.is_stuck = habit is Habit.IS_SILENT
        content = {
            Habit.ANSWERS: KNOWS.encode(),
            Habit.IS_NOT_SURE: KNOWS_NOTHING.encode(),
            Habit.TALKS_GARBAGE: bytes(range(256)),
            Habit.TALKS_WITHOUT_END: b"#" * 2_000_000,
        }.get(habit)
        if habit is Habit.IS_AWAY:
            self._file.unlink(missing_ok=True)
        elif content is not None and (not self._file.exists() or self._file.read_bytes() != content):
            self._file.write_bytes(content)


class ServedPlace:
    """A robot that asks a web service; `saying` gives what the service answers for a habit."""

    def __init__(
        self, server: RobotServer, saying: dict[Habit, Answer], settings: Callable[[str], robots.Robot], world: World
    ) -> None:
        self._server = server
        self._saying = saying
        self._here = guarded(build(settings(server.url), world))
        self._nowhere = guarded(build(settings(f"http://127.0.0.1:{free_port()}/"), world))
        self.robot = self._here

    def become(self, habit: Habit) -> None:
        self.robot = self._nowhere if habit is Habit.IS_AWAY else self._here
        answer = self._saying.get(habit, Misbehaviour.DROPS)
        self._server.answer = lambda _: answer

    async def close(self) -> None:
        await self._here.close()
        await self._nowhere.close()


def of_the_model(**said: str) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": json.dumps(said)}}
    return http({"id": "1", "object": "chat.completion", "choices": [choice], "usage": {"total_tokens": 9}})


class ScriptedPlace:
    def __init__(self) -> None:
        self._scripted = ScriptedRobot()
        self.robot = guarded(self._scripted)

    def become(self, habit: Habit) -> None:
        self._scripted.script[:] = [
            {
                Habit.ANSWERS: RobotAnswer(text="In your account."),
                Habit.IS_NOT_SURE: HandOff(reason=""),
                Habit.IS_SILENT: None,
                Habit.TALKS_GARBAGE: RobotAnswer(text="\x00\ud800"),
                Habit.TALKS_WITHOUT_END: RobotAnswer(text="x" * 1_000_000),
                Habit.IS_AWAY: Fail(reason="away\r\n" * 10_000, temporary=True),
            }[habit]
        ]


@pytest.fixture
async def lanes() -> AsyncIterator[Lanes]:
    found = Lanes()
    yield found
    found.threads.close()


class TestFaq(RobotContract):
    @pytest.fixture
    def place(self, tmp_path: Path, lanes: Lanes) -> FaqPlace:
        return FaqPlace(tmp_path, lanes)


class TestHttp(RobotContract):
    @pytest.fixture
    async def place(self, tmp_path: Path, lanes: Lanes) -> AsyncIterator[ServedPlace]:
        (tmp_path / "secret").write_text("s3cret")

        def settings(url: str) -> robots.HttpRobot:
            return robots.HttpRobot(name="robot", url=url, secret=Secret("file:secret", str(tmp_path)), tries=2)

        saying: dict[Habit, Answer] = {
            Habit.ANSWERS: http({"action": "reply", "text": "In your account."}),
            Habit.IS_NOT_SURE: http({"action": "hand_off", "reason": "not my field"}),
            Habit.IS_SILENT: Misbehaviour.SILENT,
            Habit.TALKS_GARBAGE: http(bytes(range(256))),
            Habit.TALKS_WITHOUT_END: Misbehaviour.ENDLESS,
        }
        async with robot_server(lambda _: Misbehaviour.DROPS) as server:
            place = ServedPlace(server, saying, settings, world(tmp_path, lanes))
            yield place
            await place.close()


class TestOpenAi(RobotContract):
    @pytest.fixture
    async def place(self, tmp_path: Path, lanes: Lanes) -> AsyncIterator[ServedPlace]:
        (tmp_path / "faq.yaml").write_text(KNOWS)

        def settings(url: str) -> robots.OpenAiRobot:
            return robots.OpenAiRobot(name="robot", url=url, model="small", file="faq.yaml")

        saying: dict[Habit, Answer] = {
            Habit.ANSWERS: of_the_model(action="reply", text="In your account."),
            Habit.IS_NOT_SURE: of_the_model(action="hand_off", text="not in the excerpts"),
            Habit.IS_SILENT: Misbehaviour.DRIPS,
            Habit.TALKS_GARBAGE: http(b"<html>"),
            Habit.TALKS_WITHOUT_END: Misbehaviour.ENDLESS,
        }
        async with robot_server(lambda _: Misbehaviour.DROPS) as server:
            place = ServedPlace(server, saying, settings, world(tmp_path, lanes))
            yield place
            await place.close()


class Broker:
    """ports.robots.RobotWire, with a robot at its other end."""

    def __init__(self) -> None:
        self.answers = Answers(SystemIds(SystemClock()))
        self.habit = Habit.ANSWERS

    async def publish(self, robot: str, content: bytes, correlation: bytes, expires_after: float) -> None:
        assert (robot, bool(content), expires_after > 0) == ("robot", True, True)
        if self.habit is Habit.IS_AWAY:
            raise TemporaryError("the broker is away")
        saying = {
            Habit.ANSWERS: b'{"action": "reply", "text": "In your account."}',
            Habit.IS_NOT_SURE: b'{"action": "hand_off"}',
            Habit.TALKS_GARBAGE: bytes(range(256)),
            Habit.TALKS_WITHOUT_END: b'{"action": "reply", "text": "' + b"x" * 1_000_000 + b'"}',
        }.get(self.habit)
        if saying is not None:
            asyncio.get_running_loop().call_soon(self.answers.arrived, correlation, saying)


class MqttPlace:
    def __init__(self) -> None:
        self._broker = Broker()
        self.robot = guarded(MqttRobot(self._broker, self._broker.answers, "robot"))

    def become(self, habit: Habit) -> None:
        self._broker.habit = habit


class TestMqtt(RobotContract):
    @pytest.fixture
    def place(self) -> MqttPlace:
        return MqttPlace()


class TestScripted(RobotContract):
    """The stand-in of other tests keeps the contract too."""

    @pytest.fixture
    def place(self) -> ScriptedPlace:
        return ScriptedPlace()
