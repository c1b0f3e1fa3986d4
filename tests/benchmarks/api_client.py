"""Asks a running service so many times a second for so long, and prints how long the answers took."""

from __future__ import annotations

import asyncio
import sys
import time
from itertools import cycle

import httpx
import msgspec
from msgspec import Struct

PATHS = ("me", "queues", "work")
TIMEOUT = httpx.Timeout(60)


class Answers(Struct, frozen=True, kw_only=True):
    """How long requests took from when each was due, in milliseconds, and how many were answered a second."""

    p50: float
    p99: float
    requests: float


async def ask(url: str, token: str, a_second: float, seconds: float) -> Answers:
    """Begin a request that often, whether or not the ones before are over."""
    took: list[float] = []
    paths, count = cycle(PATHS), round(a_second * seconds)
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, limits=limits) as client:

        async def one(due: float) -> None:
            (await client.get(next(paths))).raise_for_status()
            took.append(1_000 * (time.perf_counter() - due))

        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                due = begun + number / a_second
                await asyncio.sleep(max(due - time.perf_counter(), 0))
                group.create_task(one(due))
        whole = time.perf_counter() - begun
    took.sort()
    return Answers(p50=took[len(took) // 2], p99=took[int(0.99 * (len(took) - 1))], requests=len(took) / whole)


def main(url: str, token: str, a_second: str, seconds: str) -> None:
    """Ask and print."""
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(ask(url, token, float(a_second), float(seconds)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
