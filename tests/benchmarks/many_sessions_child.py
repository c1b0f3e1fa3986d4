"""Starts the real runtime on a full store, sets its clock to the moment of many deadlines, and prints what it saw."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import uvloop

from postroom.api.operator.address import socket_address
from postroom.engine.set_clock import CLOCK_START
from postroom.observability.logs import configure
from postroom.settings.load import load
from postroom.wiring import Runtime
from tests.benchmarks.many_sessions import START, WRAP_UP, Figures
from tests.benchmarks.measure import cpu_seconds, memory
from tests.benchmarks.watched_gateway import Shoulder, watching

IDLING = 10.0
"""Seconds of doing nothing that are watched."""
BUSY = 0.1
"""The share of a core that says that the start is not over."""
PATIENCE = 600.0
A_WHILE = timedelta(minutes=5)


async def live(folder: Path, sessions: int, began: float) -> Figures:
    """Start, idle, let the deadlines be over, and stop."""
    generation = load(folder).require()
    configure(generation.process.logs.level, generation.process.logs.format)
    os.environ[CLOCK_START] = (START + A_WHILE).isoformat()
    runtime, stopping = Runtime(generation), asyncio.Event()
    shoulder = Shoulder(runtime.started, sessions=1)
    store = Store(folder / "var")
    with watching(shoulder):
        async with asyncio.TaskGroup() as group:
            group.create_task(runtime.run(stopping))
            try:
                async with asyncio.timeout(PATIENCE):
                    await shoulder.done.wait()
                    polled_after = time.time() - began
                    await until(lambda: store.events() >= sessions // 10)
                    settled_after = time.time() - began
                    idle_cpu = await idling()
                    peak = memory("VmRSS")
                    before = cpu_seconds()
                    await asyncio.to_thread(set_clock, folder / "var")
                    await until(lambda: store.events() >= 2 * (sessions // 10))
                    firing_cpu = cpu_seconds() - before
            finally:
                stopping.set()
    late = store.lateness()
    return Figures(
        sessions=sessions,
        polled_after=polled_after,
        settled_after=settled_after,
        memory=peak,
        idle_cpu=idle_cpu,
        fired=len(late),
        firing_cpu=firing_cpu,
        lateness_p99=late[int(0.99 * (len(late) - 1))],
    )


async def until(condition: Callable[[], bool]) -> None:
    """Look often until it is so."""
    while not await asyncio.to_thread(condition):  # noqa: ASYNC110 it is the store's file that is looked at
        await asyncio.sleep(0.05)


async def idling() -> float:
    """The share of a core used while nothing happens, once what a start brings with it is done."""
    while await _share(2.0) > BUSY:
        pass
    return await _share(IDLING)


async def _share(seconds: float) -> float:
    cpu, began = cpu_seconds(), time.perf_counter()
    await asyncio.sleep(seconds)
    return (cpu_seconds() - cpu) / (time.perf_counter() - began)


def set_clock(store: Path) -> None:
    """Let it be the moment of the deadlines."""
    with socket_address(store) as address:
        transport = httpx.HTTPTransport(uds=address)
        with httpx.Client(transport=transport, base_url="http://postroom/operator/v1") as client:
            client.post("/clock", json={"to": (START + WRAP_UP).isoformat()}).raise_for_status()


class Store:
    """The store's file, read from outside."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "postroom.db"

    def events(self) -> int:
        """How many there are in the journal, which looking costs nothing."""
        (last,) = self._rows("SELECT MAX(seq) FROM journal")[0]
        return int(last or 0)

    def lateness(self) -> list[float]:
        """How many seconds after their due time the wrap-ups ended, in order."""
        due = (START + WRAP_UP).timestamp()
        ended = "SELECT at FROM journal WHERE before_phase = 'wrap_up' AND after_phase = 'ended'"
        return sorted(at / 1_000_000 - due for (at,) in self._rows(ended))

    def _rows(self, query: str) -> list[tuple[int]]:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=30)) as store:
            return store.execute(query).fetchall()


def main(folder: str, sessions: str) -> None:
    """Live and print; the time is counted from the process's own start."""
    began = time.time() - time.process_time()
    seen = uvloop.run(live(Path(folder), int(sessions), began))
    sys.stdout.buffer.write(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
