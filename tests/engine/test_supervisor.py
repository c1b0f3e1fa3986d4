from __future__ import annotations

import asyncio
from collections.abc import Iterator

from postroom.engine.supervisor import Loop, Supervisor
from tests.dispatch.house import TurnableClock


class StillClock(TurnableClock):
    """Waits cost no time: they are written down, and the test says how long each run lasts."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        self.passed += seconds
        await asyncio.sleep(0)
        return event.is_set()


async def supervise(clock: TurnableClock, loops: list[Loop], stopping: asyncio.Event, drain: float = 5.0) -> None:
    async with asyncio.timeout(30):
        await Supervisor(clock, drain).run(loops, stopping)


async def for_ever(_: asyncio.Event) -> None:
    await asyncio.Event().wait()


async def test_a_loop_that_fails_is_started_again_and_the_others_live_on() -> None:
    clock, stopping = StillClock(), asyncio.Event()
    failures, lived = iter(range(5)), list[str]()

    async def fails(_: asyncio.Event) -> None:
        if next(failures, None) is None:
            stopping.set()
            return
        raise ZeroDivisionError("a fault of ours")

    async def lives(stop: asyncio.Event) -> None:
        lived.append("begun")
        await stop.wait()
        lived.append("ended")

    await supervise(clock, [Loop(name="fails", run=fails), Loop(name="lives", run=lives, drains=True)], stopping)
    assert lived == ["begun", "ended"]
    assert clock.waits == [2.5, 5.0, 10.0, 20.0, 40.0]


async def test_a_loop_that_ends_unasked_is_started_again() -> None:
    clock, stopping, runs = StillClock(), asyncio.Event(), list[int]()

    async def ends(_: asyncio.Event) -> None:
        runs.append(1)
        if len(runs) == 3:
            stopping.set()

    await supervise(clock, [Loop(name="ends", run=ends)], stopping)
    assert len(runs) == 3


async def test_a_loop_that_ran_well_for_long_is_started_again_soon() -> None:
    clock, stopping = StillClock(), asyncio.Event()
    lasts: Iterator[float] = iter([0.0, 0.0, 0.0, 3_600.0, 0.0])

    async def fails(_: asyncio.Event) -> None:
        seconds = next(lasts, None)
        if seconds is None:
            stopping.set()
            return
        clock.passed += seconds
        raise ZeroDivisionError

    await supervise(clock, [Loop(name="fails", run=fails)], stopping)
    assert clock.waits == [2.5, 5.0, 10.0, 2.5, 5.0]


async def test_loops_that_drain_are_let_finish_and_the_others_are_cancelled_after_them() -> None:
    clock, stopping, order = TurnableClock(), asyncio.Event(), list[str]()

    async def drains(stop: asyncio.Event) -> None:
        await stop.wait()
        for _ in range(10):
            await asyncio.sleep(0)
        order.append("drained")

    async def watches(_: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            order.append("cancelled")

    loops = [Loop(name="drains", run=drains, drains=True), Loop(name="watches", run=watches)]
    asyncio.get_running_loop().call_later(0.05, stopping.set)
    await supervise(clock, loops, stopping)
    assert order == ["drained", "cancelled"]


async def test_what_does_not_drain_in_its_time_is_cancelled() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, stopping.set)
    await supervise(TurnableClock(), [Loop(name="hangs", run=for_ever, drains=True)], stopping, drain=0.1)
    assert stopping.is_set()


async def test_a_loop_that_waits_to_be_started_again_does_not_hold_up_the_end() -> None:
    stopping, failed = asyncio.Event(), asyncio.Event()

    async def fails(_: asyncio.Event) -> None:
        failed.set()
        raise ZeroDivisionError

    async with asyncio.TaskGroup() as group:
        loops = [Loop(name="fails", run=fails, drains=True)]
        supervised = group.create_task(supervise(TurnableClock(), loops, stopping, drain=60))
        await failed.wait()
        stopping.set()
        async with asyncio.timeout(2):
            await supervised


async def test_a_loop_that_fails_while_it_drains_is_not_started_again() -> None:
    stopping, runs = asyncio.Event(), list[int]()

    async def fails(stop: asyncio.Event) -> None:
        runs.append(1)
        await stop.wait()
        raise ZeroDivisionError

    asyncio.get_running_loop().call_later(0.05, stopping.set)
    await supervise(TurnableClock(), [Loop(name="fails", run=fails, drains=True)], stopping)
    assert runs == [1]


async def test_loops_come_and_go_while_the_others_run() -> None:
    stopping, ended = asyncio.Event(), list[str]()
    supervisor = Supervisor(TurnableClock(), 5.0)

    def lives(name: str) -> Loop:
        async def run(stop: asyncio.Event) -> None:
            await stop.wait()
            ended.append(name)

        return Loop(name=name, run=run, drains=True)

    async def cut_off(_: asyncio.Event) -> None:
        try:
            await for_ever(_)
        finally:
            ended.append("cut off")

    async def changes(_: asyncio.Event) -> None:
        supervisor.start(lives("new"))
        supervisor.stop("old")
        supervisor.stop("watch")
        supervisor.stop("never there")
        for _n in range(5):
            await asyncio.sleep(0)
        assert sorted(ended) == ["cut off", "old"]
        stopping.set()
        await for_ever(_)

    loops = [lives("old"), lives("stays"), Loop(name="watch", run=cut_off), Loop(name="changes", run=changes)]
    async with asyncio.timeout(30):
        await supervisor.run(loops, stopping)
    assert sorted(ended) == ["cut off", "new", "old", "stays"]
    supervisor.start(lives("too late"))
    supervisor.stop("stays")


async def test_one_that_comes_back_while_its_forerunner_still_drains_is_kept_and_stopped_by_itself() -> None:
    stopping, order, may_end = asyncio.Event(), list[str](), asyncio.Event()
    supervisor = Supervisor(TurnableClock(), 5.0)

    async def first(stop: asyncio.Event) -> None:
        await stop.wait()
        await may_end.wait()
        order.append("first")

    async def second(stop: asyncio.Event) -> None:
        await stop.wait()
        order.append("second")

    async def changes(_: asyncio.Event) -> None:
        supervisor.stop("box")
        supervisor.start(Loop(name="box", run=second, drains=True))
        for _n in range(3):
            await asyncio.sleep(0)
        assert order == []
        may_end.set()
        for _n in range(5):
            await asyncio.sleep(0)
        assert order == ["first"]
        stopping.set()
        await for_ever(_)

    loops = [Loop(name="box", run=first, drains=True), Loop(name="changes", run=changes)]
    async with asyncio.timeout(30):
        await supervisor.run(loops, stopping)
    assert order == ["first", "second"]
