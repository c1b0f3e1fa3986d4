"""The machine of a simulated house: a clock that somebody sets, threads that are none, and a relay that only counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

from postroom.ports.gateways import BeforeDot, RecipientResult, SendOutcome

P = ParamSpec("P")
T = TypeVar("T")

ACCEPTED = 250


class VirtualClock:
    """ports.world.Clock. It stands still until it is set, and never goes back; who waits lets that time pass."""

    def __init__(self, start: datetime) -> None:
        self._start = self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The time it was set to."""
        return self._now

    def monotonic(self) -> float:
        """The seconds that have passed."""
        return (self._now - self._start).total_seconds()

    def set(self, to: datetime) -> None:
        """Let it be that time, or stay where it is already later."""
        self._now = max(self._now, to.astimezone(UTC))

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.set(self._now + timedelta(seconds=seconds))

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Let the time pass, unless the event is set."""
        if not event.is_set():
            await self.sleep(seconds)
        return event.is_set()


class InlineOffload:
    """ports.world.Offload without another thread: one thing after the other, the same way every time."""

    async def run(self, lane: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:  # noqa: ARG002 the port's
        """Do the work here and now."""
        return work(*args, **kwargs)


class CountingGateway:
    """ports.gateways.SendingGateway that takes every mail and sends none."""

    def __init__(self) -> None:
        self.taken = 0

    async def probe(self) -> None:
        """There is nothing to try."""

    async def send(self, sender: str, recipients: Sequence[str], raw: bytes, before_dot: BeforeDot) -> SendOutcome:  # noqa: ARG002 the port's
        """Count it."""
        self.taken += 1
        return SendOutcome(results=tuple(RecipientResult(one, ACCEPTED, "not sent: simulated") for one in recipients))

    async def close(self) -> None:
        """There is nothing to close."""
