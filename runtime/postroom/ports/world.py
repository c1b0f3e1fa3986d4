"""The machine itself: its clock, its threads, its source of ids, and the named places where a test may kill it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Give the wall-clock time, aware and in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump, for deadlines and durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""
        ...

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event, no longer than that many seconds of this clock; True when it is set."""
        ...


class Offload(Protocol):
    """The only way to another thread. A lane is a named pool; a lane of one thread keeps order."""

    async def run(self, lane: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the work on a thread of the lane and give its result, or raise what it raised."""
        ...


class Ids(Protocol):
    """Fresh names for things."""

    def new(self) -> str:
        """A ULID in lower case: sortable by time of minting, 26 characters of Crockford's base 32."""
        ...

    def secret(self) -> str:
        """A token nobody can guess: 160 bits, URL-safe."""
        ...


class Failpoint(Protocol):
    """A named place in the code where a test may kill, stop or fail the process; does nothing in production."""

    def __call__(self, name: str) -> None:
        """Pass the place `name`."""
        ...
