"""Robots found by name, built of the settings in force, and let go when those change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from postroom.dispatch.robots.guarded import RobotName
from postroom.dispatch.robots.roster import Robots
from postroom.engine.world import SystemClock, SystemIds, ThreadOffload
from postroom.observability.metrics import Metrics
from postroom.ports.robots import Fail, RobotAnswer, Verdict
from postroom.settings.load import load
from postroom.settings.schema import Generation
from tests.settings.making import tenant, write
from tests.support.robot_server import Asked, Misbehaviour, http, robot_server
from tests.support.robots import a_question

FAQ = "- questions: [How do I cancel my order?]\n  answer: In your account.\n"
LIST = "robots:\n  - {kind: faq, name: list, file: faq.yaml}\n"


class House:
    """A roster with settings that may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.threads = ThreadOffload({})
        self.metrics = Metrics("1")
        (folder / "faq.yaml").write_text(FAQ)
        self.generation = self.settings(LIST)
        clock = SystemClock()
        self.robots = Robots(clock, SystemIds(clock), self.threads, self.metrics, lambda: self.generation)

    def settings(self, robots: str) -> Generation:
        return load(write(self.folder, tenant(more=robots))).require()

    async def ask(self, name: str = "list", of: str = "acme", text: str = "How do I cancel my order?") -> Verdict:
        return await self.robots.ask(RobotName(tenant=of, name=name), a_question(text), 10.0)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    found = House(tmp_path)
    yield found
    await found.robots.close()
    found.threads.close()


def web(url: str, name: str = "service") -> str:
    return f"robots:\n  - {{kind: http, name: {name}, url: '{url}', secret: file:password, tries: 1}}\n"


async def test_a_robot_is_asked_by_its_name_and_counted_under_it(house: House) -> None:
    answers = await asyncio.gather(*(house.ask() for _ in range(5)))
    assert all(isinstance(answer, RobotAnswer) for answer in answers)
    labels = {"tenant": "acme", "robot": "list", "outcome": "answered"}
    assert house.metrics.registry.get_sample_value("postroom_robot_requests_total", labels) == 5


async def test_a_robot_that_is_not_there_is_a_failure(house: House) -> None:
    for name, of in (("nobody", "acme"), ("list", "nowhere")):
        assert await house.ask(name, of) == Fail(reason=f"there is no robot {name} any more", temporary=False)


async def test_changed_settings_are_followed_and_questions_on_their_way_are_answered(house: House) -> None:
    release = asyncio.Event()
    async with robot_server(lambda _: http({"action": "reply", "text": "old"})) as old:
        house.generation = house.settings(web(old.url))
        assert isinstance(await house.ask("service"), RobotAnswer)
        old.answer = partial(_silent, release)
        waiting = asyncio.ensure_future(house.ask("service"))
        await release.wait()
        async with robot_server(lambda _: http({"action": "reply", "text": "new"})) as new:
            house.generation = house.settings(web(new.url))
            answer = await house.ask("service")
            assert isinstance(answer, RobotAnswer)
            assert answer.text == "new"
            assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    house.generation = house.settings(LIST)
    assert await house.ask("service") == Fail(reason="there is no robot service any more", temporary=False)


def _silent(told: asyncio.Event, _: Asked) -> Misbehaviour:
    told.set()
    return Misbehaviour.SILENT


async def test_a_robot_that_cannot_be_built_is_a_failure_until_it_can(house: House) -> None:
    async with robot_server(lambda _: http({"action": "reply", "text": "x"})) as server:
        house.generation = house.settings(web(server.url))
        (house.folder / "password").unlink()
        verdict = await house.ask("service")
        assert isinstance(verdict, Fail)
        assert verdict.temporary
        assert "cannot be read" in verdict.reason
        (house.folder / "password").write_text("s3cret\n")
        assert isinstance(await house.ask("service"), RobotAnswer)
