"""Keeps every loop alive and ends them in order: one that fails is started again, and takes no other with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from msgspec import Struct

from postroom.engine.retry import BREAKER_LAST, Backoff
from postroom.ports.world import Clock

log = structlog.get_logger(__name__)


class Loop(Struct, frozen=True, kw_only=True):
    """A named piece of work that runs for ever. `drains` says it ends by itself soon after the stop is asked for."""

    name: str
    run: Callable[[asyncio.Event], Awaitable[object]]
    drains: bool = False


class Supervisor:
    """Runs loops until the stop event is set, then drains and cancels them; loops may come and go meanwhile."""

    def __init__(self, clock: Clock, drain_within: float) -> None:
        self._clock = clock
        self._drain_within = drain_within
        self._stops: dict[str, asyncio.Event] = {}
        self._tasks: dict[asyncio.Task[None], Loop] = {}
        self._spawn: Callable[[Loop, asyncio.Event], asyncio.Task[None]] | None = None

    async def run(self, loops: list[Loop], stopping: asyncio.Event) -> None:
        """Return when every loop has ended: drained within its time, or cancelled after it."""
        async with asyncio.TaskGroup() as group:

            def spawn(loop: Loop, stop: asyncio.Event) -> asyncio.Task[None]:
                return group.create_task(self._keep(loop, stop, stopping), name=loop.name)

            self._spawn = spawn
            for loop in loops:
                self.start(loop)
            await stopping.wait()
            self._spawn = None
            for stop in self._stops.values():
                stop.set()
            draining = {task for task, loop in self._tasks.items() if loop.drains}
            if draining:
                await asyncio.wait(draining, timeout=self._drain_within)
            for task in tuple(self._tasks):
                task.cancel()

    def start(self, loop: Loop) -> None:
        """Keep one more loop, beside any of its name that is still ending; nothing happens once all are to end."""
        if self._spawn is None:
            return
        stop = self._stops[loop.name] = asyncio.Event()
        task = self._spawn(loop, stop)
        self._tasks[task] = loop
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def stop(self, name: str) -> None:
        """Let the loop of that name end: one that drains by itself, any other is cut off."""
        stop = self._stops.pop(name, None)
        if stop is None:
            return
        stop.set()
        for task, loop in self._tasks.items():
            if loop.name == name and not loop.drains:
                task.cancel()

    async def _keep(self, loop: Loop, stop: asyncio.Event, all_stop: asyncio.Event) -> None:
        """Run it again and again, ever more seldom while it fails, until its stop or everybody's is asked for."""
        backoff = Backoff()
        while not (stop.is_set() or all_stop.is_set()):
            began = self._clock.monotonic()
            error = await self._run(loop, stop)
            if stop.is_set() or all_stop.is_set():
                return
            is_sound = self._clock.monotonic() - began > BREAKER_LAST
            backoff = Backoff(failures=1) if is_sound else backoff.failed()
            why = "it ended, and nobody asked it to" if error is None else f"{type(error).__name__}: {error}"
            log.error("loop_failed", loop=loop.name, failures=backoff.failures, why=why, exc_info=error)
            await self._clock.wait(stop, backoff.seconds(0.0))

    async def _run(self, loop: Loop, stop: asyncio.Event) -> Exception | None:
        try:
            await loop.run(stop)
        except Exception as error:  # noqa: BLE001 whatever a loop dies of is told, and no other loop dies of it
            return error
        return None
