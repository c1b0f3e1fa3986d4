"""The watch over the configuration: when it looks, when it loads, what it says, and that it goes on after all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from postroom.engine.reload import AGAIN_AFTER, LOOK_EVERY, Reloader
from postroom.errors import ConfigurationError, TemporaryError
from postroom.settings.load import Loaded
from postroom.settings.problem import Problem
from postroom.settings.process import Process
from postroom.settings.schema import Generation
from tests.dispatch.house import TurnableClock
from tests.support.inline import InlineOffload


class Files:
    """What the folder holds, as the test writes it; `moving` says that it changes while it is read."""

    def __init__(self) -> None:
        self.content = b"1"
        self.read_as = b"1"
        self.problem = ""
        self.moving = False
        self.numbers: list[int] = []

    def fingerprint(self) -> bytes:
        return self.content

    def load(self, number: int) -> Loaded | None:
        if self.moving:
            return None
        self.numbers.append(number)
        self.read_as = self.content
        if self.problem:
            problem = Problem(file="acme.yaml", line=1, key="", rule=self.problem)
            return Loaded(generation=None, problems=(problem,))
        return Loaded(generation=Generation(number=number, folder="", process=Process(), tenants=()))


class Told:
    def __init__(self) -> None:
        self.words: list[str] = []

    def settings_refused(self) -> None:
        self.words.append("refused")

    def settings_accepted(self) -> None:
        self.words.append("accepted")


class Watching(TurnableClock):
    """A reloader whose looks the test asks for, one by one: the clock stands still between them."""

    def __init__(self) -> None:
        super().__init__()
        self.files, self.told = Files(), Told()
        self.in_force: list[int] = []
        self.against: Exception | None = None
        self.reloader = Reloader(self, InlineOffload(), self.files, self.swap, self.told)
        self._steps: Iterator[None] = iter(())

    async def swap(self, generation: Generation) -> None:
        if self.against is not None:
            raise self.against
        self.in_force.append(generation.number)

    async def sleep(self, seconds: float) -> None:
        if next(self._steps, self) is self:
            raise asyncio.CancelledError
        self.passed += seconds

    async def looks(self, times: int) -> None:
        self._steps = iter([None] * times)
        with pytest.raises(asyncio.CancelledError):
            await self.reloader.run()


async def test_what_stands_still_for_a_look_is_put_in_force_once() -> None:
    here = Watching()
    await here.looks(3)
    here.files.content = b"2"
    await here.looks(5)
    assert (here.in_force, here.told.words, here.passed) == ([2], ["accepted"], 8 * LOOK_EVERY)


async def test_what_changes_at_every_look_is_not_read() -> None:
    here = Watching()
    for number in range(5):
        here.files.content = f"half {number}".encode()
        await here.looks(1)
    assert (here.files.numbers, here.in_force) == ([], [])


async def test_what_changes_while_it_is_read_is_read_again() -> None:
    here = Watching()
    here.files.content, here.files.moving = b"2", True
    await here.looks(4)
    assert (here.in_force, here.told.words) == ([], [])
    here.files.moving = False
    await here.looks(2)
    assert here.in_force == [2]


async def test_what_is_wrong_is_refused_once_and_what_is_right_later_gets_the_next_number() -> None:
    here = Watching()
    here.files.content, here.files.problem = b"2", "is wrong"
    await here.looks(10)
    assert (here.in_force, here.told.words) == ([], ["refused"])
    here.files.content, here.files.problem = b"3", ""
    await here.looks(2)
    assert (here.in_force, here.told.words) == ([2], ["refused", "accepted"])
    here.files.content = b"4"
    await here.looks(2)
    assert here.in_force == [2, 3]


@pytest.mark.parametrize("error", [ConfigurationError("sessions use it"), TemporaryError("the disk is full")])
async def test_what_only_the_present_work_stands_against_is_tried_again_by_itself(error: Exception) -> None:
    here = Watching()
    here.files.content, here.against = b"2", error
    a_while = int(AGAIN_AFTER / LOOK_EVERY)
    await here.looks(3 * a_while)
    assert 3 <= len(here.files.numbers) <= 4
    assert here.told.words == ["refused"]
    here.against = None
    await here.looks(a_while + 1)
    assert (here.in_force, here.told.words) == ([2], ["refused", "accepted"])
    await here.looks(2 * a_while)
    assert here.in_force == [2]


async def test_the_problems_are_given_with_their_places() -> None:
    here = Watching()
    here.files.problem = "is wrong"
    assert ["acme.yaml:1" in problem for problem in await here.reloader.reload()] == [True]
    here.files.problem, here.against = "", ConfigurationError("one\ntwo")
    assert await here.reloader.reload() == ("one", "two")
    here.against = None
    assert await here.reloader.reload() == ()
