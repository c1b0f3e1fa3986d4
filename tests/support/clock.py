"""A clock for one task: it stands still while the task works, and jumps when it waits, so that hours take no time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """ports.world.Clock. `waited` is told of each wait before it is over, and may set the event that is waited for."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._passed = 0.0
        self.waits: list[float] = []
        """The seconds of every wait for an event, in order."""
        self.waited: Callable[[], None] = _nobody

    def now(self) -> datetime:
        """The wall-clock time."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """The seconds that have passed."""
        return self._passed

    def forward(self, **span: float) -> None:
        """Let time pass: the arguments are those of timedelta."""
        self._passed += timedelta(**span).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Jump."""
        self.forward(seconds=seconds)
        await asyncio.sleep(0)

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Jump, unless the event is set."""
        if event.is_set():
            return True
        self.waits.append(seconds)
        self.forward(seconds=seconds)
        self.waited()
        await asyncio.sleep(0)
        return event.is_set()


def _nobody() -> None:
    """Tell nobody."""
