"""The HTTP door under load: so many requests a second on real sockets, while mails are taken in beside them."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import cycle
from pathlib import Path

import httpx
from msgspec import Struct

from tests.api.door import served
from tests.benchmarks.report import Row, recorded

REQUESTS, MAILS = 200, 100
"""A second."""
PATHS = ("me", "queues")

Say = Callable[[str], None]


class Figures(Struct, frozen=True, kw_only=True):
    """How long requests took, in milliseconds, and how many of each there really were a second."""

    p50: float
    p99: float
    requests: float
    mails: float


def run(seconds: float, say: Say) -> Figures:
    """Measure for so long."""
    with tempfile.TemporaryDirectory(prefix="postroom-api-") as folder:
        seen = asyncio.run(_loaded(Path(folder), seconds))
    say(f"api: {seen.requests:.0f} requests/s and {seen.mails:.0f} mails/s for {seconds:g} s")
    return seen


def rows(seen: Figures) -> Sequence[Row]:
    """As figures."""
    name = f"api: {REQUESTS} requests/s beside {MAILS} mails/s"
    return (
        recorded(f"{name}: p50", seen.p50, "ms"),
        recorded(f"{name}: p99", seen.p99, "ms"),
        recorded(f"{name}: requests served", seen.requests, "requests/s"),
        recorded(f"{name}: mails taken in", seen.mails, "mails/s"),
    )


async def _loaded(folder: Path, seconds: float) -> Figures:
    took: list[float] = []
    async with served(folder) as (door, url), door.client(url=url) as client:
        paths = cycle(PATHS)

        async def ask() -> None:
            begun = time.perf_counter()
            response = await client.get(f"/api/v1/acme/{next(paths)}", timeout=httpx.Timeout(60))
            response.raise_for_status()
            took.append(1_000 * (time.perf_counter() - begun))

        async def mail() -> None:
            await door.mail_comes()

        begun = time.perf_counter()
        _, mails = await asyncio.gather(_every(1 / REQUESTS, seconds, ask), _every(1 / MAILS, seconds, mail))
        whole = time.perf_counter() - begun
    took.sort()
    return Figures(
        p50=took[len(took) // 2],
        p99=took[int(0.99 * (len(took) - 1))],
        requests=len(took) / whole,
        mails=mails / whole,
    )


async def _every(pause: float, seconds: float, do: Callable[[], Awaitable[None]]) -> int:
    """Begin it that often, whether or not the ones before are over; gives how many there were."""
    begun = time.perf_counter()
    count = round(seconds / pause)
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(begun + number * pause - time.perf_counter(), 0))
            group.create_task(_one(do))
    return count


async def _one(do: Callable[[], Awaitable[None]]) -> None:
    await do()
