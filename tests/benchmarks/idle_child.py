"""Runs the real runtime on many empty boxes until all were polled, then watches it idle, and prints what it saw."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import msgspec
import uvloop

from postroom.observability.logs import configure
from postroom.settings.load import load
from postroom.wiring import Runtime
from tests.benchmarks.descriptors import raise_limit
from tests.benchmarks.measure import Idling, cpu_seconds, memory
from tests.benchmarks.watched_gateway import Shoulder, watching

FIRST_POLLS_WITHIN = 900.0
SETTLE = 5.0
"""Seconds at most between the last first poll and the watch."""
SAMPLE = 0.01


class StoreWatch:
    """Says whether anything was committed to the store, or written to its files, since it was made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = sqlite3.connect(f"file:{folder / 'postroom.db'}?mode=ro", uri=True)
        self._before = self._seen()

    def changed(self) -> bool:
        """Whether it did."""
        with closing(self._store):
            return self._seen() != self._before

    def _seen(self) -> tuple[int, Mapping[str, tuple[int, int]]]:
        (version,) = self._store.execute("PRAGMA data_version").fetchone()
        # The -shm file is the readers' memory, not the store.
        files = [file for file in self._folder.glob("postroom.db*") if not file.name.endswith("-shm")]
        return version, {file.name: (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


async def idle(folder: Path, gateways: int, seconds: float) -> Idling:
    """Run until the watch is over, then stop."""
    began = time.perf_counter()
    generation = load(folder).require()
    configured_in = time.perf_counter() - began
    configure(generation.process.logs.level, generation.process.logs.format)
    runtime, stopping = Runtime(generation), asyncio.Event()
    shoulder = Shoulder(runtime.started, sessions=gateways)
    with watching(shoulder):
        async with asyncio.TaskGroup() as group:
            group.create_task(runtime.run(stopping))
            try:
                started = time.perf_counter()
                async with asyncio.timeout(FIRST_POLLS_WITHIN):
                    await shoulder.done.wait()
                polled_in = time.perf_counter() - started
                await asyncio.sleep(min(SETTLE, seconds))
                return await _watch(shoulder, folder / "var", gateways, seconds, (configured_in, polled_in))
            finally:
                stopping.set()


async def _watch(shoulder: Shoulder, store: Path, gateways: int, seconds: float, start: tuple[float, float]) -> Idling:
    polls, cpu, store_watch, began = shoulder.sessions, cpu_seconds(), StoreWatch(store), time.perf_counter()
    lags = await _lags(seconds)
    return Idling(
        gateways=gateways,
        seconds=time.perf_counter() - began,
        polls=shoulder.sessions - polls,
        cpu_seconds=cpu_seconds() - cpu,
        memory=memory("VmRSS"),
        peak_memory=memory("VmHWM"),
        lag_p99=lags[int(0.99 * (len(lags) - 1))],
        lag_worst=lags[-1],
        store_changed=store_watch.changed(),
        configured_in=start[0],
        polled_once_in=start[1],
    )


async def _lags(seconds: float) -> list[float]:
    """How late a sleep of SAMPLE seconds ends, again and again, sorted."""
    end, lags = time.perf_counter() + seconds, []
    while (before := time.perf_counter()) < end:
        await asyncio.sleep(SAMPLE)
        lags.append(time.perf_counter() - before - SAMPLE)
    return sorted(lags)


def main(folder: str, gateways: str, seconds: str) -> None:
    """Idle and print."""
    raise_limit()
    seen = uvloop.run(idle(Path(folder), int(gateways), float(seconds)))
    sys.stdout.buffer.write(msgspec.json.encode(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
