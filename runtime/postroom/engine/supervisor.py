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
    """Runs loops until the stop event is set, then drains and cancels them."""

    def __init__(self, clock: Clock, drain_within: float) -> None:
        self._clock = clock
        self._drain_within = drain_within

    async def run(self, loops: list[Loop], stopping: asyncio.Event) -> None:
        """Return when every loop has ended: drained within its time, or cancelled after it."""
        async with asyncio.TaskGroup() as group:
            tasks = {loop: group.create_task(self._keep(loop, stopping), name=loop.name) for loop in loops}
            await stopping.wait()
            draining = {task for loop, task in tasks.items() if loop.drains}
            if draining:
                await asyncio.wait(draining, timeout=self._drain_within)
            for task in tasks.values():
                task.cancel()

    async def _keep(self, loop: Loop, stopping: asyncio.Event) -> None:
        """Run it again and again, ever more seldom while it fails, until the stop is asked for."""
        backoff = Backoff()
        while not stopping.is_set():
            began = self._clock.monotonic()
            error = await self._run(loop, stopping)
            if stopping.is_set():
                return
            is_sound = self._clock.monotonic() - began > BREAKER_LAST
            backoff = Backoff(failures=1) if is_sound else backoff.failed()
            why = "it ended, and nobody asked it to" if error is None else f"{type(error).__name__}: {error}"
            log.error("loop_failed", loop=loop.name, failures=backoff.failures, why=why, exc_info=error)
            await self._clock.wait(stopping, backoff.seconds(0.0))

    async def _run(self, loop: Loop, stopping: asyncio.Event) -> Exception | None:
        try:
            await loop.run(stopping)
        except Exception as error:  # noqa: BLE001 whatever a loop dies of is told, and no other loop dies of it
            return error
        return None
